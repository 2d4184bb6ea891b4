"""Toolbar: the bar on top. File, history, search, grad mode, live or manual, Backward."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from gradstudio.app.change import EVERYTHING, Change
from gradstudio.app.paint import NO_BRUSH, Paint
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.drawn import POINTING, Drawn, begin, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton
from gradstudio.app.widgets.plain import set_tip
from gradstudio.app.widgets.switch import Switch
from gradstudio.document.calls import SetGradEnabled

SEARCH_WIDTH, HEIGHT, SEGMENT = 380.0, 30.0, 73.0


class Toolbar(Drawn):
    """`wanted(id)` asks for a command of the menus' table."""

    wanted = Signal(str)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent, "panel")
        self.studio = studio
        self.setFixedHeight(sized(0, SIZE["toolbar"]).height())
        self.menu = MenuButton(studio, self)
        self.undo = IconButton(studio, "undo-2", "Undo", self, 16, "text2")
        self.redo = IconButton(studio, "redo-2", "Redo", self, 16, "text2")
        self.search = SearchButton(studio, self)
        self.grad = Switch(studio, "grad enabled", self)
        self.mode = ModeButton(studio, self)
        self.backward = BackwardButton(studio, self)
        for button, command in (
            (self.menu, "menu"),
            (self.undo, "undo"),
            (self.redo, "redo"),
            (self.search, "search"),
            (self.grad, "grad_enabled"),
            (self.mode, "live"),
            (self.backward, "backward"),
        ):
            button.setProperty("command", command)
            button.clicked.connect(self._clicked)
        self._told = "", False  # title, and whether there are unsaved changes
        studio.followed.connect(self.refresh)
        self.refresh(EVERYTHING)

    def _clicked(self) -> None:
        sender = self.sender()
        if isinstance(sender, QAbstractButton):
            self.wanted.emit(str(sender.property("command")))

    def refresh(self, change: Change) -> None:
        """Follow the file, the history, grad mode and live mode."""
        studio = self.studio
        if change.history or change.everything:
            self.undo.setEnabled(studio.can_undo)
            self.redo.setEnabled(studio.can_redo)
            set_tip(self.undo, f"Undo {studio.undo_text}".strip())
            set_tip(self.redo, f"Redo {studio.redo_text}".strip())
        if change.document or change.everything:
            self.grad.setChecked(grad_enabled(studio))
        if change.mode or change.theme:
            self.mode.update()
        told = studio.title, studio.dirty
        if change.everything or change.mode or change.theme or told != self._told:
            self._told = told
            self._place()
            self.say(*told)

    def resizeEvent(self, event: object) -> None:
        """Keep the search in the middle and the rest at its side."""
        self._place()

    def _title_width(self) -> float:
        metrics = self.colors.metrics("nodeName")
        return float(metrics.horizontalAdvance(self.studio.title) + self.colors.metrics("nodeName", 400).horizontalAdvance(".grad"))

    def _place(self) -> None:
        scale = ui_scale()
        width = self.width() / scale
        x = 44 + self._title_width() + (14 if self.studio.dirty else 0) + 30
        self._put(self.menu, 8, 32, 32)
        self._put(self.undo, x - 7, HEIGHT, HEIGHT)
        self._put(self.redo, x + 23, HEIGHT, HEIGHT)
        right = width - 14
        self._put(self.backward, right - 148, 148, HEIGHT)
        self._put(self.mode, right - 148 - 12 - 152, 152, HEIGHT)
        switch_x = right - 148 - 12 - 152 - 16 - 26
        self._put(self.grad, switch_x - 4, 34, 24)
        left_end, right_start = x + 60, switch_x - 100
        search = max(120.0, min(SEARCH_WIDTH, right_start - left_end - 16))
        middle = min(max((width - search) / 2, left_end), max(left_end, right_start - search))
        self._put(self.search, middle, search, HEIGHT)

    def _put(self, widget: QWidget, x: float, w: float, h: float) -> None:
        scale = ui_scale()
        widget.setGeometry(round(x * scale), round((48 - h) / 2 * scale), round(w * scale), round(h * scale))

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the bar, the file's name and the words beside the switch."""
        paint.line(0, height - 1, width, height - 1)
        x = 44 + paint.text(44, 24, self.studio.title, "nodeName", "text")
        x += paint.text(x, 24, ".grad", "nodeName", "text3", weight=400)
        if self.studio.dirty:
            paint.dot(x + 10, 25, 3, "text3")
            x += 14
        x += 14
        paint.line(x, 15, x, 33)
        paint.text(self.grad.x() / ui_scale() - 4, 24, "grad enabled", "body", "text2", "r")


def grad_enabled(studio: Studio) -> bool:
    """Return whether the script starts with grad mode on: what the switch shows."""
    first = next(iter(studio.document.calls()), None)
    return not (isinstance(first, SetGradEnabled) and first.enabled and not first.on)


class BarButton(QAbstractButton):
    """A button of the bar that paints itself with `draw`."""

    def __init__(self, studio: Studio, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.setAccessibleName(name)
        self.setCursor(POINTING)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint in units of the design."""
        painter, paint = begin(self, self.studio)
        rect = QRectF(0, 0, self.width() / ui_scale(), self.height() / ui_scale())
        self.draw(paint, rect)
        if self.hasFocus():
            paint.rounded(rect.adjusted(1, 1, -1, -1), 6, None, "focus", 2)
        painter.end()

    def draw(self, paint: Paint, rect: QRectF) -> None:
        """Paint the button."""
        raise NotImplementedError


class MenuButton(BarButton):
    """The mark: a node, its value going right, its gradient coming back. It opens the menu."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, "Menu", parent)
        set_tip(self, "Menu (Alt)")

    def draw(self, paint: Paint, rect: QRectF) -> None:
        """Paint the mark."""
        c, r = rect.center(), 11.0
        if self.underMouse():
            paint.rounded(rect, 6, "hover")
        draw_mark(paint, c, r)


def draw_mark(paint: Paint, c: QPointF, r: float) -> None:
    """Paint the program's mark round c."""
    paint.rounded(QRectF(c.x() - r, c.y() - r, 2 * r, 2 * r), r * 0.5, "text")
    path = QPainterPath(QPointF(c.x() - r * 0.55, c.y() + r * 0.35))
    path.cubicTo(c.x() - r * 0.1, c.y() + r * 0.35, c.x() - r * 0.1, c.y() - r * 0.42, c.x() + r * 0.5, c.y() - r * 0.42)
    pen = paint.pen("panel", r * 0.2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    paint.painter.setPen(pen)
    paint.painter.setBrush(NO_BRUSH)
    paint.painter.drawPath(path)
    paint.dot(c.x() + r * 0.5, c.y() - r * 0.42, r * 0.17, "panel")
    paint.triangle(c.x() - r * 0.5, c.y() + r * 0.36, r * 0.26, "panel", left=True)


class SearchButton(BarButton):
    """Looks like a field; opens the search for ops, nodes and commands."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, "Search ops, nodes and commands", parent)

    def draw(self, paint: Paint, rect: QRectF) -> None:
        """Paint the field."""
        paint.rounded(rect, 7, "sunken", "line2" if self.underMouse() else "line")
        cy = rect.center().y()
        paint.icon("search", 17, cy, 14, "text3")
        words = "Search ops, nodes and commands" if rect.width() > 300 else "Search"
        paint.text(32, cy, words, "body", "text3")
        paint.key_cap(rect.right() - 8, cy, "Ctrl K", "r")


class ModeButton(BarButton):
    """Live or manual: two halves, one press switches."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, "Live or manual", parent)
        set_tip(self, "Run after every edit, or wait for Ctrl+Enter (Ctrl+L)")

    def draw(self, paint: Paint, rect: QRectF) -> None:
        """Paint both halves, the one that holds on a plate."""
        paint.rounded(rect, 7, "sunken", "line")
        for i, (words, icon, on) in enumerate((("Live", "zap", self.studio.runs.live), ("Manual", "pause", not self.studio.runs.live))):
            x = 3 + i * SEGMENT
            if on:
                paint.rounded(QRectF(x, 3, SEGMENT, 24), 5, "hover")
            shade = "text" if on else "text3"
            paint.icon(icon, x + 16, 15, 13, shade)
            paint.text(x + 27, 15, words, "body", shade, weight=500)


class BackwardButton(BarButton):
    """The primary button: append a backward from the root. `menu_wanted(where)` asks for the other ways."""

    menu_wanted = Signal(QPoint)

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, "Backward", parent)
        set_tip(self, "Send gradients back from the root (Shift+B). Right click: from the selected node, once more")

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer the other ways to run backward."""
        self.menu_wanted.emit(self.mapToGlobal(QPoint(0, self.height())))

    def draw(self, paint: Paint, rect: QRectF) -> None:
        """Paint the button, its verb and its keys."""
        paint.rounded(rect, 6, "accentFill" if not self.isDown() else "accent")
        theme, cy = paint.theme, rect.center().y()
        keys = theme.metrics("caption").horizontalAdvance("Shift B") + 16
        wide = theme.metrics("body", 500).horizontalAdvance("Backward") + 20 + keys
        x = (rect.width() - wide) / 2
        paint.icon("chevron-left", x + 7, cy, 15, "onAccent")
        x += 20
        x += paint.text(x, cy, "Backward", "body", "onAccent", weight=500)
        paint.text(x + 10, cy, "Shift B", "caption", theme.color("onAccent", 0.72))
