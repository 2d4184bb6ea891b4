"""Calls that are lines of the script: backward and grad, `.grad` and its clearing, requires_grad, retain_grad, hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gradstudio.capture import ops
from gradstudio.capture.plans import making_plan
from gradstudio.capture.seen import Compute, Seen, Told, is_seen, tensors_in
from gradstudio.document.calls import Backward, Grad, SetGradNone, SetRequiresGrad, ZeroGrad
from gradstudio.document.calls.call import Seed
from gradstudio.document.graph import Ref
from gradstudio.document.values import frozen

if TYPE_CHECKING:
    from gradstudio.capture.recording import Recording

Handler = Callable[["Recording", Told, Compute], None]
METHOD = ("tensors", "grad_tensors", "retain_graph", "create_graph", "inputs")
FUNCTION = ("tensors", "grad_tensors", "retain_graph", "create_graph", "grad_variables", "inputs")
GRAD = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "only_inputs", "allow_unused", "is_grads_batched",
        "materialize_grads")  # fmt: skip
RENAMED = {"gradient": "grad_tensors", "self": "tensors"}


def arguments(told: Told, names: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a call by name."""
    named = {RENAMED.get(key, key): value for key, value in told.named.items()}
    return {**dict(zip(names, told.args, strict=False)), **named}


def listed(value: object) -> list[Any]:
    """Return one or several as a list."""
    return [] if value is None else [*value] if isinstance(value, tuple | list) else [value]


def backward(recording: Recording, told: Told, compute: Compute) -> None:
    """Record `x.backward(...)` or `torch.autograd.backward(...)`."""
    given = arguments(told, METHOD if told.name.startswith("Tensor") else FUNCTION)
    if not _are_tensors(given, "tensors", "grad_tensors", "inputs"):
        compute()
        return
    roots = tuple(recording.ref(seen) for seen in listed(given.get("tensors")))
    seeds = _seeds(recording, given.get("grad_tensors"))
    inputs = tuple(recording.ref(seen) for seen in listed(given.get("inputs")))
    retain, create = given.get("retain_graph"), bool(given.get("create_graph"))
    fields: dict[str, Any] = {"roots": roots, "seeds": seeds, "inputs": inputs, "retain_graph": retain, "create_graph": create}
    recording.draft.call(Backward, **fields)
    _run(recording, compute)


def grad(recording: Recording, told: Told, compute: Compute) -> None:
    """Record `torch.autograd.grad(...)`; its results are known from then on."""
    given = arguments(told, GRAD)
    plain = _are_tensors(given, "outputs", "inputs", "grad_outputs")
    if not plain or given.get("is_grads_batched") or given.get("materialize_grads"):
        ops.unrecorded(recording, told, [(seen, seen.version) for seen in tensors_in(told.args)], compute())
        return
    outputs = tuple(recording.ref(seen) for seen in listed(given.get("outputs")))
    inputs = tuple(recording.ref(seen) for seen in listed(given.get("inputs")))
    fields = {name: given.get(name) for name in ("retain_graph", "allow_unused")}
    seeds = _seeds(recording, given.get("grad_outputs"))
    created = bool(given.get("create_graph"))
    call = recording.draft.call(Grad, outputs=outputs, inputs=inputs, seeds=seeds, create_graph=created, **fields)
    result = _run(recording, compute)
    for i, made in enumerate(result if isinstance(result, tuple | list) else ()):
        if is_seen(made):
            recording.made(made, Ref(call, i))


def _are_tensors(given: dict[str, Any], *names: str) -> bool:
    """Say whether arguments are what they should be; where not, PyTorch says so itself."""
    return all(item is None or is_seen(item) for name in names for item in listed(given.get(name)))


def _seeds(recording: Recording, given: object) -> tuple[Seed, ...]:
    """Return seeds: tensors of the document, else their numbers."""
    seeds = tuple(_seed(recording, seen) for seen in listed(given))
    return seeds if any(seed is not None for seed in seeds) else ()


def _seed(recording: Recording, seen: Seen | None) -> Seed:
    if seen is None:
        return None
    return recording.ref(seen) if seen.requires_grad else recording.find(seen) or frozen(recording.value(seen))


def _run(recording: Recording, compute: Compute) -> object:
    try:
        return compute()
    except Exception as error:
        recording.cut(error)
        raise


def zero(recording: Recording, told: Told, compute: Compute) -> None:
    """Record `x.grad.zero_()`; of any other tensor it is an op."""
    target = next(tensors_in(told.args), None)
    owner = recording.owner(target) if target is not None and target.key not in recording.known else None
    if owner is None:
        ops.record(recording, told, compute)
        return
    recording.draft.call(ZeroGrad, targets=(owner.ref,))
    compute()


def set_grad(recording: Recording, told: Told, compute: Compute) -> None:
    """Record `x.grad = None`, or `x.grad = g`: a backward from x itself with g as its seed."""
    target, value = ([*told.args, None])[:2]
    known = recording.known.get(target.key) if is_seen(target) else None
    if known is None or (is_seen(value) and known.seen.grad is not None and known.seen.grad.key == value.key):
        compute()  # `x.grad *= 2` assigns the very tensor that it wrote to
        return
    seed = _seed(recording, value) if is_seen(value) else None
    compute()
    recording.draft.call(SetGradNone, targets=(known.ref,))
    if seed is not None and known.seen.requires_grad:
        recording.draft.call(Backward, roots=(known.ref,), seeds=(seed,), inputs=(known.ref,))
    elif seed is not None:
        recording.report.fault("a .grad was given to a tensor that requires none", told.where)


def set_requires_grad(recording: Recording, told: Told, compute: Compute) -> None:
    """Record the switch of a tensor of the document, where it changes."""
    known = next((recording.known[seen.key] for seen in tensors_in(told.args[:1]) if seen.key in recording.known), None)
    if known is not None:
        recording.ref(known.seen)
    before = known.seen.requires_grad if known else None
    compute()
    if known is not None and known.seen.requires_grad != before:
        recording.draft.call(SetRequiresGrad, targets=(known.ref,), on=known.seen.requires_grad)
        known.refresh()


def retain_grad(recording: Recording, told: Told, compute: Compute) -> None:
    """Record the pin of an output."""
    compute()
    for seen in tensors_in(told.args[:1]):
        if not seen.is_leaf and not recording.is_leaf_node(recording.ref(seen)):
            recording.retained(recording.known[seen.key])


def view_in_place(recording: Recording, told: Told, compute: Compute) -> None:
    """Record `x.detach_()`, `x.unsqueeze_(0)`: what x means from then on is a view of what it was."""
    for seen in tensors_in(told.args[:1]):
        recording.find(seen)
    compute()
    known = next((recording.known[seen.key] for seen in tensors_in(told.args[:1]) if seen.key in recording.known), None)
    if known is None:
        return
    for each in known.group:
        each.refresh()
    last = ops.nodes(recording, told, making_plan(replace(told, name=told.name[:-1]), known.seen))
    if last is not None:
        known.ref, known.rank = Ref(last), 9


def hook(recording: Recording, told: Told, compute: Compute) -> None:
    """Say that a hook is not in the document."""
    compute()
    recording.report.note("a hook is not in the document, nor what it changes", told.where)


def set_data(recording: Recording, told: Told, compute: Compute) -> None:
    """Record `x.data = y` as y copied into x, unseen by autograd. (`x.data -= y` assigns the very memory that it wrote to.)"""
    given = [*tensors_in(told.args)]
    if len(given) != 2:
        compute()
        return
    target, value = given
    known = recording.known.get(target.key)
    same, alike = target.storage == value.storage, (target.shape, target.dtype) == (value.shape, value.dtype)
    source = recording.find(value) if known is not None and alike and not same else None
    compute()
    if known is None or (alike and same):
        return
    for each in known.group:  # they keep the memory that x has left
        if each is not known or not alike:
            recording.forget(each, "a tensor on the memory that an assignment to .data took from another")
    known.group = [known]
    if alike and source is not None:
        recording.draft.op("copy_", (known.ref, source), {}, "no_grad")
    elif alike:
        recording.overwritten(target, "an assignment to .data")
    known.refresh()


def ignored(recording: Recording, told: Told, compute: Compute) -> None:
    """Run a call that a document has no word for, and needs none."""
    compute()


HANDLERS: dict[str, Handler] = {
    "Tensor.backward": backward,
    "torch.autograd.backward": backward,
    "torch.autograd.grad": grad,
    "Tensor.zero_": zero,
    "Tensor.grad.__get__": ignored,
    "Tensor.grad.__set__": set_grad,
    "Tensor.grad.__delete__": set_grad,
    "Tensor.requires_grad_": set_requires_grad,
    "Tensor.requires_grad.__set__": set_requires_grad,
    "Tensor.retain_grad": retain_grad,
    **{f"Tensor.{name}_": view_in_place for name in ("detach", "t", "squeeze", "unsqueeze", "transpose", "swapaxes", "swapdims")},
    "Tensor.data.__set__": set_data,
    "Tensor.register_hook": hook,
    "Tensor.register_post_accumulate_grad_hook": hook,
}
