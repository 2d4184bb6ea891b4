"""Numbers that are exchanged on a node that is laid out stand where they would, had it been laid out anew."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.app import text, theme
from gradstudio.app.canvas.faces import Drawer, InputFace, NodeFace, OutputFace
from gradstudio.app.canvas.geometry import Level, geometry, op_width
from gradstudio.app.canvas.node_words import Word, rewritten, written

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
NUMBERS = st.one_of(FINITE, st.sampled_from([0.0, -0.0, 1.0, 10.0, 1e-30, 12345.678, -1e30]))
LABELS = st.sampled_from(["x", "tanh#107", "a_long_name_of_a_tensor", "y + 8.5"])
FORMULAS = st.sampled_from(["", "1", "leaf#2", "2 · x ** 1.0", "a_long_formula(of_many, letters)"])
DRAWERS = st.sampled_from([None, "stored", "flow", "none"])


@st.composite
def faces(draw) -> NodeFace:
    rows = draw(st.lists(st.tuples(LABELS, FORMULAS, st.booleans(), st.booleans()), max_size=3))
    inputs = tuple(
        InputFace((i,), label, formula, "1.0" if numbered else "", "no grad" if noted else "", live=not noted)
        for i, (label, formula, numbered, noted) in enumerate(rows)
    )
    kind = draw(DRAWERS)
    label = draw(st.sampled_from(["∂loss/∂y", "∂a_long_name+another/∂mse_loss", ".grad"]))
    drawer = None if kind is None else Drawer(kind, label, "1.0", 1.0)
    meta = draw(st.sampled_from(["()", "(1, 1, 1, 1)"]))
    return NodeFace("n1", "op", "mul", "×", value="1.0", meta=meta, inputs=inputs, outputs=(OutputFace(0),), drawer=drawer)


def renumbered(face: NodeFace, numbers: list[float]) -> NodeFace:
    value, passed, *rest = numbers
    inputs = tuple(replace(row, number=text.number(n) if row.number else "") for row, n in zip(face.inputs, rest, strict=False))
    drawer = face.drawer
    if drawer is not None and drawer.kind != "none":
        drawer = replace(drawer, words=text.number(passed), value=passed)
    return replace(face, value=text.number(value), inputs=inputs, drawer=drawer)


def alike(a: list[Word], b: list[Word]) -> bool:
    return len(a) == len(b) and all(x[1:] == y[1:] and x.left == pytest.approx(y.left, abs=1e-9) for x, y in zip(a, b, strict=True))


@given(faces(), st.lists(NUMBERS, min_size=5, max_size=5), st.lists(NUMBERS, min_size=5, max_size=5), st.floats(0, 40))
def test_exchanged_numbers_stand_where_they_would(qapp, face, first, then, wider):
    before, now, dark = renumbered(face, first), renumbered(face, then), theme.named("dark")
    place = geometry(before, Level.FULL)
    place = replace(place, width=place.width + wider)
    assume(op_width(now) <= place.width)
    writing = written(dark, before, place)
    found = rewritten(writing, before, now)
    if found is None:
        return
    wanted = written(dark, now, place)
    assert alike(found.still, wanted.still)
    assert alike(found.changing, wanted.changing)


@given(faces(), st.lists(st.floats(1, 9, width=32), min_size=5, max_size=5), st.lists(st.floats(1, 9, width=32), min_size=5, max_size=5))
def test_numbers_of_one_length_are_always_exchanged(qapp, face, first, then):
    first, then = [[1 + round(n) + 0.5 for n in numbers] for numbers in (first, then)]
    before, now = renumbered(face, first), renumbered(face, then)
    assume(all(len(text.number(a)) == len(text.number(b)) for a, b in zip(first, then, strict=True)))
    assert rewritten(written(theme.named("dark"), before, geometry(before, Level.FULL)), before, now) is not None
