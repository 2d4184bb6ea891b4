"""Which nodes show numbers of a document that is no longer the one being edited."""

from __future__ import annotations

from gradstudio.document.diff import diff, downstream
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, GroupId, NodeId
from gradstudio.document.rules import inner_first, uses


def stale(shown: Document, document: Document) -> frozenset[NodeId]:
    """Return what changed between the document of the run and the one being edited, and all that depends on it."""
    if shown is document:
        return frozenset()
    difference = diff(shown, document)
    if difference.only_looks:
        return frozenset()
    return downstream(document, difference.nodes | _uses(document, difference.groups))


def _uses(document: Document, changed: frozenset[GroupId]) -> frozenset[NodeId]:
    """Return the instances in the document's graph that use a changed group, at any depth."""
    if not changed:
        return frozenset()
    found = set(changed)
    for group in inner_first(document.groups):
        if not found.isdisjoint(uses(document.groups[group].graph)):
            found.add(group)
    return frozenset(n.id for n in document.graph.nodes.values() if n.op == INSTANCE and n.group in found)
