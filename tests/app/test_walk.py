"""A walk through all steps of a run in the window, and back: what is drawn at a step does not depend on where one came from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gradstudio.app.canvas.faces import NodeFace, WireFace
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.main_window import MainWindow
from gradstudio.app.panels.inspector.rows import Sheet
from gradstudio.app.panels.timeline.transport import Position
from gradstudio.app.widgets.step_card import StepCard
from gradstudio.document.graph import NodeId
from gradstudio.explain.equation import Equation
from gradstudio.session.state import State
from tests.app.conftest import example, settled

STEPS = 63


@dataclass(frozen=True)
class Drawn:
    """What the window tells of a step: the numbers, the faces of nodes and wires, the card, the queue and the ledger of saved tensors."""

    state: State
    nodes: dict[NodeId, NodeFace]
    wires: dict[WireId, WireFace]
    card: Equation | None
    sheet: Sheet
    place: str


def drawn(window: MainWindow) -> Drawn:
    canvas = window.canvas.canvas
    canvas.settle()
    card = next(card for card in window.cards if isinstance(card, StepCard))
    nodes = {node: canvas.face(node) for node in canvas.nodes}
    wires = {key: canvas.wires.face(key) for key in canvas.wires.ids}
    place = window.timeline.findChild(Position).accessibleName()
    return Drawn(window.studio.shown.state, nodes, wires, card.equation, window.inspector.sheet, place)


@pytest.fixture
def walker(window, settle, qtbot):
    window.canvas.canvas.motion = False
    window.studio.show_example(example("accumulation"), "accumulation")
    settle()

    def go(verb: str, k: int) -> Drawn:
        window.do(verb)
        qtbot.waitUntil(lambda: settled(window.studio), timeout=10000)
        assert window.studio.shown.state.k == k
        return drawn(window)

    return go


@pytest.mark.parametrize("scope", [(), ("n7",)], ids=["in the document", "in l2_penalty"])
def test_stepping_back_draws_what_stepping_forward_drew(window, walker, scope):
    window.studio.enter(scope)
    there = {0: walker("first", 0)} | {k: walker("step", k) for k in range(1, STEPS + 1)}
    assert all(getattr(there[k], part) != getattr(there[k + 1], part) for k in range(STEPS) for part in ("state", "card", "place"))
    assert sum(there[k].nodes != there[k + 1].nodes for k in range(STEPS)) > STEPS // 2, (
        "some steps change nothing outside a group, or in it"
    )
    back = {k: walker("back", k) for k in reversed(range(STEPS))}
    for k, now in back.items():
        for part in Drawn.__dataclass_fields__:
            assert getattr(now, part) == getattr(there[k], part), f"{part} of step {k}"
