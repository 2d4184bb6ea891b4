"""Markers: what the viewer put on the picture to look by: breakpoints, watches, the part that is lit. View state, never saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gradstudio.app.change import Change
from gradstudio.document.graph import NodePath
from gradstudio.session.navigation import Breakpoint, Stops, all_hits
from gradstudio.session.state import InputKey
from gradstudio.session.trace import TensorKey, Trace

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio


class Lit(Struct, frozen=True):
    """Nodes and wires that are lit together."""

    nodes: frozenset[NodePath] = frozenset()
    wires: frozenset[InputKey] = frozenset()


DARK = Lit()


class Markers:
    """Tells of itself through the studio's signal: `Change(marks=True)`."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.breakpoints: tuple[Breakpoint, ...] = ()
        self.watches: tuple[tuple[TensorKey, bool], ...] = ()  # a tensor, and whether its `.grad` is meant
        self.lit = DARK
        self._hits: tuple[Trace | None, tuple[Breakpoint, ...], Stops] = (None, (), ())

    def toggle_breakpoint(self, breakpoint_: Breakpoint) -> None:
        """Put a breakpoint, or take it away."""
        had = breakpoint_ in self.breakpoints
        self.breakpoints = (*(b for b in self.breakpoints if b != breakpoint_), *(() if had else (breakpoint_,)))
        self._tell()

    def clear_breakpoints(self) -> None:
        """Take every breakpoint away."""
        if self.breakpoints:
            self.breakpoints = ()
            self._tell()

    def toggle_watch(self, key: TensorKey, grad: bool) -> None:
        """Watch a tensor, or its `.grad`; or no longer."""
        had = (key, grad) in self.watches
        self.watches = (*(w for w in self.watches if w != (key, grad)), *(() if had else ((key, grad),)))
        self._tell()

    def light(self, lit: Lit) -> None:
        """Light a part of the picture; DARK puts it out."""
        if lit != self.lit:
            self.lit = lit
            self._tell()

    def forget(self) -> None:
        """Begin with another document: nothing is marked."""
        self.breakpoints, self.watches, self.lit = (), (), DARK

    def hits(self) -> Stops:
        """Return the steps of the run on show at which a breakpoint stops."""
        trace = self._studio.shown.trace
        if self._hits[0] is not trace or self._hits[1] is not self.breakpoints:
            self._hits = (trace, self.breakpoints, all_hits(trace, self.breakpoints))
        return self._hits[2]

    def _tell(self) -> None:
        self._studio.tell(Change(marks=True))
