"""Script: where a call stands, for fixes that put another beside it."""

from __future__ import annotations

from gradstudio.document.document import Document
from gradstudio.document.graph import CallId
from gradstudio.document.script import Repeat


def place_before(document: Document, call_id: CallId) -> tuple[int, int] | None:
    """Return (section, index) of a call, to insert before it; None where it stands in the body of a repeat, or nowhere."""
    for s, section in enumerate(document.script):
        for i, statement in enumerate(section.body):
            if not isinstance(statement, Repeat) and statement.id == call_id:
                return s, i
    return None
