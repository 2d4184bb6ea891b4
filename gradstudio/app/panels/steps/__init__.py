"""The step list: every step of the run on show, filtered."""
