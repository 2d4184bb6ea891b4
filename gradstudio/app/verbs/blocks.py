"""Verbs of blocks: name, remove, run; move nodes to another; a statement earlier or later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradstudio.document.calls import Forward
from gradstudio.document.commands.blocks import MoveStatement, MoveToBlock, RemoveBlock
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.graph import BlockId

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow


def chosen(w: MainWindow) -> BlockId | None:
    """Return the block whose title the context menu was asked on, else that of the selection."""
    if w.studio.scope:
        return None
    selected = w.studio.selected_nodes
    named = w.actions_.block
    return named or (w.studio.graph.block_of[selected[0]] if selected else None)


def has_block(w: MainWindow) -> bool:
    return chosen(w) is not None and has_several(w)


def has_several(w: MainWindow) -> bool:
    return len(w.studio.document.graph.blocks) > 1


def is_empty(w: MainWindow) -> bool:
    block = chosen(w)
    return has_block(w) and not w.studio.document.graph.blocks.get(block or "")


def can_move(w: MainWindow) -> bool:
    return bool(w.studio.selected_nodes) and not w.studio.scope and has_several(w)


def rename(w: MainWindow) -> None:
    block = chosen(w)
    if block is not None:
        w.canvas.editor.block_name(block)


def remove(w: MainWindow) -> None:
    block = chosen(w)
    if block is not None:
        w.studio.do(RemoveBlock(block))


def run(w: MainWindow) -> None:
    block = chosen(w)
    if block is not None:
        w.studio.do(AppendCall(Forward(id=w.studio.new_id("c"), block=block)))


def move(w: MainWindow) -> None:
    """Ask for the block that the selection goes to; of two there is nothing to ask."""
    here = {w.studio.graph.block_of[n] for n in w.studio.selected_nodes}
    others = [block for block in w.studio.document.graph.blocks if here != {block}]
    if len(others) == 1:
        move_to(w, others[0])
    else:
        w.searching.blocks(others)


def move_to(w: MainWindow, block: BlockId) -> None:
    w.studio.do(MoveToBlock(w.studio.selected_nodes, block))


def earlier(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.studio.do(MoveStatement(w.studio.primary, -1))


def later(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.studio.do(MoveStatement(w.studio.primary, 1))


def toggle_numbers(w: MainWindow) -> None:
    w.canvas.show_order(not w.canvas.canvas.numbers.on)


def numbers_are_shown(w: MainWindow) -> bool:
    return w.canvas.canvas.numbers.on
