"""A run of a document: its trace, its states, and the history of documents. No Qt."""
