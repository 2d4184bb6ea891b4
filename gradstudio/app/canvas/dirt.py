"""Dirt: where a scene looks different since it was last asked; and the bases of scene and items, which tell."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

MOST = 250  # places that are told apart; of more, all is different
Patch: TypeAlias = "tuple[CanvasItem, Hashable]"  # an item, and which part of it: what is within that can be drawn over what was


class Dirt:
    """The places of one scene that are to be drawn anew. Qt's own account of them is not used: nobody can ask it."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] | None = None  # called when something comes after all was taken
        self._rects: list[QRectF] = []
        self._items: set[CanvasItem] = set()
        self._patches: dict[Patch, None] = {}
        self._all = False
        self._over = QRectF()

    def add_over(self, rect: QRectF) -> None:
        """What is dragged over the still looks different, or stands elsewhere."""
        self._begin()
        self._over = self._over.united(rect)

    def take_over(self) -> QRectF:
        """Return the rectangle round what is dragged where it is different, which is then forgotten."""
        found, self._over = self._over, QRectF()
        return found

    def add(self, rect: QRectF) -> None:
        """A rectangle of the canvas looks different."""
        if not self._all:
            self._begin()
            self._rects.append(rect)
            self._limit()

    def add_item(self, item: CanvasItem) -> None:
        """An item looks different, wherever it stands when that is asked for."""
        if not self._all:
            self._begin()
            self._items.add(item)
            self._limit()

    def add_patch(self, item: CanvasItem, part: Hashable = None) -> None:
        """Numbers within an item, or a part of it, look different, and nothing else of it."""
        if not self._all:
            self._begin()
            self._patches[item, part] = None

    def add_all(self) -> None:
        """All looks different."""
        self._begin()
        self._rects, self._items, self._patches, self._all = [], set(), {}, True

    def take(self) -> list[QRectF] | None:
        """Return the places, which are then forgotten; None: everywhere."""
        found = None if self._all else [*self._rects, *(item.sceneBoundingRect() for item in self._items)]
        self._rects, self._items, self._all = [], set(), False
        return found

    def take_patches(self) -> list[Patch]:
        """Return what looks different within, which is then forgotten. Parts of items that are gone are none."""
        found, self._patches = self._patches, {}
        return [patch for patch in found if patch[0].scene() is not None]

    @property
    def is_clean(self) -> bool:
        """Whether nothing looks different."""
        return not (self._all or self._rects or self._items or self._patches or not self._over.isEmpty())

    def _begin(self) -> None:
        if self.wake is not None and self.is_clean:
            self.wake()

    def _limit(self) -> None:
        if len(self._rects) + len(self._items) > MOST:
            self.add_all()


class CanvasItem(QGraphicsItem):
    """An item of a canvas scene."""

    is_layer = True  # of nodes there are very many: their scene finds them by their plates

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__()
        self.canvas = scene

    def update(self, rect: QRectF | None = None) -> None:  # type: ignore[override]
        """Have it drawn anew, or a rectangle of it."""
        if rect is None:
            self.canvas.dirt.add_item(self)
        else:
            self.canvas.dirt.add(self.mapRectToScene(rect))

    def sceneBoundingRect(self) -> QRectF:
        """Return the bounds on the canvas: layers stand at its origin. Asked of Qt, it would ask Python for them."""
        return self.boundingRect()

    def patch(self, part: Hashable) -> QRectF | None:
        """Return, on the canvas, within what a part is drawn over what is there and nothing lies over it; None: all is to be drawn anew."""
        return None

    def around(self, part: Hashable) -> QRectF:
        """Return the rectangle on the canvas that a part fills."""
        return self.sceneBoundingRect()

    def paint_patch(self, painter: QPainter, part: Hashable) -> None:
        """Draw what is within a part. The painter is in canvas units and clips."""
        raise NotImplementedError

    def prepareGeometryChange(self) -> None:
        """Have it drawn anew where it is now, and where it will be. Qt is not told: nobody asks it what lies where."""
        self.canvas.dirt.add(self.sceneBoundingRect())
        self.canvas.dirt.add_item(self)


class DirtyScene(QGraphicsScene):
    """A scene that knows where it is to be drawn anew, and which items are its layers: all but nodes, the lowest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dirt = Dirt()
        self.layers: list[CanvasItem] = []

    def update(self) -> None:  # type: ignore[override]
        """Draw all anew."""
        self.dirt.add_all()

    def addItem(self, item: CanvasItem) -> None:  # type: ignore[override]
        """Show an item."""
        super().addItem(item)
        self.dirt.add_item(item)
        if item.is_layer:
            self.layers = sorted([*self.layers, item], key=lambda each: each.zValue())

    def removeItem(self, item: CanvasItem) -> None:  # type: ignore[override]
        """Show an item no longer."""
        self.dirt.add(item.sceneBoundingRect())
        super().removeItem(item)
        if item.is_layer:
            self.layers.remove(item)
