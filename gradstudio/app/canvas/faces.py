"""Faces: what nodes and wires show, as plain frozen values. Nothing here draws, and nothing here knows colours."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from gradstudio.document.graph import NodeId, OperandPath, Ref

Tone: TypeAlias = Literal["text", "text3", "error"]
Rows: TypeAlias = tuple[tuple[float, ...], ...]


class Tint(Struct, frozen=True):
    """A place on the gradient scale: the sign says orange or blue, `t` how strong. Sign 0 is zero."""

    sign: float
    t: float


class Cells(Struct, frozen=True):
    """A tensor as a heat map of at most two dimensions. `words`: the numbers, where there is room to write them."""

    rows: Rows
    largest: float
    words: tuple[tuple[str, ...], ...] = ()
    plain: bool = False  # whole numbers: no heat, only the words
    large: bool = False  # a sample of a tensor with more elements than cells


class InputFace(Struct, frozen=True):
    """A row with a port on the left edge: what it reads, and the local derivative of that operand."""

    path: OperandPath
    label: str
    formula: str = ""  # "y" of `∂ y = 3.0`
    number: str = ""
    note: str = ""  # in place of the derivative: "no grad", "not wired"
    wired: bool = True
    live: bool = False  # a gradient can pass here
    whole: bool = False  # reads an int or bool: a square port
    tint: Tint | None = None
    literal: OperandPath | None = None  # the operand whose literal the label shows; double click edits it
    port: bool = True
    failed: bool = False  # a gradient was sent from here to a node that raised


class OutputFace(Struct, frozen=True):
    """An output with its port on the right edge."""

    out: int
    name: str = ""
    value: str = ""
    whole: bool = False
    tint: Tint | None = None
    root: bool = False


class Drawer(Struct, frozen=True):
    """The gradient row: `stored` is a .grad, `flow` what passed through, `none` words only."""

    kind: Literal["stored", "flow", "none"]
    label: str
    words: str
    value: float | None = None  # the number that colours the words; None: ink
    cells: Cells | None = None
    pin: bool = False
    source: bool = False  # a .grad that wires may start from
    read: bool = False  # one does: its port is always drawn


Badge: TypeAlias = Literal["", "tick", "error"] | str  # else a turn number


class NodeFace(Struct, frozen=True):
    """All that a node shows. Two equal faces paint the same, so a face is the key of the picture cache."""

    node: NodeId
    kind: Literal["leaf", "op", "instance", "input", "scissors"]
    title: str
    symbol: str = ""
    name: str = ""
    switch: bool | None = None
    value: str = ""
    value_tone: Tone = "text"
    meta: str = ""
    cells: Cells | None = None
    grad_cells: Cells | None = None
    inputs: tuple[InputFace, ...] = ()
    outputs: tuple[OutputFace, ...] = ()
    drawer: Drawer | None = None
    collapsed: bool = False
    frozen: bool = False
    dim: bool = False
    grey: bool = False
    stale: bool = False
    failed: bool = False
    current: bool = False
    editable: bool = False  # the value can be scrubbed and typed
    badge: Badge = ""
    above: str = ""  # "backward() starts here"
    below: str = ""  # a hint or a cause, in words
    below_error: bool = False
    heat: Tint | None = None  # of the passing gradient, for tiles
    heat_words: str = ""


WireKind: TypeAlias = Literal["forward", "gradient", "tensor", "zero", "frozen", "pending", "error"]


class WireFace(Struct, frozen=True):
    """What a wire shows. `cut`: the detach node drawn as scissors on it."""

    source: Ref
    target: NodeId
    path: OperandPath
    kind: WireKind = "forward"
    width: float = 1.6
    tint: Tint | None = None
    positive: float = 0.0  # Σ g⁺ and Σ |g⁻| of a tensor
    negative: float = 0.0
    pill: str = ""
    pill_value: float | None = None  # None: a norm, in ink
    rank: float = 0.0  # draw order within its kind
    cut: NodeId | None = None
    faint: bool = False

    @property
    def look(self) -> tuple[object, ...]:
        """What decides how the wire itself is drawn; the pill is not part of it."""
        share = round(self.positive / (self.positive + self.negative), 2) if self.kind == "tensor" else 1.0
        return self.kind, self.width, self.tint, share, self.cut is not None, self.faint
