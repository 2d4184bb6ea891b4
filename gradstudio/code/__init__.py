"""Code out: a document as a PyTorch program. (Code in, the interpreter, will live here too.)"""
