"""Drawn: a widget that paints itself in the design's units, whatever the UI scale."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.theme import Shade, Theme, named, ui_scale

POINTING = Qt.CursorShape.PointingHandCursor

__all__ = ["POINTING", "Drawn", "Themed", "begin", "scaled_font", "sized", "theme_of", "ui_scale"]


class Themed(Protocol):
    """What a widget must know to paint itself; `studio` does."""

    @property
    def theme(self) -> str:
        """`dark` or `light`."""


def theme_of(themed: Themed) -> Theme:
    """Return the theme in units of the design: painters are scaled, not fonts."""
    return named(themed.theme)


def sized(width: float, height: float) -> QSize:
    """Return a size of the design in px of the screen."""
    scale = ui_scale()
    return QSize(round(width * scale), round(height * scale))


def scaled_font(themed: Themed, role: str) -> QFont:
    """Return a font for a widget that Qt draws, at the UI scale."""
    return named(themed.theme, ui_scale()).font(role)


def begin(widget: QWidget, themed: Themed) -> tuple[QPainter, Paint]:
    """Return a painter on a widget in units of the design, plain and as the design speaks. End the first when done."""
    painter = QPainter(widget)
    scale = ui_scale()
    painter.scale(scale, scale)
    return painter, Paint(painter, theme_of(themed), widget.devicePixelRatioF() * scale)


class Drawn(QWidget):
    """Paints with `draw(paint, width, height)`, in px of the design at 100 %.

    On a `ground` of its own; else what lies beneath is painted first, each time.
    """

    def __init__(self, themed: Themed, parent: QWidget | None = None, ground: Shade | None = None) -> None:
        super().__init__(parent)
        self.themed, self._ground = themed, ground
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, ground is not None)
        self._said: tuple[object, ...] = ()

    def say(self, *words: object) -> None:
        """Paint again if this, which is all that the widget shows, is not what it showed last, or in another theme."""
        said = (*words, self.themed.theme, ui_scale())
        if said != self._said:
            self._said = said
            self.update()

    @property
    def colors(self) -> Theme:
        """The theme to draw in."""
        return theme_of(self.themed)

    def size_of(self, width: float, height: float) -> QSize:
        """Return a size of the design in px of the screen."""
        return sized(width, height)

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the widget."""
        raise NotImplementedError

    def draw_focus(self, paint: Paint, rect: QRectF, radius: float) -> None:
        """Paint the ring of the keyboard's focus round rect."""
        if self.hasFocus():
            paint.rounded(rect, radius, None, "focus", 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint in scaled units."""
        painter, paint = begin(self, self.themed)
        scale = ui_scale()
        width, height = self.width() / scale, self.height() / scale
        if self._ground is not None:
            paint.fill(QRectF(0, 0, width, height), self._ground)
        self.draw(paint, width, height)
        painter.end()
