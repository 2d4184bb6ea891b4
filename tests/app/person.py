"""A person at the window who does anything: verbs of the menus, gestures of the mouse, keys, words typed, edits of the script."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gradstudio.app import menus
from gradstudio.app.main_window import MainWindow
from gradstudio.app.widgets.array_editor import ArrayEditor
from gradstudio.document.codec import dumps, node_tree
from gradstudio.document.fragment import copy
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, operand_at
from gradstudio.document.ids import number
from tests.app.canvas.conftest import NONE, Hand
from tests.document.commands.test_groups import splits_a_frame
from tests.document.commands.test_sequences import Drawing

Do = Callable[[], object]
# What leaves the document, asks in a dialog, or opens another window.
ELSEWHERE = {"new", "open", "save", "save_as", "export", "example_tutorial", "example_accumulation", "example_mlp", "quit", "keys", "about",
             "menu", "theme_system", "theme_light", "theme_dark", "lessons", "run", "stop", "live"}  # fmt: skip
LOOKS = ("View", "Help", "Time")  # menus that change nothing of the document: chosen less often
OPS = ("mul", "add", "exp", "sum", "relu", "matmul", "detach", "add_", "stack", "max", "leaf")
TYPED = ("0.5", "-2", "x", "loss", "1e400", "for", "", "[1, 2]", "w1", "nan")
KEYS = (
    Qt.Key.Key_Tab,
    Qt.Key.Key_P,
    Qt.Key.Key_Return,
    Qt.Key.Key_Escape,
    Qt.Key.Key_Right,
    Qt.Key.Key_Left,
    Qt.Key.Key_Down,
    Qt.Key.Key_1,
)
HELD = (NONE, NONE, NONE, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier)


class Person:
    """Draws what to do next from hypothesis; `do` does one thing."""

    def __init__(self, draw: st.DrawFn, window: MainWindow) -> None:
        self.draw, self.window = draw, window
        self.studio, self.view = window.studio, window.canvas
        self.hand = Hand(self.view)
        verbs = [entry.id for entry in menus.TABLE if entry.id not in ELSEWHERE]
        self.verbs = [verb for verb in verbs if menus.BY_ID[verb].menu not in LOOKS]
        self.looks = [verb for verb in verbs if menus.BY_ID[verb].menu in LOOKS]
        edits = ("undo", "redo", "delete", "group", "ungroup", "enter", "leave_group", "paste", "copy", "duplicate", "no_grad", "detach")
        self.verbs += [*edits, *edits]

    def do(self) -> str:
        """Do one thing; return what it was."""
        often = (self.verb, self.verb, self.click, self.select_some, self.drag_wire, self.command)
        ways = (
            *often, *often, self.look, self.drag_node, self.unplug, self.box, self.scrub, self.type_over, self.press_key, self.add,
            self.select_wire, self.group_and_ungroup, self.copy_and_paste,
        )  # fmt: skip
        done = self.draw(st.sampled_from(ways))()
        self._leave_popups()
        return done

    # ---- what there is

    def node(self) -> str | None:
        nodes = [*self.studio.graph.nodes]
        return self.draw(st.sampled_from(nodes)) if nodes else None

    def amount(self) -> QPointF:
        return QPointF(self.draw(st.integers(-220, 220)), self.draw(st.integers(-220, 220)))

    def held(self) -> Qt.KeyboardModifier:
        return self.draw(st.sampled_from(HELD))

    # ---- verbs and keys

    def verb(self) -> str:
        verb = self.draw(st.sampled_from(self.verbs))
        self.window.do(verb)
        self._type_if_asked()
        return verb

    def look(self) -> str:
        verb = self.draw(st.sampled_from(self.looks))
        self.window.do(verb)
        return verb

    def press_key(self) -> str:
        key = self.draw(st.sampled_from(KEYS))
        keys = self.held()
        QTest.keyClick(self.view, key, keys)
        self._type_if_asked()
        return f"key {key} {keys}"

    def _type_if_asked(self) -> None:
        if self.view.editor.field is not None:
            self.hand.type(self.draw(st.sampled_from(TYPED)))

    def _leave_popups(self) -> None:
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()

    # ---- the mouse

    def click(self) -> str:
        node, keys = self.node(), self.held()
        if node is not None:
            at = self.view.canvas.nodes[node].body.topLeft() + QPointF(self.draw(st.integers(0, 150)), self.draw(st.integers(0, 90)))
            self.hand.press(at, keys)
            self.hand.release(at, keys)
        return f"click {node}"

    def select_some(self) -> str:
        nodes = [*self.studio.graph.nodes]
        chosen = self.draw(st.lists(st.sampled_from(nodes), unique=True, max_size=4)) if nodes else []
        self.studio.select(chosen)
        return f"select {chosen}"

    def select_wire(self) -> str:
        wires = self.studio.graph.wires
        if wires:
            wire = self.draw(st.sampled_from(wires))
            self.studio.select((("wire", wire.target, wire.path),), add=self.draw(st.booleans()))
        return "select a wire"

    def drag_node(self) -> str:
        node = self.node()
        if node is not None:
            start = self.view.canvas.nodes[node].body.topLeft() + QPointF(60, 12)
            self.hand.drag(start, start + self.amount(), self.held())
        return f"drag {node}"

    def drag_wire(self) -> str:
        """From an output to an input of any other node, or the other way round."""
        source, target = self.node(), self.node()
        if source is None or target is None:
            return "no wire to drag"
        canvas = self.view.canvas
        paths = [*canvas.nodes[target].place.inputs] or [None]
        ends = [canvas.nodes[source].port(None), canvas.nodes[target].port(self.draw(st.sampled_from(paths)))]
        if self.draw(st.booleans()):
            ends.reverse()
        self.hand.drag(*ends, self.held())
        return f"wire {source} to {target}"

    def unplug(self) -> str:
        node = self.node()
        paths = (
            []
            if node is None
            else [p for p in self.view.canvas.nodes[node].place.inputs if operand_at(self.studio.graph.nodes[node].inputs, p)]
        )
        if node is not None and paths:
            start = self.view.canvas.nodes[node].port(self.draw(st.sampled_from(paths)))
            self.hand.drag(start, start + self.amount(), self.held())
        return f"unplug {node}"

    def box(self) -> str:
        start = self.view.canvas.content_rect().topLeft() - QPointF(30, 30)
        self.hand.drag(start, start + self.amount() * 4, self.held())
        return "box"

    def scrub(self) -> str:
        node = self.node()
        if node is not None:
            start = self.view.canvas.nodes[node].pos() + QPointF(70, 45)
            self.hand.drag(start, start + QPointF(self.draw(st.integers(-90, 90)), 0))
        return f"scrub {node}"

    def type_over(self) -> str:
        node = self.node()
        if node is not None and self.studio.graph.nodes[node].op != INSTANCE:
            at = QPointF(self.draw(st.integers(4, 140)), self.draw(st.integers(4, 90)))
            self.hand.double_click(self.view.canvas.nodes[node].body.topLeft() + at)
            self._type_if_asked()
            for table in self.window.findChildren(ArrayEditor):
                table.close()
        return f"type over {node}"

    # ---- adding, and what the panels do

    def add(self) -> str:
        op = self.draw(st.sampled_from(OPS))
        self.window.placing.add_item(op, self.view.middle() + self.amount() if self.draw(st.booleans()) else None)
        return f"add {op}"

    def command(self) -> str:
        """One of the document's commands, as a panel would send it."""
        drawing = Drawing(self.draw, self.studio.document, self.studio.new_id)
        made = self.draw(st.sampled_from([*drawing.commands()]))()
        self.studio.do(made)
        return f"{made}"

    # ---- what must lead back, or give the same again

    def group_and_ungroup(self) -> str:
        """Group a stretch of ops that lies together, and ungroup it: the same bytes."""
        before = self.studio.document
        blocks = [ids for ids in before.graph.blocks.values() if ids]
        if self.studio.scope or not blocks:
            return "nothing to group"
        ids = self.draw(st.sampled_from(blocks))
        low = self.draw(st.integers(0, len(ids) - 1))
        chosen = ids[low : self.draw(st.integers(low + 1, len(ids)))]
        if any(before.graph.nodes[n].op == LEAF for n in chosen) or splits_a_frame(before, chosen):
            return "no ops to group"
        self.studio.select(chosen)
        self.window.do("group")
        if self.view.editor.field is not None:
            self.hand.type(self.draw(st.sampled_from(TYPED)))
        assert self.studio.document is not before, self.studio.notice
        self.window.do("ungroup")
        assert dumps(self.studio.document) == dumps(before)
        return f"group and ungroup {chosen}"

    def copy_and_paste(self) -> str:
        """Copy and paste some nodes: the same again, which reads the same outside."""
        nodes = [n.id for n in self.studio.graph.nodes.values() if n.op != INPUT]
        if not nodes:
            return "nothing to copy"
        self.studio.select(self.draw(st.lists(st.sampled_from(nodes), unique=True, min_size=1, max_size=5)))
        copied = copy(self.studio.document, self.studio.selected_nodes).graph.nodes
        before = self.studio.document
        self.window.do("copy")
        self.window.do("paste")
        assert self.studio.document is not before, self.studio.notice
        ids = dict(zip(copied, sorted(self.studio.selected_nodes, key=number), strict=True))
        for old, node in copied.items():
            made = self.studio.graph.nodes[ids[old]]
            assert [ref for _, ref in made.refs()] == [replace(ref, source=ids.get(ref.source, ref.source)) for _, ref in node.refs()]
            same = {"id": "", "inputs": [], "frame": "", "group": ""}
            assert {**node_tree(made), **same} == {**node_tree(node), **same}
        return f"copy and paste {ids}"
