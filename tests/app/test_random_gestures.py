"""Anything a person may do at the window, in any order: nothing dangles, nothing stale is drawn, undo and redo lead back to the byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from gradstudio.app.canvas.node_item import NodeItem
from gradstudio.app.canvas.scene import CanvasScene
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.main_window import MainWindow
from gradstudio.app.studio import Studio
from gradstudio.document.codec import dumps
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE
from gradstudio.io import reader
from gradstudio.resources import resource
from tests.app.person import Person
from tests.code.documents import random_document
from tests.document.making import assert_holds
from tests.long import share

GESTURES, SITTINGS = 40, 5  # of a sitting; of a part
PARTS = range(share(1, 100))  # with GRADSTUDIO_LONG=1 20,000 gestures, beside the simplest sitting with which hypothesis begins each
EXAMPLES = ("tutorial", "accumulation")
APART = st.binary(min_size=16, max_size=16)  # drawn first: no two sittings begin alike, as what comes next may differ with a run's time
pytestmark = pytest.mark.timeout(900)


@st.composite
def openings(draw: st.DrawFn) -> Document:
    """Draw what is open at first: an example, or a random document."""
    name = draw(st.sampled_from((*EXAMPLES, None)))
    return random_document(draw(st.integers(0, 10_000)), rich=True) if name is None else reader.read(resource("examples", f"{name}.grad"))


@pytest.mark.parametrize("part", PARTS)
def test_any_gestures_leave_nothing_dangling_or_stale_and_undo_and_redo_to_the_byte(window, settle, part):
    window.resize(1100, 760)
    window.canvas.complete_leaf = lambda node: node  # as if the form were accepted
    window.canvas.canvas.motion = False

    for number in range(part * SITTINGS, (part + 1) * SITTINGS):

        @seed(number)
        @settings(max_examples=2, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
        @given(APART, openings(), st.data())
        def sitting(apart: bytes, opened: Document, data: st.DataObject) -> None:
            sit(window, settle, opened, data.draw)

        sitting()


def sit(window: MainWindow, settle: Callable[[], None], opened: Document, draw: st.DrawFn) -> None:
    """Do many things to a document, take them back and do them again. What was done is told where it fails."""
    studio, person = window.studio, Person(draw, window)
    studio.show_example(opened, "random")
    first = studio.document
    for _ in range(GESTURES):
        note(person.do())
        assert_nothing_dangles(studio)
        if draw(st.integers(0, 7)) == 0:
            settle()
    assert_holds(studio.document)
    settle()
    assert_scene_fits(window, studio)
    assert_undo_and_redo_lead_back(window, first, settle)


def assert_nothing_dangles(studio: Studio) -> None:
    """Assert that what is selected and where the canvas is in the document."""
    graph = studio.document.graph
    for instance in studio.scope:
        assert graph.nodes[instance].op == INSTANCE
        graph = studio.document.groups[graph.nodes[instance].group].graph
    assert studio.graph is graph
    wires = {("wire", wire.target, wire.path) for wire in graph.wires}
    assert all(selected in graph.nodes or selected in wires for selected in studio.selection)


def assert_scene_fits(window: MainWindow, studio: Studio) -> None:
    """Assert that the canvas, which followed each edit, shows what one shows that is made anew."""
    window.canvas.reset_zoom()
    fresh = CanvasView(studio)
    try:
        fresh.resize(window.canvas.size())
        fresh.canvas.motion = False
        fresh.reset_zoom()
        ours, theirs = drawn(window.canvas.canvas), drawn(fresh.canvas)
        for part in theirs:
            assert ours[part] == theirs[part], part
    finally:
        fresh.deleteLater()


def drawn(canvas: CanvasScene) -> dict[str, object]:
    """Return what a canvas has on it: each item with its place and what it shows, in words, in which nan equals nan."""
    canvas.settle()
    frames = canvas.frames
    return {
        "nodes": {n: repr(canvas.face(n)) for n in canvas.nodes},
        "places": {
            n: (item.pos().x(), item.pos().y(), item.body.getRect()) for n, item in canvas.nodes.items() if item.face.kind != "scissors"
        },
        "items": sorted(item.node for item in canvas.items() if isinstance(item, NodeItem)),
        "wires": {key: repr(canvas.wires.face(key)) for key in canvas.wires.ids},
        "ends": {key: canvas.wires.shape_of(key).box.getRect() for key in canvas.wires.ids},
        "frames": {f: item.rect.getRect() for f, item in frames.items.items()},
        "blocks": {b: item.rect.getRect() for b, item in frames.blocks.items.items()},
        "comments": [item.rect.getRect() for item in frames.comments],
        "selected": (canvas.selected_nodes, canvas.selected_wires),
    }


def assert_undo_and_redo_lead_back(window: MainWindow, first: Document, settle: Callable[[], None]) -> None:
    """Assert that all can be taken back, and done again."""
    studio = window.studio
    while studio.can_redo:
        studio.redo()
    last, done = studio.document, 0
    end = dumps(last)
    while studio.can_undo:
        studio.undo()
        assert_nothing_dangles(studio)
        done += 1
    assert studio.document is first
    for _ in range(done):
        studio.redo()
        assert_nothing_dangles(studio)
    assert studio.document is last
    assert dumps(studio.document) == end
    settle()
    assert_scene_fits(window, studio)
