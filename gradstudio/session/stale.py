"""Which nodes show numbers of a document that is no longer the one being edited."""

from __future__ import annotations

from gradstudio.document.diff import diff, downstream
from gradstudio.document.document import Document
from gradstudio.document.graph import NodeId


def stale(shown: Document, document: Document) -> frozenset[NodeId]:
    """Return what changed between the document of the run and the one being edited, and all that depends on it."""
    if shown is document:
        return frozenset()
    difference = diff(shown, document)
    return frozenset() if difference.only_looks else downstream(document, difference.nodes)
