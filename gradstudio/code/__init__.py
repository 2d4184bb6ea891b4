"""Code out: a document as a PyTorch program."""
