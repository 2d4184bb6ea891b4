"""The document: immutable values, commands, order, labels, the codec. No Qt."""
