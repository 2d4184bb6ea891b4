"""Choreography: what moves when the playhead goes one step, and when. Nothing waits for it, and nothing loops."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal

from gradstudio.app.theme import MOTION

# When a part begins, in ms of a step at 1×, and the token that says how long it takes and how it eases (design, section 6).
PARTS = {"ring": (0, "stepFocus"), "card": (60, "numberRoll"), "fronts": (180, "wireFront"), "drawer": (420, "drawerFill")}
LENGTH = max(begin + int(MOTION[token][0]) for begin, token in PARTS.values())
SHORTEST, CROSSFADE = int(MOTION["stepMin"]), int(MOTION["reducedMotion"]["crossfade"])


class Choreography(QObject):
    """The clock of one step. `moved` comes once a frame, `landed` when all parts are where they belong."""

    moved = Signal()
    landed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.back = False
        self._now = float(LENGTH)
        self._eases = {name: QEasingCurve(getattr(QEasingCurve.Type, MOTION[token][1])) for name, (_, token) in PARTS.items()}
        self._clock = QVariantAnimation(self)
        self._clock.valueChanged.connect(self._advance)
        self._clock.finished.connect(self.land)

    @property
    def running(self) -> bool:
        """Whether something is on its way."""
        return self._now < LENGTH

    def start(self, speed: float, back: bool = False) -> None:
        """Play a step: `speed` times as fast, backwards in half the time, never in less than 90 ms."""
        self.back = back
        self._play(0, round(LENGTH / max(speed, 0.1) / (2 if back else 1)))

    def fade(self) -> None:
        """Play the cross-fade of the card alone: reduced motion."""
        begin = PARTS["card"][0]
        self.back = False
        self._play(begin, CROSSFADE)

    def part(self, name: str) -> float:
        """Return how far a part is, from 0 to 1; 1 at rest."""
        begin, token = PARTS[name]
        share = (self._now - begin) / float(MOTION[token][0])
        return self._eases[name].valueForProgress(max(0.0, min(1.0, share)))

    def land(self) -> None:
        """Be where the step ends: at once, or because the time is up."""
        if self.running:
            self._now = float(LENGTH)
            self._clock.stop()
            self.moved.emit()
            self.landed.emit()

    def _play(self, begin: int, duration: int) -> None:
        self._now = float(begin)
        self._clock.setStartValue(float(begin))
        self._clock.setEndValue(float(LENGTH))
        self._clock.setDuration(max(SHORTEST, duration) if duration != CROSSFADE else duration)
        self._clock.start()

    def _advance(self, now: Any) -> None:
        if self.running:
            self._now = float(now)
            self.moved.emit()
