"""The timeline: transport, calls, blocks, the playhead and the step plots, with a real studio."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtWidgets import QAbstractButton

from gradstudio.app.panels.timeline import TimelinePanel
from gradstudio.app.panels.timeline.call_model import ADD
from gradstudio.app.panels.timeline.editor import CallEditor
from gradstudio.app.studio import Studio
from gradstudio.document import codec
from gradstudio.document.calls import KINDS, Backward, Forward, ZeroGrad
from gradstudio.document.commands.nodes import SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.document import Document
from gradstudio.document.graph import Ref
from gradstudio.document.script import Repeat
from gradstudio.resources import resource


def example(name: str) -> Document:
    return codec.document_from(json.loads(resource("examples", f"{name}.grad").read_bytes()))


@pytest.fixture
def panel(qtbot, studio: Studio) -> TimelinePanel:
    """The timeline of the pictures, run, its plots loaded."""
    made = TimelinePanel(studio)
    qtbot.addWidget(made)
    made.resize(1076, 232)
    with qtbot.waitSignal(made.plots_ready):
        made.show()
    studio.show_example(example("accumulation"), "accumulation")
    qtbot.waitUntil(lambda: studio.shown.trace.end == 63)
    return made


def rows(panel: TimelinePanel) -> list[str]:
    return [row.spoken for row in panel.calls.calls.rows]


def button(panel: TimelinePanel, name: str) -> QAbstractButton:
    return next(b for b in panel.transport.findChildren(QAbstractButton) if b.accessibleName() == name)


def where(panel: TimelinePanel) -> str:
    return panel.transport._where.accessibleName()


def at(qtbot, studio: Studio, k: int) -> None:
    qtbot.waitUntil(lambda: studio.shown.state.k == k)


def test_each_call_says_what_came_of_it(panel):
    assert rows(panel) == [
        "forward, 10 ops",
        "backward #1, x.grad None → 12",
        "forward, 10 ops",
        "backward #2, x.grad 12 → 24",
        "forward, 10 ops",
        "zero_(), 3 leaves",
        "backward #3, x.grad 0 → 12",
        "Add a call",
    ]


def test_at_the_end_the_last_call_has_the_bar_and_the_playhead_stands_at_the_right(panel):
    assert where(panel) == "Step 63 of 63"
    assert panel.calls.current == 6
    assert panel.axis.x_of(63) == pytest.approx(panel.axis.width() - 82)


def test_the_transport_goes_to_the_first_step_and_back_to_the_last(qtbot, panel, studio):
    qtbot.mouseClick(button(panel, "First step"), Qt.MouseButton.LeftButton)
    at(qtbot, studio, 0)
    assert not button(panel, "Step back").isEnabled()
    qtbot.mouseClick(button(panel, "Step"), Qt.MouseButton.LeftButton)
    at(qtbot, studio, 1)
    assert where(panel) == "Step 1 of 63 pow  a"
    qtbot.mouseClick(button(panel, "Last step"), Qt.MouseButton.LeftButton)
    at(qtbot, studio, 63)
    assert studio.player.at_end


def test_play_becomes_pause_while_playing(qtbot, panel, studio):
    qtbot.mouseClick(button(panel, "Play"), Qt.MouseButton.LeftButton)
    assert studio.player.playing
    qtbot.mouseClick(button(panel, "Pause"), Qt.MouseButton.LeftButton)
    assert not studio.player.playing
    assert button(panel, "Play")


def test_the_switch_makes_a_step_a_whole_call(qtbot, panel, studio):
    qtbot.mouseClick(button(panel, "Step by op"), Qt.MouseButton.LeftButton, pos=QPoint(12, 12))
    assert studio.player.unit == "call"
    qtbot.mouseClick(button(panel, "Step back"), Qt.MouseButton.LeftButton)
    at(qtbot, studio, 53)


def test_the_speed_goes_up_and_down_with_the_arrows(qtbot, panel, studio):
    speed = button(panel, "Speed 1 times")
    qtbot.keyClick(speed, Qt.Key.Key_Up)
    assert studio.player.speed == 2.0
    assert speed.accessibleName() == "Speed 2 times"
    for _ in range(4):
        qtbot.keyClick(speed, Qt.Key.Key_Down)
    assert studio.player.speed == 0.5


def test_a_click_on_a_call_goes_to_its_last_step(qtbot, panel, studio):
    rect = panel.calls.visualRect(panel.calls.calls.index(3))
    qtbot.mouseClick(panel.calls.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    at(qtbot, studio, 40)
    assert panel.calls.current == 3


def test_dragging_across_the_axis_moves_the_playhead(qtbot, panel, studio):
    y = panel.axis.events.height() // 2
    start, goal = QPoint(round(panel.axis.x_of(10)), y), QPoint(round(panel.axis.x_of(20)), y)
    qtbot.mousePress(panel.axis.events, Qt.MouseButton.LeftButton, pos=start)
    at(qtbot, studio, 10)
    qtbot.mouseMove(panel.axis.events, goal)
    qtbot.mouseRelease(panel.axis.events, Qt.MouseButton.LeftButton, pos=goal)
    qtbot.mouseClick(panel.axis.plots, Qt.MouseButton.LeftButton, pos=goal)
    at(qtbot, studio, 20)


def test_the_arrows_step_when_the_axis_has_the_focus(qtbot, panel, studio):
    qtbot.keyClick(panel.axis.events, Qt.Key.Key_Home)
    at(qtbot, studio, 0)
    qtbot.keyClick(panel.axis.events, Qt.Key.Key_Right)
    at(qtbot, studio, 1)
    assert panel.axis.events.accessibleDescription() == "step 1 of 63"


def curve(panel: TimelinePanel, name: str) -> tuple[list[float], list[float]]:
    index = next(i for i, track in enumerate(panel.axis.plots.tracks) if track.name == name)
    steps, values = panel.axis.plots.curves.curves[index].getData()
    return list(steps), [round(v, 4) for v in values]


def test_the_plots_have_one_point_a_write(panel):
    assert curve(panel, "x.grad") == ([20, 40, 51, 63], [12.0, 24.0, 0.0, 12.0])
    assert curve(panel, "‖W.grad‖") == ([16, 36, 53, 59], [0.6265, 1.253, 0.0, 0.6265])


def test_the_plots_never_show_the_future(qtbot, panel, studio):
    studio.player.go_to(45)
    at(qtbot, studio, 45)
    assert curve(panel, "x.grad") == ([20, 40], [12.0, 24.0])
    studio.player.go_to(5)
    at(qtbot, studio, 5)
    assert curve(panel, "x.grad") == ([], [])
    assert [track.now_text for track in panel.axis.plots.tracks] == ["None", "None", "None"]


def test_none_and_zero_are_told_apart(qtbot, panel, studio):
    studio.player.go_to(51)
    at(qtbot, studio, 51)
    assert [track.now_text for track in panel.axis.plots.tracks] == ["0.0", "8.0", "1.253"]


def test_the_arithmetic_stands_beside_a_sum(panel):
    track = panel.axis.plots.tracks[0]
    assert [track.note(level) for level in track.levels()] == ["", "12 + 12, not zeroed", "", ""]
    norm = panel.axis.plots.tracks[2]
    assert [norm.note(level) for level in norm.levels()] == ["", "2 passes, not zeroed", "", ""]


def test_a_drag_of_a_leaf_moves_the_plots_and_undo_takes_it_back(qtbot, panel, studio):
    studio.do(SetLeafValue("n1", np.float32(3.0)))
    qtbot.waitUntil(lambda: curve(panel, "y.grad")[1] != [4.0, 8.0, 0.0, 4.0])
    studio.undo()
    qtbot.waitUntil(lambda: curve(panel, "y.grad")[1] == [4.0, 8.0, 0.0, 4.0])


def test_a_leaf_that_stops_requiring_grad_loses_its_track(qtbot, panel, studio):
    studio.do(SetRequiresGrad(("n2",), False))
    qtbot.waitUntil(lambda: [t.name for t in panel.axis.plots.tracks] == ["x.grad", "‖W.grad‖"])
    assert [curve.isVisible() for curve in panel.axis.plots.curves.curves] == [True, True, False]


# ---- the script


def test_a_backward_once_more_fails_with_a_crimson_row_and_says_how_far_it_came(qtbot, panel, studio):
    panel.calls.backward_again()
    qtbot.waitUntil(lambda: studio.shown.trace.end == 65)
    row = panel.calls.calls.rows[7]
    assert (row.note, row.note_shade, row.failed) == ("RuntimeError", "error", True)
    assert where(panel) == "Step 65, stopped (10 planned, 2 ran) mse_loss  MseLossBackward0"


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_call_can_be_added_and_edited(qtbot, panel, studio, kind):
    panel.calls.add(kind)
    row = panel.calls.calls.rows[-2]
    assert row.statement.kind == kind
    panel.edit(row.id)
    editor = panel.findChildren(CallEditor)[-1]
    assert editor.form.rowCount() > 0
    editor.close()
    studio.undo()
    assert [call.kind for call in studio.document.calls()].count(kind) == [call.kind for call in example("accumulation").calls()].count(
        kind
    )


def test_start_over_empties_the_script_and_undo_brings_it_back(qtbot, panel, studio):
    panel.calls.start_over()
    assert rows(panel) == ["Add a call"]
    qtbot.waitUntil(lambda: studio.shown.trace.end == 0)
    assert where(panel) == "No steps yet"
    studio.undo()
    qtbot.waitUntil(lambda: studio.shown.trace.end == 63)


def test_alt_down_moves_a_call_and_delete_removes_it(qtbot, panel, studio):
    panel.calls.setCurrentIndex(panel.calls.calls.index(5))
    qtbot.keyClick(panel.calls, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert [call.kind for call in studio.document.calls()][-2:] == ["backward", "zero_grad"]
    assert panel.calls.currentIndex().row() == 6
    qtbot.keyClick(panel.calls, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(panel.calls, Qt.Key.Key_Delete)
    assert [call.kind for call in studio.document.calls()].count("zero_grad") == 0


def test_a_dragged_call_lands_where_it_is_dropped(panel, studio):
    model = panel.calls.calls
    data = model.mimeData([model.index(5)])
    model.dropMimeData(data, Qt.DropAction.MoveAction, 1, 0, model.index(-1))
    assert [call.kind for call in studio.document.calls()][:2] == ["forward", "zero_grad"]
    model.dropMimeData(model.mimeData([model.index(1)]), Qt.DropAction.MoveAction, 7, 0, model.index(-1))
    assert [call.kind for call in studio.document.calls()][-1] == "zero_grad"
    model.dropMimeData(model.mimeData([model.index(0)]), Qt.DropAction.MoveAction, 2, 0, model.index(-1))
    assert [call.id for call in studio.document.calls()][:3] == ["c2", "c1", "c3"]


def test_a_call_that_is_switched_off_stays_in_the_list(qtbot, panel, studio):
    panel.calls.toggle(panel.calls.calls.rows[5])
    qtbot.waitUntil(lambda: rows(panel)[5] == "zero_(), off, switched off")
    assert not panel.calls.calls.rows[5].enabled
    panel.calls.toggle(panel.calls.calls.rows[5])
    assert panel.calls.calls.rows[5].enabled


def test_calls_in_a_repeat_are_shown_nested(qtbot, panel, studio):
    panel.calls.repeat(panel.calls.calls.rows[6])
    assert [row.depth for row in panel.calls.calls.rows[-3:-1]] == [0, 1]
    assert panel.calls.calls.rows[6].spoken == "repeat, × 2"
    panel.calls.repeat(panel.calls.calls.rows[6])
    assert not any(isinstance(row.statement, Repeat) for row in panel.calls.calls.rows)


def offered(panel, at: int) -> list[str]:
    menu = panel.calls.call_menu(panel.calls.calls.rows[at])
    words = [action.text() for action in menu.actions()]
    menu.deleteLater()
    return words


def test_calls_that_are_selected_together_are_repeated_switched_off_and_removed_together(qtbot, panel, studio):
    before, calls = studio.document, panel.calls
    assert offered(panel, 1) == ["Edit…", "Switch off", "Move up", "Move down", "Repeat", "Remove"]
    for at, keys in ((0, Qt.KeyboardModifier.NoModifier), (3, Qt.KeyboardModifier.ShiftModifier)):
        spot = calls.visualRect(calls.calls.index(at)).center()
        qtbot.mouseClick(calls.viewport(), Qt.MouseButton.LeftButton, keys, spot)
    qtbot.waitUntil(lambda: studio.shown.state.k == 10)
    assert studio.player.k == 10  # the second click selected, and went nowhere
    assert offered(panel, 1) == ["Switch off these 4", "Repeat these 4", "Remove these 4"]
    assert offered(panel, 5)[0] == "Edit…"
    calls.selectAll()
    assert len(calls.chosen(calls.calls.rows[0])) == len(calls.selectedIndexes()) == 7  # not the row that adds a call
    for at in range(4, 7):
        calls.selectionModel().select(calls.calls.index(at), QItemSelectionModel.SelectionFlag.Deselect)
    picture = calls.grab().toImage()
    calls.toggle(calls.calls.rows[0])
    assert [row.enabled for row in calls.calls.rows[:5]] == [False] * 4 + [True]
    studio.undo()
    calls.repeat(calls.calls.rows[2])
    assert [row.depth for row in calls.calls.rows[:6]] == [0, 1, 1, 1, 1, 0]
    assert calls.grab().toImage() != picture
    studio.undo()
    assert studio.document is before


def test_calls_that_are_selected_together_are_dragged_as_one_moment(panel, studio):
    before, model = studio.document, panel.calls.calls
    ids = [row.id for row in model.rows[:-1]]
    model.dropMimeData(model.mimeData([model.index(5), model.index(4)]), Qt.DropAction.MoveAction, 0, 0, model.index(-1))
    assert [row.id for row in model.rows[:-1]] == [ids[4], ids[5], *ids[:4], ids[6]]
    studio.undo()
    assert studio.document is before


def test_the_keyboard_goes_back_to_the_list_when_the_editor_closes(qtbot, panel, studio):
    calls = panel.calls
    calls.setFocus()
    calls.edit_wanted.emit(calls.calls.rows[1].id)
    editor = panel.window().findChild(CallEditor)
    assert editor.focusWidget() is not None
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(calls.hasFocus)


def test_the_keyboard_goes_down_to_the_row_that_adds_a_call(qtbot, panel):
    calls = panel.calls
    calls.setFocus()
    calls.setCurrentIndex(calls.calls.index(5))
    for _ in range(2):
        qtbot.keyClick(calls, Qt.Key.Key_Down)
    assert calls.calls.rows[calls.currentIndex().row()] is ADD


def test_a_waiting_call_says_what_it_waits_for(qtbot, panel, studio):
    studio.new()
    qtbot.waitUntil(lambda: len(studio.shown.trace.outcomes) == 2)
    row = panel.calls.calls.rows[1]
    assert row.words == "backward #1"
    assert row.note
    assert row.note_shade == "text3"


def test_the_last_row_offers_every_kind(panel):
    assert panel.calls.calls.rows[-1] is ADD
    menu = panel.calls.add_menu()
    offered = {action.data() for action in menu.actions() if action.data()}
    assert offered == set(KINDS)
    menu.deleteLater()


def test_every_part_has_a_name_and_can_be_reached_by_keyboard(panel):
    parts = [*panel.transport.findChildren(QAbstractButton), panel.calls, panel.axis.events]
    for part in parts:
        assert part.accessibleName(), part
        assert part.focusPolicy() & Qt.FocusPolicy.TabFocus, part


def test_an_undone_edit_leaves_nothing_behind(qtbot, panel, studio):
    before = rows(panel)
    studio.do(AppendCall(Forward(id=studio.new_id("c"), block="main")))
    studio.do(AppendCall(ZeroGrad(id=studio.new_id("c"), targets=(Ref("n1"),))))
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref("n9"),))))
    qtbot.waitUntil(lambda: studio.shown.trace.end == 84)
    for _ in range(3):
        studio.undo()
    qtbot.waitUntil(lambda: studio.shown.trace.end == 63)
    assert rows(panel) == before


def test_what_the_step_on_show_wrote_is_marked_on_the_playhead(panel, qtbot, studio):
    plots = panel.axis.plots
    assert [track.name for track in plots.tracks] == ["x.grad", "y.grad", "‖W.grad‖"]
    fresh = plots.fresh()
    assert [each.color for each in fresh] == [plots.colors.gradient(12.0, 0.35 + 0.65 / 2)]
    assert 0 < fresh[0].y < plots.pitch()
    studio.player.go_to(60)
    at(qtbot, studio, 60)
    assert plots.fresh() == []
