"""Docks: what stands round the canvas, how much room each has, and what gives way first where there is little."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from gradstudio.app.panels.rail import Rail
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.drawn import sized

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

CODE_HEIGHT, CODE_SHARE = 306, 0.34  # px; of the right column, where that is low
CANVAS, NARROW = 640, 320  # width that the canvas keeps: docks become rails first; what no dock may take in a small window
WIDE = 1200


class Docks(QObject):
    """Lays the window out: palette or rail, canvas over timeline, inspector over code."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.hidden = False
        self.body = QWidget(window)  # all that stands in the window, made from the top: who gets another parent is dressed anew
        self.columns = QSplitter(Qt.Orientation.Horizontal, self.body)
        self.middle = QSplitter(Qt.Orientation.Vertical, self.columns)
        self.right = QSplitter(Qt.Orientation.Vertical, self.columns)
        self.rail = Rail(window.studio, window)
        self.rail.chosen.connect(self.unfold)
        self.rail.lessons.clicked.connect(partial(window.do, "lessons"))
        self.rail.hide()
        self._narrow = False  # whether the palette would leave the canvas too little
        self.columns.installEventFilter(self)
        self._fill()

    def _fill(self) -> None:
        w = self.window
        for column in (w.palette_panel, self.middle, self.right):
            self.columns.addWidget(column)
        for splitter, widgets in ((self.middle, (w.canvas, w.timeline)), (self.right, (w.inspector, w.under))):
            for widget in widgets:
                splitter.addWidget(widget)
        for splitter in (self.columns, self.middle, self.right):
            splitter.setHandleWidth(0)
            splitter.setChildrenCollapsible(False)
        self.columns.setStretchFactor(1, 1)
        self.middle.setStretchFactor(0, 1)
        self.right.setStretchFactor(0, 1)
        w.canvas.setMinimumWidth(NARROW)
        rows = QVBoxLayout(self.body)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        self.across = QHBoxLayout()  # the rail, and the lessons, may stand left of the columns
        rows.addWidget(w.toolbar)
        rows.addLayout(self.across, 1)
        self.across.addWidget(self.rail)
        self.across.addWidget(self.columns, 1)
        rows.addWidget(w.status)
        w.setCentralWidget(self.body)
        self.reset()

    def reset(self) -> None:
        """Give every dock the size it has in the design."""
        w = self.window
        width, height = max(w.width(), WIDE), max(w.height(), 700)
        left, right = sized(SIZE["leftPanel"], 0).width(), sized(SIZE["rightPanel"], 0).width()
        body = height - w.toolbar.height() - w.status.height()
        bottom, code = sized(0, SIZE["bottomPanel"]).height(), min(sized(0, CODE_HEIGHT).height(), round(CODE_SHARE * body))
        self.columns.setSizes([left, width - left - right, right])
        self.middle.setSizes([body - bottom, bottom])
        self.right.setSizes([body - code, code])

    def set_hidden(self, hidden: bool) -> None:
        """Hide the docks, or show them again."""
        self.hidden = hidden
        self._show_left(self._narrow)
        for dock in (self.right, self.window.timeline):
            dock.setVisible(not hidden)

    # ---- the left dock: palette or rail

    @property
    def folded(self) -> bool:
        """Whether the palette is a rail."""
        return not self.hidden and not self.rail.isHidden()

    def unfold(self, section: str = "") -> None:
        """Show the palette, however narrow the canvas becomes: with the keyboard in its field, or a section open."""
        self._show_left(False)
        self.window.palette_panel.open_section(section)

    def fold(self) -> None:
        """Make a rail of the palette."""
        self._show_left(True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fold the palette when there is too little room for it, and unfold it when there is enough."""
        if watched is self.columns and event.type() == QEvent.Type.Resize:
            room = self.columns.width() + (0 if self.rail.isHidden() else self.rail.width())
            narrow = room < sized(SIZE["leftPanel"] + CANVAS + SIZE["rightPanel"], 0).width()
            if narrow != self._narrow:
                self._narrow = narrow
                self._show_left(narrow)
        return super().eventFilter(watched, event)

    def _show_left(self, folded: bool) -> None:
        self.rail.setVisible(folded and not self.hidden)
        self.window.palette_panel.setVisible(not folded and not self.hidden)

    # ---- the keyboard

    def focus_next(self) -> None:
        """Give the focus to the next dock in turn."""
        w = self.window
        docks: tuple[QWidget, ...] = (w.canvas, w.timeline, w.inspector, w.under, w.palette_panel, self.rail, w.toolbar)
        docks = tuple(d for d in (*docks, *w.lessons.docks) if d.isVisible())
        focused = QApplication.focusWidget()
        now = next((i for i, d in enumerate(docks) if focused is not None and (d is focused or d.isAncestorOf(focused))), -1)
        target = docks[(now + 1) % len(docks)]
        inner = next((c for c in target.findChildren(QWidget) if c.focusPolicy() & Qt.FocusPolicy.TabFocus and c.isVisible()), None)
        chosen = target if target.focusPolicy() & Qt.FocusPolicy.TabFocus or inner is None else inner
        chosen.setFocus(Qt.FocusReason.TabFocusReason)

    # ---- remembering

    def restore(self) -> None:
        """Give every dock the size it had."""
        settings = self.window.studio.settings
        if not settings.state("geometry").isEmpty():
            for name, splitter in self._splitters():
                splitter.restoreState(settings.state(name))

    def remember(self) -> None:
        """Write down the size and place of the window and of its docks."""
        settings = self.window.studio.settings
        settings.set_state("geometry", self.window.saveGeometry())
        for name, splitter in self._splitters():
            settings.set_state(name, splitter.saveState())

    def _splitters(self) -> tuple[tuple[str, QSplitter], ...]:
        return ("columns", self.columns), ("middle", self.middle), ("right", self.right)
