"""Goal: what the lesson gave is still there. It stands in for locks: an edit is allowed, and does not count."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.codec import node_tree
from gradstudio.explain.wording import listed
from gradstudio.lessons.ended import Ended, Label, Unmet, node_of
from gradstudio.lessons.goals.goal import Goal


class Kept(Goal, frozen=True, kw_only=True):
    """These nodes are as the lesson gave them: op, operands, start value, switches and name."""

    nodes: tuple[Label, ...]

    kind: ClassVar[str] = "kept"

    @property
    def words(self) -> str:
        one = len(self.nodes) == 1
        return f"{listed(self.nodes)} {'is' if one else 'are'} as the lesson gave {'it' if one else 'them'}"

    def check(self, end: Ended) -> None:
        for label in self.nodes:
            given = node_of(end.start, label)
            now = end.document.graph.nodes.get(given.id) if given is not None else None
            if given is None or now is None:
                raise Unmet(f"{label} is no longer there")
            if node_tree(now) != node_tree(given):
                raise Unmet(f"{label} was changed")
