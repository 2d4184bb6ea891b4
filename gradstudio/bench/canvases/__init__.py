"""Canvases under test: ours, NodeGraphQt, and a bare prototype. The one place outside app that knows Qt."""
