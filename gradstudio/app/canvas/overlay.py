"""What lies over the canvas at its corners: the legend of the gradient scale, and the zoom box."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QToolTip, QWidget

from gradstudio.app import text
from gradstudio.app.paint import Paint
from gradstudio.app.theme import RADIUS, GradientRange, Theme

HEIGHT, RAMP = 30, 136.0
MARGIN, OVERLAY_GAP = 16, 10  # px from the corners of the view, and between two overlays


class Overlay(QWidget):
    """A box at a corner of the canvas. It is there where it has something to show and no card stands over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.wanted, self._covered = True, False

    def want(self, wanted: bool) -> None:
        """Show it, or not."""
        self.wanted = wanted
        self.setVisible(wanted and not self._covered)

    def cover(self, covered: bool) -> None:
        """Hide it while a card stands over it."""
        if covered != self._covered:
            self._covered = covered
            self.setVisible(self.wanted and not covered)


class Pictured(Overlay):
    """An overlay that is kept as a picture from its second paint on: what moves beneath it has it painted each time."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture = QPixmap()
        self._is_new = True

    def update(self) -> None:  # type: ignore[override]
        """Paint it anew."""
        self._picture, self._is_new = QPixmap(), True
        super().update()

    def draw(self, painter: QPainter) -> None:
        """Draw the picture."""
        raise NotImplementedError

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._is_new:
            self._is_new = False
            with QPainter(self) as painter:
                self.draw(painter)
            return
        ratio = self.devicePixelRatioF()
        if self._picture.size() != self.size() * ratio or self._picture.devicePixelRatio() != ratio:
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            with QPainter(self._picture) as painter:
                self.draw(painter)
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._picture)


class Legend(Pictured):
    """The colour range of the pass on show, fixed inside the pass; a click switches between sign and norm."""

    def __init__(self, theme: Theme, switch: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._switch = switch
        self._range = GradientRange()
        self._norms = False
        self._ramp = 98.0  # left edge of the ramp
        self.want(False)
        self.setFixedSize(284, HEIGHT)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # else the canvas is painted once more beneath it
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Gradient scale")

    def show_range(self, theme: Theme, scale: GradientRange, norms: bool) -> None:
        """Show the range of a pass; hidden while there is none."""
        if (theme, scale, norms) == (self._theme, self._range, self._norms):
            return
        before = self._theme, self._norms, self._range.decades, bool(self._range.gmax), self.ends()
        self._theme, self._range, self._norms = theme, scale, norms
        if before == (theme, norms, scale.decades, bool(scale.gmax), self.ends()):
            return  # a maximum that differs by less than is printed
        self.want(bool(scale.gmax))
        self._places()
        self.setAccessibleDescription(f"{scale.decades} decades up to {text.short(scale.gmax or 0.0)}")
        self.update()

    def _places(self) -> None:
        """Give the ends the room that their numbers need."""
        low, high = (self._theme.metrics("code", 500).horizontalAdvance(words) for words in self.ends())
        title = self._theme.metrics("caption", 500).horizontalAdvance("Gradient") + (14 if self._norms else 0)
        self._ramp = max(98.0, 12 + title + 16 + low + 7)
        self.setFixedWidth(round(max(284.0, self._ramp + RAMP + 7 + high + 14)))

    def ends(self) -> tuple[str, str]:
        """Return what is printed at the two ends."""
        top = self._range.gmax or 0.0
        if self._norms:
            return text.short(top / 10**self._range.decades), text.short(top)
        return text.short(-top), text.short(top, sign=True)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            low = text.short((self._range.gmax or 0.0) / 10**self._range.decades)
            words = f"Width and colour are logarithmic, from {low} up. The range is fixed within a pass. Click for sign or norm."
            QToolTip.showText(self.mapToGlobal(QPoint(0, -36)), words, self, QRect(), 8000)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._switch()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def draw(self, painter: QPainter) -> None:
        """Draw ends and ramp."""
        paint = Paint(painter, self._theme)
        cy, x = HEIGHT / 2, self._ramp
        ramp = QRectF(x, HEIGHT / 2 - 5, RAMP, 10)
        paint.fill(self.rect().adjusted(-1, -1, 1, 1), "canvas")  # to the last pixel of a screen whose ratio is no whole number
        paint.rounded(QRectF(self.rect()), RADIUS["field"], "panel", "line")
        low, high = self.ends()
        paint.text(12, cy, "‖grad‖" if self._norms else "Gradient", "caption", "text2", weight=500)
        if self._norms:
            for i in range(68):
                paint.fill(QRectF(x + 2 * i, cy - 5, 2, 10), self._theme.norm(i / 67))
            paint.text(x - 7, cy, f"≤ {low}", "code", "text3", "r")
            paint.text(x + RAMP + 7, cy, high, "code", "text3")
        else:
            paint.legend_ramp(ramp)
            paint.line(x + RAMP / 2, 8, x + RAMP / 2, 22, "text3")
            paint.text(x - 7, cy, low, "code", self._theme.gradient(-1), "r", 500)
            paint.text(x + RAMP + 7, cy, high, "code", self._theme.gradient(1), weight=500)


class Parts(Pictured):
    """An overlay of parts side by side: the one under the pointer is lit, a click presses it. `left`: by the pointer."""

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.hovered = -1
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def part(self, x: float) -> int:
        """Return the index of the part at x; -1 where there is none."""
        raise NotImplementedError

    def press(self, part: int) -> None:
        """Do what a click on a part does."""
        raise NotImplementedError

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._light(self.part(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._light(-1)
        self.left.emit()

    def _light(self, part: int) -> None:
        if part != self.hovered:
            self.hovered = part
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self.part(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and part >= 0:
            self.press(part)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()


class ZoomBox(Parts):
    """Minus, the zoom in per cent (a click goes to 100 %), plus, and fit all."""

    def __init__(
        self, theme: Theme, zoom_by: Callable[[float], None], reset: Callable[[], None], fit: Callable[[], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._zoom = 1.0
        self._acts: tuple[Callable[[], None], ...] = (lambda: zoom_by(1 / 1.25), reset, lambda: zoom_by(1.25), fit)
        self.setFixedSize(QSize(132, HEIGHT))
        self.setAccessibleName("Zoom")

    def show_zoom(self, theme: Theme, zoom: float) -> None:
        """Show a zoom factor."""
        if (theme, zoom) == (self._theme, self._zoom):
            return
        self._theme, self._zoom = theme, zoom
        self.setAccessibleDescription(f"{round(zoom * 100)} per cent")
        self.update()

    def part(self, x: float) -> int:
        return 0 if x < 34 else 1 if x < 70 else 2 if x < 98 else 3

    def press(self, part: int) -> None:
        self._acts[part]()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            words = ("Zoom out (Ctrl+−)", "Zoom to 100 % (Ctrl+0)", "Zoom in (Ctrl++)", "Fit all (Shift+F)")[max(0, self.hovered)]
            QToolTip.showText(self.mapToGlobal(QPoint(0, -36)), words, self)
            return True
        return super().event(event)

    def draw(self, painter: QPainter) -> None:
        """Draw the parts."""
        paint = Paint(painter, self._theme)
        cy = HEIGHT / 2
        paint.rounded(QRectF(self.rect()), RADIUS["field"], "panel", "line")
        spans = ((3, 30), (34, 36), (71, 26), (100, 29))
        if self.hovered >= 0:
            left, width = spans[self.hovered]
            paint.rounded(QRectF(left, 3, width, HEIGHT - 6), 5, "hover")
        paint.icon("minus", 18, cy, 14, "text2")
        paint.text(54, cy, f"{round(self._zoom * 100)} %", "caption", "text", "c", 500)
        paint.icon("plus", 82, cy, 14, "text2")
        paint.hairline(98, 8, 98, 22)
        paint.icon("maximize", 115, cy, 14, "text2")
