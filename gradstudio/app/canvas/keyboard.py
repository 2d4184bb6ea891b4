"""The keyboard on the canvas: from node to node, along wires, from port to port; connecting without a pointer; nudging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from PySide6.QtCore import QPointF

from gradstudio.app.canvas.gestures.loose import refusal
from gradstudio.document.commands.layout import MoveNodes
from gradstudio.document.commands.wires import Connect
from gradstudio.document.graph import NodeId, Operand, OperandPath, Ref, operand_at

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene
    from gradstudio.app.canvas.view import CanvasView

Way = Literal["left", "right", "up", "down"]


class Port(Struct, frozen=True):
    """A port that the keyboard stands on: an input (path) or an output (path None)."""

    node: NodeId
    path: OperandPath | None
    out: int = 0


def next_node(canvas: CanvasScene, now: NodeId | None, step: int) -> NodeId | None:
    """Return the node after (or before) one in stored order, round the end."""
    order = list(canvas.context.graph.order)
    if not order:
        return None
    if now not in order:
        return order[0 if step > 0 else -1]
    return order[(order.index(now) + step) % len(order)]


def along(canvas: CanvasScene, now: NodeId, way: Way) -> NodeId | None:
    """Return the node that a wire leads to (left, right), or the nearest one above or below."""
    graph = canvas.context.graph
    if way == "right":
        found = [w.target for w in graph.consumers.get(now, ())]
        return _level_with(canvas, now, found)
    if way == "left":
        return next((ref.source for _, ref in graph.nodes[now].refs() if ref.source in graph.nodes), None)
    return _beside(canvas, now, -1 if way == "up" else 1)


def _level_with(canvas: CanvasScene, now: NodeId, nodes: list[NodeId]) -> NodeId | None:
    y = canvas.nodes[now].body.center().y()
    return min(nodes, key=lambda n: abs(canvas.nodes[n].body.center().y() - y), default=None)


def _beside(canvas: CanvasScene, now: NodeId, sign: int) -> NodeId | None:
    here = canvas.nodes[now].body.center()

    def gap(node: NodeId) -> float:
        off = canvas.nodes[node].body.center() - here
        return abs(off.y()) + 3 * abs(off.x())

    found = [n for n, item in canvas.nodes.items() if sign * (item.body.center().y() - here.y()) > 4 and n != now]
    return min(found, key=gap, default=None)


class PortWalk:
    """Port mode. `P` begins it on a node; Tab goes round its ports; Enter takes hold of one; then Tab goes round those that fit.

    Enter connects.
    """

    def __init__(self, view: CanvasView, node: NodeId) -> None:
        self._view = view
        self._node = node
        self.held: Port | None = None
        self._ports = self._ports_of(node)
        self._index = 0

    @property
    def at(self) -> Port | None:
        """The port that the keyboard stands on."""
        return self._ports[self._index] if self._ports else None

    def step(self, by: int) -> None:
        """Go on to the next port."""
        if self._ports:
            self._index = (self._index + by) % len(self._ports)

    def enter(self) -> bool:
        """Take hold of the port, or connect. Return whether port mode is over."""
        here = self.at
        if here is None:
            return True
        if self.held is None:
            self.held = here
            self._ports, self._index = self._fitting(here), 0
            if not self._ports:
                self._view.studio.notify("there is no port that this one can be connected to")
            return not self._ports
        source, target = (self.held, here) if self.held.path is None else (here, self.held)
        self._view.studio.do(Connect(Ref(source.node, source.out), target.node, target.path or ()))
        return True

    def selected(self) -> NodeId | tuple[Literal["wire"], NodeId, OperandPath]:
        """Return what standing here selects: the wire that ends at an input, else the node."""
        here = self.at
        if here is None or here.path is None or not isinstance(self.operand(), Ref):
            return self._node
        return ("wire", here.node, here.path)

    def operand(self) -> Operand:
        """Return what the input that the keyboard stands on reads."""
        here = self.at
        graph = self._view.canvas.context.graph
        return operand_at(graph.nodes[here.node].inputs, here.path) if here is not None and here.path is not None else None

    def point(self, port: Port) -> QPointF:
        """Return where a port is."""
        return self._view.canvas.nodes[port.node].port(port.path, port.out)

    def words(self) -> str:
        """Return what a screen reader says of the port."""
        here = self.at
        if here is None:
            return ""
        face = self._view.canvas.face(here.node)
        if here.path is None:
            return f"output of {face.title} {face.name}".strip()
        row = next((r for r in face.inputs if r.path == here.path), None)
        return f"input {row.label if row else ''} of {face.title}"

    def _ports_of(self, node: NodeId) -> list[Port]:
        place = self._view.canvas.nodes[node].place
        return [Port(node, None, out) for out in place.outputs] + [Port(node, path) for path in place.inputs]

    def _fitting(self, held: Port) -> list[Port]:
        """Return the ports that a wire from the held one may end at: those with no wire yet first, then the nearest."""
        canvas, found = self._view.canvas, []
        for node in canvas.nodes:
            if canvas.nodes[node].face.kind == "scissors":
                continue
            for port in self._ports_of(node):
                if (port.path is None) == (held.path is None):
                    continue
                source, target = (held, port) if held.path is None else (port, held)
                if not refusal(canvas.context, Ref(source.node, source.out), target.node, target.path or ()):
                    found.append(port)
        start = self.point(held)
        return sorted(found, key=lambda p: (self._is_wired(p), (self.point(p) - start).manhattanLength()))

    def _is_wired(self, port: Port) -> bool:
        graph = self._view.canvas.context.graph
        if port.path is None:
            return any(wire.source.out == port.out for wire in graph.consumers.get(port.node, ()))
        return isinstance(operand_at(graph.nodes[port.node].inputs, port.path), Ref)


def nudge(view: CanvasView, dx: int, dy: int) -> None:
    """Move the selected nodes by canvas units."""
    nodes = [n for n in view.studio.selected_nodes if n in view.canvas.nodes]
    if nodes:
        places = {n: view.canvas.position(n) for n in nodes}
        view.studio.do(MoveNodes({n: (p.x() + dx, p.y() + dy) for n, p in places.items()}))
