"""Painting never fails: whatever a trace holds, in both themes."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from gradstudio.app import theme
from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.blocks import blocks_of, draw_blocks
from gradstudio.app.panels.timeline.draw_track import by_color, draw_track, level_color
from gradstudio.app.panels.timeline.tracks import Track
from gradstudio.session.trace import Span, Step, Trace, Write

NUMBERS = st.one_of(st.none(), st.floats(width=32), st.sampled_from([0.0, -0.0, math.nan, math.inf, 1e30, -1e-30]))
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def painted(draw, name: str) -> QImage:
    image = QImage(400, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("#000000"))
    painter = QPainter(image)
    try:
        draw(Paint(painter, theme.named(name)))
    finally:
        painter.end()
    return image


def track(values: list[float | None], k: int, signed: bool = True) -> Track:
    writers = ["zero" if value == 0 else "none" if value is None else "accumulate" for value in values]
    writes = tuple(Write(i + 1, None, value, value, writer, "c1") for i, (value, writer) in enumerate(zip(values, writers, strict=True)))
    finite = [value for value in values if value is not None and math.isfinite(value)]
    return Track((("n1",), 0), "x.grad", signed, writes, k, min([0.0, *finite]), max([0.0, *finite]))


@SLOW
@given(values=st.lists(NUMBERS, max_size=90), signed=st.booleans(), name=st.sampled_from(["dark", "light"]))
def test_any_track_can_be_painted(qapp, values, signed, name):
    made = track(values, len(values) + 1, signed)
    painted(lambda paint: draw_track(paint, made, len(values) + 1, 400, 60), name)


@SLOW
@given(
    lengths=st.lists(st.integers(1, 2000), max_size=60),
    kind=st.sampled_from(["forward", "backward", "grad", "zero_grad", "print"]),
    raised=st.booleans(),
)
def test_any_blocks_can_be_painted(qapp, lengths, kind, raised):
    spans, start = [], 0
    for i, length in enumerate(lengths):
        spans.append(Span("c1", (i,), kind, start, start + length, i, raised and i + 1 == len(lengths)))
        start += length
    blocks = blocks_of(Trace(1, steps=(Step("call", "c1", (), ()),) * start, spans=tuple(spans)), 400)
    assert len(blocks) <= 401
    assert not blocks or blocks[-1].right == pytest.approx(400)
    painted(lambda paint: draw_blocks(paint, blocks, lambda span: "a name", 0, 0, QRectF(0, 0, 400, 60)), "dark")


def test_a_gradient_is_orange_above_zero_blue_below_and_a_norm_is_ink(qapp):
    dark = theme.named("dark")
    signed, norm = track([2.0, -2.0], 3), track([2.0, 1.0], 3, signed=False)
    assert level_color(dark, signed, 2.0) == dark.gradient(2.0)
    assert level_color(dark, signed, -2.0) == dark.gradient(-2.0)
    assert level_color(dark, norm, 2.0) == dark.color("text2")
    assert level_color(dark, signed, math.nan) == dark.color("error")
    assert level_color(dark, signed, 0.0) == dark.color("text3")
    assert list(by_color(dark, track([None], 3), [])) == []


def test_before_the_first_write_nothing_is_drawn_but_the_base_line(qapp):
    def lit(made: Track) -> int:
        image = painted(lambda paint: draw_track(paint, made, 10, 400, 60), "dark")
        return sum(image.pixelColor(x, y).lightness() > 60 for x in range(0, 400, 8) for y in range(60))

    assert lit(track([], 10)) == 0
    assert lit(track([0.0], 10)) > 0
