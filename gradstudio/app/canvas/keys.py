"""Which key does what on the canvas, and where the keyboard stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent

from gradstudio.app.canvas.keyboard import PortWalk, Way, along, next_node, nudge
from gradstudio.app.canvas.spoken import spoken
from gradstudio.app.canvas.wire_path import cubic
from gradstudio.app.canvas.wire_shape import path_of
from gradstudio.app.paint import NO_BRUSH, Paint
from gradstudio.document.graph import NodeId, Ref

if TYPE_CHECKING:
    from gradstudio.app.canvas.gestures.gesture import Pointer
    from gradstudio.app.canvas.view import CanvasView

Key = Qt.Key
ARROWS: dict[int, Way] = {Key.Key_Left: "left", Key.Key_Right: "right", Key.Key_Up: "up", Key.Key_Down: "down"}
NUDGES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
FAR_NUDGE = 20
NUMBERS = tuple("0123456789-.")
PORTS = "Tab goes round the ports, Enter takes hold of one, D detaches its wire, Esc leaves"
HOLDING = "Tab goes round the ports that it fits, Enter connects, Esc lets go"


class Keys:
    """The keyboard's place on the canvas: a node, or in port mode a port."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self.ports: PortWalk | None = None

    # ------------------------------------------------------------ keys
    def wants(self, event: QKeyEvent) -> bool:
        """Say whether the canvas takes a key before the window's shortcuts do."""
        key, keys = event.key(), event.modifiers()
        if key == Key.Key_Space and not keys:
            return True
        if key in ARROWS:
            return bool(keys & Qt.KeyboardModifier.AltModifier) or (not keys and not self._view.studio.player.stepping)
        if key in (Key.Key_Return, Key.Key_Enter):
            return self.ports is not None and not keys
        if self._types_number(event):
            return True
        return key == Key.Key_Escape and self._escapes()

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key means. Return whether it meant anything."""
        key, keys = event.key(), event.modifiers()
        shift, alt = bool(keys & Qt.KeyboardModifier.ShiftModifier), bool(keys & Qt.KeyboardModifier.AltModifier)
        if key in ARROWS:
            return self._arrow(ARROWS[key], shift, alt)
        if self._types_number(event):
            return self._type_number(event.text())
        if key == Key.Key_P and not keys:
            return self._start_ports()
        if key in (Key.Key_Return, Key.Key_Enter) and not keys:
            return self._enter()
        if key == Key.Key_Escape:
            return self.escape()
        return False

    def _arrow(self, way: Way, shift: bool, alt: bool) -> bool:
        if alt:
            by = FAR_NUDGE if shift else 1
            nudge(self._view, NUDGES[way][0] * by, NUDGES[way][1] * by)
            return True
        if self._view.studio.player.stepping or shift:
            return False
        if self.ports is not None:
            self._step_port(1 if way in ("right", "down") else -1)
        else:
            here = self.here()
            self.go(next_node(self._view.canvas, None, 1) if here is None else along(self._view.canvas, here, way))
        return True

    def tab(self, step: int) -> None:
        """Go to the next node; in port mode to the next port."""
        if self.ports is not None:
            self._step_port(step)
        else:
            self.next(step)

    def next(self, step: int) -> None:
        """Go to the next node in order."""
        self.go(next_node(self._view.canvas, self.here(), step))

    def here(self) -> NodeId | None:
        """Return the node that the keyboard is on: the one selected, else the focused one."""
        canvas = self._view.canvas
        here = self._view.studio.primary or canvas.focused_node
        return here if here in canvas.nodes else None

    def go(self, node: NodeId | None) -> None:
        """Put the keyboard on a node, select it, bring it into view, and say what it is."""
        if node is None:
            return
        self._view.studio.select((node,))
        self._view.canvas.set_focus(node)
        self._view.reveal(node, 0.03)
        self._say(spoken(self._view.canvas.context, self._view.canvas.face(node)))

    def _enter(self) -> bool:
        if self.ports is not None:
            if self.ports.enter():
                self._leave_ports()
            else:
                self._view.studio.notify(HOLDING)
                self._show_port()
            return True
        here = self.here()
        if here is not None and self._view.canvas.face(here).kind != "scissors":
            self._view.edit_value(here)
            return True
        return False

    # ------------------------------------------------------------ ports
    def _start_ports(self) -> bool:
        here = self.here()
        if here is None or self._view.canvas.face(here).kind == "scissors":
            return False
        self.ports = PortWalk(self._view, here)
        self._view.canvas.set_focus(here)
        self._view.studio.notify(PORTS)
        self._show_port()
        return True

    def _types_number(self, event: QKeyEvent) -> bool:
        """Say whether a key begins a number for the input that the keyboard stands on."""
        at = self.ports.at if self.ports is not None and self.ports.held is None else None
        return (
            at is not None and at.path is not None and event.text() in NUMBERS and not isinstance(self.ports and self.ports.operand(), Ref)
        )

    def _type_number(self, typed: str) -> bool:
        at = self.ports.at if self.ports is not None else None
        if at is not None and at.path is not None:
            self._leave_ports()
            self._view.edit_literal(at.node, at.path, typed)
        return True

    def _step_port(self, by: int) -> None:
        if self.ports is not None:
            self.ports.step(by)
            self._show_port()

    def _show_port(self) -> None:
        if self.ports is not None and self.ports.at is not None:
            if self.ports.held is None:
                self._view.studio.select((self.ports.selected(),))
            self._view.reveal(self.ports.at.node, 0.03)
            self._say(self.ports.words())
        self._view.canvas.gesture_item.show_gesture(PortMarks(self._view, self.ports) if self.ports is not None else None)

    def _leave_ports(self) -> None:
        ports, self.ports = self.ports, None
        if ports is not None and self._view.studio.notice in (PORTS, HOLDING):
            self._view.studio.notify("")
        self._show_port()

    # ------------------------------------------------------------ leaving
    def _escapes(self) -> bool:
        return self._view.gesture is not None or self.ports is not None or bool(self._view.studio.selection)

    def escape(self) -> bool:
        """Leave the gesture, else port mode, else the selection. Return whether there was anything to leave."""
        if self._view.gesture is not None:
            self._view.finish_gesture()
        elif self.ports is not None:
            self._leave_ports()
        elif self._view.studio.selection and not self._view.studio.player.stepping:
            self._view.studio.select(())
            self._view.canvas.set_focus(None)
        else:
            return False
        return True

    def pointer_took_over(self) -> None:
        """Take the keyboard's marks away: the pointer is used."""
        self._view.canvas.set_focus(None)
        if self.ports is not None:
            self._leave_ports()

    def follow(self) -> None:
        """Leave ports that an edit may have moved."""
        if self.ports is not None:
            self._leave_ports()

    def follow_selection(self) -> None:
        """Take the ring away from a node when another one was selected, by whatever means."""
        primary, canvas = self._view.studio.primary, self._view.canvas
        if primary is not None and canvas.focused_node not in (None, primary):
            canvas.set_focus(None)

    def _say(self, words: str) -> None:
        self._view.setAccessibleDescription(words)
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleEvent(self._view, QAccessible.Event.DescriptionChanged))


class PortMarks:
    """Draws the port that the keyboard is on, and the wire from the one it holds."""

    cursor = Qt.CursorShape.ArrowCursor
    pans = False
    over = True

    def __init__(self, view: CanvasView, ports: PortWalk) -> None:
        self._view = view
        self._ports = ports

    def move(self, at: Pointer) -> None:
        """The pointer does not matter."""

    def finish(self, at: Pointer) -> None:
        """The pointer does not matter."""

    def cancel(self) -> None:
        """There is nothing to take back."""

    def area(self) -> QRectF:
        """Return the rectangle of ring and wire."""
        points = [self._ports.point(port) for port in (self._ports.at, self._ports.held) if port is not None]
        rect = QRectF()
        for point in points:
            rect = rect.united(QRectF(point.x() - 160, point.y() - 40, 320, 80))
        return rect

    def paint(self, paint: Paint) -> None:
        """Draw a dashed ring, and the wire in violet."""
        here, held = self._ports.at, self._ports.held
        if here is None:
            return
        at = self._ports.point(here)
        if held is not None:
            start, end = (self._ports.point(held), at) if held.path is None else (at, self._ports.point(held))
            paint.painter.setBrush(NO_BRUSH)
            paint.painter.setPen(paint.pen("accent", 2))
            paint.painter.drawPath(path_of(cubic(start, end)))
        paint.rounded(QRectF(at.x() - 11, at.y() - 11, 22, 22), 11, None, "focus", 2, dash=(2, 2))
