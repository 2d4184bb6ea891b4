"""Blocks: titled regions under all else, where a document has more than one block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.frame_item import SIDE, TOP
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import RADIUS, Z
from gradstudio.document.graph import BlockId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

ROOM_LEFT, ROOM_TOP = 2 * SIDE, TOP + 2 * SIDE  # from the nodes to the edge: a frame and its title lie between
EMPTY_SIZE, EMPTY_GAP = (420.0, 220.0), 60.0  # of a block without nodes, the least of any; from what is above it
EMPTY_WORDS = "Drop nodes here, or choose Move to another block"


class BlockItem(CanvasItem):
    """The region of one block, with its name on the top edge."""

    def __init__(self, scene: CanvasScene, block: BlockId) -> None:
        super().__init__(scene)
        self.block = block
        self.rect = QRectF()
        self.empty = False
        self.setZValue(Z["frame"] - 1)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_rect(self, rect: QRectF, empty: bool) -> None:
        """Take another rectangle."""
        if (rect, empty) != (self.rect, self.empty):
            self.prepareGeometryChange()
            self.rect, self.empty = QRectF(rect), empty
            self.update()

    def title_rect(self) -> QRectF:
        """Return the plate of the title; its size on the screen is the same at every zoom from 100 % down."""
        scale = 1 / min(1.0, max(0.2, self.canvas.zoom))
        width = self.canvas.theme.metrics("code", 600).horizontalAdvance(self.block) + 38
        bottom = self.rect.top() + 12 - 8 * (scale - 1)  # the title of a frame, nearer to this edge the farther the zoom, stays clear
        return QRectF(self.rect.left() + 12, bottom - 24 * scale, width * scale, 24 * scale)

    def boundingRect(self) -> QRectF:
        return self.rect.united(self.title_rect()).adjusted(-3, -15, 3, 3)

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio)
        paint.rounded(self.rect, RADIUS["frame"], "panel", None, alpha=0.5)
        paint.rounded(self.rect, RADIUS["frame"], None, "line2", 1.5)
        if self.empty and self.canvas.level == Level.FULL:
            paint.text(self.rect.center().x(), self.rect.center().y(), EMPTY_WORDS, "body", "text3", "c")

    def paint_title(self, painter: QPainter) -> None:
        """Draw the title, over wires; the painter is in canvas units."""
        plate = self.title_rect()
        scale = plate.height() / 24
        painter.save()
        painter.translate(plate.topLeft())
        painter.scale(scale, scale)
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio * scale)
        paint.rounded(QRectF(0, 0, plate.width() / scale, 24), RADIUS["control"], "panel", "line2")
        paint.icon("box", 14, 12, 13, "text2")
        paint.text(27, 12, self.block, "code", "text", weight=600)
        painter.restore()


class BlockLayer:
    """Keeps one item a block of the document's own graph; none where there is but one block."""

    def __init__(self, scene: CanvasScene) -> None:
        self.canvas = scene
        self.items: dict[BlockId, BlockItem] = {}

    def follow(self) -> None:
        """Make items fit the blocks and the places of their nodes."""
        blocks = self.canvas.context.graph.blocks
        wanted = blocks if len(blocks) > 1 else {}
        for block in [b for b in self.items if b not in wanted]:
            self.canvas.removeItem(self.items.pop(block))
        rects = {block: self._rect(ids) for block, ids in wanted.items()}
        full, bottom, left = [r for r in rects.values() if r is not None], 0.0, 0.0
        if full:
            bottom, left = max(r.bottom() for r in full) + EMPTY_GAP, min(r.left() for r in full)
        for block, rect in rects.items():
            if block not in self.items:
                self.items[block] = BlockItem(self.canvas, block)
                self.canvas.addItem(self.items[block])
            place = rect if rect is not None else QRectF(left, bottom, *EMPTY_SIZE)
            if rect is None:
                bottom = place.bottom() + EMPTY_GAP
            self.items[block].set_rect(place, rect is None)

    def _rect(self, ids: tuple[str, ...]) -> QRectF | None:
        nodes = self.canvas.nodes
        boxes = [nodes[n].full_box for n in ids if n in nodes and nodes[n].face.kind != "scissors"]  # the same at every zoom, as frames are
        if not boxes:
            return None
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
        rect = QRectF(left, top, right - left, bottom - top).adjusted(-ROOM_LEFT, -ROOM_TOP, ROOM_LEFT, ROOM_LEFT)
        return rect.united(QRectF(rect.topLeft(), QSizeF(*EMPTY_SIZE)))  # the first node must leave room for a second

    def at(self, x: float, y: float) -> BlockId | None:
        """Return the block whose region a point lies in, the smallest where they overlap."""
        found = [item for item in self.items.values() if item.rect.contains(x, y)]
        return min(found, key=lambda item: item.rect.width() * item.rect.height()).block if found else None

    def title_at(self, x: float, y: float) -> BlockId | None:
        """Return the block whose title lies at a point."""
        return next((item.block for item in self.items.values() if item.title_rect().contains(x, y)), None)

    def rects(self) -> Iterator[QRectF]:
        """Yield the regions with their titles."""
        return (item.rect.united(item.title_rect()) for item in self.items.values())
