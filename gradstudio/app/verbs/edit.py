"""Verbs of editing and adding."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradstudio.document.commands.blocks import NewBlock
from gradstudio.document.commands.nodes import DeleteNodes

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def undo(w: MainWindow) -> None:
    w.studio.undo()


def redo(w: MainWindow) -> None:
    w.studio.redo()


def copy(w: MainWindow) -> None:
    w.clipboard.copy()


def cut(w: MainWindow) -> None:
    w.clipboard.copy()
    delete(w)


def paste(w: MainWindow) -> None:
    w.clipboard.paste()
    _show_selected(w)


def duplicate(w: MainWindow) -> None:
    w.clipboard.duplicate()
    _show_selected(w)


def _show_selected(w: MainWindow) -> None:
    for node in reversed(w.studio.selected_nodes):
        w.canvas.reveal(node, 0.0)


def delete(w: MainWindow) -> None:
    studio = w.studio
    wires = tuple((s[1], s[2]) for s in studio.selection if not isinstance(s, str))
    studio.do(DeleteNodes(studio.selected_nodes, wires))


def select_all(w: MainWindow) -> None:
    w.studio.select(w.studio.graph.nodes)


def rename(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.canvas.edit_name(w.studio.primary)


def add(w: MainWindow) -> None:
    w.searching.ops_at_pointer()


def add_leaf(w: MainWindow) -> None:
    w.placing.ask_leaf()


def add_assert(w: MainWindow) -> None:
    w.placing.add_item("assert_close")


def add_block(w: MainWindow) -> None:
    studio = w.studio
    taken = studio.document.graph.blocks
    name = next(n for i in range(1, 1000) if (n := "update" if i == 1 else f"update_{i}") not in taken)
    if studio.do(NewBlock(name, studio.new_id("c"))):
        w.canvas.reveal_rect(w.canvas.canvas.frames.blocks.items[name].rect)
