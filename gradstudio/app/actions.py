"""Actions: the table of commands as Qt has them, in the menu bar, in the menu under the mark and in the context menus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QAction, QCursor, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu

from gradstudio.app import menus
from gradstudio.app.canvas.hit import Hit
from gradstudio.document.graph import BlockId

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

NOT_ALONE = (QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.WindowDeactivate)  # Alt is held for these, not tapped
KEYS = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
FIRST_OF = {"node": "Graph", "wire": "Graph", "frame": "Graph", "canvas": "Add"}  # what a place's menu begins with
ASIDE = ("Time",)  # what a node's menu has in a menu of its own: it would be too long
NONE_YET = "No files yet"


class Actions(QObject):
    """`by_id` has the action of each command, once it was filled. Alt alone opens the menu, as the menu bar of other programs is opened."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.block: BlockId | None = None  # whose title it was asked for on
        self.place: QPointF | None = None  # where on the canvas the context menu in hand was asked for
        self.by_id: dict[str, QAction] = {}
        self._behind = True
        self.menu = QMenu(window)
        self.menu.aboutToHide.connect(self._rest_button)
        self.recent = QMenu("Open recent", window)
        self.recent.aboutToShow.connect(self._list_recent)
        self.recent.triggered.connect(self._open_recent)
        window.at_leisure.connect(self.catch_up)

    def fill(self) -> None:
        """Make the actions, when they are first wanted: at leisure, or at a key that comes earlier."""
        if self.by_id:
            return
        bar = self.window.menuBar()
        bar.hide()
        tops = {name: QMenu(name, self.window) for name in menus.MENUS}
        for entry in menus.TABLE:
            menu = tops[entry.menu]
            before = menu.actions()[-1].property("group") if menu.actions() else entry.group
            if before != entry.group:
                menu.addSeparator()
            menu.addAction(self._action(entry))
            if entry.id == "open":
                menu.addMenu(self.recent).setProperty("group", entry.group)
        for top in tops.values():
            bar.addMenu(top)
            self.menu.addMenu(top)
            top.aboutToShow.connect(self.follow)

    def _action(self, entry: menus.Entry) -> QAction:
        action = QAction(entry.text, self.window)
        action.setObjectName(entry.id)
        action.setProperty("group", entry.group)
        action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
        action.setCheckable(entry.checked is not None)
        action.triggered.connect(self._triggered)
        self.window.addAction(action)
        self.by_id[entry.id] = action
        return action

    def _triggered(self) -> None:
        sender = self.sender()
        if isinstance(sender, QAction):
            self.do(sender.objectName())

    def do(self, command: str) -> None:
        """Do a command of the table, if it makes sense now."""
        entry = menus.BY_ID[command]
        if entry.enabled(self.window):
            entry.verb(self.window)
        self.follow()

    def follow_later(self) -> None:
        """Follow when it matters: before a key is looked up, or a menu opens. A drag changes the document sixty times a second."""
        self._behind = True

    def catch_up(self) -> None:
        """Follow, if anything has happened since."""
        if self._behind:
            self.follow()

    def follow(self) -> None:
        """Grey what makes no sense now, tick what is on, and say what undo would take back."""
        self._behind = False
        self.fill()
        for entry in menus.TABLE:
            action = self.by_id[entry.id]
            action.setEnabled(entry.enabled(self.window))
            if entry.checked is not None:
                action.setChecked(entry.checked(self.window))
            if entry.says is not None:
                action.setText(entry.says(self.window))

    # ---- menus

    def show_menu(self) -> None:
        """Open the menu under its button."""
        self.follow()
        button = self.window.toolbar.menu
        self.menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _rest_button(self) -> None:
        """Take the light off the menu's button: while a menu is open nothing tells it that the pointer left."""
        button = self.window.toolbar.menu
        button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, button.rect().contains(button.mapFromGlobal(QCursor.pos())))
        button.update()

    def context_menu(self, place: str) -> QMenu:
        """Return the menu for what is under the pointer: node, wire, frame, block, canvas or backward; only what makes sense there."""
        self.follow()
        menu, before = QMenu(self.window), None
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        aside: dict[str, QMenu] = {}
        for entry in sorted(menus.TABLE, key=lambda e: (e.menu in ASIDE, FIRST_OF.get(place) != e.menu)):
            if place not in entry.places or not entry.enabled(self.window):
                continue
            kind = (entry.menu, entry.group if place == "node" else 0)
            if before not in (None, kind) and (entry.menu not in ASIDE or entry.menu not in aside):
                menu.addSeparator()
            before = kind
            if place == "node" and entry.menu in ASIDE:
                aside.setdefault(entry.menu, QMenu(entry.menu, menu)).addAction(self.by_id[entry.id])
                menu.addMenu(aside[entry.menu])
            else:
                menu.addAction(self.by_id[entry.id])
        return menu

    def show_context(self, at: QPoint, hit: Hit) -> None:
        """Open the context menu for what was hit on the canvas; what it adds goes there."""
        if hit.frame is not None:
            nodes = self.window.studio.graph.nodes.values()
            self.window.studio.select(n.id for n in nodes if n.frame == hit.frame)
        self.block = hit.block
        place = "node" if hit.node else "wire" if hit.wire else "frame" if hit.frame else "block" if hit.block else "canvas"
        menu = self.context_menu(place)
        self.place = hit.pos
        menu.aboutToHide.connect(self._forget_place_soon)
        menu.popup(at)

    def _forget_place_soon(self) -> None:
        QTimer.singleShot(0, self._forget_place)  # the chosen command comes after the menu has gone

    def _forget_place(self) -> None:
        self.place = self.block = None

    def _list_recent(self) -> None:
        self.recent.clear()
        for path in self.window.studio.settings.recent():
            action = self.recent.addAction(Path(path).name.replace("&", "&&"))
            action.setData(path)
            action.setStatusTip(path)
        if self.recent.isEmpty():
            self.recent.addAction(NONE_YET).setEnabled(False)

    def _open_recent(self, action: QAction) -> None:
        self.window.files.open_asking(Path(str(action.data())))

    # ---- Alt

    def alt_pressed(self) -> None:
        """Watch whether Alt is let go with nothing done in between: then the menu opens."""
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the menu when Alt is let go; anything else that happens first calls it off."""
        kind = event.type()
        released = kind == QEvent.Type.KeyRelease
        alt = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Alt
        if released or kind in NOT_ALONE or (kind in KEYS and not alt):
            QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
        if released and alt:
            self.show_menu()
        return False
