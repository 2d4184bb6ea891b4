"""The rows that an inspector is made of: plain frozen values, compared to see what must be drawn again.

`above` is the empty space over a row, in px of the design.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from gradstudio.app.widgets.formula import Runs
from gradstudio.app.widgets.grid import Grid
from gradstudio.document.commands.command import Command
from gradstudio.document.document import Document
from gradstudio.session.trace import TensorKey


class Edit(Struct, frozen=True):
    """How a control writes: `make(document, *args, value, gesture)` gives the command."""

    make: Callable[..., Command]
    args: tuple[object, ...] = ()

    def command(self, document: Document, value: object, gesture: int = 0) -> Command:
        """Return the command that sets value."""
        return self.make(document, *self.args, value, gesture)


class Rule(Struct, frozen=True):
    """A line across the panel."""

    above: int = 9


class Title(Struct, frozen=True):
    """A section's name, with a remark at the right."""

    text: str
    right: str = ""
    mono: bool = False  # of the remark
    above: int = 9


class Pair(Struct, frozen=True):
    """A name and what it is."""

    key: str
    value: Runs
    mono_key: bool = False
    above: int = 0
    exact: str = ""  # what is copied and spoken, where the drawn text is rounded


class Toggle(Struct, frozen=True):
    """A switch with its name."""

    key: str
    on: bool
    edit: Edit | None  # None: it cannot be changed
    note: str = ""
    above: int = 0


class Remark(Struct, frozen=True):
    """A name in mono and a remark at the right."""

    key: str
    text: str
    above: int = 0


class Scrub(Struct, frozen=True):
    """A number that is dragged or typed."""

    key: str
    value: float | int
    dtype: str
    edit: Edit
    above: int = 0


class Choice(Struct, frozen=True):
    """An attr that is one of a few values, or a text that is typed."""

    key: str
    value: object
    options: tuple[object, ...]  # empty: typed
    edit: Edit
    hint: str = ""
    above: int = 0


class Button(Struct, frozen=True):
    """Words, and a button that does something about them."""

    text: str
    label: str
    key: TensorKey  # what is kept
    above: int = 6


class Heat(Struct, frozen=True):
    """A heat map with its numbers. `edit` takes (index, number); `key` finds the whole tensor when it is asked for."""

    kind: Literal["value", "grad"]
    grid: Grid
    key: TensorKey
    grad: bool = False
    edit: Edit | None = None
    table: Edit | None = None  # takes a whole array
    name: str = ""
    above: int = 2


class Card(Struct, frozen=True):
    """A local derivative: what it is, and what it makes of what comes from above."""

    first: Runs
    right: str
    second: Runs
    above: int = 14


class Saved(Struct, frozen=True):
    """A saved tensor: whose it is, its text, its state. `place`: the sheet that it stands in."""

    icon: str
    who: str
    text: str
    state: Literal["held", "in use", "freed"]
    place: Literal["op", "step", "failed"]
    error: bool = False
    above: int = 0


class Progress(Struct, frozen=True):
    """Which pass, and how far it is."""

    title: str
    right: str
    part: float
    above: int = 10


class Visit(Struct, frozen=True):
    """A row of the engine's queue; or (`forward`) of the ops of a forward, with what each is called and has come to."""

    state: Literal["done", "now", "next", "failed"]
    title: str
    node_name: str
    sequence_nr: str
    above: int = 0
    forward: bool = False


class Event(Struct, frozen=True):
    """One thing that happened, in a short history."""

    title: str
    text: str
    error: bool = False
    first: bool = False
    last: bool = False
    above: int = 0


class Hint(Struct, frozen=True):
    """An explanation in words."""

    text: str
    icon: str = "circle-help"
    above: int = 8


class Message(Struct, frozen=True):
    """PyTorch's own words, as they are."""

    text: str
    above: int = 8


class Empty(Struct, frozen=True):
    """What stands in an empty inspector."""

    text: str
    above: int = 0


Row: TypeAlias = (
    Rule | Title | Pair | Toggle | Remark | Scrub | Choice | Button | Heat
    | Card | Saved | Progress | Visit | Event | Hint | Message | Empty
)  # fmt: skip


class Head(Struct, frozen=True):
    """What an inspector is about: glyph, name, remark, chips."""

    symbol: str  # "": a leaf's diamond
    name: str
    remark: str
    chips: tuple[str, ...]
    filled: bool = True  # the diamond of a leaf that requires grad
    rename: Edit | None = None
    pinned: bool = False


class Sheet(Struct, frozen=True):
    """A whole inspector. Without a head it starts at the top."""

    head: Head | None
    rows: tuple[Row, ...]
