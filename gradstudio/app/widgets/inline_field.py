"""InlineField: a line that is typed over what is shown, and goes away."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QRect, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class InlineField(QLineEdit):
    """Opens over `rect` of its parent, with the focus. `done(text, step)` comes once.

    `text` is None after Esc; `step` is 1 after Tab, -1 after Shift+Tab, else 0.
    """

    done = Signal(object, int)

    def __init__(self, parent: QWidget, name: str, rect: QRect, font: QFont, old: str, typed: str = "") -> None:
        super().__init__(parent)
        self._under = parent
        self._open = True
        self.setLocale(QLocale.c())
        self.setFont(font)
        self.setAccessibleName(name)
        self.setText(typed or old)
        self.setGeometry(rect)
        self.editingFinished.connect(self._finish)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        if not typed:
            self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives up."""
        if event.key() == Qt.Key.Key_Escape:
            self._close(None, 0)
        else:
            super().keyPressEvent(event)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                event.accept()  # QLineEdit passes it on to what lies under the field, which may open it again

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab finishes."""
        self._close(self.text(), 1 if forward else -1)
        return True

    def _finish(self) -> None:
        self._close(self.text(), 0)

    def _close(self, text: str | None, step: int) -> None:
        if not self._open:
            return
        self._open = False
        if self.hasFocus():
            self._under.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        self.done.emit(text, step)
        self.deleteLater()
