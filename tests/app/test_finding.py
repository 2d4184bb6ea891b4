"""Finding: which nodes a query means, and the way from one to the next."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gradstudio.app.finding import Query, Shape, candidates, find, parse
from gradstudio.app.markers import DARK
from gradstudio.app.search import SearchPopup
from gradstudio.bench import graphs
from gradstudio.document.calls import Backward
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.commands.script import AppendCall
from tests.app.conftest import example

ENTER, SHIFT = Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(("text", "query"), [
    ("z", Query("z")),
    ("(3, 4)", Query("", (Shape(("3", "4")),))),
    ("(3,)", Query("", (Shape(("3",)),))),
    ("()", Query("", (Shape(()),))),
    ("64x64", Query("", (Shape(("64", "64")),))),
    ("64×*", Query("", (Shape(("64", "*")),))),
    ("relu (3, 4", Query("relu", (Shape(("3", "4"), open=True),))),
    ("(3, ", Query("", (Shape(("3",), open=True),))),
    ("NaN leaf", Query("", (), ("nan", "leaf"))),
    ("mul none", Query("mul", (), ("none",))),
    ("l2_penalty/mul", Query("l2_penalty/mul")),
    ("a3x4", Query("a3x4")),
    ("max", Query("max")),
])  # fmt: skip
def test_shapes_and_filters_are_told_from_names(text, query):
    assert parse(text) == query


def test_a_shape_fits_whole_and_an_open_one_what_begins_so():
    assert Shape(("3", "*")).fits((3, 7))
    assert not Shape(("3", "*")).fits((3,))
    assert not Shape(("3",)).fits((3, 4))
    assert Shape(("3",), open=True).fits((3, 4))
    assert not Shape(("3", "5"), open=True).fits((3, 4, 5))


def found(studio, text: str) -> list[str]:
    return [each.entry.title for each in find(text, candidates(studio), studio)]


@pytest.fixture
def accumulation(window, studio, settle):
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    return studio


@pytest.mark.parametrize(("text", "labels"), [
    ("reg", ["reg"]),
    ("l2_pen", ["l2_penalty/W", "l2_penalty/sum", "l2_penalty/mul", "l2_penalty/pow", "reg"]),
    ("mse", ["mse_loss"]),
    ("(3, 4)", ["W", "l2_penalty/W", "l2_penalty/pow"]),
    ("3x4", ["W", "l2_penalty/W", "l2_penalty/pow"]),
    ("leaf", ["x", "y", "W"]),
    ("pow 3x4", ["l2_penalty/pow"]),
    ("leaf ()", ["x", "y"]),
    ("nan", []),
    ("error", []),
    ("xy", []),  # letters that are only scattered over a name are no match
])  # fmt: skip
def test_nodes_are_found_by_name_op_and_shape(accumulation, text, labels):
    assert sorted(found(accumulation, text)) == sorted(labels)


def test_nodes_whose_gradient_is_none_are_found_at_the_step_on_show(accumulation, settle):
    assert found(accumulation, "none") == []
    accumulation.player.go_to(5)
    settle()
    assert found(accumulation, "leaf none") == ["x", "y", "W"]


def test_nodes_with_nan_and_infinity_are_found(accumulation, settle):
    accumulation.do(SetLeafValue("n1", np.array(np.inf, np.float32)))
    settle()
    infinite = found(accumulation, "inf")
    assert {"x", "a", "z", "loss"} <= set(infinite)
    assert "W" not in infinite
    accumulation.do(SetLeafValue("n1", np.array(np.nan, np.float32)))
    settle()
    nan = found(accumulation, "nan")
    assert {"x", "a", "z", "loss"} <= set(nan)
    assert not {"W", "t"} & set(nan)


def test_what_failed_is_found(accumulation, settle):
    last = [call for call in accumulation.document.calls() if isinstance(call, Backward)][-1]
    accumulation.do(AppendCall(replace(last, id="c99")))
    settle()
    assert found(accumulation, "error") == ["mse_loss"]


# ---- the popup


@pytest.fixture
def popup(window) -> SearchPopup:
    window.canvas.canvas.motion = False
    window.do("find")
    return window.findChild(SearchPopup)


def typed(popup, text: str) -> None:
    popup.field.clear()
    QTest.keyClicks(popup.field, text)


def test_enter_goes_to_the_next_match_and_shift_enter_back_round_the_end(accumulation, popup):
    def pressed(keys=Qt.KeyboardModifier.NoModifier) -> tuple[str, str]:
        QTest.keyClick(popup.field, ENTER, keys)
        assert popup.list.currentItem().text() == accumulation.labels.label((accumulation.primary,))
        return accumulation.primary, popup.count.text()

    typed(popup, "leaf")
    assert popup.count.text() == "3 found"
    assert accumulation.selection == frozenset()
    assert [pressed() for _ in range(4)] == [("n1", "1 of 3"), ("n2", "2 of 3"), ("n3", "3 of 3"), ("n1", "1 of 3")]
    assert [pressed(SHIFT) for _ in range(2)] == [("n3", "3 of 3"), ("n2", "2 of 3")]
    typed(popup, "leaf (3, 4)")
    assert (popup.count.text(), pressed()) == ("1 found", ("n3", "1 of 1"))
    typed(popup, "nowhere")
    assert popup.count.text() == "none"
    QTest.keyClick(popup.field, ENTER)
    assert accumulation.primary == "n3"


def test_shift_enter_begins_at_the_end_and_arrows_choose_where(accumulation, popup):
    typed(popup, "leaf")
    QTest.keyClick(popup.field, ENTER, SHIFT)
    assert (accumulation.primary, popup.count.text()) == ("n3", "3 of 3")
    QTest.keyClick(popup.field, Qt.Key.Key_Up)
    QTest.keyClick(popup.field, ENTER)
    assert (accumulation.primary, popup.count.text()) == ("n2", "2 of 3")


def test_matches_are_lit_until_escape(window, accumulation, popup):
    lit = accumulation.markers
    assert lit.lit == DARK
    typed(popup, "3x4")
    assert {path[-1] for path in lit.lit.nodes} == {"n3", "n12", "n13"}
    QTest.keyClick(popup.field, ENTER)
    QTest.keyClick(popup.field, Qt.Key.Key_Escape)
    assert lit.lit == DARK
    assert not popup.isVisible()
    assert (accumulation.primary, window.canvas.hasFocus()) == ("n3", True)


def test_matches_are_seen_in_the_far_view_too(window, accumulation, popup):
    view = window.canvas
    view.set_zoom(0.1)
    view.put(view.canvas.content_rect().center(), view.middle_px())

    def colour() -> str:
        at = view.viewportTransform().map(view.canvas.nodes["n3"].body.center()).toPoint()
        return view.viewport().grab().toImage().pixelColor(at).name()

    typed(popup, "3x4")
    assert colour() == view.canvas.theme.color("accent").name()
    QTest.keyClick(popup.field, Qt.Key.Key_Escape)
    assert colour() != view.canvas.theme.color("accent").name()


def test_a_leaf_that_no_run_has_made_is_found_by_its_shape(window, studio, settle):
    studio.runs.set_live(False)
    studio.show_example(example("accumulation"), "accumulation")
    assert found(studio, "(3, 4)") == ["W"]


def test_a_match_within_a_group_is_gone_to_by_entering_it(accumulation, popup):
    typed(popup, "l2_penalty/pow")
    QTest.keyClick(popup.field, ENTER)
    assert (accumulation.scope, accumulation.primary) == (("n7",), "n13")


def test_the_camera_goes_along_and_no_match_is_left_under_the_popup(window, studio, settle, popup):
    studio.show_example(graphs.layers(300), "layers")
    settle()
    view = window.canvas
    view.set_zoom(1.0)
    popup = None
    window.do("find")
    popup = [each for each in window.findChildren(SearchPopup) if each.isVisible()][-1]
    over = popup.geometry().translated(-view.viewport().mapTo(window, QPoint(0, 0)))
    typed(popup, "mul")
    assert popup.list.count() > 50
    seen = view.viewport().rect()
    for _ in range(popup.list.count()):
        QTest.keyClick(popup.field, ENTER)
        body = view.viewportTransform().mapRect(view.canvas.nodes[studio.primary].body).toAlignedRect()
        assert seen.contains(body)
        assert not over.intersects(body)


def test_a_click_on_a_row_goes_there_and_the_search_stays(accumulation, popup):
    typed(popup, "leaf")
    QTest.mouseClick(popup.list.viewport(), Qt.MouseButton.LeftButton, pos=popup.list.visualItemRect(popup.list.item(1)).center())
    assert (accumulation.primary, popup.count.text(), popup.isVisible()) == ("n2", "2 of 3", True)
    QTest.keyClick(popup.field, ENTER)
    assert accumulation.primary == "n3"
