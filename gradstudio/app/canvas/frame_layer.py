"""The frame layer: the items of grad-mode frames, comments and blocks, and the rectangles that they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from gradstudio.app.canvas.block_item import BlockItem, BlockLayer
from gradstudio.app.canvas.frame_item import SIDE, TOP, FrameItem
from gradstudio.app.canvas.title_layer import TitleLayer
from gradstudio.document.frames import Frame, FrameId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene


class FrameLayer:
    """Keeps one item a frame that holds nodes, and one a comment."""

    def __init__(self, scene: CanvasScene) -> None:
        self.canvas = scene
        self.items: dict[FrameId, FrameItem] = {}
        self.comments: list[FrameItem] = []
        self.blocks = BlockLayer(scene)
        self.titles = TitleLayer(scene, self)

    def follow(self) -> None:
        """Make items fit the document and the places of its nodes."""
        frames, rects = self.canvas.context.graph.frames, self.rects() if self.canvas.context.graph.frames else {}
        for frame in [f for f in self.items if f not in rects or self.items[f].frame is not frames[f]]:
            self.canvas.removeItem(self.items.pop(frame))
        for frame, rect in rects.items():
            if frame not in self.items:
                self.items[frame] = self._added(frames[frame])
            self.items[frame].set_rect(rect)
        self._follow_comments()
        self.blocks.follow()
        self.titles.follow()

    def titled(self) -> Iterator[FrameItem | BlockItem]:
        """Yield what may have a title, in the order of painting."""
        yield from self.blocks.items.values()
        yield from self.items.values()
        yield from self.comments

    def _follow_comments(self) -> None:
        wanted = self.canvas.context.document.layout.comments if not self.canvas.scope else ()
        while len(self.comments) > len(wanted):
            self.canvas.removeItem(self.comments.pop())
        for i, comment in enumerate(wanted):
            if i == len(self.comments):
                self.comments.append(self._added(None))
            self.comments[i].set_words(comment.title, comment.text)
            self.comments[i].set_rect(QRectF(*comment.rect))

    def _added(self, frame: Frame | None) -> FrameItem:
        item = FrameItem(self.canvas, frame)
        self.canvas.addItem(item)
        return item

    def update(self) -> None:
        """Paint all frames anew."""
        for item in (*self.items.values(), *self.comments):
            item.update()

    def content_rect(self) -> QRectF:
        """Return the rectangle round all frames and comments."""
        rect = QRectF()
        for item in (*self.items.values(), *self.comments):
            rect = rect.united(item.rect)
        for region in self.blocks.rects():
            rect = rect.united(region)
        return rect

    def title_at(self, at: QPointF) -> FrameItem | None:
        """Return the frame or comment whose title lies at a point."""
        return next((i for i in (*self.items.values(), *self.comments) if i.title and i.title_rect().contains(at)), None)

    def rects(self) -> dict[FrameId, QRectF]:
        """Return the rectangle of each frame that holds nodes, inner frames within outer ones."""
        graph = self.canvas.context.graph
        inner: dict[FrameId, QRectF] = {}
        for node, item in self.canvas.nodes.items():
            frame = graph.nodes[node].frame
            if frame is not None and frame in graph.frames and item.face.kind != "scissors":
                inner[frame] = inner.get(frame, QRectF()).united(item.full_body)
        rects: dict[FrameId, QRectF] = {}
        for frame in sorted(graph.frames, key=lambda f: -self._depth(f)):
            if frame not in inner:
                continue
            rects[frame] = inner[frame].adjusted(-SIDE, -TOP, SIDE, SIDE)
            parent = graph.frames[frame].parent
            if parent is not None:
                inner[parent] = inner.get(parent, QRectF()).united(rects[frame])
        return rects

    def _depth(self, frame: FrameId) -> int:
        frames = self.canvas.context.graph.frames
        depth, at = 0, frames[frame].parent
        while at is not None and at in frames and depth <= len(frames):
            depth, at = depth + 1, frames[at].parent
        return depth
