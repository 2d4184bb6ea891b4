"""Verbs of the graph: grad switches, frames, wires, layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradstudio.app.verbs import when
from gradstudio.document.calls import ZeroGrad
from gradstudio.document.commands.frames import UnwrapNodes, WrapInFrame, frames_needed
from gradstudio.document.commands.layout import Arrange, Collapse
from gradstudio.document.commands.nodes import Bypass, SetRequiresGrad, SetRetainGrad
from gradstudio.document.commands.script import AppendCall, SetGradSwitch
from gradstudio.document.commands.wires import Connect, DetachWire, SwapInputs
from gradstudio.document.graph import LEAF, NodeId, Ref, operand_at
from gradstudio.document.rules import input_count

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def toggle_requires_grad(w: MainWindow) -> None:
    w.studio.do(SetRequiresGrad(when.selected_leaves(w), not when.all_require_grad(w)))


def toggle_retain_grad(w: MainWindow) -> None:
    on, gesture = not when.all_retain_grad(w), w.studio.new_gesture()
    for node in when.selected_ops(w):
        w.studio.do(SetRetainGrad(node, 0, on, gesture))


def detach(w: MainWindow) -> None:
    """Detach the selected wire, or the one that leaves the selected node."""
    leaving = w.studio.graph.consumers.get(w.studio.primary or "", ())
    wire = w.studio.selected_wire or (leaving[0] if len(leaving) == 1 else None)
    if wire is not None:
        w.studio.do(DetachWire(wire.target, wire.path, w.studio.new_id("n")))
    else:
        w.studio.notify("Choose the wire to detach: click it, or press P and Tab until its port is marked")


def no_grad(w: MainWindow) -> None:
    studio, ids = w.studio, w.studio.selected_nodes
    if when.in_frame(w):
        studio.do(UnwrapNodes(ids))
    else:
        frames = tuple(studio.new_id("f") for _ in range(frames_needed(studio.document, ids)))
        studio.do(WrapInFrame(ids, "no_grad", frames))


def toggle_grad_enabled(w: MainWindow) -> None:
    w.studio.do(SetGradSwitch(not when.grad_is_enabled(w), w.studio.new_id("c")))


def zero_selected(w: MainWindow) -> None:
    _zero(w, when.selected_leaves(w))


def zero_all(w: MainWindow) -> None:
    nodes = w.studio.document.graph.nodes
    _zero(w, tuple(n for n in w.studio.document.graph.order if nodes[n].op == LEAF and nodes[n].requires_grad))


def _zero(w: MainWindow, leaves: tuple[NodeId, ...]) -> None:
    if leaves:
        w.studio.do(AppendCall(ZeroGrad(id=w.studio.new_id("c"), targets=tuple(Ref(n) for n in leaves))))


def swap_inputs(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.studio.do(SwapInputs(w.studio.primary))


def bypass(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.studio.do(Bypass(w.studio.primary))


def connect_selected(w: MainWindow) -> None:
    """Wire the first selected node's output to the first free operand of the second."""
    document = w.studio.document
    source, target = w.studio.selected_nodes
    node = w.studio.graph.nodes[target]
    free = [i for i in range(input_count(node, document.groups)) if operand_at(node.inputs, (i,)) is None]
    if free:
        w.studio.do(Connect(Ref(source), target, (free[0],)))
    else:
        w.studio.notify(f"{w.studio.labels.label((*w.studio.scope, target))} has no free input: drag a wire onto the one to replace")


def collapse(w: MainWindow) -> None:
    w.studio.do(Collapse(w.studio.selected_nodes, not when.all_collapsed(w)))


def arrange(w: MainWindow) -> None:
    w.studio.do(Arrange(w.studio.selected_nodes))


def arrange_all(w: MainWindow) -> None:
    w.studio.do(Arrange(tuple(w.studio.graph.nodes)))
