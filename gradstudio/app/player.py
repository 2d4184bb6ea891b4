"""Player: where the playhead stands in the run on show, and how it moves, by hand and by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from PySide6.QtCore import QObject, QTimer

from gradstudio.app.change import Change
from gradstudio.session import playhead
from gradstudio.session.playhead import END, Anchor, Playhead

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

Unit: TypeAlias = Literal["step", "call"]
STEP_MS = 700  # at 1×
SPEEDS = (0.5, 1.0, 2.0, 4.0)


class Player(QObject):
    """The playhead, how fast and by what it moves. It tells of itself through the studio's signal."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self.k = 0  # the step that the playhead was last sent to; `shown.state.k` is the one on show
        self.playhead: Playhead = END
        self.unit: Unit = "step"
        self.speed = 1.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    # ---- where it stands

    @property
    def at_end(self) -> bool:
        """Whether the playhead follows the end of the run."""
        return self.playhead == END

    @property
    def stepping(self) -> bool:
        """Whether the viewer stands inside the run."""
        return not self.at_end

    @property
    def anchor(self) -> Anchor | None:
        """What the playhead holds on to when the run becomes another; None at the end."""
        return self.playhead if isinstance(self.playhead, Anchor) else None

    def moved(self, stood: Playhead) -> bool:
        """Say whether the playhead was sent elsewhere since it stood there; then find its step in the run on show."""
        if self.playhead == stood:
            return False
        self.k = playhead.find(self._studio.shown.trace, self.playhead)
        return True

    def land(self, k: int) -> None:
        """Stand where the run that is now on show put the playhead."""
        self.k = k
        self.playhead = playhead.playhead_at(self._studio.shown.trace, k) if self.stepping else END

    def forget(self) -> None:
        """Follow the end of the runs of another document."""
        self.k, self.playhead = 0, END

    # ---- moving it

    def go_to(self, k: int) -> None:
        """Send the playhead to a step; before the first or beyond the last it stays there."""
        trace = self._studio.shown.trace
        self.k = max(0, min(k, trace.end))
        self.playhead = playhead.playhead_at(trace, self.k)
        self._studio.notice = ""  # it was about another step
        self._studio.runs.ask_state()

    def step(self, delta: int, unit: Unit | None = None) -> None:
        """Send the playhead forth or back by steps, or by calls."""
        by_call = (unit or self.unit) == "call"
        self.go_to(playhead.by_call(self._studio.shown.trace, self.k, delta) if by_call else self.k + delta)

    def first(self) -> None:
        """Send the playhead before the first step."""
        self.pause()
        self.go_to(0)

    def last(self) -> None:
        """Send the playhead to the end, where it follows."""
        self.pause()
        self.go_to(self._studio.shown.trace.end)

    # ---- by itself

    @property
    def playing(self) -> bool:
        """Whether steps follow one another by themselves."""
        return self._timer.isActive()

    def play(self) -> None:
        """Step by step, from here; from the start when at the end."""
        if self.at_end:
            self.go_to(0)
        self._wait()
        self._tell()

    def pause(self) -> None:
        """Stand still."""
        if self.playing:
            self._timer.stop()
            self._tell()

    def set_speed(self, speed: float) -> None:
        """Set how many times faster than a step every 0.7 s to play."""
        self.speed = speed
        self._tell()

    def set_unit(self, unit: Unit) -> None:
        """Step by op, or by call."""
        self.unit = unit
        self._tell()

    def _wait(self) -> None:
        self._timer.start(round(STEP_MS / self.speed))

    def _go_on(self) -> None:
        self.step(1)
        if self.k < self._studio.shown.trace.end and self.k not in self._studio.markers.hits():
            self._wait()
        else:
            self._tell()

    def _tell(self) -> None:
        self._studio.tell(Change(mode=True))
