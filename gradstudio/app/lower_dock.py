"""LowerDock: the place under the inspector. The program stands there, until the step list or the ledger is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from gradstudio.app.panels.code import CodePanel

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

CODE, STEPS, LEDGER = "code", "steps", "ledger"


class LowerDock(QStackedWidget):
    """Panels but the program are made when they are first asked for."""

    def __init__(self, studio: Studio, code: CodePanel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.panels: dict[str, QWidget] = {CODE: code}
        self.shown = CODE
        self.addWidget(code)

    def sizeHint(self) -> QSize:
        """Return the size of the program."""
        return self.panels[CODE].sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return what the panel on show needs."""
        return self.panels[self.shown].minimumSizeHint()

    def show_panel(self, name: str) -> None:
        """Show a panel, and give it the focus unless it is the program."""
        if name not in self.panels:
            self.panels[name] = self._made(name)
            self.addWidget(self.panels[name])
        self.shown = name
        self.setCurrentWidget(self.panels[name])
        if name != CODE:
            self.panels[name].setFocus(Qt.FocusReason.OtherFocusReason)

    def toggle(self, name: str) -> None:
        """Show a panel, or the program in its place."""
        self.show_panel(CODE if self.shown == name else name)

    def _made(self, name: str) -> QWidget:
        from gradstudio.app.panels.ledger.panel import LedgerPanel  # not needed before someone asks: the window starts faster
        from gradstudio.app.panels.steps.panel import StepsPanel

        panel = StepsPanel(self.studio, self) if name == STEPS else LedgerPanel(self.studio, self)
        panel.closed.connect(self._show_code)
        return panel

    def _show_code(self) -> None:
        self.show_panel(CODE)
