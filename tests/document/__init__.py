"""Tests of the document layer."""
