"""The program beside the graph."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QTextCursor

from gradstudio.app.panels import code
from gradstudio.app.panels.code import CodePanel
from gradstudio.code.emit import emit
from gradstudio.document.calls import Backward
from gradstudio.document.commands.nodes import DeleteNodes, Rename, SetLeafValue
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.graph import Ref
from gradstudio.resources import resource


@pytest.fixture
def panel(qtbot, studio):
    studio.open(resource("examples", "accumulation.grad"))
    made = CodePanel(studio)
    qtbot.addWidget(made)
    made.resize(316, 306)
    made.show()
    qtbot.waitUntil(lambda: studio.shown.trace.end == 63)
    return made


def line_of(panel, start):
    return next(i for i, line in enumerate(panel.program.lines) if line.text.strip().startswith(start))


def text(panel):
    return panel.view.toPlainText()


def settle(panel, qtbot):
    qtbot.waitUntil(lambda: panel.in_sync)


def values_of(panel) -> list[str]:
    """Return what stands beside each line."""
    return [panel.value_of(i) for i in range(len(panel.program.lines))]


def test_the_whole_program_is_shown_and_copied_exactly(panel):
    assert panel.program.text == emit(panel.studio.document).text
    assert text(panel) + "\n" == panel.program.text
    panel.copy.click()
    assert QGuiApplication.clipboard().text() == panel.program.text


def test_values_stand_beside_the_lines_that_compute_them(panel):
    values = dict(zip((line.text.strip() for line in panel.program.lines), values_of(panel), strict=True))
    assert values["z = a * y"] == "12.0"
    assert values["t = y + 8.5"] == "11.5"
    assert values["x = torch.tensor(2., requires_grad=True)"] == ""
    assert values["main()"] == ""


def test_values_follow_the_numbers(panel, studio, qtbot):
    studio.do(SetLeafValue("n1", np.array(3.0, np.float32), 0))
    settle(panel, qtbot)
    assert "x = torch.tensor(3., requires_grad=True)" in text(panel)
    qtbot.waitUntil(lambda: "27.0" in values_of(panel))
    studio.undo()
    settle(panel, qtbot)
    assert "x = torch.tensor(2., requires_grad=True)" in text(panel)


def test_a_line_is_revealed_whether_the_program_was_written_before_the_step_or_after_it(panel, studio, qtbot):
    bar = panel.view.verticalScrollBar()
    panel.resize(320, 200)
    found = []
    for late in (False, True):
        studio.player.go_to(2)
        qtbot.waitUntil(lambda: studio.shown.state.k == 2)
        bar.setValue(0)
        if late:
            panel._emitted = None
            panel.view.current = frozenset()
            panel._lines = {}
        studio.player.go_to(60)
        qtbot.waitUntil(lambda: studio.shown.state.k == 60)
        panel._write_program()
        found.append(bar.value())
    assert found[0] == found[1] > 0


def test_the_line_of_the_selected_node_is_marked(panel, studio):
    studio.select(["n5"])
    assert panel.view.current == {line_of(panel, "z = a * y")}
    studio.select([])
    assert panel.view.current == frozenset()


def test_stepping_marks_the_op_then_the_call(panel, studio, qtbot):
    studio.player.go_to(2)
    qtbot.waitUntil(lambda: studio.shown.state.k == 2)
    assert panel.view.current == {line_of(panel, "z = a * y")}
    studio.player.go_to(60)
    qtbot.waitUntil(lambda: studio.shown.state.k == 60)
    assert panel.view.current == {len(panel.program.lines) - 1}
    assert panel.program.lines[-1].text == "loss.backward()"


def test_the_line_that_raised_is_crimson_and_undo_clears_it(panel, studio, qtbot):
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref("n9"),))))
    qtbot.waitUntil(lambda: studio.shown.trace.end == 65)
    settle(panel, qtbot)
    assert panel.view.failed == {len(panel.program.lines) - 1}
    studio.undo()
    qtbot.waitUntil(lambda: studio.shown.trace.end == 63)
    assert panel.view.failed == frozenset()


def test_edits_leave_the_text_equal_to_a_fresh_one(panel, studio, qtbot):
    for command in (
        Rename("n5", 0, "product"), DeleteNodes(("n11",)), AppendCall(Backward(id=studio.new_id("c"), roots=(Ref("n9"),))),
        DeleteNodes(("n7",)),
        DeleteNodes(("n1", "n2")), DeleteNodes(("n3", "n4", "n5", "n6", "n8", "n9", "n10")),
    ):  # fmt: skip
        studio.do(command)
        settle(panel, qtbot)
        assert text(panel) + "\n" == emit(studio.document).text
    while studio.can_undo:
        studio.undo()
        settle(panel, qtbot)
        assert text(panel) + "\n" == emit(studio.document).text


def test_an_edit_elsewhere_keeps_the_selected_text(panel, studio, qtbot):
    block = panel.view.document().findBlockByNumber(line_of(panel, "z = a * y"))
    cursor = QTextCursor(block)
    cursor.select(QTextCursor.SelectionType.LineUnderCursor)
    panel.view.setTextCursor(cursor)
    studio.do(Rename("n11", 0, "distance"))
    settle(panel, qtbot)
    assert panel.view.textCursor().selectedText().strip() == "z = a * y"


def test_a_program_that_takes_long_is_written_when_the_document_rests(panel, studio, qtbot):
    panel._cost = 1.0
    for name in ("p", "q", "r"):
        studio.do(Rename("n5", 0, name))
        assert "z = a * y" in text(panel)
    qtbot.waitUntil(lambda: "r = a * y" in text(panel))


def test_the_number_that_a_hand_drags_is_written_with_the_numbers_that_follow(panel, studio, qtbot, monkeypatch):
    qtbot.waitUntil(lambda: panel.in_sync and not panel._rest.isActive())  # nothing is to be written of what was opened
    panel._cost = 1.0  # however long the program takes
    written, real = [], code.emit
    monkeypatch.setattr(code, "emit", lambda *rest, **more: written.append(1) or real(*rest, **more))
    for value, z in ((3.0, "27.0"), (4.0, "48.0")):
        studio.do(SetLeafValue("n1", np.array(value, np.float32), 7))
        qtbot.waitUntil(lambda z=z: z in values_of(panel))
        assert f"x = torch.tensor({value:.0f}., requires_grad=True)" in text(panel)
        assert panel.in_sync
    assert not written


def test_a_hidden_panel_writes_nothing_until_it_is_seen(panel, studio):
    panel.hide()
    studio.do(Rename("n5", 0, "product"))
    assert "product" not in text(panel)
    panel.show()
    assert "product = a * y" in text(panel)


def test_the_text_cannot_be_typed_in_and_is_never_rich(panel):
    assert panel.view.isReadOnly()
    assert not panel.view.acceptRichText()


def test_every_line_has_the_height_of_the_design(panel):
    centres = [centre for _, centre in panel.view.shown_blocks()]
    assert {round(b - a) for a, b in pairwise(centres)} == {22}
    assert round(panel.view.y() + centres[0]) == 44


def test_opening_another_file_shows_its_program(panel, studio, qtbot):
    studio.open(resource("examples", "tutorial.grad"))
    settle(panel, qtbot)
    assert text(panel) + "\n" == emit(studio.document).text
    assert "l2_penalty" not in text(panel)


def test_the_view_and_the_button_say_their_names(panel):
    assert panel.view.accessibleName() == "PyTorch program"
    assert panel.copy.accessibleName() == "Copy the program"


def test_the_lines_round_the_current_one_are_seen_too(panel, studio, qtbot):
    view = panel.view
    for label in ("z", "x", "err"):
        studio.select([studio.labels.by_label(label)[0][0]])
        line = min(view.current)
        shown = {i for i, centre in view.shown_blocks() if 0 <= centre <= view.viewport().height()}
        assert {line - 2, line - 1, line, line + 1, line + 2} <= shown


def test_scroll_bars_take_no_room_and_the_one_for_long_lines_waits_for_the_pointer(panel):
    upright, across = panel.view.bars
    assert upright.isVisible()
    assert not across.isVisible()
    assert across.maximum() > 0
    assert panel.view.viewport().width() == panel.view.width() - round(panel.view.gutter - 1)
    across.setValue(30)
    assert panel.view.horizontalScrollBar().value() == 30


def test_a_number_of_four_digits_has_room_beside_the_code(panel, studio, qtbot):
    narrow = panel.view.gutter
    panel.view.setPlainText("\n" * 1000)
    assert panel.view.gutter == narrow + 7


def test_it_says_that_it_catches_up_only_while_it_does(panel, studio, qtbot):
    panel._cost = 1.0
    studio.do(Rename("n5", 0, "zz"))
    assert panel._said[:2] == (len(panel.program.lines), False)
    settle(panel, qtbot)
    assert panel._said[:2] == (len(panel.program.lines), True)


def test_what_the_head_says_is_painted_again_when_it_is_true_no_more(panel, studio, qtbot, monkeypatch):
    """Also where something else has the panel painted before a program that is written soon."""
    painted = []
    draw = code.Paint.text

    def watched(self, x, cy, words, *rest, **more):
        if words in ("in sync", "catching up"):
            painted.append(words)
        return draw(self, x, cy, words, *rest, **more)

    monkeypatch.setattr(code.Paint, "text", watched)
    for cost in (code.QUICK / 2, code.QUICK * 2):
        panel._cost = max(cost, code.AT_ONCE)
        studio.do(DeleteNodes((list(studio.document.graph.nodes)[-1],)))
        panel.repaint()
        settle(panel, qtbot)
        qtbot.wait(50)
        assert painted[-1] == "in sync"


def test_lines_are_seen_whole(panel, studio):
    pitch = panel.view.shown_blocks()[1][1] - panel.view.shown_blocks()[0][1]
    assert panel.view.viewport().height() % pitch == 0
    for label in ("z", "err", "x"):
        studio.select([studio.labels.by_label(label)[0][0]])
        assert panel.view.verticalScrollBar().value() % pitch == 0
