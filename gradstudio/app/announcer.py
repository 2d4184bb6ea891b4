"""Announcer: says aloud, where a screen reader listens, which step is on show, and what the status bar was told."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app.change import Change
from gradstudio.app.studio import Studio
from gradstudio.explain.announcement import announcement
from gradstudio.session.trace import Step


def say(widget: QWidget, words: str) -> None:
    """Have words read out, when what is being read has come to an end; nothing where no screen reader listens."""
    if words and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, words))


class Announcer(QObject):
    """Speaks with the voice of a widget that is always there. A step is said when it is gone to, and again when an edit changes it."""

    def __init__(self, studio: Studio, voice: QWidget) -> None:
        super().__init__(voice)
        self._studio, self._voice = studio, voice
        self._run, self._k = 0, 0  # on show when it last looked
        self._told: Step | None = None
        self._words, self._notice = "", ""
        studio.followed.connect(self.refresh)

    def refresh(self, change: Change) -> None:
        """Say what is new."""
        if change.everything or change.trace or change.playhead:
            self._look()
        if self._studio.notice != self._notice:
            self._notice = self._studio.notice
            say(self._voice, self._notice)

    def _look(self) -> None:
        shown, before = self._studio.shown, (self._run, self._k)
        self._run, self._k = shown.trace.run, shown.state.k
        moved = before[0] == self._run and before[1] != self._k
        if not QAccessible.isActive() or not (moved or self._studio.player.stepping):
            return
        words = announcement(shown.document, shown.trace, shown.state, self._told if moved else None)
        if moved or words != self._words:
            say(self._voice, words)
        self._words, self._told = words, shown.trace.step(self._k)
