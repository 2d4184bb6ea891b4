"""The step overlay: when a step sends gradients, their fronts travel along the wires, from consumer to producer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEasingCurve, QRectF, Qt, QVariantAnimation
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_paint import paint_front
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.paint import Paint
from gradstudio.app.theme import MOTION, Z

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

MARGIN = 16.0


@dataclass(frozen=True, slots=True)
class Front:
    """One wire on its way."""

    wire: WireId
    face: WireFace
    shape: WireShape


class StepOverlay(QGraphicsItem):
    """Draws the wires in flight, which the wire layer leaves out meanwhile. Nothing loops; a step in haste is instant."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__()
        self.canvas = scene
        self.fronts: list[Front] = []
        self._area = QRectF()
        self._progress = 1.0
        self._clock = QVariantAnimation(scene)
        self._clock.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._clock.valueChanged.connect(self._advance)
        self._clock.finished.connect(self.land)
        self.setZValue(Z["wireActive"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def follow(self, before: Context, now: Context, speed: float) -> None:
        """Start what a move of the playhead by one step sends; a second step before the first has landed is instant."""
        hurried = bool(self.fronts)
        self.land()
        step = now.state.k - before.state.k
        if hurried or before.state.run != now.state.run or abs(step) != 1 or not now.stepping:
            return
        if step > 0:
            self._start(now, now.state.k, speed, 0.0, 1.0)
        else:
            self._start(before, before.state.k, 2 * speed, 1.0, 0.0)

    def _start(self, context: Context, k: int, speed: float, begin: float, end: float) -> None:
        sent = [key for key, flow in context.state.flows.items() if flow.step == k and flow.kind in ("value", "zero")]
        fronts = []
        for path, operand in sent:
            wire = (context.here(path) or "", operand)
            shape, face = self.canvas.wires.shape_of(wire), self.canvas.describe_wire(wire, context)
            if shape is not None and face is not None and len(path) == len(context.scope) + 1:
                fronts.append(Front(wire, face, shape))
        if not fronts:
            return
        self.prepareGeometryChange()
        self.fronts = fronts
        for front in fronts:
            self._area = self._area.united(front.shape.box.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN))
        self.canvas.wires.leave_out(front.wire for front in fronts)
        self._progress = begin
        self._clock.setDuration(max(int(MOTION["stepMin"]), int(MOTION["wireFront"][0] / max(speed, 0.1))))
        self._clock.setStartValue(begin)
        self._clock.setEndValue(end)
        self._clock.start()

    def land(self) -> None:
        """Be where the step ends: at once, or because the time is up."""
        if not self.fronts:
            return
        self._clock.stop()
        self.prepareGeometryChange()
        self.fronts, self._area = [], QRectF()
        self.canvas.wires.leave_out(())
        self.update()

    def _advance(self, progress: Any) -> None:
        self._progress = float(progress)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._area

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio)
        for front in self.fronts:
            paint_front(paint, front.face, front.shape, self._progress, self.canvas.zoom, self.canvas.norms)
