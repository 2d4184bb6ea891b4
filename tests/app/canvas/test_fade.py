"""Fading: what is on a way to or from the selection stays, the rest steps back, on every level of detail."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage

from gradstudio.app import menus
from gradstudio.app.canvas.fade import FADED
from gradstudio.app.canvas.reach import downstream, upstream
from gradstudio.app.canvas.wire_faces import wire_runs
from gradstudio.bench import graphs
from gradstudio.document.commands.nodes import AddNode
from gradstudio.document.commands.wires import Connect
from gradstudio.document.graph import Node, Ref


@pytest.fixture
def fade(view):
    view.canvas.fade.show(True)
    return view.canvas.fade


def names(view, hand) -> dict[str, str]:
    return {hand.node(label): label for label in ("x", "y", "W", "a", "z", "t", "reg", "mse_loss", "loss", "err")}


def faded(view, hand, fade) -> set[str]:
    return {label for node, label in names(view, hand).items() if fade.opacity(node) == FADED}


@pytest.mark.parametrize(("selected", "expected"), [
    ([], set()),
    (["x"], {"y", "W", "t", "reg"}),
    (["t"], {"x", "a", "z", "W", "reg"}),
    (["loss"], {"err"}),
    (["reg"], {"x", "y", "a", "z", "t", "mse_loss", "err"}),
    (["x", "W"], {"y", "t"}),
])  # fmt: skip
def test_what_leads_to_the_selection_and_what_it_leads_to_stays(view, hand, studio, fade, selected, expected):
    studio.select([hand.node(label) for label in selected])
    assert faded(view, hand, fade) == expected


def test_a_wire_past_the_selection_fades_though_both_its_ends_stay(view, hand, studio, fade):
    studio.select([hand.node("x")])
    z, y, t = hand.node("z"), hand.node("y"), hand.node("t")
    assert fade.wire_opacity((z, (0,))) == 1.0  # a to z
    assert fade.wire_opacity((z, (1,))) == FADED  # y to z
    assert fade.wire_opacity((hand.node("err"), (0,))) == 1.0  # through the scissors
    studio.select([y])
    assert fade.wire_opacity((t, (0,))) == 1.0
    past = (hand.node("loss"), (1,))
    studio.do(Connect(Ref(hand.node("a")), hand.node("loss"), (1,)))
    studio.select([z])
    assert {fade.opacity(hand.node("a")), fade.opacity(hand.node("loss"))} == {1.0}
    assert fade.wire_opacity(past) == FADED


def test_a_wire_that_is_selected_keeps_its_own_way(view, hand, studio, fade):
    studio.select([("wire", hand.node("z"), (1,))])
    assert faded(view, hand, fade) == {"x", "a", "W", "t", "reg"}
    assert fade.wire_opacity((hand.node("z"), (1,))) == 1.0
    assert fade.wire_opacity((hand.node("z"), (0,))) == FADED


def test_it_follows_an_edit_and_a_group_that_is_entered(view, hand, studio, fade):
    studio.select([hand.node("W")])
    assert "x" in faded(view, hand, fade)
    studio.do(Connect(Ref(hand.node("x")), hand.node("reg"), (0,)))
    assert faded(view, hand, fade) == {"x", "y", "a", "z", "t", "reg", "mse_loss", "loss", "err"}  # nothing reads W now
    studio.undo()
    assert "reg" not in faded(view, hand, fade)
    studio.enter((hand.node("reg"),))
    assert fade.nodes is None  # nothing is selected there
    studio.select(["n14"])
    assert fade.nodes == {"n12", "n13", "n14", "n15"}


def test_a_frame_fades_with_all_that_it_holds(view, hand, studio, fade):
    frame = studio.document.graph.nodes[hand.node("t")].frame
    for label, opacity in (("W", FADED), ("y", 1.0), ("t", 1.0)):
        studio.select([hand.node(label)])
        assert fade.frame_opacity(frame) == opacity


def drawn(view, rect: QRectF) -> float:
    """Return how far the pixels of a part of the canvas are from its colour, on the average."""
    port = view.viewport()
    image = port.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    at = view.viewportTransform().mapRect(rect).toRect().intersected(port.rect())
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[:, :, :3].astype(float)
    ground = view.canvas.theme.color("canvas")
    part = flat[at.top() : at.bottom(), at.left() : at.right()] - [ground.blue(), ground.green(), ground.red()]
    return np.abs(part).mean()


@pytest.mark.parametrize("zoom", [1.0, 0.6, 0.4, 0.2])
def test_it_is_seen_on_every_level_of_detail_and_gone_when_switched_off(view, hand, studio, zoom):
    view.set_zoom(zoom)
    view.put(view.canvas.content_rect().center(), view.middle_px())
    studio.select([hand.node("W")])
    y, reg = (view.canvas.nodes[hand.node(label)].body for label in ("y", "reg"))
    before = drawn(view, y), drawn(view, reg)
    view.canvas.fade.show(True)
    assert drawn(view, y) < 0.4 * before[0]
    assert drawn(view, reg) == pytest.approx(before[1], rel=0.05)
    view.canvas.fade.show(False)
    assert (drawn(view, y), drawn(view, reg)) == pytest.approx(before, rel=0.01)


def test_wires_and_pills_fade(view, hand, studio):
    studio.select([hand.node("W")])
    box = view.canvas.wires.shape_of((hand.node("z"), (1,))).box
    pill = view.canvas.pills.place((hand.node("z"), (1,)))
    middle = QRectF(box.center().x() - 60, box.top(), 40, box.height())
    before = drawn(view, middle), drawn(view, pill)
    view.canvas.fade.show(True)
    assert drawn(view, middle) < 0.4 * before[0]
    assert drawn(view, pill) < 0.4 * before[1]
    studio.select([])
    assert (drawn(view, middle), drawn(view, pill)) == pytest.approx(before, rel=0.01)
    studio.do(AddNode(Node("n99", "exp", (None,)), "main", (0, 900)))
    studio.select(["n99"])  # no wire leads there: all fade
    assert drawn(view, middle) < 0.4 * before[0]


def test_very_many_wires_fade_too(view, studio, settle):
    studio.show_example(graphs.layers(600), "layers")
    settle()
    view.set_zoom(0.3)
    view.put(view.canvas.content_rect().center(), view.middle_px())
    studio.select(["n300"])
    node = view.canvas.nodes["n300"].body
    away = QRectF(node.left() - 100, node.top() - 400, 40, 200)
    before = drawn(view, away)
    view.canvas.fade.show(True)
    assert 0 < drawn(view, away) < 0.6 * before


def test_the_far_view_mixes_colours_into_the_canvas(view, hand, studio, fade):
    studio.select([hand.node("W")])
    place = view.canvas.plates.nodes.index
    faint, kept = (QColor.fromRgb(int(view.canvas.far.fills()[place(hand.node(label))])) for label in ("y", "reg"))
    view.canvas.fade.show(False)
    full, same = (QColor.fromRgb(int(view.canvas.far.fills()[place(hand.node(label))])) for label in ("y", "reg"))
    assert kept == same
    assert faint.name() == view.canvas.theme.mix("canvas", full, FADED).name()


def test_a_large_graph_is_walked_once_a_node(view, studio, settle):
    studio.show_example(graphs.chain(3000), "chain")
    settle()
    graph = view.canvas.context.graph
    assert len(upstream(graph, ["n3000"])) == 3000
    assert downstream(graph, ["n1500"]) == {f"n{i}" for i in range(1500, 3001)}
    view.canvas.fade.show(True)
    studio.select(["n1500"])
    assert view.canvas.fade.nodes == upstream(graph, ["n1500"]) | downstream(graph, ["n1500"])
    assert len(view.canvas.fade.wires) == sum(run.target != "" for run in wire_runs(graph).values()) - _past(graph, "n1500")


def _past(graph, node: str) -> int:
    """Count the wires that neither lead to a node nor come from it."""
    after = downstream(graph, [node])
    before = upstream(graph, [node])
    return sum(wire.target not in before and wire.source.source not in after for wire in graph.wires)


def test_the_verb_toggles_and_says_what_to_do_where_nothing_is_selected(window, studio):
    entry = menus.BY_ID["fade"]
    studio.select([])
    window.do("fade")
    assert entry.checked(window)
    assert "Select a node" in studio.notice
    assert window.canvas.canvas.fade.nodes is None
    studio.select(["n1"])
    assert window.canvas.canvas.fade.nodes == {"n1", "n3", "n4"}
    window.do("fade")
    assert not entry.checked(window)
    assert window.canvas.canvas.fade.nodes is None
