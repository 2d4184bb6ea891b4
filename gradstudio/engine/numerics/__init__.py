"""Arithmetic on plain arrays, for kernels: how PyTorch rounds, in which order it adds up, and functions that numpy lacks. No tensors."""
