"""Patch: the nodes that differ, for one who holds the document before. A drag sends one leaf, not a thousand nodes."""

from __future__ import annotations

from msgspec.structs import replace

from gradstudio.document import codec
from gradstudio.document.diff import diff
from gradstudio.document.document import Document
from gradstudio.document.strict import Place


def patch(old: Document, new: Document) -> codec.Tree | None:
    """Return the trees of the nodes that differ; None where more than nodes that both have differs (layout aside)."""
    edit = diff(old, new)
    if not edit.only_nodes:
        return None
    if any(node not in old.graph.nodes or node not in new.graph.nodes for node in edit.nodes):
        return None
    return {node: codec.node_tree(new.graph.nodes[node]) for node in edit.nodes}


def patched(old: Document, tree: codec.Tree) -> Document:
    """Return the document that a patch leads to, with the old layout. Raises CodecError."""
    nodes = [codec.node_from(key, Place(item, None, key)) for key, item in tree.items()]
    return replace(old, graph=old.graph.with_nodes(nodes))
