"""A new call with what most people want in it: the leaves that require grad, the root of the last backward, the selection."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gradstudio.document.calls import (
    Backward,
    Call,
    Forward,
    Grad,
    Hook,
    OptimizerStep,
    OptimizerZero,
    Print,
    SeedGenerator,
    SetGradEnabled,
    SetGradNone,
    SetRequiresGrad,
    SetValue,
    ZeroGrad,
)  # fmt: skip
from gradstudio.document.document import MAIN, Document
from gradstudio.document.graph import LEAF, NodeId, Ref

NewId = Callable[[str], str]


def new_call(kind: str, document: Document, selected: Iterable[NodeId], new_id: NewId) -> Call:
    """Return a call of a kind, ready to run where the document allows it."""
    return MAKERS[kind](new_id("c"), document, tuple(n for n in selected if n in document.graph.nodes))


def tracked_leaves(document: Document, selected: tuple[NodeId, ...] = ()) -> tuple[Ref, ...]:
    """Return the selected leaves that require grad; all of them where none is selected."""
    nodes = document.graph.nodes
    leaves = [n for n in document.graph.order if nodes[n].op == LEAF and nodes[n].requires_grad]
    return tuple(Ref(n) for n in ([n for n in leaves if n in selected] or leaves))


def last_roots(document: Document) -> tuple[Ref, ...]:
    """Return the roots of the last backward that names any, else the last node that nothing reads."""
    for call in reversed(list(document.calls())):
        if isinstance(call, Backward) and call.roots:
            return call.roots
    graph = document.graph
    ends = [n for n in graph.order if graph.nodes[n].op != LEAF and n not in graph.consumers]
    return (Ref(ends[-1]),) if ends else ()


def again(document: Document, new_id: NewId) -> Backward:
    """Return one more backward like the last one."""
    calls = [call for call in document.calls() if isinstance(call, Backward)]
    last = calls[-1] if calls else None
    roots = last_roots(document)
    return Backward(id=new_id("c"), roots=roots, seeds=last.seeds if last and last.roots == roots else (), automatic=not roots)


def _forward(call_id: str, document: Document, selected: tuple[NodeId, ...]) -> Call:
    block = document.graph.block_of.get(selected[0]) if selected else None
    return Forward(id=call_id, block=block or next(iter(document.graph.blocks), MAIN))


def _backward(call_id: str, document: Document, selected: tuple[NodeId, ...]) -> Call:
    computed = tuple(Ref(n) for n in selected[:1] if document.graph.nodes[n].op != LEAF)
    roots = computed or last_roots(document)
    return Backward(id=call_id, roots=roots, automatic=not roots)


def _grad(call_id: str, document: Document, selected: tuple[NodeId, ...]) -> Call:
    return Grad(id=call_id, outputs=last_roots(document), inputs=tracked_leaves(document, selected))


def _set_value(call_id: str, document: Document, selected: tuple[NodeId, ...]) -> Call:
    leaves = tracked_leaves(document, selected)
    target = leaves[0] if leaves else None
    return SetValue(id=call_id, target=target, value=document.graph.nodes[target.source].value if target else None)  # type: ignore[arg-type]


def _optimizer(document: Document) -> str:
    return next(iter(document.optimizers), "")


MAKERS: dict[str, Callable[[str, Document, tuple[NodeId, ...]], Call]] = {
    "forward": _forward,
    "backward": _backward,
    "grad": _grad,
    "zero_grad": lambda c, doc, sel: ZeroGrad(id=c, targets=tracked_leaves(doc, sel)),
    "set_grad_none": lambda c, doc, sel: SetGradNone(id=c, targets=tracked_leaves(doc, sel)),
    "set_value": _set_value,
    "set_requires_grad": lambda c, doc, sel: SetRequiresGrad(id=c, targets=tracked_leaves(doc, sel), on=False),
    "set_grad_enabled": lambda c, doc, sel: SetGradEnabled(id=c, on=False),
    "hook": lambda c, doc, sel: Hook(id=c, target=Ref(sel[0]) if sel else None, group=next(iter(doc.groups), None)),
    "optimizer_step": lambda c, doc, sel: OptimizerStep(id=c, optimizer=_optimizer(doc)),
    "optimizer_zero": lambda c, doc, sel: OptimizerZero(id=c, optimizer=_optimizer(doc)),
    "seed": lambda c, doc, sel: SeedGenerator(id=c, number=0),
    "print": lambda c, doc, sel: Print(id=c, operands=tuple(Ref(n) for n in sel) or last_roots(doc)),
}
