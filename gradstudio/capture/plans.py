"""Which ops a call of PyTorch is written as: mostly the row that it names; a few functions that PyTorch itself composes of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.capture.rows import Use, row_use, use
from gradstudio.capture.seen import Seen, Told, is_seen, tensors_in
from gradstudio.document.rules import DTYPES
from gradstudio.torch.casting import SHORT

AUGMENTED = ("add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
WRITERS = frozenset({"Tensor.__setitem__", *(f"Tensor.__i{name}__" for name in AUGMENTED)})


class Before(Struct, frozen=True):
    """The result of the step before, as an operand of the next."""


BEFORE = Before()
Plan = tuple[Use, ...]
Composed = Callable[[Told, Seen], Plan | None]  # by the call and its first result


def writes(told: Told) -> bool:
    """Say whether a call writes in place to the tensor that it is called on."""
    name = told.name.rpartition(".")[2]
    return told.name in WRITERS or (name.endswith("_") and not name.endswith("__")) or told.named.get("inplace") is True


def writing_plan(told: Told) -> Plan | None:
    """Return the ops of a call that writes in place; None where there are none. `x.sin_()` is `x.copy_(x.sin())`."""
    if told.name == "Tensor.__setitem__":
        return _assignment(*told.args)
    in_place = told.named.get("inplace") is True
    own = None if in_place else use(told.name, told.args, told.named)
    if own is not None:
        return (own,) if own.row.mutates else None
    name = told.name if in_place else told.name[:-1]
    row = use(f"Tensor.{told.name.rpartition('.')[2]}_", told.args, {}) if in_place and not _settings(told) else None
    if row is not None and row.row.mutates:
        return (row,)
    pure = use(name, told.args, told.named)
    if pure is None or not is_seen(told.args[0]):
        return None
    return _into(pure, told.args[0], kept=told.mode is None and any(seen.requires_grad for seen in tensors_in(told.args)))


def _into(pure: Use, target: object, kept: bool) -> Plan:
    """Return an op and the copying of its result into its operand; `kept`: backward needs the numbers that are overwritten."""
    last = row_use("copy_", target, BEFORE)
    if not kept:
        return pure, last
    return row_use("clone", target), replace(pure, operands=tuple(BEFORE if item is target else item for item in pure.operands)), last


def _settings(told: Told) -> bool:
    return len(told.args) > 1 or set(told.named) > {"inplace"}


def _assignment(x: object = None, index: object = None, value: object = None) -> Plan | None:
    """Return `x[index] = value` as a write to the view that the index gives, or to where a mask is true or tensors point."""
    items = index if isinstance(index, tuple) else (index,)
    if is_seen(index):
        mask: Seen = index
        if mask.dtype == "bool" and mask.shape == getattr(x, "shape", None) and not (is_seen(value) and getattr(value, "shape", ()) != ()):
            return (row_use("masked_fill_", x, index, value),)
    if is_seen(value) and all(is_seen(item) and item.shape for item in items) and getattr(value, "shape", ())[:1] != (1,):
        return (row_use("index_put_", x, items, value),)  # assignment leaves out leading dims of size 1, index_put_ does not
    if any(is_seen(item) or isinstance(item, list | bool) for item in items):
        return None
    view = row_use("index", x, index)
    if is_seen(value) and getattr(value, "shape", ()) != ():
        return view, row_use("copy_", BEFORE, value)
    return view, row_use("fill_", BEFORE, value)


def making_plan(told: Told, made: Seen) -> Plan | None:
    """Return the ops of a call that made a tensor; None where there are none."""
    composed = COMPOSED.get(told.name) or COMPOSED.get("Tensor." + told.name.rpartition(".")[2])
    if composed is not None and (found := composed(told, made)) is not None:
        return found
    own = use(told.name, told.args, told.named)
    return None if own is None or own.row.mutates else (_straight(own),)


def _straight(own: Use) -> Use:
    """Return `max(x, 1)` with its 1 as the dim that it is."""
    if own.row.name in ("max", "min") and isinstance(own.operands[1], int):
        keep = own.attrs.get("dim", own.attrs.get("keepdim", False))  # torch.max(x, 1, True)
        return replace(own, operands=(own.operands[0], None), attrs={"dim": own.operands[1], **({"keepdim": True} if keep else {})})
    return own


def shaped(op: str) -> Composed:
    """Return the plan of a function that gives its first operand the shape of the result."""
    return lambda told, made: (row_use(op, told.args[0], shape=made.shape),)


def cast(told: Told, made: Seen) -> Plan | None:
    """Return the plan of `to` and its kin: a cast, or a copy where the dtype stays."""
    source = told.args[0]
    if not is_seen(source) or made.dtype not in DTYPES:
        return None
    same = getattr(source, "dtype", "") == made.dtype
    return (row_use("clone", source) if same else row_use("to", source, dtype=made.dtype),)


def reversed_dims(told: Told, made: Seen) -> Plan | None:
    """Return the plan of `x.T`."""
    x, rank = told.args[0], len(made.shape)
    return (row_use("t", x) if rank == 2 else row_use("permute", x, dims=tuple(reversed(range(rank)))),)


def joined(least: int, dim: int) -> Composed:
    """Return the plan of a function that joins tensors of at least so many dims along one."""

    def plan(told: Told, made: Seen) -> Plan | None:
        given = told.args[0] if told.args else None
        tensors: Sequence[object] = given if isinstance(given, tuple | list) else ()
        ranks = [len(t.shape) for t in tensors if is_seen(t)]
        return (row_use("cat", tuple(tensors), dim=dim),) if ranks and min(ranks) >= least else None

    return plan


def stacked(told: Told, made: Seen) -> Plan | None:
    """Return the plan of `vstack`: of vectors, each is a row."""
    along = joined(2, 0)(told, made)
    given = told.args[0] if told.args else ()
    vectors = isinstance(given, tuple | list) and all(len(getattr(t, "shape", ())) == 1 for t in given)
    return along or ((row_use("stack", tuple(given)),) if vectors and isinstance(given, tuple | list) else None)


def side_by_side(told: Told, made: Seen) -> Plan | None:
    """Return the plan of `hstack`: of vectors, one behind the other."""
    given = told.args[0] if told.args else ()
    vectors = isinstance(given, tuple | list) and all(len(getattr(t, "shape", ())) == 1 for t in given)
    return joined(2, 1)(told, made) or (joined(1, 0)(told, made) if vectors else None)


def outer(told: Told, made: Seen) -> Plan | None:
    """Return the plan of `outer(x, y)`: a column times a row."""
    return row_use("unsqueeze", told.args[0], dim=1), row_use("mul", BEFORE, told.args[1])


def _composed() -> Iterator[tuple[str, Composed]]:
    yield "Tensor.T.__get__", reversed_dims
    yield "Tensor.mT.__get__", lambda told, made: (row_use("transpose", told.args[0], dim0=-2, dim1=-1),)
    yield "Tensor.data.__get__", lambda told, made: (row_use("detach", told.args[0]),)
    yield from ((f"Tensor.{name}", cast) for name in ("to", "type_as", "type", *SHORT))
    yield from ((f"Tensor.{name}", shaped("reshape")) for name in ("ravel", "reshape_as"))
    yield from ((f"Tensor.{name}", shaped("view")) for name in ("view_as", "unflatten"))
    yield "Tensor.expand_as", shaped("expand")
    yield from ((name, stacked) for name in ("torch.vstack", "torch.row_stack"))
    yield from ((name, side_by_side) for name in ("torch.hstack",))
    yield from (("torch.dstack", joined(3, 2)), ("torch.column_stack", joined(2, 1)))
    yield from ((f"Tensor.{name}", outer) for name in ("outer", "ger"))


COMPOSED: dict[str, Composed] = dict(_composed())
