"""MainWindow: the frame in which all else stands. It is on the screen, as a sketch of itself, before that is loaded."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QIcon, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QWidget

from gradstudio.app import theme
from gradstudio.resources import resource

if TYPE_CHECKING:
    from gradstudio.app.actions import Actions
    from gradstudio.app.canvas.view import CanvasView
    from gradstudio.app.change import Change
    from gradstudio.app.clipboard import Clipboard
    from gradstudio.app.dialogs import Dialogs
    from gradstudio.app.docks import Docks
    from gradstudio.app.files import Files
    from gradstudio.app.lessons import Lessons
    from gradstudio.app.lower_dock import LowerDock
    from gradstudio.app.panels.code import CodePanel
    from gradstudio.app.panels.inspector.panel import InspectorPanel
    from gradstudio.app.panels.palette import PalettePanel
    from gradstudio.app.panels.timeline.panel import TimelinePanel
    from gradstudio.app.placing import Placing
    from gradstudio.app.searching import Searching
    from gradstudio.app.status import StatusBar
    from gradstudio.app.studio import Studio
    from gradstudio.app.toolbar import Toolbar
    from gradstudio.app.widgets.error_card import ErrorCard
    from gradstudio.app.widgets.step_card import StepCard

STEP_KEYS: dict[int, str] = {Qt.Key.Key_Right: "step", Qt.Key.Key_Left: "back"}
SIZE = 1600, 1000
OPENING = "Opening…"
LEISURE_MS = 600  # after the first paint with everything in it


class MainWindow(QMainWindow):
    """`painted` after the first paint, and again after the first one with everything in it; `plots_ready` when the step plots are there.

    `at_leisure` when numbers and plots can be expected to be there: then is made what nobody can want as soon as the window is seen.
    """

    painted = Signal()
    at_leisure = Signal()
    plots_ready = Signal()

    studio: Studio
    dialogs: Dialogs
    clipboard: Clipboard
    lessons: Lessons
    files: Files
    placing: Placing
    searching: Searching
    toolbar: Toolbar
    palette_panel: PalettePanel
    canvas: CanvasView
    timeline: TimelinePanel
    inspector: InspectorPanel
    code: CodePanel
    under: LowerDock
    status: StatusBar
    cards: tuple[ErrorCard, StepCard]
    docks: Docks
    actions_: Actions

    def __init__(self, studio: Studio | None = None, parent: QWidget | None = None) -> None:
        """Make the frame; with a studio, furnish it at once."""
        super().__init__(parent)
        self.furnished = False
        self._was_painted = False
        self._named: tuple[str, bool] | None = None  # the file in the title, and whether it has changed
        self.setAcceptDrops(True)
        self.setWindowIcon(QIcon(str(resource("icons", "gradstudio.svg"))))
        self.setWindowTitle("GradStudio")
        self.resize(*SIZE)
        if studio is not None:
            self.furnish(studio)

    def furnish(self, studio: Studio) -> None:
        """Put in all that stands in the window: bars, docks, canvas."""
        from gradstudio.app.furnish import furnish  # nearly all of the program

        furnish(self, studio)
        self.furnished, self._was_painted = True, False
        studio.changed.connect(self.refresh)
        theme.on_system_change(self._system_changed)
        self.canvas.setFocus()
        if self.isVisible():  # what is put into a window on the screen is shown later by itself, and for a moment nothing would be seen
            self.docks.body.show()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)

    # ---- commands

    def do(self, command: str) -> None:
        """Do a command of the menus' table, if it makes sense now."""
        self.actions_.do(command)

    def context_menu(self, place: str) -> QMenu:
        """Return the menu for what is under the pointer: node, wire, frame, canvas or backward."""
        return self.actions_.context_menu(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrows while stepping; open the menu when Alt, pressed alone, is let go."""
        stepping = self.furnished and self.studio.player.stepping and not event.modifiers()
        command = STEP_KEYS.get(event.key()) if stepping else None
        if command is not None:
            self.do(command)
        elif self.furnished and event.key() == Qt.Key.Key_Alt and not event.isAutoRepeat():
            self.actions_.alt_pressed()
        else:
            super().keyPressEvent(event)

    def refresh(self, change: Change) -> None:
        """Follow the file's name and the theme; step keys hold only while stepping."""
        if change.everything or change.file or change.history:
            name = self.studio.path.name if self.studio.path else f"{self.studio.title}.grad"
            if (name, self.studio.dirty) != self._named:
                self._named = name, self.studio.dirty
                self.setWindowTitle(f"{name}[*] — GradStudio")
                self.setWindowModified(self.studio.dirty)
        if change.theme:
            app = QApplication.instance()
            assert isinstance(app, QApplication)
            theme.apply(app, theme.named(self.studio.theme))
            self.update()
        if change.selection or change.document or change.everything or change.mode or change.running:
            self.actions_.follow_later()

    def _system_changed(self) -> None:
        from gradstudio.app.change import Change

        self.studio.tell(Change(theme=True))

    def show_cards(self) -> None:
        """Show one card, the error's first, beside the node it is about."""
        shown = False
        for card in self.cards:
            node = card.node
            if node is None or shown:
                self.canvas.place_card(card, None)
            else:
                self.canvas.place_card(card, node, card is self.cards[0])
                shown = True

    # ---- leaving, and drops

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved changes, remember the window, end the worker."""
        if not self.furnished:
            event.accept()
            return
        if not self.files.may_leave():
            event.ignore()
            return
        self.docks.remember()
        self.studio.close()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if self.furnished and event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a dropped file."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, partial(self.files.open_asking, paths[0]))  # the program it came from need not wait for an answer

    # ---- paint

    def event(self, event: QEvent) -> bool:
        """Tell of the first paint, once it is on the screen; know what makes sense now before a key is looked up."""
        if event.type() == QEvent.Type.ShortcutOverride and self.furnished:
            self.actions_.catch_up()
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)
            if self.furnished:
                QTimer.singleShot(LEISURE_MS, self, self._rest)
        return handled

    def _rest(self) -> None:
        if self.isVisible():
            self.at_leisure.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Sketch what will stand here; once it does, bars and docks cover the window."""
        if not self.furnished:
            painter = QPainter(self)
            sketch(painter, self.rect())
            painter.end()


def sketch(painter: QPainter, rect: QRect) -> None:
    """Paint where the bars, docks and canvas of a window will be."""
    palette, size = QGuiApplication.palette(), theme.SIZE
    left, top, right = round(size["leftPanel"]), round(size["toolbar"]), round(size["rightPanel"])
    under = round(size["bottomPanel"])
    body = rect.adjusted(0, top, 0, -round(size["status"]))
    canvas = body.adjusted(left, 0, -right, -under)
    painter.fillRect(rect, palette.midlight())  # the lines between
    for part in (
        rect.adjusted(0, 0, 0, top - 1 - rect.height()),
        body.adjusted(0, 0, left - 1 - body.width(), 0),
        body.adjusted(body.width() - right + 1, 0, 0, 0),
        body.adjusted(left, canvas.height() + 1, -right, 0),
        rect.adjusted(0, top + body.height() + 1, 0, 0),
    ):
        painter.fillRect(part, palette.window())
    painter.fillRect(canvas, palette.base())
    painter.setPen(palette.placeholderText().color())
    painter.drawText(canvas, Qt.AlignmentFlag.AlignCenter, OPENING)
