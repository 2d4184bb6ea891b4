"""Gestures: one class each, every one ends in one moment of history."""
