"""A hand at the desk: dialogs, menus and tiles, each found by asking the twin where it lies."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QMenu, QWidget

from gradstudio.app.leaf_form import LeafForm
from gradstudio.app.panels.palette import PalettePanel
from gradstudio.app.widgets.catalog import node_of
from gradstudio.document.graph import LEAF, Graph, NodeId, OperandPath
from tests.xserver.desktop import SIZE, Window
from tests.xserver.twin import Twin

Point = tuple[int, int]
FIT = 115  # px from the left of the zoom box to its last button


def dialog(window: Window, title: str) -> Window:
    """The dialog of that title, once it is the one that keys go to."""
    tool, found = window.desktop.tool, Window(window.desktop, "", window.running, window.log)

    def opened() -> bool:
        found.id = tool("xdotool", "getactivewindow", check=False)
        return bool(found.id) and tool("xdotool", "getwindowname", found.id, check=False) == title

    window.wait(opened, f"the dialog {title!r} opens")
    return found


def back(window: Window) -> None:
    """Wait until keys go to the window again."""
    window.wait(lambda: window.desktop.tool("xdotool", "getactivewindow", check=False) == window.id, "the dialog closes")


def name_file(window: Window, title: str, path: Path) -> None:
    """Type a path into a file dialog, and wait until the window has taken it up."""
    dialog(window, title)
    window.key("ctrl+a")
    window.type(str(path))
    window.key("Return")
    back(window)
    window.wait(lambda: window.title == f"{path.name} — GradStudio", f"{path.name} is the window's file")


@dataclass
class Hand:
    """The mouse on a window, with the twin to tell where things are; typing is for names and numbers."""

    window: Window
    twin: Twin

    # ---- menus

    def choose(self, top: str, command: str) -> None:
        """Choose a command in the menu under the mark."""
        mark, first, second = self._way(top, command)
        self.window.click(*mark)
        self._wait_for_menus(1)
        self.window.click(*first)
        self._wait_for_menus(2)
        self.window.click(*second)

    def _wait_for_menus(self, number: int) -> None:
        """Wait until as many menus are open: each is a window of the program, beside its own."""
        search = ("xdotool", "search", "--onlyvisible", "--pid", self.window.running.pid)
        self.window.wait(lambda: len(self.window.desktop.tool(*search, check=False).split()) == number + 1, f"{number} menus open")

    def _way(self, top: str, command: str) -> tuple[Point, Point, Point]:
        """Where to click: the mark, the menu in its menu, the command in that. The twin's screen is small: only the first menu fits it."""
        window, actions = self.twin.window, self.twin.window.actions_
        actions.show_menu()
        menu = actions.menu
        first, wanted = menu.actions()[0], next(action for action in menu.actions() if action.text() == top)
        beside = self._opened(menu, first).pos() - menu.actionGeometry(first).topLeft()
        second = wanted.menu()
        assert isinstance(second, QMenu)
        spot = second.actionGeometry(actions.by_id[command]).center() + beside + menu.actionGeometry(wanted).topLeft()
        points = window.mapFromGlobal(menu.mapToGlobal(menu.actionGeometry(wanted).center())), window.mapFromGlobal(spot)
        menu.close()
        return self.middle(window.toolbar.menu), plain(points[0]), plain(points[1])

    def _opened(self, menu: QMenu, action: QAction) -> QMenu:
        """The menu of an action of a menu, opened beside it."""
        found = action.menu()
        assert isinstance(found, QMenu)
        menu.setActiveAction(action)
        QTest.keyClick(menu, Qt.Key.Key_Right)
        self.twin.qtbot.waitUntil(found.isVisible)
        return found

    def choose_at(self, at: Point, place: str, command: str) -> None:
        """Right-click, and choose a command in the menu that opens there; the twin has the same selected."""
        self._choose_in(self.twin.window.context_menu(place), self.twin.window.actions_.by_id[command].text(), at)

    def choose_for_calls(self, first: int, last: int, words: str) -> None:
        """Select rows of the script, the last one with Shift, right-click there, and choose a command."""
        calls = self.twin.window.timeline.calls
        self.window.click(*self.on_call(first))
        self.window.click(*self.on_call(last), held="shift")
        for at in range(first, last + 1):
            calls.selectionModel().select(calls.calls.index(at), QItemSelectionModel.SelectionFlag.Select)
        self._choose_in(calls.call_menu(calls.calls.rows[last]), words, self.on_call(last))

    def on_call(self, row: int) -> Point:
        """The middle of a row of the script."""
        calls = self.twin.window.timeline.calls
        return plain(calls.viewport().mapTo(self.twin.window, calls.visualRect(calls.calls.index(row)).center()))

    def _choose_in(self, menu: QMenu, words: str, at: Point) -> None:
        """Right-click at a point, and choose what stands in the menu that opens there, which is as this one of the twin."""
        menu.ensurePolished()
        spot = menu.actionGeometry(next(action for action in menu.actions() if action.text() == words)).center()
        assert at[0] + menu.sizeHint().width() < SIZE[0], "the menu would not open where the pointer is"
        assert at[1] + menu.sizeHint().height() < SIZE[1], "the menu would not open where the pointer is"
        menu.deleteLater()
        self.window.move(*at)
        self.window.desktop.tool("xdotool", "click", 3)
        self._wait_for_menus(1)
        self.window.click(at[0] + spot.x(), at[1] + spot.y())

    # ---- what is pressed

    def middle(self, widget: QWidget) -> Point:
        """The middle of a widget of the window."""
        return plain(widget.mapTo(self.twin.window, widget.rect().center()))

    def press(self, name: str) -> None:
        """Press the button that has this name for screen readers, and take the pointer away."""
        buttons = self.twin.window.findChildren(QAbstractButton)
        self.window.click(*self.middle(next(button for button in buttons if button.accessibleName() == name)))
        self.window.move(SIZE[0] - 1, SIZE[1] - 1)

    def fit(self) -> None:
        """Fit all into the view, here and there."""
        box = self.twin.view.overlays.zoom_box
        self.window.click(*plain(box.mapTo(self.twin.window, QPoint(FIT, box.height() // 2))))
        self.window.move(SIZE[0] - 1, SIZE[1] - 1)

    # ---- adding

    def drop(self, key: str, at: Point) -> None:
        """Drag a tile of the palette to a point of the canvas."""
        panel: PalettePanel = self.twin.window.palette_panel
        tile = next(tile for tile in panel.tiles() if tile.item.key == key)
        self.window.drag(self.middle(tile), at, steps=16, pause=0.03)  # what is dropped is handed over in several messages

    def drop_leaf(self, key: str, at: Point, name: str, value: str) -> None:
        """Drag a leaf's tile to the canvas, and fill its form."""
        self.drop(key, at)
        asked = dialog(self.window, "New leaf")
        form = LeafForm(self.twin.window.studio, node_of(LEAF, "n1", Graph()), self.twin.window)
        form.show()
        for field, words in ((form.name, name), (form.value, value)):
            asked.click(*plain(field.mapTo(form, field.rect().center())))
            self.window.type(words)
        asked.click(*plain(form.ok.mapTo(form, form.ok.rect().center())))
        form.close()
        form.deleteLater()
        back(self.window)

    # ---- what lies on the canvas

    def on_node(self, node: NodeId) -> Point:
        """The middle of a node."""
        return self.twin.point(self.twin.view.canvas.nodes[node].body.center())

    def on_wire(self, target: NodeId, path: OperandPath) -> Point:
        """A point on a wire, in the middle of all that would do."""
        view = self.twin.view
        grid = [view.mapToScene(x, y) for x in range(0, view.viewport().width(), 5) for y in range(0, view.viewport().height(), 5)]
        hits = [at for at in grid if view.canvas.hit(at).wire == (target, path)]
        assert hits, f"there is no wire to point at on input {path} of {target}"
        return self.twin.point(sorted(hits, key=lambda at: at.x())[len(hits) // 2])


def plain(point: QPoint) -> Point:
    """A point as numbers."""
    return point.x(), point.y()
