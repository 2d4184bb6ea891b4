"""The breadcrumb: which instance was entered, the way out, and the way to the step on show where it lies in a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QToolTip, QWidget

from gradstudio.app.canvas.overlay import HEIGHT, Parts
from gradstudio.app.paint import Paint
from gradstudio.app.theme import RADIUS, Theme
from gradstudio.document.graph import NodePath

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

GAP, SIDE = 22, 12  # px between two crumbs, and beside them

Crumb = tuple[NodePath, str]


class Breadcrumb(Parts):
    """`main › l2_penalty`: a click goes there. In step mode, last, what leads to the step that is not on the canvas."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._theme: Theme | None = None
        self.crumbs: tuple[Crumb, ...] = ()
        self.offer: Crumb | None = None
        self.want(False)
        self.setAccessibleName("Where the canvas stands")

    def follow(self, theme: Theme) -> None:
        """Show where the studio stands."""
        crumbs, offer = self._crumbs(), self._offered()
        if (theme, crumbs, offer) == (self._theme, self.crumbs, self.offer):
            return
        self._theme, self.crumbs, self.offer = theme, crumbs, offer
        self.want(bool(self.places()))
        spans = self._spans()
        self.setFixedSize(round(spans[-1][1] + SIDE) if spans else 1, HEIGHT)
        self.setAccessibleDescription(", ".join(words for _, words in self.places()))
        self.update()

    def places(self) -> tuple[Crumb, ...]:
        """Return all that can be clicked: the path and the words of each."""
        inside = self.crumbs if len(self.crumbs) > 1 else ()
        return (*inside, *((self.offer,) if self.offer else ()))

    def _crumbs(self) -> tuple[Crumb, ...]:
        studio = self._studio
        scopes = [studio.scope[:depth] for depth in range(len(studio.scope) + 1)]
        return tuple((scope, studio.labels.title(scope) if scope else studio.title) for scope in scopes)

    def _offered(self) -> Crumb | None:
        """Return the way to the step on show: into the instance that it lies in, or out to it."""
        studio = self._studio
        step = studio.shown.trace.step(studio.shown.state.k) if studio.player.stepping else None
        path = step.node[:-1] if step is not None else studio.scope
        if not (step and step.node) or path == studio.scope or studio.shown.document is not studio.document:
            return None
        inside = path[: len(studio.scope)] == studio.scope
        words = f"Follow the step into {studio.labels.title(path)}" if inside else "Follow the step out"
        return path, words

    def _spans(self) -> list[tuple[float, float]]:
        """Return the left and right end of each place."""
        if self._theme is None:
            return []
        x, spans, metrics = float(SIDE), [], self._theme.metrics("body", 500)
        for _, words in self.places():
            width = metrics.horizontalAdvance(words)
            spans.append((x, x + width))
            x += width + GAP
        return spans

    def part(self, x: float) -> int:
        return next((i for i, (left, right) in enumerate(self._spans()) if left - GAP / 2 <= x <= right + GAP / 2), -1)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(self.mapToGlobal(QPoint(0, HEIGHT + 4)), "Enter (PgDown), leave (PgUp)", self)
            return True
        return super().event(event)

    def press(self, part: int) -> None:
        self._studio.enter(self.places()[part][0])

    def draw(self, painter: QPainter) -> None:
        """Draw the way."""
        if self._theme is None:
            return
        paint = Paint(painter, self._theme)
        cy = HEIGHT / 2
        paint.rounded(QRectF(self.rect()), RADIUS["field"], "panel", "line")
        for i, ((path, words), (left, right)) in enumerate(zip(self.places(), self._spans(), strict=True)):
            here = path == self._studio.scope
            offered = self.offer is not None and i == len(self.places()) - 1
            if self.hovered == i:
                paint.rounded(QRectF(left - 8, 4, right - left + 16, HEIGHT - 8), 5, "hover")
            paint.text(left, cy, words, "body", "accent" if offered else "text" if here else "text2", weight=500)
            if i and not offered:
                paint.text(left - GAP / 2, cy, "›", "body", "text3", "c")
