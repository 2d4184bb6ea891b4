"""The ledger of a `.grad`, and the watched tensors above it."""
