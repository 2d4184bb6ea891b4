"""Measures this program: how fast it starts, how fast its engine is."""
