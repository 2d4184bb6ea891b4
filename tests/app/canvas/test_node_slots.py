"""Numbers that are exchanged on a node that is laid out stand where they would, had it been laid out anew; nothing lies over them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.app import text, theme
from gradstudio.app.canvas.faces import Drawer, InputFace, NodeFace, OutputFace
from gradstudio.app.canvas.geometry import Geometry, Level, geometry, op_width
from gradstudio.app.canvas.node_slots import exchange, slots_of
from gradstudio.app.canvas.node_words import Word, Writing, written

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


def exchanged(writing: Writing, before: NodeFace, now: NodeFace, place: Geometry) -> list[Word] | None:
    """Return the words that change with the numbers of another face; None where others would make way for them."""
    slots = slots_of(("n1",), before, writing, place)
    assert slots is not None
    texts = [now.value, *(row.number for row in now.inputs if row.number and not row.note)]
    if now.drawer is not None and now.drawer.kind != "none":
        texts.append(now.drawer.words)
    words = list(writing.changing)
    for slot, text_now in zip(slots.numbers, texts, strict=True):
        kept = list(words)
        if exchange(words, slot, text_now) is None:
            assert words == kept
            return None
    return words


def alike(a: list[Word], b: list[Word]) -> bool:
    same = [x.words == y.words and x.base == y.base and x.ink.role == y.ink.role for x, y in zip(a, b, strict=True)]
    return all(same) and all(x.left == pytest.approx(y.left, abs=1e-9) for x, y in zip(a, b, strict=True))


def made_way(wanted: Writing, writing: Writing, place: Geometry) -> bool:
    """Say whether words are others, or smaller, than they would be for the numbers of now."""
    same = all(a.ink.role == b.ink.role and a.words.startswith("∂") <= (a.words == b.words)
               for a, b in zip(wanted.changing, writing.changing, strict=True))  # fmt: skip
    return not same or [w.words for w in wanted.still] != [w.words for w in writing.still]


@given(faces(), st.lists(NUMBERS, min_size=5, max_size=5), st.lists(NUMBERS, min_size=5, max_size=5), st.floats(0, 40))
def test_exchanged_numbers_stand_where_they_would(qapp, face, first, then, wider):
    before, now, dark = renumbered(face, first), renumbered(face, then), theme.named("dark")
    place = geometry(before, Level.FULL)
    place = replace(place, width=place.width + wider)
    writing = written(dark, before, place)
    found = exchanged(writing, before, now, place)
    if found is None:
        return
    assert op_width(now) <= place.width
    wanted = written(dark, now, place)
    if not made_way(wanted, writing, place):
        assert alike(found, wanted.changing)
    for old, new in zip(writing.changing, found, strict=True):
        assert (old.base, old.ink) == (new.base, new.ink)
        if not old.words.startswith("∂"):
            assert new.left + new.width == pytest.approx(old.left + old.width, abs=1e-9)
    for number, formula in pairwise(found):
        if formula.words.startswith("∂"):
            assert formula.left + formula.width == pytest.approx(number.left - 1, abs=1e-9)


@given(faces(), st.lists(NUMBERS, min_size=5, max_size=5), st.lists(NUMBERS, min_size=5, max_size=5))
def test_exchanged_numbers_lie_over_nothing_that_the_ones_before_did_not(qapp, face, first, then):
    before, now, dark = renumbered(face, first), renumbered(face, then), theme.named("dark")
    place = geometry(before, Level.FULL)
    writing = written(dark, before, place)
    found = exchanged(writing, before, now, place)
    if found is not None:
        for old, new in zip(writing.changing, found, strict=True):
            beside = [word.left + word.width for word in writing.still if word.base == new.base and word.left < old.left]
            assert new.left >= min(max(beside, default=0.0), old.left) - 1e-9


@given(faces(), st.lists(st.floats(1, 9, width=32), min_size=5, max_size=5), st.lists(st.floats(1, 9, width=32), min_size=5, max_size=5))
def test_numbers_of_one_length_are_always_exchanged(qapp, face, first, then):
    first, then = [[1 + round(n) + 0.5 for n in numbers] for numbers in (first, then)]
    before, now = renumbered(face, first), renumbered(face, then)
    assume(all(len(text.number(a)) == len(text.number(b)) for a, b in zip(first, then, strict=True)))
    place = geometry(before, Level.FULL)
    assert exchanged(written(theme.named("dark"), before, place), before, now, place) is not None
