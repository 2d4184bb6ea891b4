"""Blocks on the canvas: titled regions, what is put into them, and an update drawn by hand that computes what PyTorch does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF

from gradstudio.app.canvas.order_layer import statement_numbers
from gradstudio.document.calls import ZeroGrad
from gradstudio.document.codec import dumps
from gradstudio.document.commands.blocks import MoveToBlock, NewBlock
from gradstudio.document.commands.script import AppendCall, WrapRepeat
from gradstudio.document.graph import Literal, Ref
from gradstudio.session.run import run
from tests.document.making import line

TURNS = json.loads((Path(__file__).parents[2] / "data" / "update_loop.json").read_text())


def loop():
    """Return (w * x - 2) ** 2 and its backward, ten times, with an empty block `update` between backward and zero_()."""
    made = NewBlock("update", "c3").apply(line())
    made = AppendCall(ZeroGrad(id="c4", targets=(Ref("n1"),))).apply(made)
    return WrapRepeat(("c1", "c2", "c3", "c4"), 10, "c5").apply(made)


@pytest.fixture
def looped(view, settle):
    view.studio.show_example(loop(), "loop")
    settle()
    view.fit_all()
    return view


def test_one_block_has_no_region_and_two_have(view):
    assert not view.canvas.frames.blocks.items
    view.studio.do(NewBlock("update", view.studio.new_id("c")))
    regions = view.canvas.frames.blocks.items
    assert set(regions) == {"main", "update"}
    assert regions["update"].empty
    assert all(regions["main"].rect.contains(item.body) for item in view.canvas.nodes.values())
    view.studio.do(MoveToBlock(("n11",), "update"))
    assert regions["update"].rect.contains(view.canvas.nodes["n11"].body)
    view.studio.undo()
    view.studio.undo()
    assert not view.canvas.frames.blocks.items


def test_a_node_goes_into_the_block_in_whose_region_it_is_put(looped):
    region = looped.canvas.frames.blocks.items["update"].rect
    added = looped.add_node("leaf", region.center())
    assert looped.studio.document.graph.block_of[added] == "update"


def test_a_title_moves_its_block_and_a_double_click_renames_it(looped, hand):
    title = looped.canvas.frames.blocks.items["main"].title_rect().center()
    before = dict(looped.studio.document.layout.positions)
    hand.drag(title, title + QPointF(40, -20))
    moved = looped.studio.document.layout.positions
    assert {n: (x - before[n][0], y - before[n][1]) for n, (x, y) in moved.items()} == dict.fromkeys(before, (40, -20))
    hand.double_click(looped.canvas.frames.blocks.items["update"].title_rect().center())
    hand.type("step")
    assert set(looped.studio.document.graph.blocks) == {"main", "step"}


def test_order_numbers_count_the_statements_of_each_block(looped):
    assert statement_numbers(looped.studio.document.graph) == {"n3": 1, "n4": 2, "n5": 3}
    looped.show_order(True)
    assert looped.canvas.numbers.isVisible()
    assert looped.canvas.numbers.numbers == {"n3": 1, "n4": 2, "n5": 3}
    assert not looped.grab().isNull()


def test_an_update_drawn_from_the_grad_drawer_computes_what_pytorch_does(looped, hand, settle):
    view, studio = looped, looped.studio
    before, asked = dumps(studio.document), []
    view.search_requested.connect(lambda at, loose: asked.append((at, loose)))
    region = view.canvas.frames.blocks.items["update"].rect
    w = view.canvas.nodes["n1"]

    hand.drag(w.port(None, 0, True), region.center() - QPointF(100, 0))
    at, loose = asked.pop()
    assert loose.source == Ref("n1", grad=True)
    scaled = view.add_node("mul", at, loose)
    view.edit_literal(scaled, (1,))
    hand.type("0.02")

    hand.drag(w.port(None), view.canvas.nodes[scaled].body.bottomLeft() + QPointF(0, 120))
    at, loose = asked.pop()
    body = view.canvas.nodes[scaled].body
    written = view.add_node("sub_", QPointF(body.right() + 90, body.center().y()), loose)
    hand.drag(view.canvas.nodes[scaled].port(None), view.canvas.nodes[written].port((1,)))
    studio.select((scaled, written))
    view.add_node("no_grad", view.canvas.nodes[scaled].body.center())

    graph = studio.document.graph
    assert graph.blocks["update"] == (scaled, written)
    assert graph.nodes[scaled].inputs == (Ref("n1", grad=True), Literal(0.02))
    assert graph.nodes[written].inputs[:2] == (Ref("n1"), Ref(scaled))
    assert {graph.frames[graph.nodes[n].frame].kind for n in (scaled, written)} == {"no_grad"}
    settle()
    assert studio.shown.state.tensors[("n1",), 0].item == pytest.approx(TURNS[-1]["w"], rel=1e-6)

    result = run(studio.document)
    steps = [k for k, step in enumerate(result.trace.steps, 1) if step.kind == "op" and step.node == (written,)]
    seen = [result.state_at(k) for k in steps]
    found = [{"loss": s.tensors[("n5",), 0].item, "w": s.tensors[("n1",), 0].item, "grad": s.grads[("n1",), 0].item} for s in seen]
    assert found == TURNS

    while studio.can_undo:
        studio.undo()
    assert dumps(studio.document) == before


def test_a_new_block_is_brought_into_view(window):
    view = window.canvas
    view.canvas.motion = False
    view.set_zoom(2.0)
    window.do("add_block")
    region = view.canvas.frames.blocks.items["update"].rect
    assert view.viewport().rect().contains(view.viewportTransform().mapRect(region).toAlignedRect())


def test_titles_stand_over_wires_and_under_nodes(view):
    titles, node = view.canvas.frames.titles, next(iter(view.canvas.nodes.values()))
    assert view.canvas.wires.zValue() < titles.zValue() < node.zValue()
    assert titles.boundingRect() == view.canvas.sceneRect()
