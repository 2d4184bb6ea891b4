"""The ledger panel: whose account it shows, what pointing at a row lights, what this step changed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from gradstudio.app.markers import DARK
from gradstudio.app.panels.ledger.panel import LedgerPanel
from gradstudio.document.calls import ZeroGrad
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.graph import Ref
from tests.app.conftest import example


@pytest.fixture
def panel(qtbot, studio, settle) -> LedgerPanel:
    made = LedgerPanel(studio)
    qtbot.addWidget(made)
    made.resize(316, 500)
    made.show()
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    return made


def choose(studio, label: str) -> str:
    path, _ = studio.labels.by_label(label)
    studio.select(path)
    return path[0]


def spoken(panel: LedgerPanel) -> list[str]:
    return [line.spoken for line in panel.entries.rows.lines]


def test_the_account_of_the_selected_tensor_is_shown_and_follows_edits_and_undo(panel, studio, settle):
    node = choose(studio, "y")
    before = spoken(panel)
    assert [words for words in before if "backward #1" in words] == [next(w for w in before if "balance 4.0" in w)]
    studio.do(AppendCall(ZeroGrad(id=studio.new_id("c"), targets=(Ref(node),))))
    settle()
    assert len(spoken(panel)) == len(before) + 1
    assert "zero_()" in spoken(panel)[-1]
    studio.undo()
    settle()
    assert spoken(panel) == before


def test_a_row_leads_to_its_step_and_what_is_to_come_is_pale(panel, studio, qtbot):
    choose(studio, "y")
    panel.entries.chosen.emit(0)
    first = studio.shown.trace.series[panel.key][0].step
    qtbot.waitUntil(lambda: studio.shown.state.k == first)
    places = [line.place for line in panel.entries.rows.lines]
    assert places[0] == "now"
    assert places[-1] == "future"


def test_pointing_at_a_row_lights_the_way_and_leaving_puts_it_out(panel, studio):
    node = choose(studio, "W")
    panel.entries.pointed.emit(0)
    assert (node,) in studio.markers.lit.nodes
    assert studio.markers.lit.wires
    panel.entries.pointed.emit(-1)
    assert studio.markers.lit == DARK
    panel.entries.pointed.emit(0)
    panel.hide()
    assert studio.markers.lit == DARK


def test_what_a_step_changed_is_marked_among_the_watches(panel, studio, qtbot):
    node = choose(studio, "y")
    studio.markers.toggle_watch(((node,), 0), True)
    studio.markers.toggle_watch(((node,), 0), False)
    write = studio.shown.trace.series[(node,), 0][0]
    for k, changed in ((write.step - 1, [False, False]), (write.step, [True, False]), (write.step + 1, [False, False])):
        studio.player.go_to(k)
        qtbot.waitUntil(lambda k=k: studio.shown.state.k == k)
        assert [line.changed for line in panel.watches.rows.lines] == changed
    assert panel.watches.rows.lines[0].spoken == "y.grad 4.0"
    studio.markers.toggle_watch(((node,), 0), True)
    assert len(panel.watches.rows.lines) == 1


def test_watching_opens_the_ledger_and_new_documents_watch_nothing(window):
    studio = window.studio
    choose(studio, "x")
    window.do("watch_grad")
    assert window.under.panels["ledger"].isVisible()
    assert window.under.panels["ledger"].watches.rows.lines[0].name == "x.grad"
    window.do("new")
    assert not studio.markers.watches


def test_what_is_lit_is_seen_on_the_canvas_and_goes_out_again(window):
    studio = window.studio
    choose(studio, "x")
    window.do("ledger")
    panel = window.under.panels["ledger"]
    dark = window.canvas.grab().toImage()
    panel.entries.pointed.emit(0)
    lit = window.canvas.grab().toImage()
    assert lit != dark
    panel.entries.pointed.emit(-1)
    assert window.canvas.grab().toImage() == dark


def test_the_keyboard_points_and_goes_too(panel, studio, qtbot):
    choose(studio, "y")
    panel.entries.setCurrentIndex(panel.entries.rows.index(1))
    qtbot.keyClick(panel.entries, Qt.Key.Key_Up)
    assert studio.markers.lit != DARK
    qtbot.keyClick(panel.entries, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.shown.state.k == studio.shown.trace.series[panel.key][0].step)
