"""Renumber: the program of a document in which leaves have other numbers, made of the program before. A drag writes one line anew."""

from __future__ import annotations

import numpy as np

from gradstudio.code.program import Line, Program, program
from gradstudio.document.diff import other_numbers
from gradstudio.document.document import Document
from gradstudio.document.graph import Node, NodeId
from gradstudio.document.literals import tensor_lines


def renumbered(known: Program, old: Document, new: Document) -> Program | None:
    """Return what `emit` makes of a document, given what it made of another and of the same run; None where more than numbers differs."""
    leaves = other_numbers(old, new)
    if leaves is None:
        return None
    lines = list(known.lines)
    for leaf in leaves:
        if not _rewrite(lines, leaf, _written(old.graph.nodes[leaf]), _written(new.graph.nodes[leaf])):
            return None
    return program(lines, known.names) if leaves else known


def _written(leaf: Node) -> list[str]:
    assert isinstance(leaf.value, np.ndarray)
    return tensor_lines(leaf.value, leaf.requires_grad)


def _rewrite(lines: list[Line], leaf: NodeId, before: list[str], after: list[str]) -> bool:
    """Write a leaf's tensor in the place of what it was, wherever a program makes it. Return whether that can be done."""
    for at in [i for i, line in enumerate(lines) if leaf in line.nodes]:
        first = lines[at]
        if first.nodes != (leaf,) or not first.text.endswith(before[0]) or len(before) != len(after):
            return False
        for i, (old, new) in enumerate(zip(before, after, strict=True), at):
            lines[i] = Line(lines[i].text.removesuffix(old) + new, lines[i].nodes, lines[i].calls)
    return True
