"""The timeline: the script's calls, the blocks of a run on one axis, and the step plots of each `.grad`."""

from gradstudio.app.panels.timeline.panel import TimelinePanel

__all__ = ["TimelinePanel"]
