"""Choreography: the parts of a step follow one another, at the pace of play, and nothing waits for them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRectF

from gradstudio.app.canvas.step_overlay import between
from gradstudio.app.choreography import LENGTH, PARTS, SHORTEST, Choreography
from gradstudio.app.main_window import MainWindow
from gradstudio.app.studio import Studio
from gradstudio.app.widgets.step_card import rolled
from gradstudio.explain.equation import Row, Term
from tests.app.conftest import example

BEFORE_MUL = 59  # in the third pass


@pytest.fixture
def clock(qapp) -> Choreography:
    return Choreography()


def played(qtbot, clock: Choreography) -> list[dict[str, float]]:
    """All that a clock tells until it has landed."""
    seen: list[dict[str, float]] = []
    clock.moved.connect(lambda: seen.append({name: clock.part(name) for name in PARTS}))
    qtbot.waitUntil(lambda: not clock.running, timeout=5000)
    return seen


def test_the_parts_of_a_step_begin_one_after_the_other_and_end_where_they_belong(qtbot, clock):
    clock.start(1.0)
    assert [clock.part(name) for name in PARTS] == [0.0] * len(PARTS)
    seen = played(qtbot, clock)
    for earlier, later in (("ring", "fronts"), ("card", "fronts"), ("fronts", "drawer")):
        assert all(each[earlier] >= each[later] for each in seen)
    assert seen[-1] == dict.fromkeys(PARTS, 1.0)
    assert LENGTH == 620


@pytest.mark.parametrize(("speed", "back", "ms"), [(1.0, False, 620), (2.0, False, 310), (1.0, True, 310), (100.0, True, SHORTEST)])
def test_speed_scales_a_step_and_stepping_back_takes_half(clock, speed, back, ms):
    clock.start(speed, back)
    assert clock._clock.duration() == ms
    clock.land()
    assert [clock.part(name) for name in PARTS] == [1.0] * len(PARTS)


def test_landing_is_told_once(clock):
    told: list[bool] = []
    clock.landed.connect(lambda: told.append(True))
    clock.land()
    clock.start(1.0)
    clock.land()
    clock.land()
    assert told == [True]


@pytest.fixture
def stepping(window: MainWindow, studio: Studio, settle) -> Iterator[MainWindow]:
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    window.canvas.canvas.motion = False
    studio.player.go_to(BEFORE_MUL)
    settle()
    window.canvas.canvas.motion = True
    studio.player.speed = 0.1  # slow enough to be seen in flight on any machine
    yield window
    window.canvas.canvas.steps.land()


def test_a_step_moves_the_ring_fades_the_card_and_sends_fronts(stepping, studio, settle):
    steps, card = stepping.canvas.canvas.steps, stepping.cards[1]
    studio.player.step(1)
    settle()
    now = stepping.canvas.canvas.context.current
    assert steps.clock.running
    assert steps.ring is not None
    assert steps.ring[1] == now
    assert steps.carries_ring_to(now)
    assert steps.fronts
    assert card._former is not None
    stepping.grab()  # it paints in flight
    steps.land()
    assert (steps.ring, steps.fronts, steps.fillings, card._former) == (None, [], [], None)


def test_a_write_to_grad_fills_the_drawer_and_stepping_back_empties_it(stepping, studio, settle):
    steps, series = stepping.canvas.canvas.steps, studio.shown.trace.series[("n1",), 0]
    stepping.canvas.canvas.motion = False
    studio.player.go_to(series[-1].step - 1)
    settle()
    stepping.canvas.canvas.motion = True
    studio.player.step(1)
    settle()
    assert [filling.node for filling in steps.fillings] == ["n1"]
    assert steps.fillings[0].before.drawer.words == "0.0"
    steps.land()
    studio.player.step(-1)
    settle()
    assert steps.clock.back
    assert steps.fillings[0].before.drawer.words == "12.0"


def test_in_haste_and_with_reduced_motion_a_step_is_instant(stepping, studio, settle):
    scene = stepping.canvas.canvas
    studio.player.step(1)
    settle()
    studio.player.step(1)
    settle()
    assert not scene.steps.clock.running  # the second came before the first had landed
    stepping.canvas.set_motion(False)
    began = time.monotonic()
    studio.player.step(-1)
    settle()
    assert scene.steps.ring is None
    assert scene.steps.fronts == []
    assert scene.steps.clock.running or time.monotonic() - began > 0.08  # the card cross-fades, that is all
    stepping.canvas.set_motion(True)


def test_numbers_roll_from_those_of_the_card_before():
    old, new = (Row(terms=(Term("x", value=a), Term("y", words="None")), operators=()) for a in (1.0, 3.0))
    half = rolled(old, new, 0.5)
    assert [term.text for term in half.terms] == ["2.0", "None"]
    assert rolled(old, new, 1.0) == new
    assert rolled(Row(terms=(Term("x", value=float("inf")), Term("y", words="None")), operators=()), new, 0.5) == new


def test_a_ring_on_its_way_lies_between():
    assert between(QRectF(0, 0, 10, 20), QRectF(100, 50, 30, 20), 0.5) == QRectF(50, 25, 20, 20)
