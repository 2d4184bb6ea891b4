"""The pill layer: the number on each gradient wire, at half way, moved along it to keep clear of nodes and other pills."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.geometry import NO_ROOM, Level
from gradstudio.app.canvas.pictures import snap
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_path import NO_BOXES, Boxes, meet
from gradstudio.app.canvas.wire_runs import Indices
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint, pill_rect
from gradstudio.app.theme import Z

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene
    from gradstudio.app.canvas.wire_drawing import Shown

SHARES = (0.5, 0.46, 0.54, 0.42, 0.58, 0.38, 0.62, 0.34, 0.66, 0.3, 0.7, 0.25, 0.75, 0.2, 0.8)
LEAST_GAP = 20.0  # of wire to be seen on both sides of a pill, together
NODE_CLEAR, PILL_CLEAR = 5.0, 4.0
HALO = 3.0  # what is drawn round a pill
WITHIN = 5.0, 3.0, -5.0, -3.0  # from the edges of a pill to what is written on it, off the rounding
NOWHERE = np.array([np.inf, np.inf, -np.inf, -np.inf])
ABOVE_WIDTH = 124.0  # of the words over a root


class PillLayer(CanvasItem):
    """Draws pills over nodes and wires; hidden under 75 % zoom."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self.setZValue(Z["pill"])
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._places: dict[WireId, QRectF | None] = {}
        self._taken: Boxes = NO_BOXES  # the same, a row a wire
        self._words: dict[WireId, int] = {}  # for how many letters there is room
        self._shares: dict[WireId, float] = {}  # of a wire's length: where its pill was found to have room
        self._roots: tuple[object, object, list[int]] = (None, None, [])  # of which pass, among which nodes: their rows
        self._painted: dict[WireId, object] = {}  # what was last painted of each: what stays is kept as a picture
        self._shifted: list[QRectF] = []  # where pills were, or are, that have another place since somebody asked
        self._rect = NO_ROOM

    def reset(self, rect: QRectF) -> None:
        """Forget all places."""
        self.prepareGeometryChange()
        self._rect = rect
        self._shifted = [rect]
        self._places.clear()
        self._shares.clear()
        self._painted.clear()
        self._taken = np.tile(NOWHERE, (len(self.canvas.wires.ids), 1))
        self.update()

    def forget(self, key: WireId) -> None:
        """Forget the place of one pill: its wire runs elsewhere."""
        before = self._places.pop(key, None)
        if before is not None:
            self._shifted.append(before)
            self._taken[self.canvas.wires.number(key)] = NOWHERE

    def take_shifted(self) -> list[QRectF]:
        """Return where pills were, or are, whose places are others since this was asked last."""
        found, self._shifted = self._shifted, []
        return [rect.adjusted(-HALO, -HALO, HALO, HALO) for rect in found]

    def meets(self, key: WireId, rects: list[QRectF]) -> bool:
        """Say whether a pill lies under, or close to, one of some rectangles."""
        at = self._places.get(key)
        return at is not None and any(at.adjusted(-NODE_CLEAR, -NODE_CLEAR, NODE_CLEAR, NODE_CLEAR).intersects(r) for r in rects)

    def place(self, key: WireId) -> QRectF | None:
        """Return where the pill of a wire is; None where it has none or no room."""
        face, shape = self.canvas.wires.face(key), self.canvas.wires.shape_of(key)
        return self._place(key, face, shape) if shape is not None else None

    def _place(self, key: WireId, face: WireFace, shape: WireShape) -> QRectF | None:
        if not face.pill:
            return None
        letters, room = len(face.pill), self._words.get(key, 0)
        had_room = key not in self._places or self._places[key] is not None
        if letters < room and had_room and self.canvas.held.holds_pill():
            letters = room  # under a hand it grows no narrower
        if key not in self._places or letters != room:
            self._words[key] = letters
            self.forget(key)
            found = self._places[key] = self._find(key, face.pill.ljust(letters, "0"), shape)
            if found is not None:
                self._shifted.append(found)
                self._taken[self.canvas.wires.number(key)] = found.left(), found.top(), found.right(), found.bottom()
        return self._places[key]

    def follow(self, key: WireId, before: WireFace, now: WireFace) -> None:
        """Have a pill drawn anew that says something else; where it stands as it did, its number alone."""
        if (before.pill, before.pill_value) == (now.pill, now.pill_value):
            return
        old, new = self._places.get(key), self.place(key)
        if old is not None and old == new and self._colour(before.pill_value) == self._colour(now.pill_value):
            self.canvas.dirt.add_patch(self, key)
            return
        for rect in (old, new):
            if rect is not None:
                self.update(rect.adjusted(-HALO, -HALO, HALO, HALO))

    def may_be_seen(self, which: Indices, seen: QRectF) -> npt.NDArray[np.bool_]:
        """Say of wires whether their pill reaches into a rectangle, or has no place yet."""
        taken = self._taken[which]
        return meet(taken, seen.adjusted(-HALO, -HALO, HALO, HALO)) | np.isinf(taken[:, 0])

    def reaching(self, rect: QRectF) -> tuple[WireId, ...]:
        """Return whose pills reach into a rectangle, in the order in which they lie over one another."""
        ids, found = self.canvas.wires.ids, meet(self._taken, rect.adjusted(-HALO, -HALO, HALO, HALO))
        return tuple([ids[i] for i in np.flatnonzero(found).tolist()])

    def _find(self, key: WireId, words: str, shape: WireShape) -> QRectF | None:
        """Return where there is room for a pill. On a wire that is being dragged it stays where on the wire it was."""
        theme = self.canvas.theme
        plate = pill_rect(theme, 0, 0, words)
        if plate.width() + LEAST_GAP > shape.length:
            return None
        if key in self._shares and (self.canvas.wires.is_dragged(key) or self.canvas.held.holds_pill()):
            return self._at(shape, self._shares[key], words)
        box = shape.box.adjusted(-plate.width(), -plate.height(), plate.width(), plate.height())
        taken, nodes = _grown(_within(self._taken, box), PILL_CLEAR), _grown(self.canvas.plates.boxes_in(shape.box), NODE_CLEAR)
        boxes: Boxes = np.vstack([taken, _within(self._words_over_roots(), box), nodes])
        first, best = self._at(shape, SHARES[0], words), 0
        if len(boxes) and _overlaps(np.array([_sides(first)]), boxes)[0]:
            places = [self._at(shape, share, words) for share in SHARES]
            best = int(_overlaps(np.array([_sides(rect) for rect in places]), boxes).argmin())
        self._shares[key] = SHARES[best]
        return places[best] if best else first

    def _at(self, shape: WireShape, share: float, words: str) -> QRectF:
        at = shape.point(share)
        return pill_rect(self.canvas.theme, at.x(), at.y(), words)

    def _words_over_roots(self) -> Boxes:
        """Return where the words over the roots stand, `backward() starts here`."""
        roots, nodes = self.canvas.context.roots, self.canvas.plates.nodes
        if roots is not self._roots[0] or nodes is not self._roots[1]:
            self._roots = roots, nodes, self.canvas.plates.rows(node for node, _ in roots)
        b = self.canvas.plates.boxes[self._roots[2]].reshape(-1, 4)
        middle = (b[:, 0] + b[:, 2]) / 2
        return np.stack([middle - ABOVE_WIDTH / 2, b[:, 1] - 26, middle + ABOVE_WIDTH / 2, b[:, 1] - 6], 1)

    def prepare(self, seen: QRectF, until: float) -> bool:
        """Find places, until a time (perf_counter), for the pills in a rectangle. Return whether all are found."""
        if self.canvas.level == Level.FULL:
            near = self.canvas.wires.touching(seen)
            for key, face, shape in self.canvas.wires.still_of(near[self.may_be_seen(near, seen)]):
                if time.perf_counter() > until:
                    return False
                self._place(key, face, shape)
        return True

    def boundingRect(self) -> QRectF:
        return self._rect

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        wires, seen = self.canvas.wires, option.exposedRect
        if widget is None:
            self._paint_pills(painter, wires.visible(seen), seen, pictured=False)
        else:
            near = wires.touching(seen)
            self._paint_pills(painter, wires.still_of(near[self.may_be_seen(near, seen)]), seen, pictured=True)

    def patch(self, part: Hashable) -> QRectF | None:
        canvas, rect = self.canvas, self._places.get(part)  # type: ignore[call-overload]  # the parts of this layer are wires
        if rect is None or self._is_left_out(part) or canvas.level != Level.FULL or canvas.fade.nodes is not None:
            return None
        place = canvas.cover.of_pill(part)  # type: ignore[arg-type]
        return None if place.over is None else place.rects[0]

    def inside(self, key: WireId) -> QRectF:
        """Return the rectangle of a pill that has a place, in which there is nothing but what is written."""
        rect = self._places[key]
        assert rect is not None
        return rect.adjusted(*WITHIN)

    def around(self, part: Hashable) -> QRectF:
        rect = self._places.get(part)  # type: ignore[call-overload]
        return QRectF() if rect is None else rect.adjusted(-HALO, -HALO, HALO, HALO)

    def paint_over(self, painter: QPainter, keys: Iterable[WireId]) -> None:
        """Draw some pills again, those that are on show, over what has been drawn anew beneath them."""
        snap(painter, self.canvas.device_ratio)
        for key in keys:
            rect, face = self._places.get(key), self.canvas.wires.face(key)
            if rect is not None and face.pill and not self._is_left_out(key):
                self._paint_one(painter, rect, face, pictured=True, stays=not self._shares_pixels)

    def _is_left_out(self, key: Hashable) -> bool:
        return key in self.canvas.wires.hidden or self.canvas.wires.is_dragged(key)  # type: ignore[arg-type]

    @property
    def _shares_pixels(self) -> bool:
        """Whether a picture that pills share has the pixels of what is drawn at once: else it lies a part of a pixel off."""
        return self.canvas.ratio % 1 == 0

    def paint_patch(self, painter: QPainter, part: Hashable) -> None:
        if self._places.get(part) is not None:  # type: ignore[call-overload]
            self.paint_over(painter, [part, *(self.canvas.cover.of_pill(part).over or ())])  # type: ignore[list-item, arg-type]

    def paint_live(self, painter: QPainter) -> None:
        """Draw the pills of the wires that are being moved, over the still."""
        self._paint_pills(painter, self.canvas.wires.live(), self._rect, pictured=True)

    def _paint_pills(self, painter: QPainter, wires: Iterable[Shown], seen: QRectF, pictured: bool) -> None:
        canvas = self.canvas
        if canvas.level != Level.FULL:
            return
        snap(painter, canvas.device_ratio)
        for key, face, shape in wires:
            rect = self._place(key, face, shape)
            if rect is not None and rect.adjusted(-HALO, -HALO, HALO, HALO).intersects(seen):
                painter.setOpacity(canvas.fade.wire_opacity(key))
                shown = "pill", face.pill, face.pill_value
                self._paint_one(painter, rect, face, pictured, not self._shares_pixels or self._painted.get(key) == shown)
                self._painted[key] = shown

    def _paint_one(self, painter: QPainter, rect: QRectF, face: WireFace, pictured: bool, stays: bool) -> None:
        """Draw a pill: at once, or from pictures, one of all of it or one of what its changing number stands on."""
        canvas, at, value = self.canvas, rect.center(), face.pill_value

        def draw(target: QPainter, words: bool = True, plate: bool = True) -> None:
            paint = Paint(target, canvas.theme, canvas.ratio)
            if plate:
                paint.pill_plate(rect, value)
            if words:
                paint.pill_words(at.x(), at.y(), face.pill, value)

        if not pictured:
            draw(painter)
            return
        area = rect.adjusted(-HALO, -HALO, HALO, HALO)
        key = ("pill", face.pill, value, rect.width()) if stays else ("plate", rect.width(), self._colour(value))
        canvas.pictures.draw(painter, key, area, canvas.zoom, canvas.device_ratio, partial(draw, words=stays))
        if not stays:
            draw(painter, plate=False)

    def _colour(self, value: float | None) -> float | None:
        """Return what of a number decides the colours of its pill."""
        return self.canvas.theme.gradient(value).rgba() if value else value


def _within(boxes: Boxes, rect: QRectF) -> Boxes:
    """Return those of some boxes that meet a rectangle."""
    found: Boxes = boxes[meet(boxes, rect)]
    return found


def _grown(boxes: Boxes, clear: float) -> Boxes:
    grown: Boxes = boxes + np.array([-clear, -clear, clear, clear])
    return grown


def _sides(rect: QRectF) -> tuple[float, float, float, float]:
    return rect.left(), rect.top(), rect.right(), rect.bottom()


def _overlaps(rects: Boxes, boxes: Boxes) -> npt.NDArray[np.float64]:
    """Return the area of each rectangle that lies under boxes."""
    a, b = rects[:, None, :], boxes[None, :, :]
    wide = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    tall = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    found: npt.NDArray[np.float64] = (np.clip(wide, 0, None) * np.clip(tall, 0, None)).sum(1)
    return found
