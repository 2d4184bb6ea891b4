"""The parts of the timeline that need no run: blocks, tracks, editor, new calls."""

from __future__ import annotations

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QWidget

from gradstudio.app.panels.timeline.blocks import blocks_of, name_in
from gradstudio.app.panels.timeline.call_painting import note_in
from gradstudio.app.panels.timeline.editor import CallEditor, parse_seed
from gradstudio.app.panels.timeline.new_call import again, last_roots, new_call, tracked_leaves
from gradstudio.app.panels.timeline.rows import CallRow, shorter
from gradstudio.app.panels.timeline.tracks import Track, tracked
from gradstudio.app.widgets.switch import Switch
from gradstudio.document.calls import KINDS, Backward, ZeroGrad
from gradstudio.document.commands.blocks import NewBlock
from gradstudio.document.commands.frames import WrapInFrame
from gradstudio.document.commands.nodes import AddNode
from gradstudio.document.commands.script import AppendCall, EditCall, WrapRepeat
from gradstudio.document.graph import Literal, Ref
from gradstudio.session.run import run
from gradstudio.session.trace import Outcome, Span, Step, Trace, Write
from tests.app.conftest import example
from tests.document.making import line, op


def trace_of(*lengths: int) -> Trace:
    """A trace of forwards of these lengths."""
    spans, start = [], 0
    for i, length in enumerate(lengths):
        spans.append(Span("c1", (i,), "forward", start, start + length))
        start += length
    return Trace(1, steps=tuple(Step("op", "c1", (), ("n1",)) for _ in range(start)), spans=tuple(spans))


def test_blocks_are_as_long_as_their_steps():
    blocks = blocks_of(trace_of(10, 30), 400)
    assert [(block.left, block.right) for block in blocks] == [(0, 100), (100, 400)]


def test_blocks_of_less_than_a_pixel_are_merged_and_cover_the_axis():
    blocks = blocks_of(trace_of(*[1] * 5000), 400)
    assert len(blocks) == 1
    assert (blocks[0].left, round(blocks[0].right)) == (0, 400)
    assert blocks[0].span is None


def test_a_name_on_a_block_is_whole_or_its_last_word_or_not_there():
    assert [name_in("backward #2", room, len) for room in (11, 10, 2, 1)] == ["backward #2", "#2", "#2", ""]
    assert [name_in("forward", room, len) for room in (7, 6)] == ["forward", ""]


def test_a_note_gets_shorter_before_it_is_cut():
    note = "x#1.grad None → 12"
    row = CallRow("c1", "backward #1", note=note, shorter=shorter(note, None))
    assert [note_in(row, room, len) for room in (18, 17, 12, 3)] == [note, "x#1.grad → 12", "→ 12", "→ 12"]
    waits = CallRow("c1", "backward #1", note="y has 3 elements", shorter=shorter("", Outcome("waiting", "y has 3 elements")))
    assert [note_in(waits, room, len) for room in (16, 10)] == ["y has 3 elements", "waiting"]


def track(*values: float | None, k: int) -> Track:
    writes = tuple(Write(i + 1, None, value, value, "accumulate", "c1") for i, value in enumerate(values))
    return Track((("n1",), 0), "x.grad", True, writes, k, 0.0, 1.0)


def test_a_level_lasts_until_the_next_write_or_the_playhead():
    assert [(level.start, level.end, level.value) for level in track(1.0, 2.0, k=7).levels()] == [(1, 2, 1.0), (2, 7, 2.0)]
    assert list(track(k=7).levels()) == []


def test_of_many_levels_in_a_pixel_the_last_is_shown():
    levels = list(track(*range(1000), k=1000).levels(0.1))
    assert len(levels) < 110
    assert levels[-1].value == 999


@pytest.mark.parametrize(
    ("words", "value"), [("2", [2.0]), ("[1, 0, −2]", [1.0, 0.0, -2.0]), ("[[1 2] [3 4]]", [1.0, 2.0, 3.0, 4.0]), ("1e-3", [1e-3])]
)
def test_seeds_are_read_as_numbers_and_nested_lists(words, value):
    seed = parse_seed(words)
    assert list(np.ravel(seed.value if isinstance(seed, Literal) else seed)) == pytest.approx(value)


def test_a_leaf_that_is_written_in_place_has_one_track():
    document = AddNode(op("n6", "sub_", "n1", Ref("n1", grad=True)), "update", (0, 400)).apply(NewBlock("update", "c3").apply(line()))
    document = AppendCall(ZeroGrad(id="c4", targets=(Ref("n1"),))).apply(WrapInFrame(("n6",), "no_grad", ("f1",)).apply(document))
    trace = run(document).trace
    assert len(trace.series) == 2
    assert tracked(document, trace) == [(("n1",), 0)]


@pytest.mark.parametrize("words", ["x", "[1, [2]", "[1, 2], 3", "[[1, 2], [3]]", "__import__('os')", "[1"])
def test_what_is_no_seed_is_refused(words):
    assert parse_seed(words) is None


def test_a_new_call_is_about_the_selection_else_about_all_leaves():
    document = example("accumulation")
    ids = iter(f"c{i}" for i in range(100, 200))
    assert new_call("zero_grad", document, ("n2",), lambda _: next(ids)).targets == (Ref("n2"),)
    assert new_call("zero_grad", document, ("n5",), lambda _: next(ids)).targets == (Ref("n1"), Ref("n2"), Ref("n3"))
    assert tracked_leaves(document) == (Ref("n1"), Ref("n2"), Ref("n3"))
    assert last_roots(document) == (Ref("n9"),)
    assert again(document, lambda _: "c100") == Backward(id="c100", roots=(Ref("n9"),))
    assert {new_call(kind, document, (), lambda _: next(ids)).kind for kind in KINDS} == set(KINDS)


# ---- the editor


@pytest.fixture
def editor(qtbot, studio, settle):
    """Opens the editor of a call of the example over a window."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 700)
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    window.show()

    def opened(call_id: str) -> CallEditor:
        made = CallEditor(studio, call_id, window)
        made.open_at(window.rect().bottomLeft())
        return made

    return opened


def field(editor: CallEditor, name: str) -> QWidget:
    return next(w for w in editor.findChildren(QWidget) if w.objectName() == name)


def test_the_graph_is_kept_by_choosing_true(qtbot, editor, studio):
    box = field(editor("c2"), "retain_graph")
    assert isinstance(box, QComboBox)
    assert box.currentText() == "as create_graph"
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert studio.document.call("c2").retain_graph is True
    studio.undo()
    assert studio.document.call("c2").retain_graph is None


def test_create_graph_is_a_switch_and_follows_undo(qtbot, editor, studio):
    opened = editor("c2")
    switch = field(opened, "create_graph")
    assert isinstance(switch, Switch)
    switch.click()
    assert studio.document.call("c2").create_graph
    studio.undo()
    assert not field(opened, "create_graph").isChecked()


def test_a_seed_is_typed(qtbot, editor, studio):
    opened = editor("c2")
    line = field(opened, "seeds")
    assert isinstance(line, QLineEdit)
    line.setText("[2]")
    line.editingFinished.emit()
    assert studio.document.call("c2").seeds[0].tolist() == [2.0]
    line = field(opened, "seeds")
    line.setText("two")
    line.editingFinished.emit()
    assert len(studio.document.call("c2").seeds) == 1
    assert "no number" in studio.notice


def test_targets_are_ticked_off(editor, studio):
    menu = field(editor("c6"), "targets").menu()
    next(action for action in menu.actions() if action.text() == "y").trigger()
    assert studio.document.call("c6").targets == (Ref("n1"), Ref("n3"))


def test_a_chosen_root_is_no_longer_automatic(editor, studio):
    studio.do(EditCall(Backward(id="c7", automatic=True)))
    menu = field(editor("c7"), "roots").menu()
    next(action for action in menu.actions() if action.text() == "loss").trigger()
    call = studio.document.call("c7")
    assert (call.roots, call.automatic) == ((Ref("n9"),), False)


def test_a_field_outlives_the_key_that_changes_its_call(editor, studio):
    studio.do(WrapRepeat(("c7",), 2, studio.new_id("c")))
    repeat = studio.document.script[0].body[-1]
    made = editor(repeat.id)
    box, alive = field(made, "times"), []
    box.valueChanged.connect(lambda: alive.append(shiboken6.isValid(box)))  # after the editor has filled itself anew
    box.setValue(10)
    assert alive == [True]
    assert field(made, "times") is not box
    assert studio.document.script[0].body[-1].times == 10


def test_the_turns_of_a_repeat_are_a_number(editor, studio):
    studio.do(WrapRepeat(("c7",), 2, studio.new_id("c")))
    repeat = studio.document.script[0].body[-1]
    box = field(editor(repeat.id), "times")
    assert isinstance(box, QSpinBox)
    box.setValue(5)
    assert studio.document.script[0].body[-1].times == 5


def test_it_closes_with_escape_and_when_its_call_goes(qtbot, editor, studio):
    opened = editor("c2")
    qtbot.keyClick(opened, Qt.Key.Key_Escape)
    assert not opened.isVisible()
    opened = editor("c7")
    studio.show_example(example("tutorial"), "tutorial")
    qtbot.waitUntil(lambda: not opened.isVisible())
