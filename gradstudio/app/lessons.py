"""Lessons: the course beside one window. It opens lessons, and remembers in a file of the person's which are done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Qt
from PySide6.QtWidgets import QWidget

from gradstudio.io.refusal import Refusal

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow
    from gradstudio.app.panels.lessons.panel import LessonsPanel

PROGRESS = "lessons.json"


class Lessons(QObject):
    """The panel is made when it is first asked for: the window starts faster. `shown`: whether it is there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.panel: LessonsPanel | None = None

    @property
    def shown(self) -> bool:
        """Whether the panel is there to be seen."""
        return self.panel is not None and not self.panel.isHidden()

    @property
    def docks(self) -> tuple[QWidget, ...]:
        """The panel, once it was asked for."""
        return (self.panel,) if self.panel is not None else ()

    def toggle(self) -> None:
        """Show the lessons left of everything else, or put them away."""
        panel = self.panel if self.panel is not None else self._made()
        panel.setVisible(not self.shown)
        (panel.list if self.shown else self.window.canvas).setFocus(Qt.FocusReason.OtherFocusReason)

    def _made(self) -> LessonsPanel:
        from gradstudio.app.panels.lessons.panel import LessonsPanel
        from gradstudio.lessons.lesson import all_lessons

        self.panel = LessonsPanel(self.window.studio, all_lessons(), self.window)
        self.panel.hide()
        self.panel.chosen.connect(self.open)
        self.panel.completed.connect(self._completed)
        self.panel.closed.connect(self.toggle)
        self.window.docks.across.insertWidget(0, self.panel)
        self._read()
        return self.panel

    def open(self, lesson_id: str) -> None:
        """Open a lesson at its start, once the unsaved changes of this document are saved or let go."""
        assert self.panel is not None
        lesson = next(each for each in self.panel.lessons if each.id == lesson_id)
        if self.window.files.may_leave():
            self.panel.open_lesson(lesson)
            self.window.studio.show_example(lesson.start, lesson.id)

    # ---- what is done

    @property
    def path(self) -> Path:
        """Where the lessons done are remembered."""
        return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation), PROGRESS)

    def _read(self) -> None:
        from gradstudio.lessons.progress import read_progress

        assert self.panel is not None
        try:
            self.panel.show_progress(read_progress(self.path))
        except Refusal as refusal:
            self.window.studio.notify(refusal.message)

    def _completed(self, lesson_id: str) -> None:
        """Tick a lesson, and remember it; a file that cannot be read is left as it is."""
        assert self.panel is not None
        self.panel.show_progress(self.panel.progress.with_done(lesson_id))
        try:
            self._remember(lesson_id)
        except Refusal as refusal:
            self.window.studio.notify(refusal.message)
        except OSError as error:
            self.window.studio.notify(f"That the lesson is done could not be written to {self.path.parent}: {error.strerror}")

    def _remember(self, lesson_id: str) -> None:
        from gradstudio.lessons.progress import read_progress, write_progress

        known = read_progress(self.path)
        if known.with_done(lesson_id) is not known:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_progress(self.path, known.with_done(lesson_id))
