"""While numbers roll under a hand, nodes grow no narrower and pills stay; at rest all is as if the hand had never been there."""

from __future__ import annotations

import numpy as np
import pytest

from gradstudio.document.commands.nodes import SetLeafValue
from tests.app.conftest import at_rest


def value(number: float) -> np.ndarray:
    made = np.array(number, np.float32)
    made.setflags(write=False)
    return made


@pytest.fixture(autouse=True)
def long_motion(studio):
    """However busy the machine is, the hand is still in motion when numbers come."""
    studio.clock._rest.setInterval(3000)


def plates(view) -> dict[str, tuple[float, ...]]:
    return {node: item.body.getRect() for node, item in view.canvas.nodes.items()}


def pills(view) -> dict[object, tuple[float, ...] | None]:
    places = {key: view.canvas.pills.place(key) for key in view.canvas.wires.ids}
    return {key: rect.getRect() if rect is not None else None for key, rect in places.items()}


def test_nodes_and_wires_stay_while_a_number_rolls_and_fit_at_rest(view, hand, studio, settle, qtbot):
    def roll(number: float, gesture: int) -> None:
        studio.do(SetLeafValue(hand.node("x"), value(number), gesture))
        qtbot.waitUntil(lambda: not studio.runs.running and not studio.clock.is_behind)
        view.grab()

    start, gesture = plates(view), studio.new_gesture()
    roll(123456.789, gesture)
    wide = plates(view)
    assert wide != start
    courses = {key: view.canvas.wires.shape_of(key) for key in view.canvas.wires.ids}
    roll(2.0, gesture)
    assert plates(view) == wide
    assert all(view.canvas.wires.shape_of(key) is courses[key] for key in courses)
    centres = {key: (x + w / 2, y) for key, at in pills(view).items() if at is not None for x, y, w, _ in [at]}
    roll(-0.12345, gesture)
    after = {key: (x + w / 2, y) for key, at in pills(view).items() if at is not None for x, y, w, _ in [at]}
    assert all(after[key] == pytest.approx(centres[key], abs=1.0) for key in after.keys() & centres.keys())
    roll(2.0, gesture)
    studio.clock._rest.start(0)
    settle()
    assert plates(view) == start


def test_at_rest_it_looks_as_if_no_hand_had_been_there(view, hand, studio, settle, qtbot):
    settle()
    before, gesture = at_rest(view), studio.new_gesture()
    for number in (3.25, 123456.789, -0.125, 2.0):
        studio.do(SetLeafValue(hand.node("x"), value(number), gesture))
        qtbot.waitUntil(lambda: not studio.runs.running and not studio.clock.is_behind)
        view.grab()
    studio.clock._rest.start(0)
    settle()
    assert at_rest(view) == before
