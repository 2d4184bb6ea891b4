"""MainWindow: the bars, docks and canvas, and what belongs to the window alone: files asked for, drops, its remembered state."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QIcon, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QWidget

from gradstudio.app import menus, theme
from gradstudio.app.actions import Actions
from gradstudio.app.canvas.adding import LEAF_DROP, OP_DROP
from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.canvas.overlay import MARGIN
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.change import Change
from gradstudio.app.clipboard import Clipboard
from gradstudio.app.dialogs import DISCARD, GRAPHS, PROGRAMS, SAVE, Dialogs
from gradstudio.app.docks import Docks
from gradstudio.app.lessons import Lessons
from gradstudio.app.lower_dock import LowerDock
from gradstudio.app.panels.code import CodePanel
from gradstudio.app.panels.inspector.panel import InspectorPanel
from gradstudio.app.panels.palette import PalettePanel
from gradstudio.app.panels.timeline.panel import TimelinePanel
from gradstudio.app.search import SearchPopup
from gradstudio.app.status import StatusBar
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.toolbar import Toolbar
from gradstudio.app.widgets import catalog
from gradstudio.app.widgets.error_card import ErrorCard
from gradstudio.app.widgets.step_card import StepCard
from gradstudio.code.emit import emit
from gradstudio.document.arrange import below, beside
from gradstudio.document.commands.groups import AddInstance
from gradstudio.document.graph import LEAF, BlockId, GroupId, NodeId
from gradstudio.io import reader
from gradstudio.io.files import save as save_bytes
from gradstudio.io.refusal import NotSaved, Refusal
from gradstudio.resources import resource

GRID = round(SIZE["grid"])
STEP_KEYS: dict[int, str] = {Qt.Key.Key_Right: "step", Qt.Key.Key_Left: "back"}
VERBS_OF_TILES = {"retain": "retain_grad"}  # the others are called as their tile is


class MainWindow(QMainWindow):
    """`painted` after the first paint; `plots_ready` when the step plots are there."""

    painted = Signal()
    plots_ready = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self._was_painted = False
        self.dialogs = Dialogs(self)
        self.clipboard = Clipboard(studio)
        self.lessons = Lessons(self)
        self.toolbar = Toolbar(studio, self)
        self.palette_panel = PalettePanel(studio, self)
        self.canvas = CanvasView(studio, self)
        self.timeline = TimelinePanel(studio, self)
        self.inspector = InspectorPanel(studio, self)
        self.code = CodePanel(studio, self)
        self.under = LowerDock(studio, self.code, self)
        self.status = StatusBar(studio, self)
        self.cards = (ErrorCard(studio, self.canvas), StepCard(studio, self.canvas, self.canvas.canvas.steps.clock))
        self.docks = Docks(self)
        self.actions_ = Actions(self)
        self._connect()
        self.setAcceptDrops(True)
        self.setWindowIcon(QIcon(str(resource("icons", "gradstudio.svg"))))
        self.resize(1600, 1000)
        self.refresh(Change(everything=True, file=True))
        self._show_cards()
        self.canvas.setFocus()

    # ---- commands

    def do(self, command: str) -> None:
        """Do a command of the menus' table, if it makes sense now."""
        entry = menus.BY_ID[command]
        if entry.enabled(self):
            entry.verb(self)
        self.actions_.follow()

    def show_menu(self) -> None:
        """Open the menu under its button."""
        self.actions_.show_menu()

    def context_menu(self, place: str) -> QMenu:
        """Return the menu for what is under the pointer: node, wire, frame, canvas or backward."""
        return self.actions_.context_menu(place)

    def _show_backward_menu(self, at: QPoint) -> None:
        self.context_menu("backward").popup(at)

    def play_or_pause(self) -> None:
        """Play or pause: the space bar on the canvas."""
        self.do("play")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrows while stepping; open the menu when Alt, pressed alone, is let go."""
        command = STEP_KEYS.get(event.key()) if self.studio.player.stepping and not event.modifiers() else None
        if command is not None:
            self.do(command)
        elif event.key() == Qt.Key.Key_Alt and not event.isAutoRepeat():
            self.actions_.alt_pressed()
        else:
            super().keyPressEvent(event)

    def _connect(self) -> None:
        self.toolbar.wanted.connect(self.do)
        self.palette_panel.chosen.connect(self._palette_chose)
        self.painted.connect(self.palette_panel.describe, Qt.ConnectionType.QueuedConnection)
        self.toolbar.backward.menu_wanted.connect(self._show_backward_menu)
        self.canvas.search_requested.connect(self.search_at)
        self.canvas.menu_requested.connect(self.actions_.show_context)
        self.canvas.table_requested.connect(self.open_table)
        self.canvas.space_tapped.connect(self.play_or_pause)
        self.canvas.complete_leaf = self.dialogs.complete_leaf
        self.timeline.plots_ready.connect(self.plots_ready)
        for card in self.cards:
            card.wanted.connect(self._show_cards)
        self.studio.changed.connect(self.refresh)
        theme.on_system_change(self._system_changed)

    def refresh(self, change: Change) -> None:
        """Follow the file's name and the theme; step keys hold only while stepping."""
        if change.everything or change.file or change.history:
            name = self.studio.path.name if self.studio.path else f"{self.studio.title}.grad"
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
        self.studio.tell(Change(theme=True))

    def _show_cards(self) -> None:
        """Show one card, the error's first, beside the node it is about."""
        shown = False
        for card in self.cards:
            node = card.node
            if node is None or shown:
                self.canvas.place_card(card, None)
            else:
                self.canvas.place_card(card, node, card is self.cards[0])
                shown = True

    # ---- adding nodes

    def _palette_chose(self, key: str) -> None:
        self.add_item(key)

    def add_item(self, key: str, at: QPointF | None = None, loose: LooseWire | None = None) -> None:
        """Add a palette item at a place, or beside what is selected, connected to a loose wire; verbs of the palette do what they say."""
        if key not in catalog.node_keys():
            self.do(VERBS_OF_TILES.get(key, key))
            return
        self.canvas.add_node(key, at if at is not None else self._free(key), loose)

    def _free(self, key: str) -> QPointF:
        """Return where a node goes that no pointer places: a leaf below the leaves, an op right of what is selected."""
        document, near = self.studio.document, self.studio.primary
        if not document.layout.positions:
            return self.canvas.middle()
        if key not in catalog.LEAVES:
            return QPointF(*beside(document, near)) - OP_DROP
        leaves = [n.id for n in self.studio.graph.nodes.values() if n.op == LEAF]
        return QPointF(*below(document, near if near in leaves else leaves[-1] if leaves else None)) - LEAF_DROP

    def choose_block(self, blocks: list[BlockId]) -> None:
        """Ask which block the selection goes to."""
        at = self.actions_.place or self.canvas.middle()
        SearchPopup(self).open_for_blocks(blocks, self.canvas.viewport().mapToGlobal(self.canvas.mapFromScene(at)))

    def use_group(self, group: GroupId, at: QPointF | None) -> None:
        """Use a group once more, at a place of the canvas or beside what is selected."""
        studio, node = self.studio, self.studio.new_id("n")
        place = at if at is not None else QPointF(*beside(studio.document, studio.primary))
        block = studio.graph.block_of.get(studio.primary or "", next(iter(studio.graph.blocks)))
        if studio.do(AddInstance(group, node, block, (round(place.x()), round(place.y())), studio.home)):
            studio.select((node,))
            self.canvas.reveal(node)

    def ask_leaf(self, at: QPointF | None = None) -> None:
        """Ask for a leaf's name, shape, dtype and start value, and add it."""
        self.add_item(LEAF, at or self.actions_.place)

    def open_table(self, node: NodeId) -> None:
        """Show the whole tensor of a node in a table."""
        from gradstudio.app import tables  # only when asked for: it is not there at start

        tables.open_table(self.studio, self, node)

    # ---- search

    def search_everything(self) -> None:
        """Search ops, nodes and commands."""
        corner = self.toolbar.search.mapToGlobal(QPoint(0, 0))
        SearchPopup(self).open_for_all(corner, self.toolbar.search.width())

    def search_nodes(self) -> None:
        """Find nodes of the graph, from the corner of the canvas where the least is."""
        port = self.canvas.viewport()
        SearchPopup(self).open_to_find(port.mapToGlobal(QPoint(port.width() - MARGIN, MARGIN)))

    def search_at_pointer(self) -> None:
        """Search an op to add where the context menu was asked for, else at the pointer, else beside what is selected."""
        self.search_at(self.actions_.place or self.canvas.pointer(), None)

    def search_at(self, at: QPointF | None, loose: object) -> None:
        """Search an op to add at a place of the canvas, or where there is room; with a loose wire, one that it fits."""
        SearchPopup(self).open_at(at, loose)

    # ---- files

    def open_first(self, path: Path | None) -> None:
        """Open what the program was started with; the tutorial where that was nothing."""
        self.canvas.inviting = True
        if path is not None and self.open(path):
            return
        self.open_example("tutorial")

    def open_example(self, name: str) -> None:
        """Open an example as a document without a file."""
        self.studio.show_example(reader.read(resource("examples", f"{name}.grad")), name)

    def open(self, path: Path) -> bool:
        """Open a file; what is not a graph is refused with the reason, and the open document stays."""
        try:
            self.studio.open(path)
        except Refusal as refusal:
            self.dialogs.tell(refusal.message)
            return False
        return True

    def open_asking(self, path: Path) -> None:
        """Open a file once the unsaved changes of this one are saved or let go."""
        if self.may_leave():
            self.open(path)

    def save(self) -> bool:
        """Save; ask where, if the document has no file. Return whether it was saved."""
        return self._saved(self.studio.path) if self.studio.path else self.save_as()

    def save_as(self) -> bool:
        """Ask where, and save there."""
        path = self.dialogs.ask_save(f"{self.studio.title}.grad", GRAPHS, ".grad")
        return self._saved(path) if path else False

    def _saved(self, path: Path) -> bool:
        try:
            self.studio.save_as(path)
        except NotSaved as refusal:
            return self.dialogs.ask_after_failed_save(refusal.message) and self.save_as()
        self.studio.notify(f"Saved {path.name}")
        return True

    def export(self) -> None:
        """Write the PyTorch program to a file."""
        path = self.dialogs.ask_save(f"{self.studio.title}.py", PROGRAMS, ".py")
        if path is None:
            return
        try:
            shown = self.studio.shown
            trace = shown.trace if shown.document is self.studio.document and shown.trace.run else None
            save_bytes(path, emit(self.studio.document, trace=trace).text.encode())
        except NotSaved as refusal:
            self.dialogs.tell(refusal.message)
        else:
            self.studio.notify(f"Exported {path.name}")

    def may_leave(self) -> bool:
        """Ask about unsaved changes. Return whether the document may go."""
        if not self.studio.dirty:
            return True
        answer = self.dialogs.ask_unsaved(self.studio.title)
        return self.save() if answer == SAVE else answer == DISCARD

    # ---- leaving

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved changes, remember the window, end the worker."""
        if not self.may_leave():
            event.ignore()
            return
        self.docks.remember()
        self.studio.close()
        event.accept()

    # ---- drops and the first paint

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a dropped file."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, partial(self.open_asking, paths[0]))  # the program it came from need not wait for an answer

    def event(self, event: QEvent) -> bool:
        """Tell of the first paint, once it is on the screen; know what makes sense now before a key is looked up."""
        if event.type() == QEvent.Type.ShortcutOverride:
            self.actions_.catch_up()
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)
        return handled

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint nothing: the bars and docks cover the window."""
