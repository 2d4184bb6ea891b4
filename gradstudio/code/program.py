"""Program: a document as PyTorch code, line by line, with what each line stands for."""

from __future__ import annotations

from dataclasses import dataclass

from gradstudio.document.graph import CallId, NodeId

INDENT = "    "


@dataclass(frozen=True, slots=True)
class Line:
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


@dataclass(frozen=True, slots=True)
class Program:
    """The text of a program and its lines: `text` is the lines, each with a newline."""

    text: str
    lines: tuple[Line, ...]

    def lines_of(self, node_or_call: NodeId | CallId) -> tuple[int, ...]:
        """Return the numbers, from 0, of the lines that stand for a node or a call."""
        return tuple(i for i, line in enumerate(self.lines) if node_or_call in line.nodes or node_or_call in line.calls)


def program(lines: list[Line]) -> Program:
    """Return lines as a program."""
    return Program("".join(f"{line.text}\n" for line in lines), tuple(lines))
