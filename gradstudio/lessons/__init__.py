"""Lessons: what is asked of a graph, checked on the run it gives. No Qt."""
