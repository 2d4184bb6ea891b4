"""Explain: why a number is what it is, and what to do about what failed. No Qt."""
