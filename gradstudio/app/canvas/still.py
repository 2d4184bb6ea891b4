"""The still: what a view shows, kept as one picture. A view in motion draws what is new to it, and what is dragged over it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPixmap, QRegion, QTransform

from gradstudio.app.canvas.dirt import Patch
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.view_paint import ViewPaint
from gradstudio.app.canvas.wire_tiles import squares
from gradstudio.app.frame_clock import FRAME_MS
from gradstudio.app.paint import SMOOTH

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView

BUDGET = 0.002  # seconds of a frame of a view in motion in which squares are drawn
COMING = 0.004  # and what has come into view, else plates and lines stand there
DRAWN_BY = 0.008  # seconds after the first event of a frame by which they are drawn: what follows takes time too
SQUARE, FURTHER = 85.0**2, 0.15  # pixels of a square; of the time for one, what another beside it takes when both are drawn at once
LEARNING = 0.2  # share of a square's time in what the next one is expected to take
REST = 4.0  # times as long as that took nothing more is drawn of what is out of date only: motion goes on
MOST_RECTS = 32  # of what is to be drawn; of more the rectangle round them
EACH = 150.0**2  # pixels: what takes as long as to begin with another rectangle
PARTS = 3  # of a tile, each way: what is begun in a frame is not much
NOWHERE = None, QRect()
AROUND = 2  # px round what has changed that are drawn again: smoothing


class Still(QObject):
    """The picture of one view. In motion what is out of date in it is drawn; at rest, all that is asked for."""

    _woken = Signal()

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._paint = ViewPaint(view)
        self._picture = QPixmap()
        self._taken = QTransform()  # the way from the canvas to the picture
        self._fresh = QRegion()  # what of the picture shows what there is now
        self._owed = QPoint()  # by how much the picture is still to be scrolled
        self._known = QRegion()  # what shows that, or what there was a moment ago, or plates and lines
        self._square = 0.0  # seconds that drawing one takes
        self._ordered = QRegion()  # what Qt was asked to have painted for that
        self._patches: dict[Patch, QRectF] = {}  # what is to be drawn over the picture, and where on the canvas
        self._places: dict[Patch, tuple[QRectF | None, QRect]] = {}  # where patches are, on the canvas and in pixels
        self._late = QRegion()  # where what is dragged is different, but not drawn yet
        self._next = 0.0  # when there is time again, by perf_counter
        self._moved = 0.0  # when the first event of this frame came; 0 before it
        self._begun = 0.0  # when the frame in which a gesture began is over
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.finish)
        self._woken.connect(self._hear, Qt.ConnectionType.QueuedConnection)
        view.canvas.dirt.wake = self._woken.emit
        view.rested.connect(self.finish)

    # ------------------------------------------------------------ what is out of date
    def _hear(self) -> None:
        self._listen(QRegion())
        QCoreApplication.sendPostedEvents(self._view.window(), QEvent.Type.UpdateRequest.value)

    def _listen(self, shown: QRegion) -> None:
        """Hear of all that has changed until now; ask Qt for what of it is not being shown anyway."""
        dirt, port = self._view.canvas.dirt, self._view.viewport()
        if dirt.is_clean and self._late.isEmpty():
            return
        rects, over = dirt.take(), self._late + self._seen(dirt.take_over())
        spoiled = QRegion(port.rect())
        if rects is not None:
            spoiled = QRegion()
            for rect in rects:
                spoiled += self._seen(rect)
        patched, unpatched = self._sort(dirt.take_patches())
        spoiled += unpatched
        self._fresh -= spoiled
        beside = (spoiled + over + patched).intersected(port.rect()) - shown
        is_late = not shown.isEmpty() and self._view.in_motion  # found out while drawing: it is left to the next frame
        self._late = over - shown if is_late else QRegion()
        if beside.isEmpty():
            return
        if is_late:
            self._wait()
        else:
            around = self._around(beside)
            self._ordered += around
            port.update(around)

    def _sort(self, patches: Iterable[Patch]) -> tuple[QRegion, QRegion]:
        """Keep the patches that can be drawn over the picture. Return what they cover, and what is to be drawn anew for the others."""
        covered, anew, port = QRegion(), QRegion(), self._view.viewport().rect()
        if self._view.canvas.cover.follow():  # something has come to lie over what was kept
            patches, self._patches, self._places = [*self._patches, *patches], {}, {}
        is_moving = self._view.in_motion
        for patch in patches:
            item, part = patch
            place = None if is_moving else item.patch(part)
            if place is None:
                anew += self._seen(item.around(part))
                continue
            known, pixels = self._places.get(patch, NOWHERE)
            if known is not place:
                self._places[patch] = place, (pixels := self._seen(place))
            if port.intersects(pixels):
                covered += pixels
                self._patches[patch] = place
        return covered, anew

    def _wait(self) -> None:
        """Have what is out of date drawn when there is time, unless a frame does it earlier."""
        if not self._later.isActive():
            self._later.start(math.ceil(max(0.0, self._next - time.perf_counter()) * 1000))

    def _around(self, region: QRegion) -> QRegion:
        """Return the rectangle round a region, but for overlays in it that nothing of the region lies beneath: they need no paint."""
        around = QRegion(region.boundingRect())
        for place in self._view.overlays.places():
            if around.intersects(place) and not region.intersects(place):
                around -= place
        return around

    def _seen(self, rect: QRectF) -> QRect:
        """Return the pixels that a rectangle of the canvas takes."""
        return QRect() if rect.isEmpty() else self._taken.mapRect(rect).toAlignedRect().adjusted(-AROUND, -AROUND, AROUND, AROUND)

    def scroll(self, dx: int, dy: int) -> None:
        """Follow the view, which has scrolled by so many pixels."""
        if not self._is_level():
            return  # it is stretched to where it belongs
        self._owed += QPoint(dx, dy)
        self._taken *= QTransform.fromTranslate(dx, dy)
        self._places = {}
        port = self._view.viewport().rect()
        self._fresh = self._fresh.translated(dx, dy) & port
        self._known = self._known.translated(dx, dy) & port

    def _scroll_picture(self) -> None:
        """Scroll the picture by what the view has."""
        dx, dy, self._owed = self._owed.x(), self._owed.y(), QPoint()
        ratio, size = self._picture.devicePixelRatio(), self._picture.size()
        across, down = dx * ratio, dy * ratio
        if across % 1 or down % 1 or abs(across) >= size.width() or abs(down) >= size.height():
            self._forget()
        elif across or down:
            self._picture.scroll(int(across), int(down), self._picture.rect())

    def _is_level(self) -> bool:
        """Say whether the picture has the zoom of the view."""
        return self._taken.m11() == self._view.zoom

    # ------------------------------------------------------------ showing
    def show(self, painter: QPainter, region: QRegion) -> None:
        """Draw a part of the view on its viewport."""
        view = self._view
        self._fit()
        self._scroll_picture()
        if view.hurried and not self._is_level():
            self._stretch(painter, region)
        else:
            self._draw(painter, region)
        if view.canvas.moving:
            self._paint.live(painter, region.boundingRect())
        self._moved = 0.0

    def _draw(self, painter: QPainter, region: QRegion) -> None:
        """Draw a part of the picture, brought up to date."""
        view = self._view
        if self._taken != view.viewportTransform():
            self._taken = view.viewportTransform()
            self._forget()
        is_seen = self._is_screen(painter)
        self._listen(region if is_seen else QRegion())
        is_asked = not is_seen or not (region - self._ordered).isEmpty()
        if is_seen:
            self._ordered -= region
        whole = view.viewport().rect()
        if region.boundingRect() == whole:
            region = QRegion(whole)  # what lies under overlays too: a pan, or a wheel, brings it to light
        if view.in_motion:
            self._draw_in_time(region)
        else:
            self._draw_all(region, is_asked)
        painter.drawPixmap(0, 0, self._picture)

    def _is_screen(self, painter: QPainter) -> bool:
        """Say whether a painter of the viewport draws on the screen, and not a picture that somebody wants."""
        store = self._view.backingStore()
        return store is not None and store.paintDevice() is painter.paintEngine().paintDevice()

    def _settle(self, region: QRegion, until: float = math.inf) -> None:
        """Work out what nodes in a region show, before it is drawn."""
        if self._view.canvas.settle(self._view.visible_rect(region.boundingRect()), until):
            self._listen(region)

    def _fit(self) -> None:
        port = self._view.viewport()
        ratio = port.devicePixelRatioF()
        size = port.size() * ratio
        if self._picture.size() != size or self._picture.devicePixelRatio() != ratio:
            self._picture = QPixmap(size)
            self._picture.setDevicePixelRatio(ratio)
            self._forget()

    def _forget(self) -> None:
        self._fresh, self._known, self._places = QRegion(), QRegion(), {}

    def _stretch(self, painter: QPainter, region: QRegion) -> None:
        """Draw the picture where it belongs at the zoom of now, and plain nodes and wires around it."""
        way = self._taken.inverted()[0] * self._view.viewportTransform()
        ratio = self._picture.devicePixelRatio()
        place = way.mapRect(QRectF(0, 0, self._picture.width() / ratio, self._picture.height() / ratio))
        around = region - place.toAlignedRect().adjusted(1, 1, -1, -1)
        if not around.isEmpty():
            self._paint.plainly(painter, around)
        painter.setRenderHint(SMOOTH)
        painter.drawPixmap(place, self._picture, QRectF(self._picture.rect()))

    # ------------------------------------------------------------ drawing
    def _draw_all(self, region: QRegion, is_asked: bool) -> None:
        """Draw a region if it `is_asked` for, else what of it is out of date; and over it all patches."""
        self._settle(region)
        anew = region if is_asked else region - self._fresh
        if not anew.isEmpty():  # pills find their places before it is decided what lies over what
            self._view.canvas.pills.prepare(self._view.visible_rect(anew.boundingRect()), math.inf)
        unpatched = self._sort(())[1]
        self._fresh -= unpatched
        anew += unpatched & region
        patches, self._patches = self._patches, {}
        if not anew.isEmpty():  # which draws what is all in there
            patches = {patch: place for patch, place in patches.items() if not (QRegion(self._seen(place)) - anew).isEmpty()}
        with QPainter(self._picture) as painter:
            for rect in in_few(anew):
                self._paint.sharply(painter, rect, anew & rect)
            self._paint.patches(painter, patches)
        self._fresh += anew
        self._known += anew

    def _draw_in_time(self, region: QRegion) -> None:
        """Draw what there is time for, where nothing is known plates and lines; and more when there is."""
        for item, part in self._patches:
            self._fresh -= self._seen(item.around(part))
        self._patches = {}
        if (region - self._fresh).isEmpty():
            return
        with QPainter(self._picture) as painter:
            began, unknown = time.perf_counter(), region - self._known
            if began >= self._next or not unknown.isEmpty():
                least = BUDGET / 2  # in a frame that is late
                left = max(least, self._moved + DRAWN_BY - began) if began < self._moved + FRAME_MS / 1000 else COMING
                known, coming = began + min(BUDGET, left), began + min(COMING, left)
                self._settle(region, began + least)
                ready = (known + coming) / 2 - least  # a node's picture, or a wire's line, takes up to that much longer
                self._draw_areas(painter, unknown, ready, coming)  # type: ignore[arg-type]  # a QRegion yields its rectangles
                self._draw_areas(painter, self._cells(region - self._fresh), known, known)
                now = time.perf_counter()
                self._next = now + REST * (now - began)
            unknown = region - self._known
            if not unknown.isEmpty():
                self._paint.plainly(painter, unknown)
                self._known += unknown
        if not (region - self._fresh).isEmpty():
            self._wait()

    def _draw_areas(self, painter: QPainter, areas: Iterable[QRect], ready: float, until: float) -> None:
        """Draw areas that can be made ready at a time, and are expected to be done at another.

        One square is drawn if half of the time for squares is left.
        """
        for area in areas:
            share = 1 + FURTHER * max(0.0, area.width() * area.height() / SQUARE - 1)
            expected = self._square * share if share > 1 else min(self._square, BUDGET / 2)
            if time.perf_counter() + expected > until or not self._paint.prepare(area, ready):
                break
            began = time.perf_counter()
            self._paint.sharply(painter, area)
            self._square += ((time.perf_counter() - began) / share - self._square) * LEARNING
            self._fresh += area
            self._known += area

    def hasten(self) -> None:
        """A hand has moved: the frame that shows it begins, unless it has begun."""
        now = time.perf_counter()
        if now > self._moved + FRAME_MS / 1000:
            self._moved = now

    def put_off(self) -> None:
        """Leave what is out of date as it is for a frame, which has enough to do: a gesture begins."""
        self._next = self._begun = time.perf_counter() + FRAME_MS / 1000

    def is_put_off(self) -> bool:
        """Return whether this is the frame in which a gesture has begun."""
        return time.perf_counter() < self._begun

    def finish(self) -> None:
        """Have all drawn that is out of date."""
        port = self._view.viewport()
        if not self._view.in_motion:
            self._view.canvas.settle(self._view.visible_rect(port.rect()))  # of what came meanwhile some may not have been looked at
        if self._taken == self._view.viewportTransform():
            port.update((QRegion(port.rect()) - self._fresh + self._late).boundingRect())
        elif not self._view.hurried:
            port.update()

    def _cells(self, region: QRegion) -> Iterator[QRect]:
        """Cut a region along the pixels of the tiles; what lies between the parts in a tile is drawn with them."""
        parts = 1 if self._view.canvas.level == Level.FAR else PARTS  # the far view draws a little as slowly as much
        zoom, dx, dy = self._view.zoom, math.floor(self._taken.dx() + 0.5), math.floor(self._taken.dy() + 0.5)
        for _, square in squares(self._view.visible_rect(region.boundingRect()), zoom):
            left, top = math.floor(square.left() * zoom), math.floor(square.top() * zoom)
            right, bottom = math.floor(square.right() * zoom), math.floor(square.bottom() * zoom)
            wide, tall = -(-(right - left) // parts), -(-(bottom - top) // parts)
            for x in range(left, right, wide):
                for y in range(top, bottom, tall):
                    part = QRect(x + dx, y + dy, min(wide, right - x), min(tall, bottom - y))
                    cell = (region & part).boundingRect()
                    if not cell.isEmpty():
                        yield cell


def in_few(region: QRegion) -> list[QRect]:
    """Return rectangles round the parts of a region that are drawn fastest together."""
    rects: list[QRect] = list(region)  # type: ignore[call-overload]  # a QRegion yields its rectangles
    if len(rects) > MOST_RECTS or _area(region.boundingRect()) < sum(map(_area, rects)) + EACH * (len(rects) - 1):
        return [region.boundingRect()]
    found: list[QRect] = []
    for rect in rects:
        while (other := next((each for each in found if _area(rect | each) < _area(rect) + _area(each) + EACH), None)) is not None:
            found.remove(other)
            rect |= other
        found.append(rect)
    return found


def _area(rect: QRect) -> int:
    return rect.width() * rect.height()
