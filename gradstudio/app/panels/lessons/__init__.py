"""The lessons panel: the list of lessons, and the one that is open with its goals."""
