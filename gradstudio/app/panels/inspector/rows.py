"""The rows that an inspector is made of: plain frozen values, compared to see what must be drawn again.

`above` is the empty space over a row, in px of the design.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gradstudio.app.widgets.formula import Runs
from gradstudio.app.widgets.grid import Grid
from gradstudio.document.commands.command import Command
from gradstudio.document.document import Document
from gradstudio.session.trace import TensorKey


@dataclass(frozen=True, slots=True)
class Edit:
    """How a control writes: `make(document, *args, value, gesture)` gives the command."""

    make: Callable[..., Command]
    args: tuple[object, ...] = ()

    def command(self, document: Document, value: object, gesture: int = 0) -> Command:
        """Return the command that sets value."""
        return self.make(document, *self.args, value, gesture)


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the panel."""

    above: int = 9


@dataclass(frozen=True, slots=True)
class Title:
    """A section's name, with a remark at the right."""

    text: str
    right: str = ""
    mono: bool = False  # of the remark
    above: int = 9


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and what it is."""

    key: str
    value: Runs
    mono_key: bool = False
    above: int = 0
    exact: str = ""  # what is copied and spoken, where the drawn text is rounded


@dataclass(frozen=True, slots=True)
class Toggle:
    """A switch with its name."""

    key: str
    on: bool
    edit: Edit | None  # None: it cannot be changed
    note: str = ""
    above: int = 0


@dataclass(frozen=True, slots=True)
class Remark:
    """A name in mono and a remark at the right."""

    key: str
    text: str
    above: int = 0


@dataclass(frozen=True, slots=True)
class Scrub:
    """A number that is dragged or typed."""

    key: str
    value: float | int
    dtype: str
    edit: Edit
    above: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """An attr that is one of a few values, or a text that is typed."""

    key: str
    value: object
    options: tuple[object, ...]  # empty: typed
    edit: Edit
    hint: str = ""
    above: int = 0


@dataclass(frozen=True, slots=True)
class Button:
    """Words, and a button that does something about them."""

    text: str
    label: str
    key: TensorKey  # what is kept
    above: int = 6


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map with its numbers. `edit` takes (index, number); `key` finds the whole tensor when it is asked for."""

    kind: Literal["value", "grad"]
    grid: Grid
    key: TensorKey
    grad: bool = False
    edit: Edit | None = None
    table: Edit | None = None  # takes a whole array
    name: str = ""
    above: int = 2


@dataclass(frozen=True, slots=True)
class Card:
    """A local derivative: what it is, and what it makes of what comes from above."""

    first: Runs
    right: str
    second: Runs
    above: int = 14


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved tensor: whose it is, its text, its state. `place`: the sheet that it stands in."""

    icon: str
    who: str
    text: str
    state: Literal["held", "in use", "freed"]
    place: Literal["op", "step", "failed"]
    error: bool = False
    above: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Which pass, and how far it is."""

    title: str
    right: str
    part: float
    above: int = 10


@dataclass(frozen=True, slots=True)
class Visit:
    """A row of the engine's queue; or (`forward`) of the ops of a forward, with what each is called and has come to."""

    state: Literal["done", "now", "next", "failed"]
    title: str
    node_name: str
    sequence_nr: str
    above: int = 0
    forward: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, in a short history."""

    title: str
    text: str
    error: bool = False
    first: bool = False
    last: bool = False
    above: int = 0


@dataclass(frozen=True, slots=True)
class Hint:
    """An explanation in words."""

    text: str
    icon: str = "circle-help"
    above: int = 8


@dataclass(frozen=True, slots=True)
class Message:
    """PyTorch's own words, as they are."""

    text: str
    above: int = 8


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands in an empty inspector."""

    text: str
    above: int = 0


Row: TypeAlias = (
    Rule | Title | Pair | Toggle | Remark | Scrub | Choice | Button | Heat
    | Card | Saved | Progress | Visit | Event | Hint | Message | Empty
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """What an inspector is about: glyph, name, remark, chips."""

    symbol: str  # "": a leaf's diamond
    name: str
    remark: str
    chips: tuple[str, ...]
    filled: bool = True  # the diamond of a leaf that requires grad
    rename: Edit | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole inspector. Without a head it starts at the top."""

    head: Head | None
    rows: tuple[Row, ...]
