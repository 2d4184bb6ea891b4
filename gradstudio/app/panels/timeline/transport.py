"""Transport: to the first step, back, play, forward, to the last; where the playhead stands; unit and speed of stepping."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMenu, QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.widgets.drawn import POINTING, Drawn, Themed, begin, theme_of, ui_scale
from gradstudio.app.widgets.plain import set_tip
from gradstudio.app.widgets.switch import Switch
from gradstudio.explain.case import Case
from gradstudio.explain.steps import step_words
from gradstudio.session.trace import Trace

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio

HEIGHT = 43
SPEEDS = (0.5, 1.0, 2.0, 4.0)
CHIP_PAD = 24.0  # px round the words of the chip


class Transport(QWidget):
    """The strip over calls and tracks."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self._first = IconButton(studio, "First step", "Home", "chevron-first", self)
        self._back = IconButton(studio, "Step back", "Left", "chevron-left", self)
        self._play = IconButton(studio, "Play", "Space", "play", self, framed=True)
        self._forward = IconButton(studio, "Step", "Right", "chevron-right", self)
        self._last = IconButton(studio, "Last step", "End", "chevron-last", self)
        self._where = Position(studio, self)
        self._unit = Switch(studio, "Step by op", self)
        self._unit_words = Words(studio, "Step by op", self)
        self._speed = SpeedButton(studio, self)
        self._lay_out()
        self._connect()
        self._read()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(15, 0, 10, 0)
        row.setSpacing(2)
        for widget in (self._first, self._back, self._play, self._forward, self._last):
            row.addWidget(widget)
        row.addSpacing(17)
        row.addWidget(self._where, 1)
        row.addWidget(self._unit)
        row.addSpacing(3)
        row.addWidget(self._unit_words)
        row.addWidget(self._speed)
        self.setFixedHeight(round(HEIGHT * ui_scale()))

    def _connect(self) -> None:
        studio = self.studio
        self._first.clicked.connect(studio.player.first)
        self._back.clicked.connect(self._step_back)
        self._play.clicked.connect(self._toggle_play)
        self._forward.clicked.connect(self._step)
        self._last.clicked.connect(studio.player.last)
        self._unit.clicked.connect(self._set_unit)
        studio.followed.connect(self.refresh)

    def refresh(self, change: Change) -> None:
        """Show where the playhead is, and whether it moves by itself."""
        if change.everything or change.playhead or change.trace or change.mode or change.theme:
            self._read()
        if change.theme:
            self.update()

    def _read(self) -> None:
        studio = self.studio
        k, end = studio.shown.state.k, studio.shown.trace.end
        for button, on in (
            (self._first, k > 0),
            (self._back, k > 0),
            (self._forward, k < end),
            (self._last, k < end),
            (self._play, end > 0),
        ):
            button.setEnabled(on)
        self._play.set_icon("pause" if studio.player.playing else "play", "Pause" if studio.player.playing else "Play")
        self._unit.setChecked(studio.player.unit == "step")
        self._speed.show_speed(studio.player.speed)
        self._where.read()

    def _step(self) -> None:
        self.studio.player.pause()
        self.studio.player.step(1)

    def _step_back(self) -> None:
        self.studio.player.pause()
        self.studio.player.step(-1)

    def _toggle_play(self) -> None:
        if self.studio.player.playing:
            self.studio.player.pause()
        else:
            self.studio.player.play()

    def _set_unit(self) -> None:
        self.studio.player.set_unit("step" if self._unit.isChecked() else "call")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the lines above and below."""
        painter = QPainter(self)
        paint = Paint(painter, theme_of(self.studio))
        paint.hairline(0, 0, self.width(), 0)
        paint.hairline(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()


def position_words(trace: Trace, k: int) -> tuple[str, str]:
    """Return where the playhead stands, strong and weak part: `Step 60`, `of 63`; at an error `Step 65, stopped`, `(10 planned, 2 ran)`."""
    if not trace.end:
        return "No steps yet", ""
    span = trace.span_at(k)
    if span is None or not span.raised or span.end != k:
        return f"Step {k}", f"of {trace.end}"
    on_show = trace.pass_at(k)
    ran = on_show is not None and on_show.call == span.call and on_show.turns == span.turns and on_show.raised
    return f"Step {k}, stopped", f"({len(on_show.planned)} planned, {on_show.ran} ran)" if ran and on_show else ""


def name_in(words: str, room: float, width_of: Callable[[str], float]) -> str:
    """Return as much of `mul  MulBackward0` as fits: both names, the first, or nothing."""
    return next((name for name in (words, words.partition("  ")[0]) if width_of(name) <= room), "")


class Position(Drawn):
    """The step that the playhead stands on, in words."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, parent)
        self.studio = studio
        self._strong, self._weak, self._chip = "", "", ""
        self.setMinimumWidth(60)

    def read(self) -> None:
        """Look up the step on show."""
        shown = self.studio.shown
        k = shown.state.k
        self._strong, self._weak = position_words(shown.trace, k)
        span = shown.trace.span_at(k)
        inside = self.studio.player.stepping or (span is not None and span.raised and span.end == k)
        case = Case(shown.document, shown.trace, shown.state, ((), 0))
        self._chip = step_words(case, shown.trace.step(k)) if inside else ""
        self.setAccessibleName(" ".join(part for part in (self._strong, self._weak, self._chip) if part))
        self.say(self._strong, self._weak, self._chip)

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the count, and the step as a chip."""
        cy = height / 2
        x = paint.text(0, cy, self._strong, "bodyStrong", "text", width=width) + 5
        x += paint.text(x, cy, self._weak, "body", "text3", width=max(0.0, width - x)) + 14
        chip = name_in(self._chip, width - x - CHIP_PAD, paint.theme.metrics("code").horizontalAdvance)
        if chip:
            paint.chip(x, cy, chip, "code", "text", height=22, pad=8)


class IconButton(QAbstractButton):
    """A button of the transport: an icon, 30 by 28."""

    def __init__(self, themed: Themed, name: str, key: str, icon: str, parent: QWidget, framed: bool = False) -> None:
        super().__init__(parent)
        self.themed, self._icon, self._key, self._framed = themed, icon, key, framed
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(POINTING)
        self.setFixedSize(self.sizeHint())
        self.set_icon(icon, name)

    def set_icon(self, icon: str, name: str) -> None:
        """Show another icon, under another name."""
        if (icon, name) == (self._icon, self.accessibleName()):
            return
        self._icon = icon
        self.setAccessibleName(name)
        set_tip(self, f"{name} ({self._key})")
        self.update()

    def sizeHint(self) -> QSize:
        """Return 30 by 28 at the scale."""
        return QSize(round(30 * ui_scale()), round(28 * ui_scale()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint plate and icon."""
        painter, paint = begin(self, self.themed)
        scale = ui_scale()
        plate = QRectF(0, 0, self.width() / scale, self.height() / scale)
        lit = self.isEnabled() and (self.underMouse() or self.isDown())
        if self._framed or lit:
            paint.rounded(plate, 7 if self._framed else 6, "hover" if lit else "raised", "line2" if self._framed else None)
        painter.setOpacity(1.0 if self.isEnabled() else 0.4)
        paint.icon(
            self._icon, plate.center().x(), plate.center().y(), 15 if self._framed else 17, "text" if self._framed or lit else "text2"
        )
        painter.setOpacity(1.0)
        if self.hasFocus():
            paint.rounded(plate, 7, None, "focus", 2)
        painter.end()


class Words(Drawn):
    """A few fixed words beside a control."""

    def __init__(self, themed: Themed, words: str, parent: QWidget) -> None:
        super().__init__(themed, parent)
        self.words = words
        self.setFixedWidth(self.size_of(self.colors.metrics("body").horizontalAdvance(words) + 6, 0).width())

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint them."""
        paint.text(0, height / 2, self.words, "body", "text2")


class SpeedButton(QAbstractButton):
    """How fast to play: a click opens the choices, Up and Down go through them."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(POINTING)
        self.setFixedSize(round(76 * ui_scale()), round(28 * ui_scale()))
        self.clicked.connect(self._choose)
        self.show_speed(studio.player.speed)

    def show_speed(self, speed: float) -> None:
        """Show a speed."""
        if self.text() == f"{speed:g}×":
            return
        self.setText(f"{speed:g}×")
        self.setAccessibleName(f"Speed {speed:g} times")
        set_tip(self, "Speed of playing")

    def _choose(self) -> None:
        menu = QMenu(self)
        for speed in SPEEDS:
            choice = menu.addAction(f"{speed:g}×")
            choice.setCheckable(True)
            choice.setChecked(speed == self.studio.player.speed)
            choice.setData(speed)
        menu.triggered.connect(self._chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    def _chosen(self, choice: QAction) -> None:
        self.studio.player.set_speed(float(choice.data()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up is faster, Down is slower."""
        delta = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if delta is None:
            super().keyPressEvent(event)
            return
        at = SPEEDS.index(self.studio.player.speed) if self.studio.player.speed in SPEEDS else 1
        self.studio.player.set_speed(SPEEDS[max(0, min(at + delta, len(SPEEDS) - 1))])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint `Speed 1×`."""
        painter, paint = begin(self, self.studio)
        scale = ui_scale()
        plate = QRectF(0, 0, self.width() / scale, self.height() / scale)
        lit = self.underMouse() or self.isDown()
        if lit:
            paint.rounded(plate, 6, "hover")
        wide = paint.text(plate.right() - 6, 14, self.text(), "body", "text" if lit else "text2", "r", 500)
        paint.text(plate.right() - max(32, wide + 12), 14, "Speed", "body", "text2" if lit else "text3", "r")
        if self.hasFocus():
            paint.rounded(plate, 6, None, "focus", 2)
        painter.end()
