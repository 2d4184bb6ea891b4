"""The plate of a node: shadow, rings, header, hatch, edge, the bar of a leaf, the tint of a stored gradient, kept as pictures; its head."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainterPath

from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.geometry import DRAWER, GROUP_EDGE, HEAD, Geometry
from gradstudio.app.canvas.node_marks import Marks, paint_rings
from gradstudio.app.paint import Paint
from gradstudio.app.theme import RADIUS, Shade

NODE_RADIUS = RADIUS["node"]
REACH = 18.0  # units that shadow and rings stick out of the plate


class Head(NamedTuple):
    """What is written in the header."""

    title: str
    symbol: str  # of an op; a leaf has its glyph
    switch: bool | None
    words: str  # at the right: the name of an op, or the value of a collapsed one
    cut: bool  # the words have no more than their share of the room


class Chrome(NamedTuple):
    """All that decides how a plate looks: many nodes share one."""

    width: float
    height: float
    drawer: float | None
    leaf: bool
    group: bool  # a collapsed one
    frozen: bool
    dim: bool
    grey: bool
    failed: bool
    current: bool
    tint: float  # the sign of a stored gradient
    marks: Marks

    @property
    def area(self) -> QRectF:
        """The rectangle that is drawn."""
        return QRectF(-REACH, -REACH, self.width + 2 * REACH, self.height + 2 * REACH + 3)


def chrome_of(face: NodeFace, place: Geometry, marks: Marks) -> Chrome:
    """Return the chrome of a face."""
    drawer = face.drawer
    tint = 0.0
    if drawer is not None and drawer.kind == "stored" and drawer.value is not None and drawer.value != 0:
        tint = 1.0 if drawer.value > 0 else -1.0 if drawer.value < 0 else drawer.value
    return Chrome(
        place.width, place.height, place.drawer, face.kind in ("leaf", "input"), face.collapsed and face.kind == "instance",
        face.frozen, face.dim, face.grey, face.failed, face.current, tint, marks,
    )  # fmt: skip


def head_of(face: NodeFace) -> Head:
    """Return the header of a face."""
    value = face.collapsed and face.kind == "op"
    return Head(face.title, face.symbol, face.switch, face.value if value else face.name, not value)


def paint_chrome(paint: Paint, chrome: Chrome) -> None:
    """Draw a plate with its top left corner at the origin."""
    rect = QRectF(0, 0, chrome.width, chrome.height)
    if not (chrome.dim or chrome.frozen):
        paint.shadow(rect, NODE_RADIUS)
    paint_rings(paint, rect, chrome.failed, chrome.current, chrome.marks)
    if chrome.group:
        paint.rounded(QRectF(4, chrome.height + 3, chrome.width - 8, GROUP_EDGE - 3), 1.5, "line2")
    paint.rounded(rect, NODE_RADIUS, "node")
    path = outline(rect)
    clipped(paint, path, lambda: paint.fill(QRectF(0, 0, chrome.width, min(HEAD, chrome.height)), "nodeHead"))
    if chrome.frozen:
        paint.hatch(path)
    if chrome.height > HEAD:
        paint.hairline(1, HEAD, chrome.width - 1, HEAD)
    _drawer(paint, chrome)
    edge: Shade = "error" if chrome.failed else "text3" if chrome.marks.hovered else "line" if chrome.dim else "line2"
    paint.rounded(rect, NODE_RADIUS, None, edge, dash=(4, 3) if chrome.frozen or chrome.grey else None)
    if chrome.leaf:
        clipped(paint, path, lambda: paint.fill(QRectF(0, 0, 3, chrome.height), "text3" if chrome.grey else "text2"))


def paint_head(paint: Paint, chrome: Chrome, head: Head) -> None:
    """Write the header of a plate."""
    cy = HEAD / 2
    ink: Shade = "text3" if chrome.grey else "text2" if chrome.dim else "text"
    right = chrome.width - 11
    if chrome.leaf:
        paint.leaf_glyph(17, cy, bool(head.switch), ink)
    else:
        paint.op_glyph(17, cy, head.symbol, "text3" if chrome.grey else "text")
    if head.switch is not None:
        paint.switch(chrome.width - 36, cy, head.switch)
        right = chrome.width - 41
        right -= paint.text(right, cy, "grad", "caption", "text2" if head.switch else "text3", "r", 500) + 8
    elif head.words and head.cut:
        right -= paint.text(right, cy, head.words, "number", "text2", "r", 500, chrome.width - 60) + 8
    elif head.words:
        right -= paint.text(right, cy, head.words, "number", "text2", "r") + 8
    paint.text(31, cy, head.title, "nodeName", ink, width=right - 31)


def _drawer(paint: Paint, chrome: Chrome) -> None:
    top = chrome.drawer
    if top is None:
        return
    left = 3.0 if chrome.leaf else 1.0
    if chrome.tint:
        fill = paint.theme.mix("node", paint.theme.gradient(chrome.tint), 0.15)
        foot = QRectF(1, top, chrome.width - 2, DRAWER - 1)
        paint.painter.save()
        paint.painter.setClipRect(QRectF(left, top, foot.right() - left, DRAWER), Qt.ClipOperation.IntersectClip)
        paint.rounded(foot.adjusted(0, -2 * NODE_RADIUS, 0, 0), NODE_RADIUS - 1, fill)
        paint.painter.restore()
    paint.hairline(left + 1 if chrome.leaf else 1, top, chrome.width - 1, top)


def outline(rect: QRectF, radius: float = NODE_RADIUS) -> QPainterPath:
    """Return a rounded rectangle as a path."""
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    return path


def clipped(paint: Paint, path: QPainterPath, draw: Callable[[], None]) -> None:
    """Draw within a path."""
    paint.painter.save()
    paint.painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    draw()
    paint.painter.restore()
