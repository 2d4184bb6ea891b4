"""The item of one node: paints itself from its face, says which part lies at a point. No child items, no Qt caches."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.geometry import HEAD, SCISSORS, Geometry, Level, geometry, op_width
from gradstudio.app.canvas.node_chrome import REACH
from gradstudio.app.canvas.node_drawing import NodeDrawing
from gradstudio.app.canvas.node_faces import node_face
from gradstudio.app.canvas.node_marks import Marks, paint_badge, paint_scissors, paint_words
from gradstudio.app.canvas.node_numbers import with_numbers
from gradstudio.app.canvas.node_paint import Rim, paint_grad_port, paint_ports_over, port_places, ports_of, rim_of
from gradstudio.app.canvas.node_parts import Part, Port, inner_part, nearest_port, ports_on
from gradstudio.app.canvas.node_small import paint_medium, paint_tile
from gradstudio.app.canvas.node_words import Writing
from gradstudio.app.canvas.pictures import snap
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import SIZE, Z
from gradstudio.document.graph import NodeId, OperandPath

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

INSET, RING_INSET = 10.0, 11.0  # canvas units that ports, and what lies under them, reach into a plate; and the ring of a root
EDGE = 2.0  # canvas units that the edge of a plate sticks out of it at most
PORTS = "ports"  # a part that is drawn over what is there; None is what is written on the plate
LEAST_SCALE = 0.8  # badges and scissors are never drawn smaller than this


class NodeItem(CanvasItem):
    """One node. Its face is worked out when it is needed; selection, hover and focus are the scene's."""

    is_layer = False

    def __init__(self, scene: CanvasScene, node: NodeId, face: NodeFace, places: dict[Level, Geometry] | None = None) -> None:
        super().__init__(scene)
        self.node = node
        self._face = face
        self._rolled: Context | None = None  # of when it shows the numbers, if its face is an older one
        self.at = 0.0, 0.0
        self._places = places  # of a sketch, which is shown until the face is worked out
        self.full: Geometry = self._geometry(Level.FULL)
        self.place: Geometry = self.full if scene.level == Level.FULL else self._geometry(scene.level)
        self.level = scene.level
        self._ports: tuple[Geometry, bool, list[Port]] | None = None
        self._bounds = self._reach()
        self._stamp = object()  # of the face: another one with each face
        self._rim: Rim | None = None  # what is drawn of it beside what is written on it; None: not known
        self._shown: object = None  # the stamp last painted: a face that stays is kept as a picture
        self._drawing = NodeDrawing(scene)
        self._word_right = False  # of scissors: a node is in the way on the left
        self.setZValue(Z["node"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    @property
    def face(self) -> NodeFace:
        """What it shows."""
        self.catch_up()
        return self._face

    @face.setter
    def face(self, face: NodeFace) -> None:
        self._face, self._rolled = face, None

    def catch_up(self) -> None:
        """Work out the face of the numbers that it shows."""
        context, self._rolled = self._rolled, None
        if context is not None:
            self._face = with_numbers(context, self._face) or node_face(context, self.node)

    @property
    def writing(self) -> Writing | None:
        """What is written on it, as it was last drawn at 100 %; None where that is not known."""
        return self._drawing.writing if self._places is None else None

    def take_numbers(self, context: Context, writing: Writing, is_written: bool, is_recoloured: bool) -> None:
        """Show what is written now, and ports in other colours; its face follows when somebody asks for it."""
        self._rolled, self._stamp = context, object()
        self._drawing.rewrite(writing)
        if is_written:
            self._differ(True, not is_recoloured)
        elif is_recoloured:
            self.canvas.dirt.add_patch(self, PORTS)

    def set_face(self, face: NodeFace) -> bool:
        """Show another face. Return whether the size or a port has moved."""
        if face == self.face:
            return False
        ports = ports_of(self.face)
        self.face, self._places = face, None
        self._drawing.forget()
        full = self.canvas.held.geometry_of(self, geometry(face, Level.FULL))
        before, self._rim = (self._rim, self.full), rim_of(face, full)
        return self._take(full, before == (self._rim, full), ports == ports_of(face))

    def set_numbers(self, face: NodeFace) -> bool:
        """Show a face with other numbers, and what follows from them. Return whether the size or a port has moved."""
        before = self.face
        if face == before:
            return False
        width = op_width(face)
        has_room = width == self.full.width or (width < self.full.width and self.canvas.held.holds_width(self))
        if self._places is not None or not has_room or not self._drawing.renumber(face, self.full):
            return self.set_face(face)
        self.face, self._stamp = face, object()
        self._differ(True, ports_of(before) == ports_of(face))
        return False

    def _differ(self, is_within: bool, same_ports: bool) -> None:
        """Have what looks different drawn anew: all, or what is written on the plate, and ports in other colours."""
        if self.is_lifted or not is_within:
            self.update()
            self.canvas.cover.forget_node(self.node, (None, PORTS))
            return
        self.canvas.dirt.add_patch(self)
        if not same_ports:
            self.canvas.dirt.add_patch(self, PORTS)

    def fit(self) -> bool:
        """Take the size that the face needs. Return whether it differs."""
        self._drawing.forget()
        return self._take(geometry(self.face, Level.FULL))

    def _take(self, full: Geometry, is_within: bool = False, same_ports: bool = False) -> bool:
        """Take a size. `is_within`: all that looks different is written on the plate, or a port with another colour."""
        self.full, self._stamp = full, object()
        moved = self.set_level()
        self._differ(is_within, same_ports)
        self.canvas.plates.follow_full(self.node, self.full_box)
        return moved

    def update(self, rect: QRectF | None = None) -> None:  # type: ignore[override]
        if self.is_lifted:
            self.canvas.dirt.add_over(self.sceneBoundingRect())
        else:
            super().update(rect)

    @property
    def is_lifted(self) -> bool:
        """Whether it is dragged over the still: hidden from it meanwhile."""
        return not self.isVisible()

    def lift(self, lifted: bool) -> None:
        """Be dragged over the still, or be a part of it again."""
        if lifted != self.is_lifted:
            self.setVisible(not lifted)
            self.canvas.dirt.add(self.sceneBoundingRect())

    def set_sketch(self, face: NodeFace, places: dict[Level, Geometry]) -> None:
        """Stand in for another node until its face is worked out."""
        self.face, self._places, self._stamp, self._rim = face, places, object(), None
        self.full = places[Level.FULL]
        self._drawing.forget()
        self.set_level()

    def turn(self, right: bool) -> None:
        """Write the word of scissors on their right."""
        if right != self._word_right:
            self._word_right = right
            self.update()

    def _geometry(self, level: Level) -> Geometry:
        return geometry(self.face, level) if self._places is None else self._places[level]

    def set_level(self) -> bool:
        """Take the geometry of the scene's level. Return whether it differs."""
        place = self.full if self.canvas.level == Level.FULL else self._geometry(self.canvas.level)
        bounds = self._reach(place)
        same = (place.width, place.height, place.inputs, place.outputs) == (
            self.place.width, self.place.height, self.place.inputs, self.place.outputs,
        )  # fmt: skip
        self.place, self.level = place, self.canvas.level
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds
            self.canvas.cover.forget()
        return not same

    @property
    def body(self) -> QRectF:
        """The plate of the node in scene coordinates."""
        if self._face.kind == "scissors":
            return SCISSORS.translated(self.pos())
        return self.place.rect.translated(self.pos())

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The same as left, top, right and bottom."""
        x, y = self.at
        return x, y, x + self.place.width, y + self.place.height

    @property
    def full_box(self) -> tuple[float, float, float, float]:
        """The plate as it is at 100 %, whatever the level: what fitting goes by."""
        x, y = self.at
        return x, y, x + self.full.width, y + self.full.height

    @property
    def full_body(self) -> QRectF:
        """The plate of the node as it is at 100 %, whatever the level: what frames and fitting go by."""
        if self._face.kind == "scissors":
            return self.body
        return self.full.rect.translated(self.pos())

    def put(self, x: float, y: float) -> None:
        """Stand at a place of the canvas."""
        if (x, y) != self.at:
            if self.is_lifted:
                self.update()
            else:
                self.canvas.dirt.add(self.sceneBoundingRect())  # where it stands no longer
            self.at = x, y
            self.setPos(x, y)
            self.update()

    def output_at(self, out: int, grad: bool) -> tuple[float, float]:
        """Return where an output port is, or that of a .grad, in scene coordinates."""
        x, y = self.at
        return x + self.place.width, y + (self.place.grad_y if grad else self.place.output_y(out))

    def input_at(self, path: OperandPath) -> tuple[float, float]:
        """Return where an input port is, in scene coordinates."""
        return self.at[0], self.at[1] + self.place.input_y(path)

    def port(self, path: OperandPath | None, out: int = 0, grad: bool = False) -> QPointF:
        """Return an input port (path), an output port, or that of a .grad in scene coordinates."""
        if grad:
            return self.pos() + self.place.grad_point()
        return self.pos() + (self.place.output_point(out) if path is None else self.place.input_point(path))

    def part_at(self, at: QPointF) -> Part | None:
        """Return the part at a point of the item, ports first; None outside."""
        return self.part_under(at.x(), at.y())

    def part_under(self, x: float, y: float) -> Part | None:
        """Return the same for a point as two numbers."""
        if self._face.kind == "scissors":
            return Part("body") if SCISSORS.adjusted(-2, -2, 2, 2).contains(x, y) else None
        found = nearest_port(self._port_places(), x, y, SIZE["portHit"] / 2 / min(1.0, self.canvas.zoom))
        return inner_part(self._face, self.place, self.canvas.level, x, y) if found is None else found

    def _port_places(self) -> list[Port]:
        """Return where the ports are on the item, outputs first."""
        place, drawer = self.place, self._face.drawer
        source = drawer is not None and drawer.source and place.drawer is not None
        if self._ports is None or self._ports[0] is not place or self._ports[1] != source:
            self._ports = place, source, ports_on(place, source)
        return self._ports[2]

    def _reach(self, place: Geometry | None = None) -> QRectF:
        face, rect = self._face, (place or self.place).rect
        if face.kind == "scissors":
            return QRectF(-110, -40, 220, 80)
        bounds = rect.adjusted(-REACH, -REACH, REACH, REACH + 3)
        words = max((face.above, face.below), key=len)
        if words:
            extra = max(0.0, (self.canvas.theme.metrics("caption").horizontalAdvance(words) + 30 - rect.width()) / 2)
            bounds.adjust(-extra, -12 if face.above else 0, extra, 24 if face.below else 0)
        return bounds

    # ------------------------------------------------------------ Qt
    def boundingRect(self) -> QRectF:
        return self._bounds

    def sceneBoundingRect(self) -> QRectF:
        return self._bounds.translated(*self.at)

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas = self.canvas
        marks, level, zoom = self._marks(), canvas.level, canvas.zoom
        painter.setOpacity(canvas.fade.opacity(self.node))
        snap(painter, canvas.device_ratio)
        if self._face.kind == "scissors":
            self._paint_scissors(Paint(painter, canvas.theme, canvas.ratio), marks)
            return
        key = (self._stamp, level, marks, canvas.norms)
        if widget is not None and level == Level.FULL and not self._face.dim and not option.exposedRect.intersects(self._hub()):
            self._drawing.paint_margin(painter, self._face_for(marks), self.place, marks)
            self._paint_beside(painter, marks)
            return
        whole = option.exposedRect.contains(self.place.rect)  # else another part of it may be painted right after
        once = canvas.held.in_hand or (self._shown is not self._stamp and whole)  # a picture of it would hardly be used again
        if widget is None or (once and level == Level.FULL and not canvas.pictures.holds(key, zoom, canvas.device_ratio)):
            self._paint(painter, marks, pictured=widget is not None)
        else:
            canvas.pictures.draw(painter, key, self._area(), zoom, canvas.device_ratio, partial(self._paint, marks=marks, pictured=True))
        self._shown = self._stamp
        self._paint_beside(painter, marks)

    def _paint_beside(self, painter: QPainter, marks: Marks) -> None:
        """Draw what is no part of the picture of a node: the port of a .grad under the pointer, the badge, words above and below."""
        canvas, level, zoom = self.canvas, self.canvas.level, self.canvas.zoom
        face, drawer = self._face, self._face.drawer
        if not (marks.hovered or face.badge or face.above or face.below):
            return
        paint = Paint(painter, canvas.theme, canvas.ratio)
        if marks.hovered and drawer is not None and drawer.source and level == Level.FULL and self.place.drawer is not None:
            paint_grad_port(paint, self.place)
        if level >= Level.MEDIUM:
            paint_badge(paint, face, self.place, max(1.0, LEAST_SCALE / zoom))
        if level == Level.FULL:
            paint_words(paint, face, self.place)

    def patch(self, part: Hashable) -> QRectF | None:
        canvas, place = self.canvas, self.place
        if canvas.level != Level.FULL or self._face.collapsed or self._face.dim or canvas.fade.nodes is not None or self.is_lifted:
            return None
        written = canvas.cover.of_node(self.node, part)
        if part != PORTS:
            return None if written.over is None else written.rects[0]
        if written.over != () or canvas.zoom < 1 or self._face.failed or self._is_root():
            return None
        return place.rect.adjusted(-INSET, 0, INSET, 0).translated(*self.at)

    def _is_root(self) -> bool:
        return any(each.root for each in self._face.outputs)

    def _inside(self) -> QRectF:
        """Return the rectangle of the plate, below the head, in which there is nothing but what is written."""
        inset = RING_INSET if self._is_root() else INSET
        return self.place.rect.adjusted(inset, HEAD + 1, -inset, -1)

    def _hub(self) -> QRectF:
        """Return what plate and ports fill, on the item."""
        return self.place.rect.adjusted(-INSET, -EDGE, INSET, EDGE)

    def parts(self, part: Hashable) -> list[QRectF]:
        """Return the rectangles on the canvas in which a part is drawn."""
        parts = port_places(self._face, self.place) if part == PORTS else [self._inside()]
        return [each.translated(*self.at) for each in parts]

    def paint_patch(self, painter: QPainter, part: Hashable) -> None:
        canvas, transform = self.canvas, painter.worldTransform()
        painter.translate(*self.at)
        snap(painter, canvas.device_ratio)
        if part == PORTS:
            paint_ports_over(Paint(painter, canvas.theme, canvas.ratio), self.face, self.place)
            return
        marks = self._marks()
        self._drawing.paint_within(painter, self._face_for(marks), self.place, marks)
        if pills := canvas.cover.of_node(self.node, part).over:
            painter.setWorldTransform(transform)
            canvas.pills.paint_over(painter, pills)

    def prepare(self) -> None:
        """Keep a picture of the node as it is, so that it takes little time to paint it."""
        canvas, marks = self.canvas, self._marks()
        if self._face.kind != "scissors":
            key, draw = (self._stamp, canvas.level, marks, canvas.norms), partial(self._paint, marks=marks, pictured=True)
            canvas.pictures.prepare(key, self._area(), canvas.zoom, canvas.device_ratio, draw)

    def _face_for(self, marks: Marks) -> NodeFace:
        """Return the face to draw with some marks; where words are laid out for them, its numbers may be older ones."""
        return self._face if self._drawing.is_laid(marks) else self.face

    def _marks(self) -> Marks:
        canvas, node = self.canvas, self.node
        hovered, focused = node == canvas.hovered_node, node == canvas.focused_node
        return Marks(hovered, node in canvas.selected_nodes, focused, canvas.steps.carries_ring_to(node))

    def _area(self) -> QRectF:
        """Return what a picture of the node shows."""
        return QRectF(-REACH, -REACH, self.place.width + 2 * REACH, self.place.height + 2 * REACH + 3)

    def _paint_scissors(self, paint: Paint, marks: Marks) -> None:
        if self.canvas.level >= Level.MEDIUM:
            size = max(1.0, LEAST_SCALE / self.canvas.zoom)
            paint.painter.scale(size, size)
            paint_scissors(paint, marks, self.canvas.level == Level.FULL, self._word_right)

    def _paint(self, painter: QPainter, marks: Marks, pictured: bool) -> None:
        """Draw the node at the painter's origin; its plate from the pictures, if it may."""
        canvas, level, zoom = self.canvas, self.canvas.level, self.canvas.zoom
        if level == Level.MEDIUM:
            paint_medium(Paint(painter, canvas.theme, canvas.device_ratio), self.face, self.place, zoom, marks)
        elif level <= Level.TILE:
            paint_tile(Paint(painter, canvas.theme, canvas.device_ratio), self.face, self.place, zoom, marks, canvas.norms)
        else:
            self._drawing.paint(painter, self.face, self.place, marks, pictured)

