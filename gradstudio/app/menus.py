"""The one table of commands: menus, toolbar, context menus, the command search, shortcuts and their sheet come from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from gradstudio.app.verbs import blocks, edit, file, graph, groups, lessons, running, stepping, time, view, when

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def always(window: MainWindow) -> bool:
    """Hold everywhere."""
    return True


class Entry(Struct, frozen=True):
    """A command. `places`: its context menus: node, wire, frame, canvas, backward. `group`: entries of a menu between two lines."""

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
    says: Callable[[MainWindow], str] | None = None  # its text in the menu now, where that differs


MENUS = ("File", "Edit", "Add", "Graph", "Run", "Time", "View", "Help")

TABLE: tuple[Entry, ...] = (
    Entry("new", "File", "New", file.new, ("Ctrl+N",), "plus"),
    Entry("open", "File", "Open…", file.open_file, ("Ctrl+O",), "folder-open"),
    Entry("save", "File", "Save", file.save, ("Ctrl+S",), "arrow-down-to-line", 1),
    Entry("save_as", "File", "Save as…", file.save_as, ("Ctrl+Shift+S",), group=1),
    Entry("export", "File", "Export as PyTorch…", file.export, ("Ctrl+E",), "code", 2, words="python code"),
    Entry("copy_code", "File", "Copy the PyTorch program", file.copy_code, ("Ctrl+Shift+C",), "copy", 2),
    Entry("example_tutorial", "File", "Example: tutorial", file.example("tutorial"), icon="graduation-cap", group=3),
    Entry("example_accumulation", "File", "Example: why gradients add up", file.example("accumulation"), icon="graduation-cap", group=3),
    Entry("example_mlp", "File", "Example: an MLP and one step of SGD", file.example("mlp"), icon="graduation-cap", group=3),
    Entry("quit", "File", "Quit", file.quit_window, ("Ctrl+Q",), group=4),
    Entry("undo", "Edit", "Undo", edit.undo, ("Ctrl+Z",), "undo-2", enabled=when.can_undo, says=when.undo_says),
    Entry("redo", "Edit", "Redo", edit.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo-2", enabled=when.can_redo, says=when.redo_says),
    Entry("cut", "Edit", "Cut", edit.cut, ("Ctrl+X",), group=1, enabled=when.has_nodes, places=("node",)),
    Entry("copy", "Edit", "Copy", edit.copy, ("Ctrl+C",), "copy", 1, when.has_nodes, places=("node",)),
    Entry("paste", "Edit", "Paste", edit.paste, ("Ctrl+V",), group=1, places=("canvas",)),
    Entry("duplicate", "Edit", "Duplicate", edit.duplicate, ("Ctrl+D",), group=1, enabled=when.has_nodes, places=("node", "frame")),
    Entry("delete", "Edit", "Delete", edit.delete, ("Del", "Backspace"), "x", 1, when.has_selection, places=("node", "wire", "frame")),
    Entry("select_all", "Edit", "Select all", edit.select_all, ("Ctrl+A",), group=2, places=("canvas",)),
    Entry("rename", "Edit", "Rename", edit.rename, ("F2",), "type", 2, when.has_one_node, places=("node",)),
    Entry("add", "Add", "Add a node…", edit.add, ("A", "Shift+A"), "plus", places=("canvas",)),
    Entry("add_leaf", "Add", "Leaf…", edit.add_leaf, icon="leaf", group=1, places=("canvas",), words="tensor parameter constant"),
    Entry("add_check", "Add", "Assert close", edit.add_assert, icon="equal-approximately", group=1, words="check test teacher"),
    Entry("add_block", "Add", "New block", edit.add_block, icon="box", group=2),
    Entry(
        "requires_grad",
        "Graph",
        "requires_grad",
        graph.toggle_requires_grad,
        ("G",),
        "leaf",
        0,
        when.has_leaves,
        when.all_require_grad,
        ("node",),
    ),
    Entry(
        "retain_grad", "Graph", "retain_grad()", graph.toggle_retain_grad, ("R",), "pin", 0, when.has_ops, when.all_retain_grad, ("node",)
    ),
    Entry(
        "detach",
        "Graph",
        "Detach",
        graph.detach,
        ("D",),
        "scissors",
        0,
        when.has_wire_or_node,
        places=("wire", "node"),
        words="wire stop gradient",
    ),
    Entry(
        "no_grad", "Graph", "Frame with no_grad", graph.no_grad, ("N",), "snowflake", 0, when.has_nodes, when.in_frame, ("node", "frame")
    ),
    Entry("grad_enabled", "Graph", "grad enabled", graph.toggle_grad_enabled, icon="zap", checked=when.grad_is_enabled),
    Entry(
        "zero",
        "Graph",
        "zero_() the .grad of the selection",
        graph.zero_selected,
        ("Z",),
        "eraser",
        1,
        when.has_leaves_outside,
        places=("node",),
    ),
    Entry("zero_all", "Graph", "zero_() every .grad", graph.zero_all, ("Shift+Z",), "eraser", 1),
    Entry("swap", "Graph", "Swap inputs", graph.swap_inputs, ("Alt+S",), "shuffle", 2, when.has_one_node, places=("node",)),
    Entry("bypass", "Graph", "Bypass", graph.bypass, ("Ctrl+B",), "forward", 2, when.has_one_node, places=("node",)),
    Entry(
        "connect", "Graph", "Connect the selected nodes", graph.connect_selected, ("J",), "spline", 2, when.has_two_nodes, places=("node",)
    ),
    Entry(
        "group", "Graph", "Group the selection", groups.group, ("Ctrl+G",), "layers", 3, when.has_ops, places=("node",), words="function"
    ),
    Entry("ungroup", "Graph", "Ungroup", groups.ungroup, ("Ctrl+Shift+G",), "ghost", 3, groups.has_instance, places=("node",)),
    Entry(
        "enter", "Graph", "Enter the group", groups.enter, ("PgDown",), "focus", 3, groups.has_way_in, places=("node",), words="inside open"
    ),
    Entry("leave_group", "Graph", "Leave the group", groups.leave, ("PgUp",), "frame", 3, groups.is_inside, places=("canvas", "node")),
    Entry("rename_group", "Graph", "Rename the group", groups.rename_group, (), "type", 3, groups.has_instance, places=("node",)),
    Entry("make_unique", "Graph", "Make this use unique", groups.make_unique, (), "copy", 3, groups.is_shared, places=("node",)),
    Entry("add_input", "Graph", "Add an input to the group", groups.add_input, (), "plus", 3, groups.is_inside, places=("canvas",)),
    Entry(
        "toggle_output",
        "Graph",
        "Output of the group",
        groups.toggle_output,
        (),
        "arrow-right",
        3,
        groups.can_be_output,
        groups.is_output,
        ("node",),
    ),
    Entry("collapse", "Graph", "Collapse", graph.collapse, ("C",), "minus", 3, when.has_nodes, when.all_collapsed, ("node",)),
    Entry("arrange", "Graph", "Arrange the selection", graph.arrange, ("L",), "grid-2x2", 3, when.has_nodes, places=("frame",)),
    Entry("arrange_all", "Graph", "Arrange all", graph.arrange_all, ("Shift+L",), "grid-2x2", 3, places=("canvas",), words="tidy layout"),
    Entry("move_to_block", "Graph", "Move to another block…", blocks.move, ("M",), "box", 4, blocks.can_move, places=("node", "frame")),
    Entry(
        "earlier",
        "Graph",
        "Run earlier in the block",
        blocks.earlier,
        ("Alt+PgUp",),
        "",
        4,
        when.has_one_node,
        places=("node",),
        words="order",
    ),
    Entry(
        "later", "Graph", "Run later in the block", blocks.later, ("Alt+PgDown",), "", 4, when.has_one_node, places=("node",), words="order"
    ),
    Entry("rename_block", "Graph", "Rename the block", blocks.rename, (), "type", 4, blocks.has_block, places=("block",)),
    Entry("run_block", "Graph", "Run the block once more", blocks.run, (), "arrow-right", 4, blocks.has_block, places=("block",)),
    Entry("remove_block", "Graph", "Remove the empty block", blocks.remove, (), "x", 4, blocks.is_empty, places=("block",)),
    Entry("run", "Run", "Run", running.run, ("Ctrl+Return", "Ctrl+Enter"), "play"),
    Entry("stop", "Run", "Stop", running.stop, icon="x", enabled=when.is_running),
    Entry("live", "Run", "Live", running.toggle_live, ("Ctrl+L",), "zap", checked=when.is_live),
    Entry("backward", "Run", "Backward from the root", running.backward, ("Shift+B",), "arrow-left", 1, places=("backward",)),
    Entry(
        "backward_from",
        "Run",
        "Backward from the selected node",
        running.backward_from,
        ("B",),
        "arrow-left",
        1,
        when.has_one_node_outside,
        places=("node", "backward"),
    ),
    Entry(
        "backward_again",
        "Run",
        "Backward once more",
        running.backward_again,
        icon="arrow-left",
        group=1,
        places=("backward",),
        words="twice second again error",
    ),
    Entry("forward", "Run", "Forward again", running.forward_again, icon="arrow-right", group=1),
    Entry("start_over", "Run", "Start over", running.start_over, icon="rotate-ccw", group=2, words="clear the script"),
    Entry("first", "Time", "First step", time.first, ("Home",), "chevron-first"),
    Entry("back", "Time", "Step back", time.step_back, ("Shift+F10",), "chevron-left"),
    Entry("play", "Time", "Play or pause", time.play, (), "play", checked=when.is_playing),
    Entry("step", "Time", "Step", time.step, ("F10",), "chevron-right"),
    Entry("last", "Time", "Last step", time.last, ("End",), "chevron-last"),
    Entry("call_back", "Time", "Back by call", time.call_back, ("Ctrl+Left",), group=1),
    Entry("call_on", "Time", "Forward by call", time.call_on, ("Ctrl+Right",), group=1),
    Entry("op_back", "Time", "Back by op", stepping.op(-1), ("Shift+Left",), group=1),
    Entry("op_on", "Time", "Forward by op", stepping.op(1), ("Shift+Right",), group=1),
    Entry("leave", "Time", "Leave the step", time.leave, ("Escape",), group=1),
    Entry("run_to", "Time", "Run to here", stepping.run_to_here, ("Ctrl+F10",), "step-forward", 3, when.has_one_node, places=("node",)),
    Entry("back_to", "Time", "Back to here", stepping.back_to_here, ("Ctrl+Shift+F10",), "", 3, when.has_one_node, places=("node",)),
    Entry(
        "who_set",
        "Time",
        "Who set this?",
        stepping.write(False, -1),
        ("W",),
        "circle-help",
        3,
        when.has_one_node,
        places=("node",),
        words="last previous write value",
    ),
    Entry("next_write", "Time", "Next write of the value", stepping.write(False, 1), ("Shift+W",), "", 3, when.has_one_node),
    Entry(
        "who_set_grad",
        "Time",
        "Who set this .grad?",
        stepping.write(True, -1),
        ("E",),
        "circle-help",
        3,
        when.has_one_node,
        places=("node",),
        words="last previous write gradient",
    ),
    Entry("next_grad_write", "Time", "Next write of the .grad", stepping.write(True, 1), ("Shift+E",), "", 3, when.has_one_node),
    Entry("next_nonfinite", "Time", "Next non-finite number", stepping.nonfinite(1), ("I",), group=4, words="nan inf infinity"),
    Entry("last_nonfinite", "Time", "Previous non-finite number", stepping.nonfinite(-1), ("Shift+I",), group=4, words="nan inf infinity"),
    Entry(
        "breakpoint",
        "Time",
        "Breakpoint",
        stepping.toggle_breakpoint,
        ("F9",),
        "target",
        5,
        when.has_selection,
        when.has_breakpoint,
        ("node", "wire"),
    ),
    Entry(
        "breakpoint_grad",
        "Time",
        "Breakpoint on the .grad",
        stepping.toggle_grad_breakpoint,
        ("Shift+F9",),
        "target",
        5,
        when.has_nodes,
        when.has_grad_breakpoint,
        ("node",),
    ),
    Entry("watch", "Time", "Watch the value", view.watch(False), ("K",), "pin", 5, when.has_nodes, when.is_watched(False), ("node",)),
    Entry(
        "watch_grad", "Time", "Watch the .grad", view.watch(True), ("Shift+K",), "pin", 5, when.has_nodes, when.is_watched(True), ("node",)
    ),
    Entry("next_breakpoint", "Time", "To the next breakpoint", stepping.breakpoint_(1), ("F5",), group=5),
    Entry("last_breakpoint", "Time", "To the previous breakpoint", stepping.breakpoint_(-1), ("Shift+F5",), group=5),
    Entry("clear_breakpoints", "Time", "Clear breakpoints", stepping.clear_breakpoints, ("Ctrl+Shift+F9",), "", 5, when.has_any_breakpoint),
    Entry("into", "Time", "Into the next group", stepping.into(1), ("Ctrl+Down",), group=6),
    Entry("over", "Time", "Step over groups", stepping.over(1), ("Ctrl+Shift+Right",), group=6),
    Entry("out", "Time", "Out of the group", stepping.out(1), ("Ctrl+Up",), group=6),
    Entry("into_back", "Time", "Back into the group before", stepping.into(-1), ("Ctrl+Shift+Down",), group=6),
    Entry("over_back", "Time", "Step back over groups", stepping.over(-1), ("Ctrl+Shift+Left",), group=6),
    Entry("out_back", "Time", "Back out of the group", stepping.out(-1), ("Ctrl+Shift+Up",), group=6),
    Entry("turn_on", "Time", "Same step in the next turn", stepping.turn(1), ("Ctrl+PgDown",), group=7, words="loop repeat iteration"),
    Entry("turn_back", "Time", "Same step in the turn before", stepping.turn(-1), ("Ctrl+PgUp",), group=7, words="loop repeat iteration"),
    Entry("by_op", "Time", "Step by op", time.toggle_unit, group=2, checked=when.steps_by_op),
    Entry("slower", "Time", "Slower", time.slower, icon="timer", group=2),
    Entry("faster", "Time", "Faster", time.faster, icon="timer", group=2),
    Entry("search", "View", "Search ops, nodes and commands…", view.search, ("Ctrl+K", "Ctrl+P"), "search"),
    Entry("find", "View", "Find in the graph…", view.find, ("Ctrl+F",), "search"),
    Entry("fit", "View", "Fit the selection", view.fit, ("F",), "focus", 1),
    Entry("fit_all", "View", "Fit all", view.fit_all, ("Shift+F",), "maximize", 1, places=("canvas",)),
    Entry("zoom_reset", "View", "100 %", view.zoom_reset, ("Ctrl+0",), group=1),
    Entry("zoom_in", "View", "Zoom in", view.zoom_in, ("Ctrl++", "Ctrl+="), "plus", 1),
    Entry("zoom_out", "View", "Zoom out", view.zoom_out, ("Ctrl+-",), "minus", 1),
    Entry(
        "fade",
        "View",
        "Fade all but the selection's neighbourhood",
        view.toggle_fade,
        ("H",),
        group=1,
        checked=when.is_fading,
        words="dim highlight isolate upstream downstream",
    ),
    Entry("minimap", "View", "Minimap", view.toggle_minimap, ("Ctrl+M",), "", 1, checked=when.minimap_is_shown, words="map overview"),
    Entry(
        "theme_system",
        "View",
        "Follow the system's colours",
        view.theme("system"),
        icon="contrast",
        group=2,
        checked=when.is_theme("system"),
    ),
    Entry("theme_dark", "View", "Dark", view.theme("dark"), icon="contrast", group=2, checked=when.is_theme("dark"), words="theme"),
    Entry("theme_light", "View", "Light", view.theme("light"), icon="contrast", group=2, checked=when.is_theme("light"), words="theme"),
    Entry("full_precision", "View", "Show every digit", view.toggle_precision, group=2, checked=when.is_full_precision, words="precision"),
    Entry("motion", "View", "Reduced motion", view.toggle_motion, group=2, checked=when.is_still, words="animation accessibility"),
    Entry("steps", "View", "Step list", view.toggle_steps, ("Ctrl+T",), "text", 3, checked=when.steps_are_listed, words="trace print log"),
    Entry("ledger", "View", "Ledger and watches", view.toggle_ledger, ("Ctrl+Shift+T",), "scale", 3, checked=when.ledger_is_shown),
    Entry("order", "View", "Order numbers", blocks.toggle_numbers, group=2, checked=blocks.numbers_are_shown, words="statement sequence"),
    Entry("docks", "View", "Hide docks", view.toggle_docks, ("Ctrl+\\",), "panel-left-open", 3, checked=when.docks_hidden),
    Entry("next_dock", "View", "Next dock", view.next_dock, ("F6",), group=3),
    Entry("reset_layout", "View", "Reset the window's layout", view.reset_layout, group=3),
    Entry("menu", "View", "Menu (Alt)", view.show_menu, ("Alt+M",), "menu", 3),
    Entry("lessons", "Help", "Lessons", lessons.toggle, (), "graduation-cap", checked=lessons.are_shown, words="learn course goals"),
    Entry("keys", "Help", "Keys", view.show_keys, ("?", "F1"), "keyboard"),
    Entry("about", "Help", "About GradStudio", view.about, icon="info"),
)
BY_ID: dict[str, Entry] = {entry.id: entry for entry in TABLE}
