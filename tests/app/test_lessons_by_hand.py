"""Every lesson can be done with what the window offers: its commands, the list of calls, the ways out on the error's card."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradstudio.app.main_window import MainWindow
from gradstudio.app.panels.timeline.rows import CallRow
from gradstudio.document.calls import Call, ZeroGrad
from gradstudio.document.commands.nodes import Rename, SetLeafValue
from gradstudio.document.commands.wires import Connect, SetLiteral
from gradstudio.document.graph import Literal, NodeId, OperandPath, Ref
from gradstudio.lessons.lesson import shipped


class Hand:
    """A person at the window, who calls nodes by their labels."""

    def __init__(self, window: MainWindow, settle: Callable[[], None]) -> None:
        self.window, self.studio, self.settle = window, window.studio, settle

    def node(self, label: str) -> NodeId:
        found = self.studio.labels.by_label(label)
        assert found is not None, label
        return found[0][0]

    def do(self, command: str, *labels: str) -> None:
        """Do a command of the menus to some nodes."""
        if labels:
            self.studio.select([self.node(label) for label in labels])
        self.window.do(command)
        self.settle()

    def cut(self, target: str, path: OperandPath) -> None:
        """Select a wire and press D."""
        self.studio.select([("wire", self.node(target), path)])
        self.do("detach")

    def add(self, op: str, *sources: str | float) -> NodeId:
        """Add a node from the palette, and lead wires and numbers into it."""
        self.window.placing.add_item(op)
        made = self.studio.primary
        for i, source in enumerate(sources):
            if isinstance(source, str):
                self.studio.do(Connect(Ref(self.node(source)), made, (i,)))
            else:
                self.studio.do(SetLiteral(made, (i,), Literal(source)))
        return made

    def call(self, kind: type[Call]) -> CallRow:
        """Return the row of the first call of a kind."""
        return next(row for row in self.window.timeline.calls.calls.rows if isinstance(row.statement, kind))


def hidden_graph(hand: Hand) -> None:
    hand.studio.do(Rename(hand.add("add", "x", "p"), 0, "z"))


def requires_grad(hand: Hand) -> None:
    hand.do("requires_grad", "a")
    hand.do("requires_grad", "b")


def backward(hand: Hand) -> None:
    hand.do("requires_grad", "y")
    hand.do("backward_from", "z")


def accumulation(hand: Hand) -> None:
    for _ in range(4):
        hand.do("forward")
        hand.do("backward_from", "y")


def retain_graph(hand: Hand) -> None:
    button = next(each for each in hand.window.cards[0]._fixes if each.fix.words == "Keep the graph next time")
    button.click()


def zero_grad(hand: Hand) -> None:
    calls = hand.window.timeline.calls
    calls.toggle(hand.call(ZeroGrad))
    hand.settle()
    assert hand.window.lessons.panel.mark.hint.startswith("In the first turn")
    for _ in range(2):
        calls.move_down(hand.call(ZeroGrad))
        hand.settle()


def detach(hand: Hand) -> None:
    hand.cut("y", (1,))


def straight_through(hand: Hand) -> None:
    hand.cut("y", (1,))


def no_grad(hand: Hand) -> None:
    hand.do("no_grad", "step", "sub_")


def vector_roots(hand: Hand) -> None:
    hand.studio.do(SetLeafValue(hand.node("v"), np.array([2, 1], "float32")))


def nan_hunt(hand: Hand) -> None:
    made = hand.add("where", "m", "x", 1)
    hand.studio.do(Connect(Ref(made), hand.node("r"), (0,)))


WAYS: dict[str, Callable[[Hand], None]] = {
    way.__name__.replace("_", "-"): way
    for way in (
        hidden_graph, requires_grad, backward, accumulation, retain_graph, zero_grad, detach, straight_through, no_grad, vector_roots,
        nan_hunt,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_lesson_is_done_by_hand(window, settle, qtbot, name: str) -> None:
    window.lessons.path.unlink(missing_ok=True)
    window.do("lessons")
    panel = window.lessons.panel
    panel.chosen.emit(name)
    settle()
    qtbot.waitUntil(lambda: panel.mark is not None)
    assert not panel.mark.done
    WAYS[name](Hand(window, settle))
    settle()
    qtbot.waitUntil(lambda: panel.mark.done)
    assert panel.progress.done == (name,)
    window.lessons.path.unlink()
