"""Microscope: one cell of a contribution, taken apart: the products of upstream and local derivative that add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from gradstudio.document.graph import Array, NodePath, OperandPath
from gradstudio.engine import TABLE, GradMode, Tensor, call, grad, tensor
from gradstudio.session.log import Log
from gradstudio.session.records import TensorRecord

ALL = 256  # outputs up to which each is asked what it passes to the cell; above, those that can are known by the op
SHOWN = 64
Index: TypeAlias = tuple[int, ...]
Why: TypeAlias = Literal["", "broadcast", "reduced", "product"]


class Product(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one output cell adds: its cotangent times its derivative by the cell."""

    out: Index
    upstream: float
    local: float


class Look(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A cell of a contribution. `axes`: the axes, with their sizes, that `why` is about."""

    cell: Index
    total: float
    products: tuple[Product, ...]  # those whose derivative is not 0, up to 64
    count: int  # how many there are
    why: Why = ""
    axes: tuple[tuple[int, int], ...] = ()


def look(op: str, attrs: dict[str, Any], log: Log, path: NodePath, operand: OperandPath, k: int, cell: int) -> Look | None:
    """Return what cell number `cell` (row-major) of a contribution was made of at step k; None where that cannot be told.

    The products are held against what was really sent: where they do not add up to it (a hook changed it, the op draws random
    numbers, only a part of a composite has run) nothing is claimed.
    """
    record = log.ops[path].at(k) if path in log.ops else None
    sent = log.flows[path, operand].at(k) if (path, operand) in log.flows else None
    came = log.cotangents[path, 0].at(k) if (path, 0) in log.cotangents else None
    if record is None or sent is None or came is None or op not in TABLE or TABLE[op].many or sent.array.dtype.kind != "f":
        return None
    if not 0 <= cell < sent.array.size:
        return None
    g, index = came.array, tuple(int(i) for i in np.unravel_index(cell, sent.array.shape))
    operands = _values(record.operands)
    try:
        found = _derivatives(op, attrs, operands, operand, g, index)
    except (RuntimeError, TypeError, ValueError, IndexError):  # the op does not run on pieces of its operands: nothing is told
        return None
    if found is None:
        return None
    outs, locals_ = found
    products = [Product(out, float(g[out]), float(d)) for out, d in zip(outs, locals_, strict=True) if d != 0]
    total = float(sent.array[index])
    if not np.isclose(sum(p.upstream * p.local for p in products), total, 1e-3, 1e-6, equal_nan=True):
        return None
    return Look(index, total, tuple(products[:SHOWN]), len(products), *_why(op, attrs, g.shape, sent.array.shape, operand))


def _values(operands: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(o.array if isinstance(o, TensorRecord) else _values(o) if isinstance(o, tuple) else o for o in operands)


def _derivatives(
    op: str, attrs: dict[str, Any], operands: tuple[Any, ...], operand: OperandPath, g: Array, cell: Index
) -> tuple[list[Index], Sequence[float]] | None:
    """Return output cells, and the derivative of each by a cell of an operand."""
    if g.size <= ALL:
        outs = [tuple(int(i) for i in index) for index in np.ndindex(g.shape)]
        return outs, _one_by_one(op, attrs, operands, operand, g, outs, cell)
    if op == "matmul" and g.ndim == 2 and len(operands[0].shape) == len(operands[1].shape) == 2:
        return _of_matmul(operands, operand[0], cell)
    if op in ("sum", "mean"):
        out = _reduced(attrs, operands[0].shape, cell)
        return [out], _one_by_one(op, attrs, operands, operand, g, [out], cell)
    return _element_by_element(op, attrs, operands, operand, g, cell)


def _one_by_one(
    op: str, attrs: dict[str, Any], operands: tuple[Any, ...], operand: OperandPath, g: Array, outs: list[Index], cell: Index
) -> list[float]:
    """Ask the op's own vjp with one-hot cotangents."""
    with GradMode(True):
        target, out = _run(op, attrs, operands, operand)
        found = []
        for index in outs:
            seed = np.zeros(g.shape, out.array.dtype)
            seed[index] = 1
            back = grad([out], [target], [tensor(seed)], retain_graph=True, allow_unused=True)[0]
            found.append(0.0 if back is None else float(back.array[cell]))
    return found


def _run(op: str, attrs: dict[str, Any], operands: tuple[Any, ...], operand: OperandPath) -> tuple[Tensor, Tensor]:
    """Run an op on leaves of its own; return the operand's leaf and the first output."""
    leaves = tuple(_leaves(o) for o in operands)
    target: Any = leaves
    for i in operand:
        target = target[i]
    target.requires_grad = True
    if TABLE[op].mutates:
        leaves = (call("clone", (leaves[0],)), *leaves[1:])
    made = call(op, leaves, attrs)
    return target, made[0] if isinstance(made, tuple) else made


def _leaves(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return tensor(value.copy())
    return tuple(_leaves(each) for each in value) if isinstance(value, tuple) else value


def _of_matmul(operands: tuple[Any, ...], which: int, cell: Index) -> tuple[list[Index], Sequence[float]]:
    """Return what the cell meets: for the left operand a row of the right one, for the right a column of the left one."""
    left, right = operands
    if which == 0:
        return [(cell[0], j) for j in range(right.shape[1])], right[cell[1]].tolist()
    return [(i, cell[1]) for i in range(left.shape[0])], left[:, cell[0]].tolist()


def _reduced(attrs: dict[str, Any], shape: Index, cell: Index) -> Index:
    """Return the one output that a cell of a sum goes into."""
    gone = set(_dims(attrs, len(shape)))
    if attrs.get("keepdim"):
        return tuple(0 if axis in gone else i for axis, i in enumerate(cell))
    return tuple(i for axis, i in enumerate(cell) if axis not in gone)


def _dims(attrs: dict[str, Any], rank: int) -> list[int]:
    dim = attrs.get("dim")
    dims = range(rank) if dim is None or dim == () else dim if isinstance(dim, tuple | list) else (dim,)
    return [int(d) % max(rank, 1) for d in dims]


def _element_by_element(
    op: str, attrs: dict[str, Any], operands: tuple[Any, ...], operand: OperandPath, g: Array, cell: Index
) -> tuple[list[Index], Sequence[float]] | None:
    """Return the outputs that read the cell if the op works element by element, with the derivative at each: at most 256 of them."""
    arrays = [o for o in operands if isinstance(o, np.ndarray)]
    if len(operand) != 1 or (op != "expand" and np.broadcast_shapes(*(a.shape for a in arrays)) != g.shape):
        return None
    lead = g.ndim - len(cell)
    own = operands[operand[0]].shape
    fixed = [slice(i, i + 1) if n > 1 else slice(None) for i, n in zip(cell, own, strict=True)]
    numbers = np.arange(g.size).reshape(g.shape)[(slice(None),) * lead + tuple(fixed)].ravel()
    if len(numbers) > ALL:
        return None
    outs = [tuple(int(i) for i in np.unravel_index(n, g.shape)) for n in numbers]
    if op == "expand":
        return outs, [1.0] * len(outs)
    pieces = tuple(np.broadcast_to(o, g.shape).ravel()[numbers].copy() if isinstance(o, np.ndarray) else o for o in operands)
    with GradMode(True):
        target, out = _run(op, attrs, pieces, operand)
        back = grad([out], [target], [tensor(np.ones(out.shape, out.array.dtype))], allow_unused=True)[0]
    return outs, [0.0] * len(outs) if back is None else back.array.tolist()


def _why(op: str, attrs: dict[str, Any], out: Index, own: Index, operand: OperandPath) -> tuple[Why, tuple[tuple[int, int], ...]]:
    """Return what makes a cell meet more than one output, or only one, and the axes it is about."""
    if op in ("matmul", "mm") and len(out) == len(own) == 2:
        axis = 1 if operand[0] == 0 else 0
        return "product", ((axis, out[axis]),)
    if op in ("sum", "mean"):
        return "reduced", tuple((axis, own[axis]) for axis in _dims(attrs, len(own)))
    lead = len(out) - len(own)
    spread = tuple((axis, n) for axis, n in enumerate(out) if n > 1 and (axis < lead or own[axis - lead] == 1))
    fits = lead >= 0 and all(m in (1, n) for m, n in zip(own, out[lead:], strict=True))
    return ("broadcast", spread) if spread and fits else ("", ())
