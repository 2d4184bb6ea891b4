"""The inspector: what one tensor is, or what one step does."""

from gradstudio.app.panels.inspector.panel import InspectorPanel

__all__ = ["InspectorPanel"]
