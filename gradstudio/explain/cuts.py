"""Cuts: where a gradient's way ends, because an op does not pass one on."""

from __future__ import annotations

from msgspec import Struct

from gradstudio.document.commands.frames import UnwrapNodes
from gradstudio.document.commands.nodes import Bypass, SetRequiresGrad
from gradstudio.document.graph import LEAF, NodePath, OperandPath
from gradstudio.engine import TABLE
from gradstudio.explain.case import Case
from gradstudio.explain.explanation import Explanation, Fix, one
from gradstudio.explain.wording import listed
from gradstudio.session.trace import TensorKey


class Cut(Struct, frozen=True):
    """A node that reads a tensor and passes no gradient to it, with the reason."""

    node: NodePath
    cause: str  # detach, no_grad, inference_mode, no_derivative, grad_off
    title: str
    words: str
    fix: Fix | None = None


def cut_at(case: Case, path: NodePath, operand: OperandPath) -> Cut | None:
    """Return why a node passes no gradient to one of its operands; None if it does pass it."""
    node, op = case.document.node(path), case.op(path)
    if node.op == "detach":
        words = "detach passes values on and stops the gradient."
        return Cut(
            path,
            "detach",
            "detach cut it",
            words,
            Fix("Take the detach out", "The gradient flows through again", one(lambda _: Bypass(path[-1]))),
        )
    frame = case.mode(path)
    if frame and frame[0] != "enable_grad":
        return _frame_cut(path, op, *frame)
    if not differentiable(node.op, operand):
        words = f"{op} has no derivative there: a small change of its input does not change its output smoothly."
        return Cut(path, "no_derivative", f"{op} has no derivative", words)
    view = case.state.tensors.get((path, 0))
    if view is not None and not view.requires_grad:
        return Cut(path, "grad_off", "grad mode was off", f"{op} ran while grad mode was off, so nothing was recorded.")
    return None


def _frame_cut(path: NodePath, op: str, kind: str, at: NodePath) -> Cut:
    words = f"{op} ran under torch.{kind}(), so nothing was recorded there."
    fix = Fix(f"Take the {kind} frame away", "What is in it is recorded again", one(lambda _: UnwrapNodes((at[-1],))))
    return Cut(path, kind, f"{kind} cut it", words, fix)


def differentiable(op: str, operand: OperandPath) -> bool:
    """Whether an op has a derivative in an operand. An op that the table lacks counts as one that has."""
    row = TABLE.get(op)
    if row is None or not operand or operand[0] >= len(row.inputs):
        return True
    return row.composite is not None or row.inputs[operand[0]].vjp is not None


def untracked(case: Case) -> Explanation:
    """Explain why a tensor that was made does not require grad."""
    if case.node.op == LEAF:
        return _leaf_off(case)
    cuts, leaves = _behind(case)
    if cuts:
        first = cuts[0]
        fixes = tuple(c.fix for c in cuts if c.fix)[:3]
        return Explanation(first.cause, first.title, f"{case.name} does not require grad: {first.words}", first.node, (first.node,), fixes)
    names = [case.label(key) for key in leaves]
    if not names:
        return Explanation(
            "constant", "no leaf behind it", f"{case.name} is made from no leaf, so there is nothing to take a gradient to.", case.path
        )
    words = f"{case.name} does not require grad, because {listed(names)} {'does' if len(names) == 1 else 'do'} not."
    return Explanation("leaf_off", "requires_grad is off", words, leaves[0][0], tuple(key[0] for key in leaves), turn_on(case, leaves))


def _leaf_off(case: Case) -> Explanation:
    if not floating(case, case.key):
        words = f"{case.name} holds {case.view.dtype if case.view else 'whole numbers'}; only floating point tensors can require grad."
        return Explanation("integer", "not floating point", words, case.path)
    words = f"requires_grad is off, so {case.name} is a constant to autograd and has no .grad."
    return Explanation("leaf_off", "requires_grad is off", words, case.path, fixes=turn_on(case, [case.key]))


def _behind(case: Case) -> tuple[list[Cut], list[TensorKey]]:
    """Walk back from an untracked tensor: the ops that cut a tracked operand off, and the leaves that are off."""
    cuts: list[Cut] = []
    leaves: list[TensorKey] = []
    queue, seen = [case.path], {case.path}
    for path in queue:
        for (_, operand), source in case.flow.operands(path):
            view = case.state.tensors.get(source)
            if view is not None and view.requires_grad:
                found = cut_at(case, path, operand)
                cuts += [found] if found and found.node not in {c.node for c in cuts} else []
            elif case.document.node(source[0]).op == LEAF:
                leaves += [source] if source not in leaves else []
            elif source[0] not in seen:
                seen.add(source[0])
                queue.append(source[0])
    return cuts, leaves


def floating(case: Case, key: TensorKey) -> bool:
    """Whether a tensor may require grad by its dtype."""
    view = case.state.tensors.get(key)
    return view is None or "float" in view.dtype or "complex" in view.dtype


def turn_on(case: Case, leaves: list[TensorKey]) -> tuple[Fix, ...]:
    """Return the fix that lets leaves require grad: those that can, and are not private to a group."""
    return tuple(_turn_on(case, key) for key in [key for key in leaves if floating(case, key)][:3])


def _turn_on(case: Case, key: TensorKey) -> Fix:
    label = case.label(key)
    return Fix(f"Let {label} require grad", f"{label}.requires_grad = True", one(lambda _: SetRequiresGrad((key[0][-1],), True)))
