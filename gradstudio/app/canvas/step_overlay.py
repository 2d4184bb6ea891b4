"""The step overlay: the ring goes to the node of the step, fronts travel along the wires, the drawer of a leaf fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.faces import NodeFace, WireFace
from gradstudio.app.canvas.geometry import DRAWER, NO_ROOM, Level
from gradstudio.app.canvas.node_chrome import chrome_of, paint_chrome
from gradstudio.app.canvas.node_faces import node_face
from gradstudio.app.canvas.node_marks import Marks, paint_step_ring
from gradstudio.app.canvas.node_paint import paint_drawer
from gradstudio.app.canvas.wire_faces import WireId, face_of
from gradstudio.app.canvas.wire_paint import paint_front
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.choreography import Choreography
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Z
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

MARGIN = 16.0


class Front(Struct, frozen=True):
    """One wire on its way."""

    wire: WireId
    face: WireFace
    shape: WireShape


class Filling(Struct, frozen=True):
    """A leaf whose `.grad` is written: what its drawer shows where it is not full yet."""

    node: NodeId
    before: NodeFace


class StepOverlay(CanvasItem):
    """Draws what is in flight; the wire layer and the node leave it out meanwhile. A step in haste is instant."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self.clock = Choreography(scene)
        self.fronts: list[Front] = []
        self.fillings: list[Filling] = []
        self.ring: tuple[NodeId, NodeId] | None = None  # from which node the ring comes, and where to
        self._area = NO_ROOM
        self.clock.moved.connect(self._advance)
        self.clock.landed.connect(self._clear)
        self.setZValue(Z["wireActive"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def follow(self, before: Context, now: Context, speed: float) -> None:
        """Start what a move of the playhead by one step shows; a second step before the first has landed is instant."""
        hurried = self.clock.running
        self.land()
        step = now.state.k - before.state.k
        if hurried or before.state.run != now.state.run or not step:
            return
        if not self.canvas.motion:
            if self.canvas.fades:
                self.clock.fade()
        elif abs(step) == 1 and (now.stepping or before.stepping):
            self._start(before, now, back=step < 0)
            self.clock.start(speed, back=step < 0)

    def land(self) -> None:
        """Be where the step ends."""
        self.clock.land()

    def carries_ring_to(self, node: NodeId) -> bool:
        """Say whether the ring of the step is still on its way to a node."""
        return self.ring is not None and self.ring[1] == node

    def _start(self, before: Context, now: Context, back: bool) -> None:
        context = before if back else now
        self.fronts = self._fronts(context, context.state.k)
        nodes = self.canvas.nodes
        written = [key[0] for key, grad in now.state.grads.items() if before.state.grads.get(key) != grad]
        filled = [now.here(path) for path in written if len(path) == len(now.scope) + 1]
        self.fillings = [Filling(n, node_face(before, n)) for n in filled if n in nodes and n is not None]
        if before.current in nodes and now.current in nodes and before.current != now.current:
            assert before.current is not None
            assert now.current is not None
            self.ring = before.current, now.current
        self.prepareGeometryChange()
        boxes = [front.shape.box for front in self.fronts] + [nodes[f.node].sceneBoundingRect() for f in self.fillings]
        boxes += [nodes[n].sceneBoundingRect() for n in self.ring or ()]
        self._area = QRectF()
        for box in boxes:
            self._area = self._area.united(box.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN))
        self.canvas.wires.leave_out(front.wire for front in self.fronts)

    def _fronts(self, context: Context, k: int) -> list[Front]:
        """Return the wires along which a step sends something."""
        fronts = []
        for (path, operand), flow in context.state.flows.items():
            if flow.step != k or flow.kind not in ("value", "zero") or len(path) != len(context.scope) + 1:
                continue
            wire = (context.here(path) or "", operand)
            shape, face = self.canvas.wires.shape_of(wire), face_of(context, wire)
            if shape is not None and face is not None:
                fronts.append(Front(wire, face, shape))
        return fronts

    def _clear(self) -> None:
        self.prepareGeometryChange()
        arrived = self.ring[1] if self.ring else None
        self.fronts, self.fillings, self.ring, self._area = [], [], None, NO_ROOM
        self.canvas.wires.leave_out(())
        if arrived in self.canvas.nodes:
            self.canvas.nodes[arrived].update()
        self.update()

    def _advance(self) -> None:
        if self.ring is not None and self.clock.part("ring") >= 1.0:
            arrived, self.ring = self.ring[1], None
            self.canvas.nodes[arrived].update()
        self.update()

    def boundingRect(self) -> QRectF:
        return self._area

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio)
        travelled = self.clock.part("fronts")
        for front in self.fronts:
            share = 1.0 - travelled if self.clock.back else travelled
            paint_front(paint, front.face, front.shape, share, self.canvas.zoom, self.canvas.norms)
        if self.canvas.level == Level.FULL:
            for filling in self.fillings:
                self._paint_unfilled(painter, filling)
        if self.ring is not None:
            start, end = (self.canvas.nodes[n].body for n in self.ring)
            paint_step_ring(paint, between(start, end, self.clock.part("ring")))

    def _paint_unfilled(self, painter: QPainter, filling: Filling) -> None:
        """Paint what the drawer showed before over the part that is not filled yet: from the left; stepping back, what empties."""
        item, place = self.canvas.nodes[filling.node], self.canvas.nodes[filling.node].place
        if place.drawer is None or filling.before.drawer is None or filling.before.kind == "scissors":
            return
        part = self.clock.part("drawer")
        left, right = (0.0, 1.0 - part) if self.clock.back else (part, 1.0)
        painter.save()
        painter.translate(item.pos())
        painter.setClipRect(QRectF(left * place.width, place.drawer, (right - left) * place.width, DRAWER), Qt.ClipOperation.IntersectClip)
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio)
        paint_chrome(paint, chrome_of(filling.before, place, Marks()))
        paint_drawer(paint, filling.before.drawer, place.drawer, place.width)
        painter.restore()


def between(start: QRectF, end: QRectF, share: float) -> QRectF:
    """Return the rectangle a share of the way from one to another."""

    def mix(a: float, b: float) -> float:
        return a + (b - a) * share

    return QRectF(mix(start.x(), end.x()), mix(start.y(), end.y()), mix(start.width(), end.width()), mix(start.height(), end.height()))
