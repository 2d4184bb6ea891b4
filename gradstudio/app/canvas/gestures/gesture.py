"""Gesture: what begins with a press and ends in at most one moment of history."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt

from gradstudio.app.canvas.hit import Hit
from gradstudio.app.paint import Paint

STARTS_AFTER = 4.0  # px that the pointer must move before a press is a drag


class Pointer:
    """Where the pointer is: in view pixels and canvas units, with the keys held; and what lies there, looked up if anybody asks."""

    def __init__(self, view: QPointF, scene: QPointF, keys: Qt.KeyboardModifier, hit_at: Callable[[QPointF], Hit]) -> None:
        self.view, self.scene, self.keys = view, scene, keys
        self._hit_at = hit_at

    @cached_property
    def hit(self) -> Hit:
        """What lay there when it was asked for first."""
        return self._hit_at(self.scene)

    @property
    def shift(self) -> bool:
        """Whether Shift is held."""
        return bool(self.keys & Qt.KeyboardModifier.ShiftModifier)

    @property
    def ctrl(self) -> bool:
        """Whether Ctrl is held."""
        return bool(self.keys & Qt.KeyboardModifier.ControlModifier)

    @property
    def alt(self) -> bool:
        """Whether Alt is held."""
        return bool(self.keys & Qt.KeyboardModifier.AltModifier)


class Gesture(Protocol):
    """One drag. Until `finish` it may only show; `cancel` (Esc) leaves all as it was."""

    cursor: Qt.CursorShape
    pans: bool  # whether the view scrolls at its edges meanwhile
    over: bool  # whether what moves lies over the canvas, which may be brought up to date as there is time

    def move(self, at: Pointer) -> None:
        """The pointer has moved."""

    def finish(self, at: Pointer) -> None:
        """The button was let go."""

    def cancel(self) -> None:
        """Esc, or the view lost the pointer."""

    def area(self) -> QRectF:
        """Return the canvas rectangle that `paint` fills; empty for nothing."""

    def paint(self, paint: Paint) -> None:
        """Draw over the canvas, in canvas units."""


def far_enough(start: QPointF, now: QPointF) -> bool:
    """Say whether the pointer has moved enough for a drag."""
    return (now - start).manhattanLength() >= STARTS_AFTER
