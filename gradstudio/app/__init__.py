"""The window: studio, canvas, panels, widgets. The only layer that knows Qt."""
