"""The scene follows the studio: after any cause it shows what a scene made anew would show, and touches no more than it must."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PySide6.QtCore import QRectF

from gradstudio.app.canvas.geometry import Level, geometry
from gradstudio.app.canvas.node_item import NodeItem
from gradstudio.app.canvas.scene import CanvasScene
from gradstudio.bench.graphs import document
from gradstudio.document.commands.frames import Unwrap, WrapInFrame
from gradstudio.document.commands.layout import AddComment, Arrange, Collapse, MoveNodes
from gradstudio.document.commands.nodes import DeleteNodes, Rename, SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.wires import Connect, DetachWire, Disconnect, SetLiteral
from gradstudio.document.document import Comment
from gradstudio.document.graph import LEAF, Literal, Node, Ref


def number(value):
    made = np.array(value, np.float32)
    made.setflags(write=False)
    return made


def picture(scene: CanvasScene):
    """All that a scene shows, as values."""
    scene.settle()
    faces = {node: item.face for node, item in scene.nodes.items()}
    wires = {key: scene.wires.face(key) for key in scene.wires.ids}
    places = {node: item.pos() for node, item in scene.nodes.items()}
    paths = {key: scene.wires.shape_of(key).points.round(3).tolist() for key in scene.wires.ids}
    frames = {key: (item.rect, item.title) for key, item in scene.frames.items.items()}
    return faces, wires, places, paths, frames, [(c.rect, c.title) for c in scene.frames.comments]


EDITS = {
    "a value": lambda s: s.do(SetLeafValue("n1", number(3.5))),
    "a switch": lambda s: s.do(SetRequiresGrad(("n2",), False)),
    "a literal": lambda s: s.do(SetLiteral("n4", (1,), Literal(3))),
    "a name": lambda s: s.do(Rename("n5", 0, "product")),
    "a name that turns scissors into a node": lambda s: s.do(Rename("n10", 0, "cut")),
    "a wire": lambda s: s.do(Connect(Ref("n3"), "n11", (1,))),
    "a wire less": lambda s: s.do(Disconnect("n8", (1,))),
    "a cut": lambda s: s.do(DetachWire("n9", (1,), s.new_id("n"))),
    "a node less": lambda s: s.do(DeleteNodes(("n5",))),
    "a move": lambda s: s.do(MoveNodes({"n11": (660, 420), "n10": (560, 160)})),
    "an arrangement": lambda s: s.do(Arrange()),
    "a collapse": lambda s: s.do(Collapse(("n5", "n7"), True)),
    "a frame": lambda s: s.do(WrapInFrame(("n4",), "no_grad", (s.new_id("f"),))),
    "a frame less": lambda s: s.do(Unwrap("f1")),
    "a comment": lambda s: s.do(AddComment(Comment((0, 700, 200, 100), "Later"))),
    "a step": lambda s: s.player.go_to(60),
    "a step in a forward": lambda s: s.player.go_to(24),
    "the beginning": lambda s: s.player.go_to(0),
}


@pytest.mark.parametrize("edit", EDITS)
def test_after_any_cause_it_shows_what_a_new_scene_shows_and_undo_takes_it_back(view, studio, settle, edit):
    before = picture(view.canvas)
    EDITS[edit](studio)
    settle()
    assert picture(view.canvas) == picture(CanvasScene(studio))
    if studio.can_undo:
        studio.undo()
    else:
        studio.player.go_to(studio.shown.trace.end)
    settle()
    assert picture(view.canvas) == before


def test_a_leaf_that_the_run_writes_shows_what_it_is_after_it(view, studio, settle):
    start = np.array([3.0, 0.5, 3.0], np.float32)
    start.setflags(write=False)
    nodes = [
        Node("n1", LEAF, value=number(2.0), requires_grad=True),
        Node("n2", LEAF, value=start),
        Node("n3", "zero_", (Ref("n2"),)),
        Node("n4", "mul", (Ref("n1"), Ref("n1"))),
    ]
    studio.show_example(document(nodes, [(0, 0), (0, 200), (260, 200), (260, 0)]), "zeroed")
    settle()
    for factor in (1.5, 2.0):
        value = start * np.float32(factor)
        value.setflags(write=False)
        studio.do(SetLeafValue("n2", value))
        settle()
        assert picture(view.canvas) == picture(CanvasScene(studio))


def test_a_drag_of_one_number_leaves_what_does_not_depend_on_it_alone(view, studio, settle):
    view.canvas.settle()
    faces = {node: item.face for node, item in view.canvas.nodes.items()}
    items = set(map(id, view.canvas.nodes.values()))
    studio.do(SetLeafValue("n1", number(2.25)))
    settle()
    view.canvas.settle()
    same = {node for node, item in view.canvas.nodes.items() if item.face is faces[node]}
    assert {"n6", "n10"} <= same
    assert not {"n1", "n4", "n5"} & same
    assert set(map(id, view.canvas.nodes.values())) == items


def test_each_node_is_one_item_without_children(view):
    items = [item for item in view.canvas.items() if isinstance(item, NodeItem)]
    assert len(items) == len(view.studio.document.graph.nodes)
    assert not any(item.childItems() for item in items)


def test_a_frame_hugs_its_nodes(view):
    (rect,) = view.canvas.frames.rects().values()
    body = view.canvas.nodes["n6"].full_body
    assert rect == body.adjusted(-16, -36, 16, 16)


def test_scissors_sit_on_their_wire(view):
    item = view.canvas.nodes["n10"]
    shape = view.canvas.wires.shape_of(("n11", (0,)))
    assert (shape.point(shape.cut) - item.pos()).manhattanLength() < 0.5
    assert view.canvas.hit(item.pos()).node == "n10"


def test_what_lies_at_a_point_is_the_topmost_thing(view, hand):
    canvas = view.canvas
    assert canvas.hit(hand.port("z", (0,))).part.kind == "input"
    assert canvas.hit(hand.port("z")).part.kind == "output"
    assert canvas.hit(hand.on("x", 118, 15)).part.kind == "switch"
    assert canvas.hit(hand.on("x", 30, 52)).part.kind == "value"
    assert canvas.hit(hand.on("x", 60, 105)).part.kind == "drawer"
    assert canvas.hit(canvas.frames.items["f1"].title_rect().center()).frame == "f1"
    nothing = canvas.hit(hand.at(hand.on("x", 60, 150)) and hand.on("x", 60, 150))
    assert (nothing.node, nothing.wire, nothing.frame) == (None, None, None)


def test_zooming_out_leaves_frames_and_positions_and_moves_ports(view):
    frames = view.canvas.frames.rects()
    view.set_zoom(0.4)
    assert view.canvas.level == Level.TILE
    assert view.canvas.frames.rects() == frames
    assert view.canvas.nodes["n5"].place.height == 80
    view.set_zoom(1.0)
    assert view.canvas.nodes["n5"].place.height == 144


@pytest.mark.parametrize("zoom", [1.0, 0.6, 0.4, 0.15])
@pytest.mark.parametrize("mode", ["dark", "light"])
def test_every_level_paints_in_both_themes(view, studio, zoom, mode):
    studio.set_theme(mode)
    view.set_zoom(zoom)
    view.put(view.canvas.content_rect().center(), view.viewport().rect().center().toPointF())
    image = view.grab().toImage()
    background = view.canvas.theme.color("canvas")
    assert image.pixelColor(1, 300) == background or zoom >= 0.3
    colours = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colours) > 6


def test_pills_cover_neither_nodes_nor_each_other(view):
    canvas = view.canvas
    places = [rect for key in canvas.wires.ids if (rect := canvas.pills.place(key)) is not None]
    assert len(places) >= 6
    bodies = [item.body for item in canvas.nodes.values()]
    assert not [p for p in places for body in bodies if p.intersects(body)]
    assert not [1 for i, p in enumerate(places) for q in places[i + 1 :] if p.intersects(q)]


def test_a_pill_without_room_is_left_out(view):
    assert view.canvas.pills.place(("n7", (0,))) is None


def test_the_first_picture_is_laid_out_as_drawn(view):
    """Nodes of `accumulation.grad` stand where the picture has them, a few units apart at most."""
    drawn = {"n1": (0, 0), "n2": (0, 184), "n3": (0, 454), "n4": (204, 0), "n5": (418, 66), "n6": (418, 324), "n7": (204, 468),
             "n8": (666, 112), "n9": (886, 102), "n11": (666, 362)}  # fmt: skip
    for node, (x, y) in drawn.items():
        at = view.canvas.nodes[node].pos()
        assert abs(at.x() - x) <= 12
        assert abs(at.y() - y) <= 12


def test_wires_cross_no_node(view):
    canvas = view.canvas
    for key in canvas.wires.ids:
        face, points = canvas.wires.face(key), canvas.wires.shape_of(key).points
        for node, item in canvas.nodes.items():
            if node in (face.source.source, face.target, face.cut) or item.face.kind == "scissors":
                continue
            body: QRectF = item.body
            assert not [1 for x, y in points.tolist() if body.contains(x, y)], (key, node)


def test_of_two_cuts_one_after_the_other_the_first_are_scissors(view, studio, settle):
    """The wire mse_loss → err is cut already (n10): a detach before it is scissors too, on the wire to what is then a node."""
    studio.do(DetachWire("n10", (0,), studio.new_id("n")))
    settle()
    first = next(node for node in studio.graph.nodes.values() if node.op == "detach" and node.id != "n10")
    kinds = {node: view.canvas.nodes[node].face.kind for node in (first.id, "n10")}
    assert kinds[first.id] == "scissors"
    assert kinds["n10"] != "scissors"
    assert set(view.canvas.wires.ids) >= {("n10", (0,)), ("n11", (0,))}
    view.grab()
    assert picture(view.canvas) == picture(CanvasScene(studio))


def test_a_fault_while_painting_is_told_and_the_rest_is_painted(view, monkeypatch):
    """Two in one paint would end the process, were they left to Qt."""
    heard: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: heard.append(error))

    def broken(*_: object, **__: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(view.canvas.wires._tiles, "look_up", broken)
    monkeypatch.setattr(NodeItem, "_paint", broken)
    view.grab()
    assert len(heard) >= 2
    assert all(isinstance(error, KeyError) for error in heard)


def test_a_document_that_is_opened_again_from_afar_is_shown_as_it_is_from_near(view, studio, settle):
    """Its leaves show what they showed before, and are larger."""
    document = studio.document
    for zoom in (0.4, 0.6, 0.2):
        view.set_zoom(zoom)
        studio.show_example(document, "again")
        assert {item.level for item in view.canvas.nodes.values()} == {view.canvas.level}
        settle()
        assert all(item.place == geometry(item.face, view.canvas.level) for item in view.canvas.nodes.values())
