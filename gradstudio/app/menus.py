"""The one table of commands: menus, toolbar, context menus, the command search, shortcuts and their sheet come from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradstudio.app import verbs

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def always(window: MainWindow) -> bool:
    """Hold everywhere."""
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """A command. `places`: the context menus it is in: node, wire, canvas. `group`: entries of a menu between two lines."""

    id: str
    menu: str
    text: str
    verb: Verb
    keys: tuple[str, ...] = ()
    icon: str = ""
    group: int = 0
    enabled: Test = always
    checked: Test | None = None
    places: tuple[str, ...] = ()
    words: str = ""  # synonyms for the search


MENUS = ("File", "Edit", "Add", "Graph", "Run", "Time", "View", "Help")

TABLE: tuple[Entry, ...] = (
    Entry("new", "File", "New", verbs.new, ("Ctrl+N",), "plus"),
    Entry("open", "File", "Open…", verbs.open_file, ("Ctrl+O",), "folder-open"),
    Entry("save", "File", "Save", verbs.save, ("Ctrl+S",), "arrow-down-to-line", 1),
    Entry("save_as", "File", "Save as…", verbs.save_as, ("Ctrl+Shift+S",), group=1),
    Entry("export", "File", "Export as PyTorch…", verbs.export, ("Ctrl+E",), "code", 2, words="python code"),
    Entry("copy_code", "File", "Copy the PyTorch program", verbs.copy_code, ("Ctrl+Shift+C",), "copy", 2),
    Entry("example_tutorial", "File", "Example: tutorial", verbs.example("tutorial"), icon="graduation-cap", group=3),
    Entry("example_accumulation", "File", "Example: why gradients add up", verbs.example("accumulation"), icon="graduation-cap", group=3),
    Entry("quit", "File", "Quit", verbs.quit_window, ("Ctrl+Q",), group=4),
    Entry("undo", "Edit", "Undo", verbs.undo, ("Ctrl+Z",), "undo-2", enabled=verbs.can_undo),
    Entry("redo", "Edit", "Redo", verbs.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo-2", enabled=verbs.can_redo),
    Entry("cut", "Edit", "Cut", verbs.cut, ("Ctrl+X",), group=1, enabled=verbs.has_nodes, places=("node",)),
    Entry("copy", "Edit", "Copy", verbs.copy, ("Ctrl+C",), "copy", 1, verbs.has_nodes, places=("node",)),
    Entry("paste", "Edit", "Paste", verbs.paste, ("Ctrl+V",), group=1, places=("canvas",)),
    Entry("duplicate", "Edit", "Duplicate", verbs.duplicate, ("Ctrl+D",), group=1, enabled=verbs.has_nodes, places=("node",)),
    Entry("delete", "Edit", "Delete", verbs.delete, ("Del", "Backspace"), "x", 1, verbs.has_selection, places=("node", "wire")),
    Entry("select_all", "Edit", "Select all", verbs.select_all, ("Ctrl+A",), group=2),
    Entry("rename", "Edit", "Rename", verbs.rename, ("F2",), "type", 2, verbs.has_one_node, places=("node",)),
    Entry("add", "Add", "Add a node…", verbs.add, ("A", "Shift+A"), "plus", places=("canvas",)),
    Entry("add_leaf", "Add", "Leaf…", verbs.add_leaf, icon="leaf", group=1, places=("canvas",), words="tensor parameter constant"),
    Entry("add_check", "Add", "Assert close", verbs.add_assert, icon="equal-approximately", group=1, words="check test teacher"),
    Entry("add_block", "Add", "New block", verbs.add_block, icon="box", group=2),
    Entry(
        "requires_grad",
        "Graph",
        "requires_grad",
        verbs.toggle_requires_grad,
        ("G",),
        "leaf",
        0,
        verbs.has_leaves,
        verbs.all_require_grad,
        ("node",),
    ),
    Entry(
        "retain_grad", "Graph", "retain_grad()", verbs.toggle_retain_grad, ("R",), "pin", 0, verbs.has_ops, verbs.all_retain_grad, ("node",)
    ),
    Entry("detach", "Graph", "Detach the wire", verbs.detach, ("D",), "scissors", 0, verbs.has_wire, places=("wire",)),
    Entry("no_grad", "Graph", "Frame with no_grad", verbs.no_grad, ("N",), "snowflake", 0, verbs.has_nodes, verbs.in_frame, ("node",)),
    Entry("grad_enabled", "Graph", "grad enabled", verbs.toggle_grad_enabled, icon="zap", checked=verbs.grad_is_enabled),
    Entry(
        "zero", "Graph", "zero_() the .grad of the selection", verbs.zero_selected, ("Z",), "eraser", 1, verbs.has_leaves, places=("node",)
    ),
    Entry("zero_all", "Graph", "zero_() every .grad", verbs.zero_all, ("Shift+Z",), "eraser", 1),
    Entry("swap", "Graph", "Swap inputs", verbs.swap_inputs, ("Alt+S",), "shuffle", 2, verbs.has_one_node, places=("node",)),
    Entry("bypass", "Graph", "Bypass", verbs.bypass, ("Ctrl+B",), "forward", 2, verbs.has_one_node, places=("node",)),
    Entry("connect", "Graph", "Connect the selected nodes", verbs.connect_selected, ("J",), "spline", 2, verbs.has_two_nodes),
    Entry("collapse", "Graph", "Collapse", verbs.collapse, ("C",), "minus", 3, verbs.has_nodes, verbs.all_collapsed, ("node",)),
    Entry("arrange", "Graph", "Arrange the selection", verbs.arrange, ("L",), "grid-2x2", 3, verbs.has_nodes),
    Entry("arrange_all", "Graph", "Arrange all", verbs.arrange_all, ("Shift+L",), "grid-2x2", 3, places=("canvas",), words="tidy layout"),
    Entry("run", "Run", "Run", verbs.run, ("Ctrl+Return", "Ctrl+Enter"), "play"),
    Entry("stop", "Run", "Stop", verbs.stop, icon="x", enabled=verbs.is_running),
    Entry("live", "Run", "Live", verbs.toggle_live, ("Ctrl+L",), "zap", checked=verbs.is_live),
    Entry("backward", "Run", "Backward from the root", verbs.backward, ("Shift+B",), "arrow-left", 1),
    Entry(
        "backward_from",
        "Run",
        "Backward from the selected node",
        verbs.backward_from,
        ("B",),
        "arrow-left",
        1,
        verbs.has_one_node,
        places=("node",),
    ),
    Entry(
        "backward_again", "Run", "Backward once more", verbs.backward_again, icon="arrow-left", group=1, words="twice second again error"
    ),
    Entry("forward", "Run", "Forward again", verbs.forward_again, icon="arrow-right", group=1),
    Entry("start_over", "Run", "Start over", verbs.start_over, icon="rotate-ccw", group=2, words="clear the script"),
    Entry("first", "Time", "First step", verbs.first, ("Home",), "chevron-first"),
    Entry("back", "Time", "Step back", verbs.step_back, ("Shift+F10",), "chevron-left"),
    Entry("play", "Time", "Play or pause", verbs.play, (), "play", checked=verbs.is_playing),
    Entry("step", "Time", "Step", verbs.step, ("F10",), "chevron-right"),
    Entry("last", "Time", "Last step", verbs.last, ("End",), "chevron-last"),
    Entry("call_back", "Time", "Back by call", verbs.call_back, ("Ctrl+Left",), group=1),
    Entry("call_on", "Time", "Forward by call", verbs.call_on, ("Ctrl+Right",), group=1),
    Entry("leave", "Time", "Leave the step", verbs.leave, ("Escape",), group=1),
    Entry("by_op", "Time", "Step by op", verbs.toggle_unit, group=2, checked=verbs.steps_by_op),
    Entry("slower", "Time", "Slower", verbs.slower, icon="timer", group=2),
    Entry("faster", "Time", "Faster", verbs.faster, icon="timer", group=2),
    Entry("search", "View", "Search ops, nodes and commands…", verbs.search, ("Ctrl+K", "Ctrl+P"), "search"),
    Entry("find", "View", "Find in the graph…", verbs.find, ("Ctrl+F",), "search"),
    Entry("fit", "View", "Fit the selection", verbs.fit, ("F",), "focus", 1),
    Entry("fit_all", "View", "Fit all", verbs.fit_all, ("Shift+F",), "maximize", 1, places=("canvas",)),
    Entry("zoom_reset", "View", "100 %", verbs.zoom_reset, ("Ctrl+0",), group=1),
    Entry("zoom_in", "View", "Zoom in", verbs.zoom_in, ("Ctrl++", "Ctrl+="), "plus", 1),
    Entry("zoom_out", "View", "Zoom out", verbs.zoom_out, ("Ctrl+-",), "minus", 1),
    Entry(
        "theme_system",
        "View",
        "Follow the system's colours",
        verbs.theme("system"),
        icon="contrast",
        group=2,
        checked=verbs.is_theme("system"),
    ),
    Entry("theme_dark", "View", "Dark", verbs.theme("dark"), icon="contrast", group=2, checked=verbs.is_theme("dark"), words="theme"),
    Entry("theme_light", "View", "Light", verbs.theme("light"), icon="contrast", group=2, checked=verbs.is_theme("light"), words="theme"),
    Entry(
        "full_precision", "View", "Show every digit", verbs.toggle_precision, group=2, checked=verbs.is_full_precision, words="precision"
    ),
    Entry("docks", "View", "Hide docks", verbs.toggle_docks, ("Ctrl+\\",), "panel-left-open", 3, checked=verbs.docks_hidden),
    Entry("next_dock", "View", "Next dock", verbs.next_dock, ("F6",), group=3),
    Entry("reset_layout", "View", "Reset the window's layout", verbs.reset_layout, group=3),
    Entry("menu", "View", "Menu", verbs.show_menu, ("Alt+M",), "menu", 3),
    Entry("keys", "Help", "Keys", verbs.show_keys, ("?", "F1"), "keyboard"),
    Entry("about", "Help", "About GradStudio", verbs.about, icon="info"),
)
BY_ID: dict[str, Entry] = {entry.id: entry for entry in TABLE}
