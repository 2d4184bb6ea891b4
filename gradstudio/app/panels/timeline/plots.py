"""Gradient plots: one step plot a `.grad`, its name on the left, its number now on the right. The curves come after the first paint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QEvent, QSize, QTimer, Signal
from PySide6.QtGui import QColor, QMoveEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.draw_track import level_color, y_of
from gradstudio.app.panels.timeline.tracks import Track, ranges_of, tracks_of
from gradstudio.app.widgets.drawn import Drawn, ui_scale
from gradstudio.app.widgets.plain import tip

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.panels.timeline.curves import Curves
    from gradstudio.app.studio import Studio

TRACK, TALLEST = 47.0, 71.0  # px; few tracks share the room that there is
NUMBERS_MS = 100  # that the curves wait for the numbers of the first run, which are shown first


class Fresh(NamedTuple):
    """A number that the step on show wrote: its height, in px of the design from the top of the plots, and its colour."""

    y: float
    color: QColor


class GradientPlots(Drawn):
    """Names and numbers are painted here, the curves by pyqtgraph, which is loaded once the window has been painted."""

    ready = Signal()

    def __init__(self, studio: Studio, left: float, right: float, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent, "panel")
        self.studio = studio
        self.left, self.right = left, right
        self.tracks: list[Track] = []
        self.curves: Curves | None = None
        self._soon = QTimer(self, singleShot=True, interval=NUMBERS_MS)
        self._soon.timeout.connect(self._load_curves)
        self._ranges = ranges_of(studio.shown.document, studio.shown.trace)
        self.setAccessibleName("Gradients over time")
        studio.followed.connect(self.refresh)
        self._read()

    def refresh(self, change: Change) -> None:
        """Look the tracks up where the run, the playhead or a `.grad` changed; a rename is shown without a run."""
        renamed = change.document is not None and change.document.only_looks
        if change.everything or change.trace or renamed:
            self._ranges = ranges_of(self.studio.shown.document, self.studio.shown.trace)
        if change.everything or change.trace or change.playhead or change.theme or renamed:
            self._read()
        if self._soon.isActive() and not self._awaits_numbers():
            self._soon.start(0)  # when what is told now has been painted

    def _read(self) -> None:
        shown, before = self.studio.shown, len(self.tracks)
        self.tracks = tracks_of(shown.document, shown.trace, shown.state, shown.labels, self._ranges)
        self.setAccessibleDescription(". ".join(track.spoken for track in self.tracks))
        if len(self.tracks) != before:
            self.updateGeometry()
        self._lay_out()
        self.say([(track.name, track.now, track.signed) for track in self.tracks])

    def minimumSizeHint(self) -> QSize:
        """Return the room that all tracks need; beyond it they scroll."""
        return self.size_of(self.left + self.right + 60, TRACK * len(self.tracks) + 8)

    def sizeHint(self) -> QSize:
        """Return the same."""
        return self.minimumSizeHint()

    def pitch(self) -> float:
        """Return the height of a track, in px of the design."""
        room = self.height() / ui_scale() - 8
        return max(TRACK, min(TALLEST, room / max(1, len(self.tracks))))

    def fresh(self) -> list[Fresh]:
        """Return where the step on show wrote a `.grad`."""
        pitch, k = self.pitch(), self.studio.shown.state.k
        return [
            Fresh(pitch * i + y_of(track, track.now, pitch), level_color(self.colors, track, track.now))
            for i, track in enumerate(self.tracks)
            if track.now is not None and track.writes[-1].step == k
        ]

    def in_view(self) -> range:
        """Return the indices of the tracks that are in view."""
        seen, pitch = self.visibleRegion().boundingRect(), self.pitch() * ui_scale()
        return range(int(seen.top() / pitch), min(len(self.tracks), int(seen.bottom() / pitch) + 1))

    # ---- the curves

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint; as long as there are no curves, ask for them as soon as nothing else is to be done."""
        super().paintEvent(event)
        if self.curves is None and not self._soon.isActive():
            self._soon.start(NUMBERS_MS if self._awaits_numbers() else 0)

    def _awaits_numbers(self) -> bool:
        return self.studio.runs.running and not self.studio.shown.trace.run

    def _load_curves(self) -> None:
        # Loaded here, not above: pyqtgraph takes as long to import as the whole window to appear.
        from gradstudio.app.panels.timeline.curves import Curves

        self.curves = Curves(self)
        self._lay_out()
        self.curves.widget.show()
        self.ready.emit()

    def _lay_out(self) -> None:
        if self.curves is None:
            return
        scale = ui_scale()
        left, right = round(self.left * scale), round(self.right * scale)
        self.curves.widget.setGeometry(left, 0, max(1, self.width() - left - right), self.height())
        self.curves.show(self.tracks, self.in_view(), self.studio.shown.trace.end, self.pitch() * scale, self.colors, scale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the curves."""
        super().resizeEvent(event)
        self._lay_out()

    def moveEvent(self, event: QMoveEvent) -> None:
        """Show the curves that were scrolled into view."""
        super().moveEvent(event)
        self._lay_out()

    def event(self, event: QEvent) -> bool:
        """Say in full what a name that does not fit is."""
        if event.type() == QEvent.Type.ToolTip:
            at = int(event.pos().y() / ui_scale() / self.pitch())  # type: ignore[attr-defined]
            self.setToolTip(tip(self.tracks[at].spoken) if at < len(self.tracks) else "")
        return super().event(event)

    # ---- names and numbers

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint names and numbers."""
        pitch = self.pitch()
        for i in self.in_view():
            track = self.tracks[i]
            top, base = pitch * i + 14, pitch * i + pitch - 9
            paint.text(self.left - 14, (top + base) / 2 + 2, track.name, "code", "text2", "r", 500, self.left - 24)
            paint.text(
                width - 16, pitch * i + pitch / 2 + 2, track.now_text, "nodeGrad", self._now_shade(paint, track), "r", width=self.right - 22
            )

    def _now_shade(self, paint: Paint, track: Track) -> Any:
        return paint.theme.gradient_text(track.now) if track.signed or track.now is None else paint.theme.color("text2")
