"""DragWire: lead a wire from port to port, either way; re-plug one that is there; drop it on nothing to search for an op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath

from gradstudio.app.canvas.gestures.gesture import Pointer, far_enough
from gradstudio.app.canvas.gestures.loose import LooseWire, Question, best_input, question, refusal
from gradstudio.app.canvas.wire_path import cubic
from gradstudio.app.canvas.wire_shape import path_of
from gradstudio.app.paint import NO_BRUSH, Paint, wrapped
from gradstudio.document.commands.wires import Connect, Disconnect
from gradstudio.document.graph import NodeId, OperandPath, Ref

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView
    from gradstudio.session.messages import Checked

SNAP = 24.0  # px
WORDS_WIDTH = 320.0


class Catch(Struct, frozen=True):
    """The port that the loose end has snapped to, and why it must not end there."""

    source: Ref
    target: NodeId
    path: OperandPath
    at: QPointF
    reason: str = ""


class DragWire:
    """A violet wire to the pointer. A drop where PyTorch would refuse is refused in its words; Shift connects all the same."""

    cursor = Qt.CursorShape.CrossCursor
    pans = True
    over = True

    def __init__(self, view: CanvasView, at: Pointer, loose: LooseWire) -> None:
        self._view = view
        self._origin = at
        self._loose = loose
        self._at = at.scene
        self._catch: Catch | None = None
        self._begun = False
        self._asked: dict[str, str] = {}

    # ------------------------------------------------------------ the drag
    def move(self, at: Pointer) -> None:
        """Lead the loose end to the pointer, and to a port near it."""
        if not self._begun:
            if not far_enough(self._origin.view, at.view):
                return
            self._begun = True
            canvas = self._view.canvas
            if self._loose.was is not None:
                canvas.wires.leave_out((self._loose.was,))
        self._at = at.scene
        self._catch = self._caught(at)
        if self._catch is not None and not self._catch.reason:
            self._ask(self._catch)

    def _caught(self, at: Pointer) -> Catch | None:
        reach = SNAP / self._view.zoom
        found = self._nearest_input(at.scene, reach) if self._loose.source is not None else self._nearest_output(at.scene, reach)
        return found or self._by_body(at)

    def _nearest_input(self, pos: QPointF, reach: float) -> Catch | None:
        source, best = self._loose.source, None
        for node, item in self._view.canvas.nodes_near(pos, reach):
            for path in item.place.inputs:
                gap = _gap(item.port(path), pos)
                if source is not None and gap <= reach and (best is None or gap < best[0]) and item.face.kind != "scissors":
                    best = (gap, self._judged(source, node, path, item.port(path)))
        return best[1] if best else None

    def _nearest_output(self, pos: QPointF, reach: float) -> Catch | None:
        target, best = self._loose.target, None
        for node, item in self._view.canvas.nodes_near(pos, reach):
            for out in item.place.outputs:
                gap = _gap(item.port(None, out), pos)
                if target is not None and gap <= reach and (best is None or gap < best[0]) and item.face.kind != "scissors":
                    best = (gap, self._judged(Ref(node, out), target, self._loose.path, item.port(None, out)))
        return best[1] if best else None

    def _by_body(self, at: Pointer) -> Catch | None:
        """Find the port that a drop on a node's body means."""
        node = at.hit.node
        item = self._view.canvas.nodes.get(node) if node is not None else None
        if node is None or item is None or item.face.kind == "scissors":
            return None
        context, source = self._view.canvas.context, self._loose.source
        if source is None:
            target = self._loose.target
            same = target is None or node == target
            return None if same else self._judged(Ref(node), target or "", self._loose.path, item.port(None))
        if node == source.source:
            return None
        path = best_input(context, source, node, item.face.inputs)
        return None if path is None else self._judged(source, node, path, item.port(path))

    def _judged(self, source: Ref, target: NodeId, path: OperandPath, at: QPointF) -> Catch:
        context = self._view.canvas.context
        reason = refusal(context, source, target, path)
        if not reason:
            asked = question(context, source, target, path)
            reason = self._asked.get(_key(asked), "") if asked else ""
        return Catch(source, target, path, at, reason)

    def _ask(self, catch: Catch) -> None:
        """Ask the worker once about each port that is tried."""
        asked = question(self._view.canvas.context, catch.source, catch.target, catch.path)
        if asked is None or _key(asked) in self._asked:
            return
        self._asked[_key(asked)] = ""

        def answer(found: Checked | None) -> None:
            if found is None or not found.error:
                return
            self._asked[_key(asked)] = f"{found.error}: {found.message}"
            if self._view.gesture is self and self._catch is not None:
                again = self._catch
                self._catch = self._judged(again.source, again.target, again.path, again.at)
                self._view.follow_gesture()

        self._view.studio.questions.check(asked.op, asked.shapes, asked.dtypes, asked.operands, asked.attrs, answer)

    # ------------------------------------------------------------ the end
    def finish(self, at: Pointer) -> None:
        """Connect, re-plug; on nothing disconnect, or ask for an op that fits. Let go anywhere else, all stays as it was."""
        self._view.canvas.wires.leave_out(())
        if not self._begun:
            self._clicked()
            return
        catch = self._catch
        if catch is not None:
            self._connect(catch, at.shift)
        elif at.hit.node is not None:
            self._fits_nowhere(at.hit.node)
        elif not self._view.viewport().rect().contains(at.view.toPoint()):
            self._view.edge.take_back()
            self._view.studio.notify("The wire was let go outside the canvas: nothing changed")
        elif self._loose.was is not None:
            self._view.studio.do(Disconnect(*self._loose.was))
        else:
            self._view.search_requested.emit(at.scene, self._loose)

    def _clicked(self) -> None:
        """A click on a port selects its node."""
        node = self._origin.hit.node
        if node is not None:
            self._view.studio.select((node,), add=self._origin.shift)

    def _fits_nowhere(self, node: NodeId) -> None:
        """Say that a node takes no such wire; dropped where it came from, it was put back."""
        here, own = self._view.canvas.context.label(Ref(node)), self._loose.source.source if self._loose.source else self._loose.target
        if node != own:
            self._view.studio.notify(f"{here} has no open input for this wire: lead it to a port, or to an empty place")

    def _connect(self, catch: Catch, insist: bool) -> None:
        studio, was = self._view.studio, self._loose.was
        if catch.reason and not insist:
            studio.notify(catch.reason)
            return
        if was == (catch.target, catch.path):
            return
        gesture = studio.new_gesture()
        if studio.do(Connect(catch.source, catch.target, catch.path, gesture)) and was is not None:
            studio.do(Disconnect(*was, gesture))

    def cancel(self) -> None:
        """Leave all as it was."""
        self._view.canvas.wires.leave_out(())

    # ------------------------------------------------------------ drawing
    def _ends(self) -> tuple[QPointF, QPointF]:
        """Return start and end of the violet wire, in the direction of the data."""
        canvas, loose = self._view.canvas, self._loose
        free = self._catch.at if self._catch is not None and not self._catch.reason else self._at
        if loose.source is not None:
            item = canvas.nodes.get(loose.source.source)
            return (item.port(None, loose.source.out, loose.source.grad) if item else free), free
        item = canvas.nodes.get(loose.target or "")
        return free, (item.port(loose.path) if item else free)

    def area(self) -> QRectF:
        """Return the rectangle of the wire and the words."""
        if not self._begun:
            return QRectF()
        margin = 30 / self._view.zoom
        rect = self._path().controlPointRect().united(QRectF(self._at, self._at)).adjusted(-margin, -margin, margin, margin)
        words = QRectF(self._at.x(), self._at.y(), (WORDS_WIDTH + 60) / self._view.zoom, 160 / self._view.zoom)
        return rect.united(words) if self._catch is not None and self._catch.reason else rect

    def _path(self) -> QPainterPath:
        return path_of(cubic(*self._ends()))

    def paint(self, paint: Paint) -> None:
        """Draw the wire, the ring of the port it has caught or the sign over one that does not fit, and the reason."""
        if not self._begun:
            return
        catch, scale = self._catch, 1 / min(1.0, self._view.zoom)
        paint.painter.setBrush(NO_BRUSH)
        paint.painter.setPen(paint.pen("accent", 2 * scale))
        paint.painter.drawPath(self._path())
        if catch is None:
            paint.dot(self._at.x(), self._at.y(), 4.6 * scale, "node", "accent", 1.75 * scale)
            return
        if not catch.reason:
            paint.dot(catch.at.x(), catch.at.y(), 11 * scale, None, "accent", 2 * scale)
            paint.dot(catch.at.x(), catch.at.y(), 4.6 * scale, "node", "accent", 1.75 * scale)
            return
        self._paint_refusal(paint, catch, scale)

    def _paint_refusal(self, paint: Paint, catch: Catch, scale: float) -> None:
        x, y, s = catch.at.x(), catch.at.y(), 7 * scale
        paint.dot(x, y, 11 * scale, "canvas", "line2", 1.5 * scale)
        paint.dot(x, y, 4.6 * scale, "node", "line2", 1.75 * scale)
        paint.line(x - s, y + s, x + s, y - s, "text3", 1.5 * scale)
        painter = paint.painter
        painter.save()
        painter.translate(self._at)
        painter.scale(1 / self._view.zoom, 1 / self._view.zoom)
        lines = wrapped(catch.reason, paint.theme.metrics("code"), WORDS_WIDTH)[:6]
        width = max(paint.theme.metrics("code").horizontalAdvance(line) for line in lines) + 20
        plate = QRectF(14, 18, width, 14 + 16 * len(lines))
        paint.card(plate, 7, "errorBg", "error")
        for i, line in enumerate(lines):
            paint.text(24, plate.top() + 15 + 16 * i, line, "code", "text")
        painter.restore()


def _gap(a: QPointF, b: QPointF) -> float:
    return float(((a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2) ** 0.5)


def _key(asked: Question | None) -> str:
    return repr(asked)
