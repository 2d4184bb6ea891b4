"""Calls that compute: which ops they become, and what is left where no op tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradstudio.capture.operands import Unspelled, operands
from gradstudio.capture.plans import BEFORE, Plan, making_plan, writes, writing_plan
from gradstudio.capture.rows import Use
from gradstudio.capture.seen import Compute, Known, Seen, Told, tensors_in
from gradstudio.document.graph import Operand, Ref
from gradstudio.document.storage import is_alias

if TYPE_CHECKING:
    from gradstudio.capture.recording import Recording

# Their result has the shape of a tensor, and nothing of its numbers.
FRESH = ("_like", "new_")


def record(recording: Recording, told: Told, compute: Compute) -> None:
    """Record a call as ops. Where it is none, what it changed becomes SetValue, and what it made a constant once that is used."""
    (_written if writes(told) else _made)(recording, told, compute)


def _written(recording: Recording, told: Told, compute: Compute) -> None:
    plan = writing_plan(told)
    before = _versions(told)
    last = nodes(recording, told, plan)  # before it runs: a leaf has the numbers that it had
    if last is None:
        unrecorded(recording, told, before, compute())
        return
    try:
        compute()
    except Exception as error:
        recording.cut(error)
        raise
    target = before[0][0] if before else None
    known = recording.known.get(target.key) if target is not None else None
    if known is None:  # a .grad, which is known by its owner
        return
    stays = told.name == "Tensor.__setitem__" or (told.mode is not None and recording.is_leaf_node(known.ref))
    if not stays:
        known.ref, known.rank = Ref(last), 9
    for each in known.group:
        each.refresh()


def _made(recording: Recording, told: Told, compute: Compute) -> None:
    before = _versions(told)
    try:
        result = compute()
    except Exception as error:
        if nodes(recording, told, _plan_of_failure(told)) is not None:
            recording.cut(error)
        raise
    outputs = [*tensors_in(result)]
    given = {seen.key for seen, _ in before}
    if outputs and all(out.key in given for out in outputs):
        return  # `x.contiguous()` of what is contiguous
    last = nodes(recording, told, making_plan(told, outputs[0])) if outputs and before else None
    if last is None:
        unrecorded(recording, told, before, result)
        return
    for i, out in enumerate(outputs):
        recording.made(out, Ref(last, i), _shared(recording, last, out))


def _versions(told: Told) -> list[tuple[Seen, int]]:
    return [(seen, seen.version) for seen in tensors_in(told.args, told.named)]


def _plan_of_failure(told: Told) -> Plan | None:
    """Return the op of a call that raised: there is no result to go by."""
    first = next(tensors_in(told.args), None)
    return None if first is None else making_plan(told, first)


def nodes(recording: Recording, told: Told, plan: Plan | None) -> str | None:
    """Add the nodes of a plan; return the last, or None where an argument is no operand."""
    last: str | None = None
    for use in plan or ():
        try:
            made = _operands(recording, use, last)
        except Unspelled:
            return None
        last = recording.draft.op(use.row.name, made, use.attrs, told.mode)
    return last


def _operands(recording: Recording, use: Use, last: str | None) -> tuple[Operand, ...]:
    given = tuple(Ref(last) if value is BEFORE and last else value for value in use.operands)
    return operands(Use(use.row, given, use.attrs), recording.sources)


def _shared(recording: Recording, node_id: str, out: Seen) -> list[Known] | None:
    """Return those that share memory with the output of a node: of a view, what it is a view of."""
    node = recording.draft.nodes[node_id]
    if not is_alias(node.op) or not node.inputs:
        return None
    source = node.inputs[0]
    return next((k.group for k in recording.known.values() if k.ref == source and k.seen.storage == out.storage), None)


def unrecorded(recording: Recording, told: Told, before: list[tuple[Seen, int]], result: object) -> None:
    """Account for a call that no op tells."""
    for seen, version in before:
        if seen.version != version:
            recording.overwritten(seen, told.name)
    fresh = not before or any(word in told.name for word in FRESH)
    given = {seen.key for seen, _ in before}
    for out in tensors_in(result):
        connected = out.requires_grad and not out.is_leaf
        if out.key not in recording.known and out.key not in given and (connected or not fresh):
            recording.unrecorded[out.key] = told.name, out
