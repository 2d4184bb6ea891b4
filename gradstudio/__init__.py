"""GradStudio: a node editor for PyTorch-style autograd."""

__version__ = "0.1.0"
