"""The whole window: the tutorial lived through, command by command."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gradstudio.app import menus
from gradstudio.document import codec
from gradstudio.document.calls import Backward, ZeroGrad
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.commands.script import AppendCall, EditCall
from gradstudio.document.graph import Ref
from tests.app.conftest import example


def item(studio, label: str, grad: bool = False) -> float | None:
    path, out = studio.shown.labels.by_label(label)
    view = (studio.shown.state.grads if grad else studio.shown.state.tensors).get((path, out))
    return None if view is None else view.item


def value(number: float) -> np.ndarray:
    made = np.array([number], np.float32)
    made.setflags(write=False)
    return made


def test_the_tutorial_opens_with_its_numbers(window):
    assert (item(window.studio, "z"), item(window.studio, "x", True), item(window.studio, "y", True)) == (12.0, 12.0, 4.0)


def test_dragging_x_to_3_moves_every_number_as_one_moment(window, settle):
    studio = window.studio
    gesture = studio.new_gesture()
    for number in np.linspace(2, 3, 21):
        studio.do(SetLeafValue("n1", value(number), gesture))
    settle()
    assert (item(studio, "z"), item(studio, "x", True), item(studio, "y", True)) == (27.0, 18.0, 9.0)
    studio.undo()
    settle()
    assert item(studio, "z") == 12.0
    assert not studio.can_undo


def test_backward_once_more_raises_and_keeping_the_graph_mends_it(window, settle):
    studio = window.studio
    window.do("backward_again")
    settle()
    card = window.cards[0]
    assert card.node == ("n4",)
    assert card.isVisible()
    first = next(c for c in studio.document.calls() if isinstance(c, Backward))
    keep = next(f for f in card.explanation.fixes if "Keep the graph" in f.words)
    for command in keep.commands(studio.new_id):
        studio.do(command)
    settle()
    assert studio.document.call(first.id).retain_graph is True
    assert (item(studio, "x", True), item(studio, "y", True)) == (24.0, 8.0)
    assert not card.isVisible()
    studio.do(AppendCall(ZeroGrad(id=studio.new_id("c"), targets=(Ref("n1"),))))
    settle()
    assert item(studio, "x", True) == 0.0


def test_undo_to_the_start_and_redo_to_the_end_give_the_same_documents(window, settle):
    studio = window.studio
    seen = [studio.document]
    for command in ("backward_again", "zero_all", "select_all", "no_grad", "duplicate", "arrange_all", "delete", "start_over"):
        window.do(command)
        if studio.document is not seen[-1]:
            seen.append(studio.document)
    assert len(seen) > 5
    back = [studio.document]
    while studio.can_undo:
        studio.undo()
        back.append(studio.document)
    assert all(a is b for a, b in zip(back, reversed(seen), strict=True))
    for expected in seen[1:]:
        studio.redo()
        assert studio.document is expected
    settle()


def test_a_saved_document_opens_again_with_the_same_bytes(window, settle, tmp_path: Path):
    studio, path = window.studio, tmp_path / "a.grad"
    window.do("backward_again")
    studio.save_as(path)
    assert not studio.dirty
    first = path.read_bytes()
    assert window.files.open(path)
    settle()
    studio.save()
    assert path.read_bytes() == first == codec.dumps(studio.document)


def test_what_is_not_a_graph_is_refused_and_the_open_document_stays(window, tmp_path: Path, monkeypatch):
    told = []
    monkeypatch.setattr(window.dialogs, "tell", told.append)
    path = tmp_path / "broken.grad"
    path.write_text('{"format": 1}')
    before = window.studio.document
    assert not window.files.open(path)
    assert window.studio.document is before
    assert "broken.grad" in told[0]
    assert "GS-F" in told[0]


def test_the_search_adds_what_was_typed(window, qtbot, settle):
    from PySide6.QtCore import QPointF, Qt

    from gradstudio.app.search import SearchPopup

    popup = SearchPopup(window)
    popup.open_at(QPointF(600, 300), None)
    qtbot.keyClicks(popup.field, "sigm")
    qtbot.keyClick(popup.field, Qt.Key.Key_Return)
    assert [n.op for n in window.studio.document.graph.nodes.values()][-1] == "sigmoid"
    settle()


def test_every_command_has_its_own_keys():
    keys = [k for entry in menus.TABLE for k in entry.keys]
    assert len(keys) == len(set(keys))
    assert {entry.menu for entry in menus.TABLE} == set(menus.MENUS)


ASKING = {"new", "open", "save", "save_as", "export", "quit", "about", "keys", "add_leaf", "search", "find", "add", "menu"}


def test_every_command_can_be_done_on_an_empty_selection_and_on_all(window, settle):
    for entry in menus.TABLE:
        if entry.id in ASKING:
            continue
        window.studio.show_example(example("accumulation"), "accumulation")
        settle()
        window.do(entry.id)
        window.do("select_all")
        window.do(entry.id)
        window.studio.player.pause()
        settle()


def test_retaining_the_graph_by_hand_is_one_moment(window, settle):
    studio = window.studio
    call = next(c for c in studio.document.calls() if isinstance(c, Backward))
    from msgspec.structs import replace

    studio.do(EditCall(replace(call, retain_graph=True)))
    settle()
    assert len(studio._session.history.done) == 1


def test_a_key_finds_a_command_that_makes_sense_since_the_last_edit(window, qtbot, settle):
    from PySide6.QtCore import Qt

    window.activateWindow()
    window.canvas.setFocus()
    assert not window.studio.can_undo
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    window.studio.do(SetLeafValue("n1", value(3.0)))
    settle()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle()
    assert item(window.studio, "z") == 12.0


def test_reduced_motion_is_a_command_and_is_remembered(window):
    assert not menus.BY_ID["motion"].checked(window)
    window.do("motion")
    assert menus.BY_ID["motion"].checked(window)
    assert not window.studio.settings.flag("motion", True)
    window.do("motion")
    assert window.canvas.canvas.motion
