"""Numbers that roll are exchanged on nodes in view: what is written is what their faces say, and faces follow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gradstudio.app.canvas import rolling
from gradstudio.app.canvas.node_faces import node_face
from gradstudio.app.canvas.node_numbers import with_numbers
from gradstudio.app.canvas.node_paint import ports_of
from gradstudio.app.canvas.node_words import written
from gradstudio.app.canvas.tints import code_of
from gradstudio.bench.graphs import layers
from tests.app.canvas.conftest import DOCUMENTS
from tests.app.canvas.test_patches import FACTORS, kept, look_at
from tests.app.canvas.test_still import anew, same


def ticks(view, drag, factors) -> Iterator[float]:
    """Drag the first leaf to some factors of what it was, and have each painted."""
    for factor in factors:
        drag(0, factor)
        kept(view)
        yield factor


def numbers_of(writing) -> list[str]:
    """Return what is written but for formulas, which may make way."""
    return [word.words for word in writing.changing if not word.words.startswith("∂ ")]


def in_view(view) -> list:
    """Return the nodes that are seen, laid out as they were drawn."""
    rect = view.visible_rect(view.viewport().rect())
    return [item for item in view.canvas.nodes.values() if item.writing is not None and item.sceneBoundingRect().intersects(rect)]


@pytest.fixture
def rolled(monkeypatch):
    """The nodes that had numbers exchanged, tick by tick."""
    found: list[set[str]] = []
    show = rolling.Rolling.show

    def watched(self, nodes):
        made = show(self, nodes)
        found.append(made)
        return made

    monkeypatch.setattr(rolling.Rolling, "show", watched)
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_written_in_hand_is_what_faces_of_now_say(view, roll, rolled, name):
    drag = roll(name)
    view.set_zoom(1.0)
    view.put(view.canvas.nodes[list(view.canvas.nodes)[-1]].body.center(), view.middle_px())
    for which in range(3):
        for factor in (1.0, *(1 + i / 37 for i in range(12)), *FACTORS, -1.0, 1.0):
            drag(which, factor)
            kept(view)
            context, theme = view.canvas.context, view.canvas.theme
            for item in in_view(view):
                now = node_face(context, item.node)
                assert numbers_of(item.writing) == numbers_of(written(theme, now, item.full)), (item.node, which, factor)
                assert repr(item.face) == repr(now)
    assert any(rolled)


def test_ports_are_told_by_the_numbers_of_now(view, roll):
    drag = roll("layers")
    look_at(view, "n30")
    recoloured, shown = 0, {}
    for _ in ticks(view, drag, [1 + i / 20 for i in range(25)]):
        for node, each in view.canvas.due.rolling._nodes.items():
            codes = [code_of(tint) for tint in ports_of(node_face(view.canvas.context, node))]
            assert list(each.codes) == codes
            recoloured += shown.get(node, codes) != codes
            shown[node] = codes
    assert recoloured


def test_most_ops_in_view_have_numbers_exchanged(view, roll, rolled):
    drag = roll("layers")
    look_at(view, "n30")
    list(ticks(view, drag, [1 + i / 100 for i in range(12)]))
    seen = [item.node for item in in_view(view) if item.face.kind == "op"]
    assert all(len(tick & set(seen)) > 0.8 * len(seen) for tick in [each for each in rolled if each][2:])


def test_faces_wait_until_somebody_asks_or_the_hand_rests(view, roll, studio):
    drag = roll("layers")
    look_at(view, "n30")
    list(ticks(view, drag, [1 + i / 100 for i in range(6)]))
    behind = [item for item in view.canvas.nodes.values() if item._rolled is not None]
    assert len(behind) > 5
    context = view.canvas.context
    assert with_numbers(context, behind[0]._face) == behind[0].face == view.canvas.face(behind[0].node)
    assert behind[0]._rolled is None
    studio.clock.rested.emit()
    assert all(item._rolled is None and item._face == node_face(context, item.node) for item in behind)


def test_at_rest_all_stands_where_it_would_without_a_hand(view, roll, studio):
    """What had made way for a longer number does so no more."""
    drag = roll("long names")
    look_at(view, "n30")
    held = False
    for _ in ticks(view, drag, [1 + i / 17 for i in range(30)]):
        held |= any(words_at(item) != fresh_words_at(view, item) for item in in_view(view))
    assert held
    studio.clock.rested.emit()
    assert same(kept(view), anew(view))
    assert all(words_at(item) == fresh_words_at(view, item) for item in in_view(view))


def words_at(item) -> list[tuple[float, str]]:
    return [(round(word.left, 6), word.words) for word in (*item.writing.still, *item.writing.changing)]


def fresh_words_at(view, item) -> list[tuple[float, str]]:
    made = written(view.canvas.theme, node_face(view.canvas.context, item.node), item.full)
    return [(round(word.left, 6), word.words) for word in (*made.still, *made.changing)]


def test_a_number_that_is_not_finite_and_one_of_the_other_sign_are_shown_by_a_new_face(view, roll, rolled):
    drag = roll("chain")
    view.set_zoom(1.0)
    last = list(view.canvas.nodes)[-1]
    view.put(view.canvas.nodes[last].body.center(), view.middle_px())
    for _ in ticks(view, drag, (1.0, 1.01, np.nan, 1.0, 1.01, 1.02, -1.02)):
        item = view.canvas.nodes[last]
        assert repr(item.face) == repr(node_face(view.canvas.context, last))
        assert same(kept(view), anew(view), share=0.002)


def test_local_derivatives_of_a_large_graph_are_shown_as_soon_as_they_come(view, studio, settle, qtbot):
    """They are asked for when somebody looks, of the same run."""
    studio.show_example(layers(260), "large")
    settle()
    look_at(view, "n80")
    kept(view)
    item = view.canvas.nodes["n80"]
    qtbot.waitUntil(lambda: (("n80",), (0,)) in studio.shown.state.locals)
    assert item.face == node_face(view.canvas.context, "n80")
    assert all(row.number for row in item.face.inputs)
    qtbot.waitUntil(lambda: item.writing is not None)  # it is painted
    assert numbers_of(item.writing) == numbers_of(written(view.canvas.theme, item.face, item.full))
