"""Absent: why a tensor has no `.grad`."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from gradstudio.document.calls import Backward
from gradstudio.document.commands.nodes import SetRetainGrad
from gradstudio.document.commands.script import AppendCall, BackwardFrom, EditCall
from gradstudio.document.graph import Ref
from gradstudio.explain.case import Case
from gradstudio.explain.cuts import Cut, cut_at, untracked
from gradstudio.explain.explanation import Explanation, Fix, one
from gradstudio.explain.flow import resolve, ways
from gradstudio.explain.wording import call_name, listed, number
from gradstudio.session.trace import ACCUMULATE, TensorKey


def explain_none(case: Case) -> Explanation:
    """Return the first cause that holds."""
    found = (cause(case) for cause in CAUSES)
    return next(each for each in found if each is not None)


def not_made(case: Case) -> Explanation | None:
    """The tensor itself is not there yet."""
    if case.view is not None:
        return None
    if case.path in case.trace.skipped:
        return Explanation("skipped", "waiting", f"{case.name} was not made: {case.trace.skipped[case.path]}.", case.path)
    later = next(
        (k for k, step in enumerate(case.trace.steps, 1) if k > case.state.k and step.node == case.path and step.kind == "op"), None
    )
    fixes = (Fix("Go to where it is made", f"Step {later}", go_to=later),) if later else ()
    return Explanation("not_run", "not run yet", f"{case.name} has not been made at this step, so it has no .grad.", case.path, fixes=fixes)


def off(case: Case) -> Explanation | None:
    """It does not require grad."""
    return None if case.view is None or case.view.requires_grad else untracked(case)


def cleared(case: Case) -> Explanation | None:
    """A call set it to None after it was written."""
    if not case.writes or case.writes[-1].after is not None:
        return None
    call = call_name(case.document, case.trace, case.writes[-1].call)
    fixes = (Fix("Go back before the call", f"Step {case.writes[-1].step - 1}", go_to=case.writes[-1].step - 1),)
    return Explanation(
        "cleared", "set to None", f"{call} set {case.name}.grad to None, and no backward has written it since.", case.path, fixes=fixes
    )


def no_pass(case: Case) -> Explanation | None:
    """No backward has begun."""
    if case.passes:
        return None
    if any(each.first <= case.state.k for each in case.trace.passes):
        words = f"autograd.grad returns gradients as results and leaves {case.name}.grad alone."
        return Explanation("autograd_grad", "autograd.grad keeps .grad as it is", words, case.path)
    backwards = {call.id for call in case.document.calls() if isinstance(call, Backward)}
    later = next((each for each in case.trace.passes if each.call in backwards), None)
    words = f"No backward has run yet, so {case.name}.grad is None: never written, which is not the same as 0.0."
    if later:
        name = call_name(case.document, case.trace, later.call, later.number)
        fix = Fix(f"Go to {name}", f"Step {later.first}", go_to=later.first)
    else:
        fix = Fix(
            "Add a backward", "From the last tensor that requires grad", one(lambda new: AppendCall(Backward(id=new("c"), automatic=True)))
        )
    return Explanation("no_backward", "no backward yet", words, case.path, fixes=(fix,))


def not_leaf(case: Case) -> Explanation | None:
    """Only leaves keep theirs."""
    if case.view is None or case.view.is_leaf or case.key[1] in case.node.retain_grad:
        return None
    passed = case.state.cotangents.get(case.key)
    came = f"{number(passed.value)} passed through {case.name}. It" if passed and passed.value is not None else case.name
    words = f"{came} is not a leaf, so PyTorch drops its .grad. Turn on retain_grad() to keep it."
    fix = Fix("Keep its gradient", f"{case.name}.retain_grad()", one(lambda _: SetRetainGrad(case.path[-1], case.key[1], True)))
    return Explanation("not_leaf", "not a leaf", words, case.path, fixes=(fix,))


def waiting(case: Case) -> Explanation | None:
    """The pass that is running reaches it later, or raised before."""
    last = case.passes[-1]
    leaf = case.view is None or case.view.is_leaf
    turn = next((i for i, each in enumerate(last.planned) if each.node == case.path and (each.name == ACCUMULATE) == leaf), None)
    name = call_name(case.document, case.trace, last.call, last.number)
    if turn is None:
        return None
    if last.first + last.ran > last.first + turn and case.state.k < last.first + turn:
        fix = Fix("Go there", f"Step {last.first + turn}", go_to=last.first + turn)
        return Explanation(
            "waiting",
            "waits its turn",
            f"{name} reaches {case.name} at its step {turn + 1} of {len(last.planned)}.",
            case.path,
            fixes=(fix,),
        )
    if last.raised and turn >= last.ran - 1:
        at = last.planned[last.ran - 1].node
        return Explanation("stopped", f"{name} stopped", f"{name} stopped at {case.op(at)} before it reached {case.name}.", at)
    return None


def restricted(case: Case) -> Explanation | None:
    """`inputs=` names other tensors."""
    call = case.document.call(case.passes[-1].call)
    if not isinstance(call, Backward) or not call.inputs:
        return None
    if case.key in [resolve(case.document, ((ref.source,), ref.out)) for ref in call.inputs]:
        return None
    name = call_name(case.document, case.trace, call.id)
    others = listed(case.label(((ref.source,), ref.out)) for ref in call.inputs)
    words = f"{name} was asked for {others} only (inputs=), so {case.name}.grad was not written."
    fix = Fix("Ask for every leaf", "Takes inputs= away", one(lambda _: EditCall(replace(call, inputs=()))))
    return Explanation("inputs", "not in inputs=", words, case.path, fixes=(fix,))


def unreached(case: Case) -> Explanation:
    """No way leads from it to the root that a gradient could take."""
    last = case.passes[-1]
    roots = frozenset(key[0] for key in (resolve(case.document, root) for root in last.roots) if key)
    root = listed(case.label(key) for key in last.roots)
    cuts, dead_ends = _ahead(case)
    if not case.flow.readers.get(case.key):
        return Explanation("unused", "nothing reads it", f"Nothing reads {case.name}, so no gradient can come back to it.", case.path)
    leading = [cut for cut in cuts if cut.node in roots or ways(case.document, (cut.node, 0), roots)]
    if leading:
        cut = leading[0]
        fixes = tuple(each.fix for each in leading if each.fix)[:3]
        return Explanation(
            cut.cause,
            cut.title,
            f"No gradient reaches {case.name}. {cut.words}",
            cut.node,
            ways(case.document, case.key, frozenset({cut.node})),
            fixes,
        )
    words = f"{case.name} does not lead to {root}, where backward started, so {case.name}.grad was never written."
    fixes = tuple(_backward_from(case, end) for end in dead_ends[:2] if len(end[0]) == 1)
    return Explanation("not_on_the_way", f"not on the way to {root}", words, case.path, fixes=fixes)


def _backward_from(case: Case, end: TensorKey) -> Fix:
    build = one(lambda new: BackwardFrom(Ref(end[0][-1], end[1]), new("c")))
    return Fix(f"Backward from {case.label(end)}", "One more call at the end of the script", build)


def _ahead(case: Case) -> tuple[list[Cut], list[TensorKey]]:
    """Walk from a tensor as far as a gradient could come back: the cuts met, and the tensors that nothing reads."""
    cuts: list[Cut] = []
    ends: list[TensorKey] = []
    queue, seen = [case.key], {case.path}
    for key in queue:
        readers = case.flow.readers.get(key, ())
        ends += [] if readers else [key]
        for path, operand in readers:
            found = cut_at(case, path, operand)
            cuts += [found] if found else []
            if not found and path not in seen:
                seen.add(path)
                queue += case.flow.outputs_of(path)
    return cuts, ends


CAUSES: tuple[Callable[[Case], Explanation | None], ...] = (not_made, off, cleared, no_pass, not_leaf, waiting, restricted, unreached)
