"""LessonsPanel: the lessons with what is done of them; of the open one the text, and its goals as they are met."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gradstudio.app.change import Change, Shown
from gradstudio.app.paint import Paint
from gradstudio.app.panels.lessons.lines import LessonLine
from gradstudio.app.panels.lessons.page import LessonPage
from gradstudio.app.studio import Studio
from gradstudio.app.widgets.drawn import Drawn, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton
from gradstudio.app.widgets.overlay_scroll import OverlayScroll
from gradstudio.app.widgets.row_list import ROW, RowList
from gradstudio.app.widgets.text_button import TextButton
from gradstudio.lessons.ended import Ended
from gradstudio.lessons.lesson import Lesson
from gradstudio.lessons.mark import Mark, mark
from gradstudio.lessons.progress import NONE, Progress
from gradstudio.session.state import State

WIDTH, HEAD, MOST_ROWS = 292.0, 34.0, 12


class LessonsPanel(Drawn):
    """`chosen`: a lesson is to be opened, by its id. `completed`: all goals of the open one are met. `closed`: its button was pressed."""

    title = "Lessons"
    chosen = Signal(str)
    completed = Signal(str)
    closed = Signal()

    def __init__(self, studio: Studio, lessons: Sequence[Lesson], parent: QWidget | None = None) -> None:
        super().__init__(studio, parent, "panel")
        self.studio, self.lessons = studio, tuple(lessons)
        self.lesson: Lesson | None = None
        self.mark: Mark | None = None
        self.progress: Progress = NONE
        self.list = RowList(studio, "Lessons", self)
        self.page = LessonPage(studio)
        self.area = OverlayScroll(self.page, self)
        self.area.setWidgetResizable(True)
        self.again = TextButton(studio, "Start over", self)
        self.next = TextButton(studio, "Next lesson", self)
        self.close_button = IconButton(studio, "x", "Close the lessons", self)
        self.setAccessibleName(self.title)
        self.setFixedWidth(sized(WIDTH, 0).width())
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        scale = ui_scale()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, round(HEAD * scale), 1, 0)
        column.setSpacing(round(8 * scale))
        column.addWidget(self.list)
        column.addWidget(self.area, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(round(16 * scale), 0, round(14 * scale), round(12 * scale))
        foot.addWidget(self.again)
        foot.addStretch(1)
        foot.addWidget(self.next)
        column.addLayout(foot)
        self.list.setFixedHeight(round(ROW * min(len(self.lessons), MOST_ROWS) * scale))

    def _connect(self) -> None:
        self.list.chosen.connect(self._choose)
        self.again.clicked.connect(self._start_over)
        self.next.clicked.connect(self._go_on)
        self.close_button.clicked.connect(self.closed)
        self.studio.followed.connect(self.refresh)

    def sizeHint(self) -> QSize:
        """Return the size of a column."""
        return sized(WIDTH, 600)

    # ---- which lesson

    def show_progress(self, progress: Progress) -> None:
        """Tick the lessons that are done."""
        self.progress = progress
        self._show()

    def open_lesson(self, lesson: Lesson) -> None:
        """Show a lesson: its start is about to be opened."""
        self.lesson, self.mark = lesson, None
        self.area.verticalScrollBar().setValue(0)
        self._show()

    def _choose(self, row: int) -> None:
        self.chosen.emit(self.lessons[row].id)

    def _start_over(self) -> None:
        if self.lesson is not None:
            self.chosen.emit(self.lesson.id)

    def _go_on(self) -> None:
        following = self.following
        if following is not None:
            self.chosen.emit(following.id)

    @property
    def following(self) -> Lesson | None:
        """The lesson after the open one; None after the last."""
        ids = [each.id for each in self.lessons]
        at = ids.index(self.lesson.id) + 1 if self.lesson is not None and self.lesson.id in ids else len(ids)
        return self.lessons[at] if at < len(ids) else None

    # ---- following

    def refresh(self, change: Change) -> None:
        """Hold the goals to each run; another document that is opened closes the lesson."""
        if change.everything and change.file and self.lesson is not None and self.studio.document is not self.lesson.start:
            self.lesson = self.mark = None
            self._show()
        if change.theme:
            self.page.lay_out()
            self.update()
        if change.everything or change.trace:
            self._look()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        self._look()

    def _look(self) -> None:
        """Look at the end of the run, wherever the playhead is."""
        shown = self.studio.shown
        if self.lesson is None or not shown.trace.run or not self.isVisible():
            return
        if shown.state.k == shown.trace.end:
            self._marked(shown, shown.state)
        else:
            self.studio.runs.questions.state(shown.trace.end, partial(self._marked, shown))

    def _marked(self, shown: Shown, state: State | None) -> None:
        if self.lesson is None or state is None or shown.trace.run != self.studio.shown.trace.run:
            return
        before, self.mark = self.mark, mark(self.lesson, Ended(shown.document, shown.trace, state, self.lesson.start))
        if self.mark != before:
            self._show()
        if self.mark.done and not (before and before.done):
            self.completed.emit(self.lesson.id)

    def _show(self) -> None:
        self.list.show_lines([self._line(each) for each in self.lessons])
        news = self.page.show_lesson(self.lesson, self.mark)
        if news is not None:
            self.area.ensureVisible(0, news, 0, 0)
        self.again.setVisible(self.lesson is not None)
        self.next.setVisible(self.mark is not None and self.mark.done and self.following is not None)
        self.update()

    def _line(self, lesson: Lesson) -> LessonLine:
        verdicts = self.mark.verdicts if self.mark is not None and self._is_open(lesson) else ()
        share = sum(verdict.met for verdict in verdicts) / max(1, len(verdicts))
        return LessonLine(lesson.number, lesson.title, self._is_done(lesson), self._is_open(lesson), share)

    def _is_done(self, lesson: Lesson) -> bool:
        return lesson.id in self.progress.done

    def _is_open(self, lesson: Lesson) -> bool:
        return self.lesson is not None and lesson.id == self.lesson.id

    # ---- paint

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button at the right."""
        side = self.close_button.width()
        self.close_button.move(self.width() - side - round(8 * ui_scale()), round((HEAD / 2) * ui_scale()) - side // 2)

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the head, the line under the list, and the right edge."""
        paint.line(width - 1, 0, width - 1, height)
        used = paint.text(16, HEAD / 2, self.title, "bodyStrong")
        done = sum(map(self._is_done, self.lessons))
        paint.text(16 + used + 8, HEAD / 2, f"{done} of {len(self.lessons)}", "caption", "text3")
        under = round((self.list.y() + self.list.height()) / ui_scale()) + 4
        paint.hairline(16, under, width - 14, under)
