"""The far view: colours that are worked out for all nodes at once are those of one node at a time; what lies under nodes is kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from gradstudio.app import theme
from gradstudio.app.canvas.faces import Tint
from gradstudio.app.canvas.far_hues import FAILED, colour_of
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.node_faces import leaving
from gradstudio.app.canvas.node_small import heat_fill
from gradstudio.app.canvas.tints import codes_of, codes_of_numbers, tint_of
from gradstudio.app.theme import GradientRange
from gradstudio.document.calls.backward import Backward
from gradstudio.document.commands.layout import MoveNodes
from gradstudio.document.commands.nodes import SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.graph import INPUT, LEAF, Ref
from gradstudio.session.state import Flow, number_flow
from tests.app.conftest import at_rest

SIZES = st.floats(1e-30, 1e30) | st.sampled_from([0.0, math.inf])
RANGES = st.builds(GradientRange, st.none() | st.floats(1e-9, 1.0), st.none() | st.floats(1.0, 1e9))
FLOWS = st.none() | st.builds(
    Flow,
    st.sampled_from(["none", "zero", "value", "pending"]),
    st.none() | st.floats(),
    SIZES,
    SIZES,
    SIZES,
    nonfinite=st.sampled_from([0, 0, 0, 3]),
)


class Seen:
    """What a tint is made of."""

    def __init__(self, scale: GradientRange) -> None:
        self.range = scale


@example(GradientRange(None, 2.0), [Flow("value", 5e-324, 5e-324, 5e-324)], False)
@given(RANGES, st.lists(FLOWS, max_size=12), st.booleans())
def test_codes_stand_for_tints(qapp, scale, flows, norms):
    dark = theme.named("dark")
    for code, flow in zip(codes_of(scale, flows).tolist(), flows, strict=True):
        assert colour_of(dark, norms, code) == colour_alone(dark, norms, tint_of(Seen(scale), flow))


@given(RANGES, st.lists(st.floats(width=32), max_size=12))
def test_numbers_have_the_codes_of_their_flows(scale, numbers):
    flows = [number_flow(g, (), (g,), 1) for g in numbers]
    assert codes_of_numbers(scale, np.array(numbers, float)).tolist() == codes_of(scale, flows).tolist()


def colour_alone(shown, norms, heat: Tint | None, failed=False, frozen=False) -> int:
    """Return the colour of a node as the design has it."""
    if failed:
        return shown.color("error").rgb()
    return shown.color("line2").rgb() if heat is None else heat_fill(shown, None if frozen else heat, False, norms)[0].rgb()


def colours_alone(view) -> list[int]:
    canvas, context, found = view.canvas, view.canvas.context, []
    for node in canvas.plates.nodes:
        flow = context.state.cotangents.get((context.path(node), 0))
        if flow is None and context.graph.nodes[node].op in (LEAF, INPUT):
            flow = leaving(context, node)
        failed = node in context.failures or node == context.first_nonfinite
        found.append(colour_alone(canvas.theme, canvas.norms, tint_of(context, flow), failed, node in context.frozen))
    return found


@pytest.fixture
def afar(view):
    """The view so far out that nodes are rectangles."""
    view.zoom_by(0.15 / view.zoom)
    assert view.canvas.level == Level.FAR
    return view


def test_every_node_has_the_colour_that_it_has_alone_whatever_is_edited(afar, hand, studio, settle):
    def check() -> None:
        settle()
        assert afar.canvas.far.fills().tolist() == colours_alone(afar)

    check()
    for value in (3.0, -0.5, 0.0, float("nan"), 2.0):
        studio.do(SetLeafValue(hand.node("x"), frozen(value)))
        check()
    studio.do(SetRequiresGrad((hand.node("x"),), False))
    check()
    studio.undo()
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref(hand.node("loss")),))))  # raises: a node failed
    check()
    assert colour_of(afar.canvas.theme, False, FAILED) in afar.canvas.far.fills()
    studio.undo()
    for k in (20, 33, 60, 63):
        studio.player.go_to(k)
        check()


def frozen(value: float) -> np.ndarray:
    made = np.array(value, np.float32)
    made.setflags(write=False)
    return made


def test_a_tick_that_leaves_all_colours_draws_nothing(afar, hand, studio, settle):
    settle()
    at_rest(afar)
    stamp = afar.canvas.far.stamp
    studio.do(SetLeafValue(hand.node("W"), studio.document.graph.nodes[hand.node("W")].value * 1.0001))
    settle()
    assert afar.canvas.far.stamp == stamp


def test_what_lies_under_nodes_is_drawn_again_where_it_differs(afar, hand, studio, settle):
    """A picture of it that is kept shows the same as a view that keeps none."""

    def check() -> QImage:
        settle()
        shown = at_rest(afar)
        assert afar.canvas.far._ground[1] is not None
        afar.canvas.far._ground = None, None
        afar.canvas.update()
        assert at_rest(afar) == shown
        return shown

    before = check()
    studio.do(MoveNodes({hand.node("x"): (-400.0, -300.0)}))
    moved = check()
    assert moved != before
    studio.select([hand.node("x")])
    afar.canvas.fade.show(True)
    assert check() != moved
    afar.canvas.fade.show(False)
    studio.undo()
    studio.select([])
    assert check() == before
    assert QColor(before.pixel(2, 2)) == afar.canvas.theme.color("canvas")


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_a_part_of_what_lies_under_nodes_joins_the_rest_on_any_screen(afar, settle, ratio):
    settle()
    canvas, port, way = afar.canvas, afar.viewport().rect(), afar.viewportTransform()
    middle = port.center()
    parts = [QRect(middle.x() - x, middle.y() - y, 2 * x + 1, 2 * y + 3) for x, y in ((91, 47), (33, 21), (57, 9))]
    canvas.device_ratio, images = ratio, []
    for kept in (True, False):
        image = QImage(port.size() * ratio, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        for area in (port, port, *parts):
            with QPainter(image) as painter:
                painter.setClipRect(area)
                painter.setWorldTransform(way)
                canvas.far.paint(painter, afar.visible_rect(area), area, port if kept else None)
        images.append(image)
    canvas.device_ratio = 1.0
    assert images[0] == images[1]
