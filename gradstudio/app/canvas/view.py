"""The view: the dot grid, the overlays, hover, and which gesture a press or a key begins. Looking (zoom, pan) is in camera.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from gradstudio.app.canvas.adding import add_node, on_wire
from gradstudio.app.canvas.camera import Camera
from gradstudio.app.canvas.cards import CardDock
from gradstudio.app.canvas.editor import Editor
from gradstudio.app.canvas.empty import paint_empty
from gradstudio.app.canvas.gestures.begin import begun, is_scrubbed
from gradstudio.app.canvas.gestures.edge import EdgeScroll
from gradstudio.app.canvas.gestures.gesture import Gesture, Pointer
from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.canvas.hit import Hit
from gradstudio.app.canvas.keys import Keys
from gradstudio.app.canvas.overlays import Overlays
from gradstudio.app.canvas.still import Still
from gradstudio.app.canvas.tips import tip_at
from gradstudio.app.widgets.card import Card
from gradstudio.app.widgets.catalog import MIME
from gradstudio.app.widgets.plain import tip
from gradstudio.document.graph import INSTANCE, Node, NodeId, NodePath, OperandPath

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio

LOOK_MS = 200  # at rest, before more cells of large tensors are asked for


def as_it_is(node: Node) -> Node | None:
    """Take a new leaf as the palette has it."""
    return node


class CanvasView(Camera):
    """The canvas. Signals ask the window for what is not the canvas's own: the op search, the context menu, play and pause."""

    search_requested = Signal(QPointF, object)  # scene position, LooseWire or None
    menu_requested = Signal(QPoint, object)  # global position, Hit
    table_requested = Signal(str)  # node
    space_tapped = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.gesture: Gesture | None = None
        self.overlays = Overlays(self)
        self.editor = Editor(self)
        self.complete_leaf: Callable[[Node], Node | None] = as_it_is  # the window asks for shape and dtype
        self.dock = CardDock(self)
        self.keys = Keys(self)
        self.still = Still(self)
        self._space_held = self._space_used = False
        self.edge = EdgeScroll(self)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # else Qt fills what the still then covers
        self.viewport().setAutoFillBackground(False)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Canvas")
        self._look_clock = QTimer(self)
        self._look_clock.setSingleShot(True)
        self._look_clock.setInterval(LOOK_MS)
        self._look_clock.timeout.connect(self._look_closer)
        self.moved.connect(self._follow_camera)
        self._move(studio.settings.flag("motion", True))
        self.canvas.numbers.show_numbers(studio.settings.flag("order"))
        studio.changed.connect(self.refresh)
        self.overlays.follow()

    # ------------------------------------------------------------ following
    def refresh(self, change: Change) -> None:
        """Follow the studio."""
        if change.scope:
            self.leave_scope()
        if change.everything and change.file:
            self.canvas.coming = self.level_to_come()
        self.canvas.refresh(change)
        self.canvas.fade.refresh(change)
        if change.selection:
            self.keys.follow_selection()
        if change.everything and change.file:
            self._let_go()
            self.forget_looks()
            self.show_opened()
        elif change.everything:
            self.show_run()
        if change.scope:
            self._let_go()
            self.look_again()
        if change.document is not None or change.everything or change.scope:
            self._look_clock.start()
            self.keys.follow()
            self.dock.follow()
            if len(self.canvas.nodes) < 2:
                self.viewport().update()
        self.overlays.hear(change)

    def _let_go(self) -> None:
        self.finish_gesture()
        self.editor.close()

    def show_order(self, on: bool) -> None:
        """Show where each statement stands in its block, or no longer."""
        self.canvas.numbers.show_numbers(on)
        self.studio.settings.set("order", on)

    def _follow_camera(self) -> None:
        self.dock.follow()
        self.overlays.follow()
        self._look_clock.start()

    def _look_closer(self) -> None:
        """Ask for more cells of the large tensors that are in view."""
        if self.isVisible():
            self.studio.runs.watch_large(self.canvas.large_in(self.visible_rect()))

    def set_motion(self, on: bool) -> None:
        """Let steps travel and the camera glide, or have both at once; remembered."""
        self._move(on)
        self.studio.settings.set("motion", on)

    def _move(self, on: bool) -> None:
        self.canvas.motion, self.canvas.fades = on, not on

    def switch_norms(self) -> None:
        """Colour by sign, or by norm."""
        self.canvas.norms = not self.canvas.norms
        self.canvas.far.forget_hues()
        self.canvas.update()
        self.overlays.follow()

    # ------------------------------------------------------------ what the window calls
    def add_node(self, key: str, pos: QPointF, loose: LooseWire | None = None) -> NodeId | None:
        """Add what a palette key stands for at a canvas position, connected to a loose wire, selected."""
        return add_node(self, key, pos, loose)

    def edit_value(self, node: NodeId) -> None:
        """Type the number of a leaf; of what is more than a number, or is computed, ask for the table."""
        if self.canvas.face(node).editable:
            self.editor.value(node)
        else:
            self.table_requested.emit(node)

    def edit_name(self, node: NodeId) -> None:
        """Type the name of a node."""
        self.editor.name(node)

    def edit_group_name(self, node: NodeId) -> None:
        """Type the name of the group that an instance uses."""
        self.editor.group_name(node)

    def edit_literal(self, node: NodeId, path: OperandPath, typed: str = "") -> None:
        """Type the literal of an operand."""
        self.editor.literal(node, path, typed)

    def place_card(self, card: Card, path: NodePath | None, failed: bool = False) -> None:
        """Dock a card at a node, on its emptiest side, and keep it there; None hides it."""
        self.dock.place(card, path, failed)

    def focus_next(self, step: int) -> None:
        """Put the keyboard on the next node, or the one before."""
        self.keys.next(step)

    # ------------------------------------------------------------ pointer
    def _pointer(self, at: QPointF, keys: Qt.KeyboardModifier) -> Pointer:
        return Pointer(at, self.to_scene(at), keys, self.canvas.hit)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self.gesture is not None:
            event.accept()
            return
        self.keys.pointer_took_over()
        self.hold_still()
        self.still.hasten()
        self._space_used = self._space_held
        self.edge.begin(event.position())
        self._take(begun(self, self._pointer(event.position(), event.modifiers()), event.button(), self._space_held))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, keys = event.position(), event.modifiers()
        if self.gesture is None:
            self._hover(self._pointer(at, keys))
        else:
            self.lead(at, keys)
            self.edge.follow(at, keys)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.gesture is not None and not event.buttons():
            gesture = self.gesture
            self._take(None)
            gesture.finish(self._pointer(event.position(), event.modifiers()))
            self._hover(self._pointer(event.position(), event.modifiers()))
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)
            return
        self.finish_gesture()
        hit = self._pointer(event.position(), event.modifiers()).hit
        if hit.node is None and hit.wire is None and hit.frame is None and hit.comment is None and hit.block is None:
            self.search_requested.emit(hit.pos, None)
        elif hit.node is not None and self.canvas.context.graph.nodes[hit.node].op == INSTANCE:
            self.studio.enter((*self.canvas.scope, hit.node))
        else:
            self.editor.open_at(hit)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = QPointF(event.pos())
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            node = self.studio.primary
            at = self.viewportTransform().map(self.canvas.nodes[node].body.center()) if node in self.canvas.nodes else self.middle_px()
        hit = self._pointer(at, event.modifiers()).hit
        if hit.node is not None and hit.node not in self.studio.selection:
            self.studio.select((hit.node,))
        elif hit.wire is not None:
            self.studio.select((("wire", *hit.wire),))
        self.menu_requested.emit(self.viewport().mapToGlobal(at.toPoint()), hit)
        event.accept()

    def _hover(self, at: Pointer) -> None:
        hit = at.hit
        self.canvas.set_hover(hit.node, hit.wire if hit.node is None else None)
        self.viewport().setCursor(self._cursor(hit))

    def _cursor(self, hit: Hit) -> Qt.CursorShape:
        if self._space_held:
            return Qt.CursorShape.OpenHandCursor
        if hit.part is None or hit.node is None:
            return Qt.CursorShape.ArrowCursor
        if hit.part.kind in ("input", "output"):
            return Qt.CursorShape.CrossCursor
        if hit.part.kind == "switch":
            return Qt.CursorShape.PointingHandCursor
        scrubs = hit.part.kind == "value" and is_scrubbed(self, hit.node)
        return Qt.CursorShape.SizeHorCursor if scrubs else Qt.CursorShape.ArrowCursor

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_tip(event)
            return True
        return super().viewportEvent(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        words = "" if self.gesture is not None else tip_at(self.canvas, self.canvas.hit(self.to_scene(QPointF(event.pos()))))
        QToolTip.showText(event.globalPos(), tip(words), self.viewport())

    def leaveEvent(self, event: QEvent) -> None:
        if self.gesture is None:
            self.canvas.set_hover(None, None)
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turns = event.angleDelta().y() or event.angleDelta().x()
        fine = 0.25 if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 1.0
        if turns:
            self.still.hasten()
            self.hurry()
            self.zoom_by(1.0015 ** (turns * fine), event.position())
        event.accept()

    # ------------------------------------------------------------ the gesture in hand
    def _take(self, gesture: Gesture | None) -> None:
        self.gesture = gesture
        self.edge.stop()
        if gesture is not None:
            self.viewport().setCursor(gesture.cursor)
            self.still.put_off()
        else:
            self.still.finish()
            self.overlays.catch_up()
        self.follow_gesture()

    def lead(self, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        """Lead the gesture in hand to a view position."""
        if self.gesture is not None:
            self.still.hasten()
            self.gesture.move(self._pointer(at, keys))
            self.follow_gesture()
            self.overlays.minimap.follow(self.still.is_put_off())

    def follow_gesture(self) -> None:
        """Draw the gesture where it is now."""
        self.canvas.gesture_item.show_gesture(self.gesture)

    def finish_gesture(self) -> None:
        """Cancel the gesture in hand, if there is one, and look again where it began."""
        if (gesture := self.gesture) is not None:
            self._take(None)
            gesture.cancel()
            self.edge.take_back()

    # ------------------------------------------------------------ keys
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.keys.wants(event):
            event.accept()
            return True
        return super().event(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from node to node; F6 leaves the canvas."""
        self.keys.tab(1 if forward else -1)
        return bool(self.canvas.nodes)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat():
                self._space_held, self._space_used = True, False
                self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif not self.keys.press(event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            tapped, self._space_held = self._space_held and not self._space_used, False
            self.viewport().unsetCursor()
            if tapped:
                self.space_tapped.emit()
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space_held = False
        super().focusOutEvent(event)

    # ------------------------------------------------------------ drops of the palette
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(event.mimeData().hasFormat(MIME))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.setAccepted(event.mimeData().hasFormat(MIME))

    def dropEvent(self, event: QDropEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            key = bytes(event.mimeData().data(MIME).data()).decode(errors="replace")
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            at = self.to_scene(event.position())
            self.add_node(key, at, on_wire(self, key, at))
            event.acceptProposedAction()

    # ------------------------------------------------------------ painting
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.window().testAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen):
            self.canvas.motion = self.canvas.fades = False  # it is drawn for a picture, whatever is set
        self.show_first()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isVisible():
            self.stay_fitted()
        self.overlays.place()
        self.dock.follow()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.canvas.device_ratio != self.viewport().devicePixelRatioF():
            self.follow_zoom()
        with QPainter(self.viewport()) as painter:
            self.still.show(painter, event.region())
            if not self.canvas.nodes:
                paint_empty(painter, self.canvas.theme, QRectF(self.viewport().rect()), self.canvas.device_ratio)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.still.scroll(dx, dy)
        self.viewport().update()

    @property
    def in_motion(self) -> bool:
        """Whether the still will do where nothing has changed: the view is moving, or something is dragged over it."""
        return self.hurried or (self.gesture is not None and self.gesture.over)
