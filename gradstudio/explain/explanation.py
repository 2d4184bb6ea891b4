"""Explanation: the cause of one number or one failure in words, the way it took, and what may be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from gradstudio.document.commands.command import Command
from gradstudio.document.graph import NodePath

NewId: TypeAlias = Callable[[str], str]  # session.new_id: a letter -> an id never used before
Build: TypeAlias = Callable[[NewId], tuple[Command, ...]]


class Fix(Struct, frozen=True):
    """One way out: words on a button, and commands to do or a step to go to."""

    words: str
    detail: str = ""
    build: Build | None = None
    go_to: int | None = None
    focus: NodePath = ()  # a node to show, where there is nothing to change

    def commands(self, new_id: NewId) -> tuple[Command, ...]:
        """Return the commands that carry the fix out, in order; they are one moment of history. Empty: an anchor only."""
        return self.build(new_id) if self.build else ()


class Explanation(Struct, frozen=True):
    """A cause (a stable word), a title of a few words (fits a chip), one or two sentences, the cause node, the way, fixes."""

    cause: str
    title: str
    words: str
    node: NodePath | None = None
    path: tuple[NodePath, ...] = ()
    fixes: tuple[Fix, ...] = ()
    message: str = ""  # PyTorch's own, where it raised


def one(command: Callable[[NewId], Command]) -> Build:
    """Return a build of one command."""
    return lambda new_id: (command(new_id),)
