"""Program: a document as PyTorch code, line by line, with what each line stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gradstudio.document.graph import CallId, NodeId

INDENT = "    "


class Line(Struct, frozen=True):
    """One line of the program.

    `nodes`: what it computes, in the order in which Python does; the last one is what its name stands for. `calls`: the calls that it
    is (of a block written inline: its Forward). A line within a `def` has no calls: each call of the def runs it.
    """

    text: str
    nodes: tuple[NodeId, ...] = ()
    calls: tuple[CallId, ...] = ()

    def indented(self, by: int = 1) -> Line:
        """Return the line further in."""
        return Line(INDENT * by + self.text if self.text else "", self.nodes, self.calls)


class Program(Struct, frozen=True):
    """The text of a program, its lines (each ends with a newline in the text), and what tensors of the document's graph are called in it.

    `names`: by node or Grad call, and output. Of several tensors with one name the program ends with the one that was made last.
    """

    text: str
    lines: tuple[Line, ...]
    names: Mapping[tuple[NodeId | CallId, int], str]

    def lines_of(self, node_or_call: NodeId | CallId) -> tuple[int, ...]:
        """Return the numbers, from 0, of the lines that stand for a node or a call."""
        return tuple(i for i, line in enumerate(self.lines) if node_or_call in line.nodes or node_or_call in line.calls)


def program(lines: Sequence[Line], names: Mapping[tuple[NodeId | CallId, int], str]) -> Program:
    """Return lines as a program."""
    return Program("".join(f"{line.text}\n" for line in lines), tuple(lines), names)
