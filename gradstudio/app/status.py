"""Status bar: what the run is doing, what it holds, what was said last."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtWidgets import QWidget

from gradstudio.app import text
from gradstudio.app.announcer import Announcer
from gradstudio.app.change import EVERYTHING, Change
from gradstudio.app.paint import Paint
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.drawn import Drawn, sized, ui_scale
from gradstudio.app.widgets.text_button import TextButton
from gradstudio.document.rules import expanded_counts
from gradstudio.explain.wording import call_name

TICK_MS, LONG, TURN = 100, 1.0, 2.0  # seconds after which a run shows a bar and Stop; seconds in which a part goes along the bar
BAR, STOP_WIDTH, STOP_HEIGHT = 72.0, 48.0, 20.0
READABLE = 0.25  # seconds for which how long a run took stands at least: while a number is dragged there are sixty a second

Part = tuple[str, str, str]  # icon, words, shade


class StatusBar(Drawn):
    """The line at the bottom. A run of more than a second shows a bar and Stop."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent, "panel")
        self.studio = studio
        self.setFixedHeight(sized(0, SIZE["status"]).height())
        self.setAccessibleName("Status")
        self.announcer = Announcer(studio, self)
        self.stop = TextButton(studio, "Stop", self)
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.resize(sized(STOP_WIDTH, STOP_HEIGHT))
        self.stop.hide()
        self.stop.clicked.connect(studio.runs.stop)
        self._tick = QTimer(studio)  # it ends with what it looks at
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._look)
        self._took: tuple[float, float] = (-math.inf, 0.0)  # when it was written down, and how long the run took
        self._parts: tuple[list[Part], list[str]] = ([], [])  # what it says, at the left and from the right
        self._counts: tuple[object, object, tuple[int, int]] = (None, None, (0, 0))
        self._saved: tuple[object, int, int] = (None, 0, 0)  # of which state: tensors held, and freed
        studio.followed.connect(self.refresh)
        self.refresh(EVERYTHING)

    def refresh(self, change: Change) -> None:
        """Follow everything: the line is cheap."""
        if (self.studio.runs.running or self._elapsed() != self.studio.shown.trace.elapsed) and not self._tick.isActive():
            self._tick.start()
        self._look()

    def _look(self) -> None:
        long = self.studio.runs.busy_for > LONG
        if not self.studio.runs.running and self._elapsed() == self.studio.shown.trace.elapsed:
            self._tick.stop()
        self.stop.setVisible(long)
        self._parts = self.left_parts(), self.right_parts()
        self.setAccessibleDescription(". ".join(words for _, words, _ in self._parts[0]))
        self.say(self._parts, self.studio.runs.busy_for if long else 0.0)

    # ---- what it says

    def left_parts(self) -> list[Part]:
        """Return what stands at the left: icon, words, shade."""
        studio = self.studio
        parts = [self._condition()]
        shown = studio.shown
        if shown.trace.run and not studio.player.stepping and not self._error():
            parts.append(("timer", f"Recomputed in {text.duration(self._elapsed())}", "text3"))
        nodes, wires = self._counted()
        parts.append(("waypoints", f"{text.plural(nodes, 'node')}, {text.plural(wires, 'wire')}", "text3"))
        parts.append(("memory-stick", self._saved_words(), "text3"))
        if studio.player.stepping:
            parts.append(("keyboard", "Left and Right step, Esc leaves", "text3"))
        return parts

    def _elapsed(self) -> float:
        """Return how long the run on show took; of many one after the other, one that can be read."""
        now, last = time.monotonic(), self.studio.shown.trace.elapsed
        if last != self._took[1] and now - self._took[0] > READABLE:
            self._took = now, last
        return self._took[1]

    def right_parts(self) -> list[str]:
        """Return what stands at the right, from the right."""
        errors = sum(o.kind == "raised" for o in self.studio.shown.trace.outcomes.values())
        state = text.plural(errors, "error") if errors else self._stands()
        return [words for words in ("torch 2.13 semantics", "float32", state) if words]

    def _stands(self) -> str:
        """Return how the viewer stands in the run; at its end, what is selected."""
        if self.studio.player.stepping:
            return "Playing" if self.studio.player.playing else "Paused"
        count = len(self.studio.selection)
        return f"{count} selected" if count else ""

    def _condition(self) -> Part:
        studio = self.studio
        if studio.runs.busy_for > LONG:
            return "timer", f"Running for {studio.runs.busy_for:.0f} s", "text2"
        if studio.notice:
            return "info", studio.notice, "text2"
        error = self._error()
        if error:
            return "octagon-alert", error, "error"
        span = studio.shown.trace.span_at(studio.shown.state.k)
        if studio.player.stepping and span is not None:
            words = f"Stepping {span.kind}" + (f" #{span.number}" if span.number else "")
            return ("arrow-left" if span.number else "arrow-right"), words, "text2"
        waiting = self._waiting()
        if waiting and not studio.runs.stale:
            return "clock", waiting, "text2"
        if studio.runs.running and not studio.shown.trace.run:
            return "timer", "Running", "text2"  # the first time
        if studio.runs.stale:
            return "clock", "Stale: Ctrl+Enter runs it" if not studio.runs.live else "Running", "text2"
        return "check", "Up to date", "text2"

    def _error(self) -> str:
        shown = self.studio.shown
        for call_id, outcome in shown.trace.outcomes.items():
            if outcome.kind == "raised" and outcome.error is not None and outcome.last <= shown.state.k:
                number = next((s.number for s in shown.trace.spans if s.call == call_id and s.raised), 0)
                name = f"Backward #{number}" if number else shown.document.call(call_id).menu
                where = f" stopped at {shown.labels.label(outcome.error.node)}" if outcome.error.node else " stopped"
                return name + where
        return ""

    def _waiting(self) -> str:
        """Return which call waits, and for what; half a graph is no error."""
        shown = self.studio.shown
        for call_id, outcome in shown.trace.outcomes.items():
            if outcome.kind == "waiting":
                return f"{call_name(shown.document, shown.trace, call_id).capitalize()} waits: {outcome.reason}"
        return ""

    def _saved_words(self) -> str:
        state = self.studio.shown.state
        if self._saved[0] is not state:
            held = state.held
            self._saved = (state, held, len(state.saved) - held)
        _, held, freed = self._saved
        words = f"{text.plural(held, 'saved tensor')} held"
        return f"{words}, {freed} freed" if self.studio.player.stepping and freed else words

    def _counted(self) -> tuple[int, int]:
        document = self.studio.document
        readers, groups = document.graph.consumers, document.groups  # handed on by documents that differ in values only
        if self._counts[0] is not readers or self._counts[1] is not groups:
            self._counts = (readers, groups, expanded_counts(document))
        return self._counts[2]

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the line."""
        paint.line(0, 0, width, 0)
        right = width - 14
        for words in self._parts[1]:
            right -= paint.text(right, height / 2, words, "caption", "text3", "r") + 20
        x, first = 14.0, True
        for icon, words, shade in self._parts[0]:
            room = right - x - 24
            if room < 40:
                break
            paint.icon(icon, x + 6, height / 2, 13, shade)
            x += 18
            x += paint.text(x, height / 2, words, "caption", shade, width=room) + 20
            if first and self.studio.runs.busy_for > LONG:
                x = self._draw_busy(paint, x - 8, height / 2) + 20
            first = False

    def _draw_busy(self, paint: Paint, x: float, cy: float) -> float:
        """Draw a bar with a part that goes along it while the run lasts, and put Stop beside it. Return where that ends."""
        at = self.studio.runs.busy_for % TURN / TURN * (BAR - BAR / 3)
        paint.rounded(QRectF(x, cy - 2, BAR, 4), 2, "sunken", "line")
        paint.rounded(QRectF(x + at, cy - 2, BAR / 3, 4), 2, "accent")
        self.stop.move(round((x + BAR + 10) * ui_scale()), round((cy - STOP_HEIGHT / 2) * ui_scale()))
        return x + BAR + 10 + STOP_WIDTH
