"""Header: what the inspector is about. Its name can be typed over, its pin keeps the inspector on it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSignalBlocker, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.inspector.row_widget import LEFT
from gradstudio.app.panels.inspector.rows import Head
from gradstudio.app.studio import Studio
from gradstudio.app.widgets.drawn import Drawn, scaled_font, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton
from gradstudio.app.widgets.inline_field import InlineField
from gradstudio.document.commands.command import Refused, find_node

HEIGHT = 76.0


class Header(Drawn):
    """Glyph, name, remark, chips, pin. F2, Enter or a double click on it renames."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, parent, "panel")
        self.studio = studio
        self.head: Head | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.pin = IconButton(studio, "pin", "Keep the inspector on this node", self)
        self.pin.setCheckable(True)
        self.hide()

    def show_head(self, head: Head | None, pinned: bool) -> None:
        """Show what the inspector is about; nothing for a sheet without a head."""
        with QSignalBlocker(self.pin):
            self.pin.setChecked(pinned)
        self.setFixedHeight(sized(0, HEIGHT).height())
        self._place_pin()
        if head != self.head:
            self.head = head
            self.setVisible(head is not None)
            if head:
                self.setAccessibleName(f"{head.name}, {head.remark}, {', '.join(head.chips)}")
        self.say(head)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the pin at the right."""
        self._place_pin()

    def _place_pin(self) -> None:
        self.pin.resize(self.pin.sizeHint())
        side, scale = self.pin.width(), ui_scale()
        self.pin.move(self.width() - round(22 * scale) - side // 2, round(26 * scale) - side // 2)

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the glyph, the words and the chips."""
        head = self.head
        if head is None:
            return
        if head.symbol:
            paint.op_glyph(LEFT + 9, 26, head.symbol)
        else:
            paint.leaf_glyph(LEFT + 9, 26, head.filled)
        used = paint.text(LEFT + 28, 26, head.name, "heading", width=width - LEFT - 80)
        paint.text(LEFT + 28 + used + 10, 26, head.remark, "body", "text3", width=width - LEFT - used - 84)
        x = LEFT
        for words in head.chips:
            x = paint.chip(x, 53, words, "code", height=20).right() + 6
        paint.line(0, 75, width, 75)
        self.draw_focus(paint, QRectF(LEFT - 6, 12, width - LEFT - 34, 28), 6)

    # ------------------------------------------------------------ renaming
    def rename(self) -> None:
        """Let one type another name."""
        if self.head is None or self.head.rename is None:
            return
        scale = ui_scale()
        place = QRectF((LEFT + 24) * scale, 13 * scale, 160 * scale, 26 * scale).toRect()
        field = InlineField(self, "Name", place, scaled_font(self.themed, "bodyStrong"), self.old_name)
        field.done.connect(self._renamed)

    @property
    def old_name(self) -> str:
        """The name that is typed over; "" where the node has none."""
        if self.head is None or self.head.rename is None:
            return ""
        try:
            return find_node(self.studio.document, str(self.head.rename.args[0])).name or ""
        except Refused:
            return ""

    def _renamed(self, words: str | None, step: int) -> None:
        if words is not None and self.head and self.head.rename and words.strip() != self.old_name:
            self.studio.do(self.head.rename.command(self.studio.document, words))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename."""
        self.rename()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Rename on F2 and Enter."""
        if event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.rename()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Draw the focus ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the focus ring away."""
        self.update()
