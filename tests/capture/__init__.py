"""Tests of the recording of PyTorch programs."""
