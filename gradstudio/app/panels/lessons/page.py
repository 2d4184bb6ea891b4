"""LessonPage: the text of a lesson, its goals with what is there now, and the hint for what is wrong."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import Paint, wrapped
from gradstudio.app.panels.lessons.lines import MARK_X, TEXT_X, draw_mark
from gradstudio.app.theme import Theme
from gradstudio.app.widgets.drawn import Drawn, Themed, ui_scale
from gradstudio.lessons.lesson import Lesson
from gradstudio.lessons.mark import Mark

Kind = Literal["title", "text", "goal", "now", "hint", "done"]
LEFT, RIGHT, BOTTOM = 16.0, 14.0, 16.0
STYLES: dict[Kind, tuple[str, str, float, float, float]] = {  # role, shade, height of a line, where it starts, room above
    "title": ("heading", "text", 20, LEFT, 14),
    "text": ("bodyLarge", "text2", 19, LEFT, 9),
    "goal": ("body", "text", 18, TEXT_X, 8),
    "now": ("caption", "text3", 16, TEXT_X, 0),
    "hint": ("body", "text", 18, LEFT + 32, 20),
    "done": ("bodyStrong", "text", 18, TEXT_X, 16),
}
CHOOSE = "Choose a lesson. It opens a small graph of its own, and tells as you edit it which of its goals are met."
DONE = "All goals are met."


class Part(Struct, frozen=True):
    """Some lines from a height on. `met`: of a goal."""

    kind: Kind
    top: float
    lines: tuple[str, ...]
    met: bool = False

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.top + STYLES[self.kind][2] * len(self.lines)


def said(lesson: Lesson | None, mark: Mark | None) -> list[tuple[Kind, str, bool]]:
    """Return what the page says, from top to bottom."""
    if lesson is None:
        return [("text", CHOOSE, False)]
    words: list[tuple[Kind, str, bool]] = [("title", lesson.title, False), *(("text", each, False) for each in lesson.text)]
    if mark is None:
        return [*words, *(("goal", goal.words, False) for goal in lesson.goals)]
    for verdict in mark.verdicts:
        words.append(("goal", verdict.goal.words, verdict.met))
        words += [("now", verdict.complaint, False)] if verdict.complaint is not None else []
    words += [("hint", mark.hint, False)] if mark.hint else []
    return [*words, ("done", DONE, True)] if mark.done else words


def laid_out(theme: Theme, words: list[tuple[Kind, str, bool]], width: float) -> tuple[Part, ...]:
    """Return the parts for a width, in px of the design."""
    parts: list[Part] = []
    y, before = 0.0, ""
    for kind, text, met in words:
        role, _, _, left, above = STYLES[kind]
        lines = wrapped(text, theme.metrics(role), width - left - RIGHT - (10 if kind == "hint" else 0))
        y += above + (10 if kind == "goal" and before == "text" else 0)
        parts.append(Part(kind, y, tuple(lines), met))
        y, before = parts[-1].bottom, kind
    return tuple(parts)


class LessonPage(Drawn):
    """As high as its text; the panel scrolls it."""

    def __init__(self, themed: Themed, parent: QWidget | None = None) -> None:
        super().__init__(themed, parent)
        self.words: list[tuple[Kind, str, bool]] = []
        self.parts: tuple[Part, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # to be read out, and scrolled with the keys

    def show_lesson(self, lesson: Lesson | None, mark: Mark | None) -> int | None:
        """Show a lesson as it stands; None: say that one may be chosen. Return how far down news goes (a hint, the end), in px."""
        before, self.words = self.words, said(lesson, mark)
        self.setAccessibleName(lesson.title if lesson else "No lesson is open")
        self.setAccessibleDescription("\n".join(spoken(*each) for each in self.words))
        self.lay_out()
        news = self.words[-1][0] in ("hint", "done") and self.words[-1] not in before
        return self.minimumHeight() if news else None

    def lay_out(self) -> None:
        """Break the lines anew, and be as high as they need."""
        self.parts = laid_out(self.colors, self.words, self.width() / ui_scale())
        bottom = self.parts[-1].bottom if self.parts else 0.0
        self.setMinimumHeight(round((bottom + BOTTOM) * ui_scale()))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines for another width."""
        if event.size().width() != event.oldSize().width():
            self.lay_out()

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint what is said."""
        self.draw_focus(paint, QRectF(3, 3, width - 6, height - 6), 6)
        for part in self.parts:
            role, shade, line, left, _ = STYLES[part.kind]
            if part.kind == "hint":
                paint.rounded(QRectF(LEFT - 4, part.top - 9, width - LEFT - RIGHT + 8, part.bottom - part.top + 18), 7, "raised")
                paint.icon("circle-help", LEFT + 14, part.top + line / 2, 15, "accent")
            elif part.kind in ("goal", "done"):
                draw_mark(paint, MARK_X, part.top + line / 2, float(part.met))
            for i, words in enumerate(part.lines):
                paint.text(left, part.top + line * (i + 0.5), words, role, "text2" if part.kind == "goal" and part.met else shade)


def spoken(kind: Kind, text: str, met: bool) -> str:
    """Return a part for a screen reader."""
    return f"{'met' if met else 'not met'}: {text}" if kind == "goal" else f"hint: {text}" if kind == "hint" else text
