"""Player: lets the playhead go on by itself, step by step or call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from PySide6.QtCore import QObject, QTimer

from gradstudio.app.change import Change

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

Unit: TypeAlias = Literal["step", "call"]
STEP_MS = 700  # at 1×
SPEEDS = (0.5, 1.0, 2.0, 4.0)


class Player(QObject):
    """How fast, and by what, the playhead moves. It tells of itself through the studio's signal."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self.unit: Unit = "step"
        self.speed = 1.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    @property
    def playing(self) -> bool:
        """Whether steps follow one another by themselves."""
        return self._timer.isActive()

    def play(self) -> None:
        """Step by step, from here; from the start when at the end."""
        if self._studio.at_end:
            self._studio.go_to(0)
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
        self._studio.step(1)
        stops = self._studio.markers.hits()
        if self._studio.k < self._studio.shown.trace.end and self._studio.k not in stops:
            self._wait()
        else:
            self._tell()

    def _tell(self) -> None:
        self._studio.changed.emit(Change(mode=True))
