"""The scene: items for the nodes, frames and wires of one graph, kept in step with the studio."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtWidgets import QGraphicsScene

from gradstudio.app import theme as themes
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.cover import Cover
from gradstudio.app.canvas.dirt import DirtyScene
from gradstudio.app.canvas.due import Due
from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.fade import Fade
from gradstudio.app.canvas.far import FarView
from gradstudio.app.canvas.frame_layer import FrameLayer
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.gesture_item import GestureItem
from gradstudio.app.canvas.held import Held
from gradstudio.app.canvas.hit import Hit, hit_at
from gradstudio.app.canvas.mark_layer import MarkLayer
from gradstudio.app.canvas.node_item import NodeItem
from gradstudio.app.canvas.order_layer import OrderLayer
from gradstudio.app.canvas.pictures import Pictures
from gradstudio.app.canvas.pill_layer import PillLayer
from gradstudio.app.canvas.plates import Plates
from gradstudio.app.canvas.step_overlay import StepOverlay
from gradstudio.app.canvas.stock import EXACT_UP_TO, Stock
from gradstudio.app.canvas.touched import is_of_numbers, is_rebuilt, touched
from gradstudio.app.canvas.wire_faces import WireId, wire_runs
from gradstudio.app.canvas.wire_layer import WireLayer
from gradstudio.document.graph import NodeId, NodePath
from gradstudio.session.trace import TensorKey

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio
    from gradstudio.document.diff import Diff

FEW = 40  # nodes moved at once; of more, all wires are laid anew
MOST_LARGE = 8  # tensors in view of which all cells are asked for


class CanvasScene(DirtyScene):
    """Nodes, wires and frames. Reads the studio only; holds what belongs to looking: level, hover, focus, pictures."""

    def __init__(self, studio: Studio, parent: QObject | None = None, scope: NodePath = ()) -> None:
        super().__init__(parent)
        self.studio = studio
        self.scope = scope or studio.scope
        self.theme = themes.named(studio.theme)
        self.level = Level.FULL
        self.coming: Level | None = None  # the level at which the graph that is opened next will be looked at, as far as is known
        self.zoom = 1.0
        self.device_ratio = 1.0
        self.norms = False
        self.motion = True  # off: nothing travels (reduced motion, pictures)
        self.fades = False  # without motion: the card still cross-fades
        self.nodes: dict[NodeId, NodeItem] = {}
        self.frames = FrameLayer(self)
        self.pictures = Pictures()
        self.hovered_node: NodeId | None = None
        self.hovered_wire: WireId | None = None
        self.focused_node: NodeId | None = None
        self.selected_nodes: frozenset[NodeId] = frozenset()
        self.selected_wires: frozenset[WireId] = frozenset()
        self.stepping = False
        self.moving: dict[NodeId, QPointF] = {}  # positions of a drag in hand, over those of the document
        self.due = Due(self)
        self.held = Held(self)
        self._stock = Stock(self)
        self.left: dict[NodeId, QRectF] = {}  # plates of dragged nodes as the drag began
        self.far, self.fade, self.plates, self.cover = FarView(self), Fade(self), Plates(), Cover(self)
        self.setSceneRect(self.plates.room())
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.wires = WireLayer(self)
        self.pills = PillLayer(self)
        self.gesture_item = GestureItem(self)
        self.steps = StepOverlay(self)
        self.marks = MarkLayer(self)
        self.numbers = OrderLayer(self)
        for item in (self.wires, self.pills, self.marks, self.numbers, self.gesture_item, self.steps):
            self.addItem(item)
        self.context = Context(studio, self.scope)
        self.rebuild()

    @property
    def ratio(self) -> float:
        """Device pixels a canvas unit."""
        return self.device_ratio * self.zoom

    # ------------------------------------------------------------ refresh
    def refresh(self, change: Change) -> None:
        """Follow the studio, touching only what the change names."""
        entered, self.scope = self.scope != self.studio.scope, self.studio.scope
        before, self.context = self.context, Context(self.studio, self.scope)
        was_stepping, self.stepping = self.stepping, self.context.in_pass and self.context.stepping
        if change.theme:
            self._follow_theme()
        if change.selection:
            self._follow_selection()
        if change.marks or change.everything or change.document is not None or change.scope:
            self.marks.follow()
        coming, self.coming = self.coming, None
        if change.everything and self._stock.fits:
            self._look_anew()
            return
        self.level = self.level if coming is None else coming
        if change.everything or entered or (change.document is not None and is_rebuilt(change.document, before, self.context)):
            self.rebuild()
            return
        if change.document is not None and change.document.layout:
            self._follow_layout(change.document)
        if change.document is not None:
            self.numbers.follow()
            self._stock.follow()
        self._follow_numbers(change, before)
        if self.stepping != was_stepping:
            self.frames.update()  # they step back
        if change.playhead and (self.motion or self.fades):
            self.steps.follow(before, self.context, self.studio.player.speed)

    def _follow_numbers(self, change: Change, before: Context) -> None:
        """Have nodes and wires looked at again that may show something else than before."""
        nodes, wires = touched(change, before, self.context) or (None, None)
        only_numbers = self.level != Level.FAR and is_of_numbers(change, before, self.context)
        self.due.add(nodes, only_numbers)
        is_seen_afar = self.far.follow(nodes)
        if self.level == Level.FAR:
            self.wires.invalidate(wires, QRectF())
            if is_seen_afar:
                self.update()
        elif self.moving or self.is_hurried:  # what has come is worked out as there is time to draw it
            self.wires.invalidate(wires, self.seen(), in_time=True)
        else:
            self.settle(seen := self.seen())
            if only_numbers:
                self.wires.renumber(seen)
            else:
                self.wires.invalidate(wires, seen)

    def _follow_theme(self) -> None:
        if self.theme is not themes.named(self.studio.theme):
            self.theme = themes.named(self.studio.theme)
            self.pictures.clear()
            self.far.forget_hues()
            self.update()

    @property
    def is_hurried(self) -> bool:
        """Whether a view is moving over the scene."""
        return any(getattr(view, "hurried", False) for view in self.views())

    def seen(self) -> QRectF:
        """Return what the views see of the scene; nothing where there is none on show."""
        rect = QRectF()
        for view in self.views():
            if view.isVisible():
                rect = rect.united(view.mapToScene(view.viewport().rect().adjusted(-2, -2, 2, 2)).boundingRect())
        return rect

    def _follow_layout(self, diff: Diff) -> None:
        moved = [n for n in diff.moved if n in self.nodes]
        if moved:
            self._shift(moved)
        else:
            self.frames.follow()

    def rebuild(self) -> None:
        """Make items and wires fit the graph."""
        self.steps.land()
        courses = self._stock.brought_back()
        if courses is None:
            self._stock.fill()
            self._put(self.nodes)
            self._measure()
            self._measure(self.due.look_at(self.seen()))
            self._set_wires()
        else:
            self._fit_room()
            self.wires.set_courses(courses, self.sceneRect())
            self.pills.reset(self.sceneRect())
        self.hovered_node, self.focused_node = (n if n in self.nodes else None for n in (self.hovered_node, self.focused_node))
        self._follow_selection()
        self.frames.follow()
        self.numbers.follow()
        self.far.forget_hues()
        self.update()

    def _look_anew(self) -> None:
        """Forget all faces: another run."""
        self.steps.land()
        self.due.take(self.nodes)
        self.wires.forget_faces()
        self._follow_selection()
        self.settle(self.seen())
        self.far.forget_hues(self.plates.nodes)
        self.update()
        self.frames.update()

    def settle(self, rect: QRectF | None = None, until: float = math.inf) -> bool:
        """Work out the faces that are out of date in a rectangle (of all), till a perf_counter; return whether there were any."""
        before = len(self.due)
        if moved := self.due.settle(rect, until):
            self.reshape(moved)
        return len(self.due) < before

    def settle_few(self) -> None:
        """The same for all nodes of a graph that is small enough to be fitted by its exact sizes."""
        if len(self.nodes) <= EXACT_UP_TO:
            self.settle()

    def face(self, node: NodeId) -> NodeFace:
        """Return what a node shows now."""
        if node in self.due:
            self.settle(self.nodes[node].sceneBoundingRect())
        return self.nodes[node].face

    def large_in(self, rect: QRectF) -> list[TensorKey]:
        """Return the tensors in a rectangle that are shown as a large heat map, at most eight."""
        if self.level != Level.FULL:
            return []
        faces = (self.nodes[node].face for node, _ in self.boxes_of_nodes(rect))
        large = (f.node for f in faces if f.kind == "leaf" and f.cells is not None and f.cells.large)
        return [(self.context.path(node), 0) for node in islice(large, MOST_LARGE)]

    # ------------------------------------------------------------ looking
    def set_zoom(self, zoom: float, level: Level, device_ratio: float) -> None:
        """Take the view's zoom; at another level every node has other ports."""
        changed = level != self.level
        self.zoom, self.device_ratio = zoom, device_ratio
        if not changed:
            return
        self.level = level
        self.steps.land()
        for item in self.nodes.values():
            item.set_level()
        self._lift(self.moving, level != Level.FAR)
        self._measure()
        self._set_wires()
        self.far.forget_rects()

    def set_hover(self, node: NodeId | None, wire: WireId | None) -> None:
        """Light up what is under the pointer."""
        if node != self.hovered_node:
            changed, self.hovered_node = (self.hovered_node, node), node
            self._repaint_nodes(n for n in changed if n)
        if wire != self.hovered_wire:
            wires, self.hovered_wire = (self.hovered_wire, wire), wire
            self._repaint_wires(w for w in wires if w)

    def set_focus(self, node: NodeId | None) -> None:
        """Put the keyboard's ring on a node."""
        changed, self.focused_node = (self.focused_node, node), node
        self._repaint_nodes(n for n in changed if n)

    def _follow_selection(self) -> None:
        nodes = frozenset(s for s in self.studio.selection if isinstance(s, str))
        wires = frozenset((s[1], s[2]) for s in self.studio.selection if not isinstance(s, str))
        if nodes != self.selected_nodes:
            self.far.forget_rects()
        self._repaint_nodes(nodes ^ self.selected_nodes)
        self._repaint_wires(wires ^ self.selected_wires)
        self.selected_nodes, self.selected_wires = nodes, wires

    def _repaint_nodes(self, nodes: Iterable[NodeId]) -> None:
        for node in nodes:
            if node in self.nodes:
                self.nodes[node].update()

    def _repaint_wires(self, wires: Iterable[WireId]) -> None:
        for wire in wires:
            shape = self.wires.shape_of(wire)
            if shape is not None:
                self.wires.update(shape.box.adjusted(-8, -8, 8, 8))

    # ------------------------------------------------------------ places
    def position(self, node: NodeId) -> QPointF:
        """Return where a node stands: in a drag, or in the document; one that was never placed at the origin."""
        return QPointF(*self.place_of(node))

    def place_of(self, node: NodeId) -> tuple[float, float]:
        """Return the same as two numbers."""
        if node in self.moving:
            return self.moving[node].x(), self.moving[node].y()
        return self.context.document.layout.positions.get(node, (0, 0))

    def move_nodes(self, positions: dict[NodeId, QPointF]) -> None:
        """Show nodes elsewhere while they are dragged: their wires follow, and those that they pass by wait for the end.

        The document is not touched.
        """
        for node in positions:
            if node in self.nodes:
                self.left.setdefault(node, self.nodes[node].body)
        self.moving.update(positions)
        self._lift(self.moving, self.level != Level.FAR)  # of the far view all is drawn at once
        self._shift(positions.keys())

    def _lift(self, nodes: Iterable[NodeId], lifted: bool) -> None:
        for node in nodes:
            if node in self.nodes:
                self.nodes[node].lift(lifted)

    def end_move(self) -> None:
        """Drop the places of the drag: those of the document count again, for all wires."""
        here = {n: rect for n, rect in self.left.items() if n in self.nodes}
        self.left, self.moving = {}, {}
        self._lift(here, False)
        self._put(here)
        self.reshape(here)

    def _shift(self, nodes: Iterable[NodeId]) -> None:
        before = {n: self.nodes[n].body for n in nodes if n in self.nodes}
        self._put(before)
        self.reshape(before)

    def _put(self, nodes: Iterable[NodeId]) -> None:
        for node in nodes:
            if self.nodes[node].face.kind != "scissors":
                self.nodes[node].put(*self.place_of(node))

    def reshape(self, before: dict[NodeId, QRectF]) -> None:
        """Let wires and frames follow nodes that have another place or size; `before`: the plates they had."""
        self._measure(before)
        moving = bool(self.moving)
        if len(before) >= FEW and not moving:
            self._set_wires()
        else:
            wires = self.wires.move(before)
            if not moving:
                wires += self.wires.reroute_near([*before.values(), *(self.nodes[n].body for n in before)])
            self._place_scissors(wires)
        self.frames.follow()

    def _measure(self, nodes: Iterable[NodeId] | None = None) -> None:
        """Keep the plates of the nodes (of these) as an array, and the scene's rectangle round them."""
        if nodes is None:
            self.plates.take(self.nodes)
            self.far.forget_rects()
        else:
            self.far.move_rects(self.plates.follow(nodes, self.nodes))
        self._fit_room()

    def _fit_room(self) -> None:
        rect = self.plates.room()
        if rect != self.sceneRect():
            self.setSceneRect(rect)

    def boxes_of_nodes(self, rect: QRectF) -> list[tuple[NodeId, QRectF]]:
        """Return the nodes in a rectangle with their plates, scissors left out; quick for very many."""
        boxes = self.plates.boxes_in(rect).tolist()
        return [(n, QRectF(x, y, r - x, d - y)) for n, (x, y, r, d) in zip(self.plates.nodes_in(rect), boxes, strict=True)]

    def content_rect(self, nodes: Iterable[NodeId] | None = None) -> QRectF:
        """Return the rectangle round nodes (all), without margins; empty where there are none."""
        if nodes is None:
            scissors = [self.nodes[n].full_box for n in self.context.scissors if n in self.nodes]
            boxes = np.vstack([self.plates.full, np.array(scissors).reshape(-1, 4)])
        else:
            boxes = np.array([self.nodes[n].full_box for n in nodes if n in self.nodes]).reshape(-1, 4)
        rect = QRectF()
        if len(boxes):
            (left, top), (right, bottom) = boxes[:, :2].min(0).tolist(), boxes[:, 2:].max(0).tolist()
            rect = QRectF(left, top, right - left, bottom - top)
        return rect.united(self.frames.content_rect()) if nodes is None else rect

    def hit(self, pos: QPointF) -> Hit:
        """Return what lies at a point."""
        return hit_at(self, pos)

    def nodes_near(self, pos: QPointF, reach: float) -> list[tuple[NodeId, NodeItem]]:
        """Return the nodes whose body comes within reach of a point, the topmost first."""
        near = [(node, self.nodes[node]) for node in self.plates.near(pos.x(), pos.y(), reach)]
        if len(self.plates.nodes) < len(self.nodes):
            area = QRectF(pos.x() - reach, pos.y() - reach, 2 * reach, 2 * reach)
            near = [(n, item) for n, item in ((n, self.nodes[n]) for n in self.context.scissors) if item.body.intersects(area)] + near
        return near

    def cut_point(self, node: NodeId) -> QPointF:
        """Return where the scissors of a detach would like to be."""
        return self.position(node) + QPointF(36, 14)

    def _set_wires(self) -> None:
        self.wires.set_wires(wire_runs(self.context.graph), self.sceneRect())
        self.pills.reset(self.sceneRect())
        self._place_scissors(None)

    def _place_scissors(self, wires: Iterable[WireId] | None) -> None:
        for cut, shape in self.wires.cuts(wires):
            if cut in self.nodes:
                item, at = self.nodes[cut], shape.point(shape.cut)
                item.put(at.x(), at.y())
                item.turn(len(self.plates.boxes_in(QRectF(at.x() - 60, at.y() - 10, 46, 20))) > 0)
