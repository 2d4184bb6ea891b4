"""Blocks in the whole window, by the menus' commands."""

from __future__ import annotations

from gradstudio.app import menus
from gradstudio.document.calls import Forward
from gradstudio.document.codec import dumps


def test_a_new_block_takes_the_selection_and_all_is_undone(window, settle):
    studio, before = window.studio, dumps(window.studio.document)
    assert not menus.BY_ID["move_to_block"].enabled(window)
    window.do("add_block")
    studio.select(("n4",))
    window.do("move_to_block")
    settle()
    assert studio.document.graph.blocks["update"] == ("n4",)
    assert any(isinstance(call, Forward) and call.block == "update" for call in studio.document.calls())
    while studio.can_undo:
        studio.undo()
    assert dumps(studio.document) == before


def test_a_statement_runs_earlier_or_later_or_the_reason_is_said(window):
    studio = window.studio
    studio.select(("n4",))
    window.do("earlier")
    assert studio.notice == "a statement cannot run before what it reads"
    assert not studio.can_undo


def test_an_empty_block_is_removed_from_its_title(window):
    window.do("add_block")
    window.actions_.block = "update"
    assert [action.objectName() for action in window.context_menu("block").actions() if action.objectName()] == [
        "rename_block",
        "run_block",
        "remove_block",
    ]
    window.do("remove_block")
    assert list(window.studio.document.graph.blocks) == ["main"]


def test_order_numbers_are_a_switch_of_the_view(window):
    assert not menus.BY_ID["order"].checked(window)
    window.do("order")
    assert menus.BY_ID["order"].checked(window)
    assert window.canvas.canvas.numbers.isVisible()
    assert not window.studio.can_undo
    window.do("order")
