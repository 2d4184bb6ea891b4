"""Groups on the canvas: entered and left, edited within, stepped through."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtTest import QTest

from gradstudio.app.canvas.wire_faces import face_of
from gradstudio.document.codec import dumps
from gradstudio.document.commands.groups import GroupNodes
from gradstudio.document.graph import Ref


def inside(view) -> set[str]:
    return {view.canvas.context.labels.label(view.canvas.context.path(n)) for n in view.canvas.nodes}


def test_a_double_click_enters_an_instance_and_its_numbers_are_there(view, hand, settle):
    hand.double_click(hand.on("reg", 60, 50))
    assert view.studio.scope == (hand.node("reg"),)
    assert inside(view) == {"l2_penalty/W", "l2_penalty/pow", "l2_penalty/sum", "l2_penalty/mul"}
    assert view.canvas.face(hand.node("l2_penalty/mul")).value == "0.9812"
    assert view.canvas.face(hand.node("l2_penalty/mul")).drawer.words == "1.0"
    assert face_of(view.canvas.context, ("n15", (1,))).kind == "gradient"


def test_leaving_selects_the_instance_and_finds_the_view_as_it_was(view, hand):
    view.set_zoom(0.8)
    before = view.zoom, view.to_scene(QPointF(100, 100))
    view.studio.enter((hand.node("reg"),))
    assert view.studio.selection == frozenset()
    view.studio.enter(())
    assert view.studio.selected_nodes == (hand.node("reg"),)
    assert view.zoom == before[0]
    assert (view.to_scene(QPointF(100, 100)) - before[1]).manhattanLength() < 3


def test_the_breadcrumb_says_where_and_leads_out(view, hand, qtbot):
    assert not view.overlays.breadcrumb.isVisible()
    view.studio.enter((hand.node("reg"),))
    assert view.overlays.breadcrumb.isVisible()
    assert [words for _, words in view.overlays.breadcrumb.places()] == ["accumulation", "l2_penalty reg"]
    QTest.mouseClick(view.overlays.breadcrumb, Qt.MouseButton.LeftButton, pos=QPoint(20, 15))
    assert view.studio.scope == ()


def test_a_step_inside_rings_the_collapsed_instance_and_offers_to_enter(view, hand, qtbot):
    studio, trace = view.studio, view.studio.shown.trace
    reg = hand.node("reg")
    k = next(k for k, step in enumerate(trace.steps, 1) if step.kind == "visit" and step.node[:1] == (reg,))
    studio.player.go_to(k)
    qtbot.waitUntil(lambda: studio.shown.state.k == k)
    assert view.canvas.face(reg).current
    path, words = view.overlays.breadcrumb.offer
    assert path == (reg,)
    assert "l2_penalty" in words
    studio.enter(path)
    assert view.overlays.breadcrumb.offer is None
    assert view.canvas.face(trace.steps[k - 1].node[-1]).current
    studio.player.go_to(1)
    qtbot.waitUntil(lambda: studio.shown.state.k == 1)
    assert view.overlays.breadcrumb.offer[0] == ()


def test_wires_are_drawn_and_numbers_typed_within_a_definition(view, hand, settle):
    studio = view.studio
    studio.enter((hand.node("reg"),))
    before = dumps(studio.document)
    hand.drag(hand.port("l2_penalty/W"), hand.port("l2_penalty/sum", (0,)))
    assert studio.document.groups["g1"].graph.nodes["n14"].inputs == (Ref("n12"),)
    settle()
    assert view.canvas.face("n14").value == "2.25"
    studio.undo()
    assert dumps(studio.document) == before
    assert studio.scope == (hand.node("reg"),)


def test_a_palette_op_goes_into_the_definition(view, hand):
    studio = view.studio
    studio.enter((hand.node("reg"),))
    added = view.add_node("exp", QPointF(400, 300))
    assert added in studio.document.groups["g1"].graph.nodes
    assert added in view.canvas.nodes
    assert studio.selected_nodes == (added,)


def test_a_scope_that_goes_with_an_undo_is_left(view, hand):
    studio = view.studio
    assert studio.do(GroupNodes((hand.node("a"),), "square", studio.new_id("g"), "n90", ("n91",)))
    studio.enter(("n90",))
    assert set(view.canvas.nodes) == {"n91", "n4"}
    studio.undo()
    assert studio.scope == ()
    assert "n4" in view.canvas.nodes
    assert "n91" not in view.canvas.nodes


def test_the_breadcrumb_gives_way_to_a_card(view, hand):
    view.studio.enter((hand.node("reg"),))
    place = view.overlays.breadcrumb.geometry()
    card = place.adjusted(4, 4, 40, 40)
    view.overlays.cover(card)
    assert view.overlays.breadcrumb.isVisible()
    assert not view.overlays.breadcrumb.geometry().intersects(card)
    view.overlays.cover(QRect())
    assert view.overlays.breadcrumb.geometry() == place
