"""In-place ops: the checks, the version, rebased history; through a view also that of its base (CopySlices)."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors, modes, reduced
from gradstudio.engine.apply import COMPILED, Compiled
from gradstudio.engine.geometry import Geometry
from gradstudio.engine.gradnode import GradNode, next_seq, receive
from gradstudio.engine.op import ops
from gradstudio.engine.packing import pack
from gradstudio.engine.promote import CATEGORY
from gradstudio.engine.tensor import INFERENCE, AccumulateGrad, Tensor, View, make, regenerators

Array = np.ndarray[Any, Any]


def mutating(name: str) -> Callable[..., Tensor]:
    """Return the in-place form of a row: it computes as the row does and writes the result into the first operand.

    Floats with nothing to be recorded, as an optimizer has them, are computed into their own array.
    """

    def write(x: Tensor, *rest: Any) -> Tensor:
        row = COMPILED[name]
        if row.ufunc is not None and 0 < len(rest) < 3 and written(row.ufunc, x, *rest):
            return x
        return in_place(row, x, rest)

    return write


def written(ufunc: Any, x: Tensor, y: Any, alpha: Any = 1) -> bool:
    """Compute `ufunc(x, alpha * y)` into x's own array, where nothing is to be recorded or refused; tell whether that was so."""
    if not isinstance(y, Tensor) or isinstance(x, View) or x.version is INFERENCE or dtypes.rare_seen:
        return False
    array, other = x.array, y.array
    if (modes.grad and (x.node or y.node) is not None) or array.dtype is not other.dtype or array.dtype.kind != "f" or 0 in array.strides:
        return False
    try:
        ufunc(array, other if alpha == 1 else other * alpha, array)
    except ValueError:  # of the shapes: `in_place` tells it in PyTorch's words
        return False
    x.version[0] += 1
    return True


def in_place(row: Compiled, x: Tensor, rest: Sequence[Any]) -> Tensor:
    """Run a row and write its result into x; return x. Raises RuntimeError in PyTorch's words before anything is written."""
    allowed(x)
    k = len(row.op.inputs)
    operands = [x, *rest[: k - 1]]
    attrs = (*rest[k - 1:], *row.defaults[max(len(rest) - k + 1, 0):])
    arrays = row.arrays(operands)
    exact = True
    if row.op.promotes:
        arrays, exact = row.promote(arrays)
    if dtypes.rare_seen:
        exact = exact and not reduced.holds(arrays)
    try:
        out = np.asarray(row.forward(*arrays, *attrs) if not dtypes.rare_seen else reduced.compute(row.op, row.forward, arrays, attrs))
    except (ValueError, OverflowError) as refusal:
        out = np.asarray(row.again(refusal, operands, arrays, attrs))
    fits(x, out)
    node = _node(row, x, operands, exact)
    if node is not None and "x" in node.plan.saved:  # torch saves a clone of what it overwrites
        before = make(x.array.copy(), x.node)
        operands[0], arrays = before, [before.array if arrays[0] is x.array else arrays[0], *arrays[1:]]
    x.array[...] = dtypes.cast(out, x.scalar_type) if dtypes.rare_seen else out
    if x.version is not INFERENCE:
        x.version[0] += 1
    if node is not None:
        node.plan.keep(node, operands, arrays, [x], attrs)
        if modes.grad is not True:
            pack(node)
        rebase(x, node)
    return x


def _node(row: Compiled, x: Tensor, operands: Sequence[Any], exact: bool) -> GradNode | None:
    """Return the node of an in-place op if grad mode is on and an operand needs a gradient."""
    taking = [operands[i] for i in row.diff]
    edges = tuple([a.node if isinstance(a, Tensor) else None for a in taking])
    if not modes.grad or not any(edges):
        return None
    node = row.plan(tuple([e is not None for e in edges]), exact).node_type()
    node.seq, node.edges, node.g = next_seq(), edges, None
    node.into = tuple([None if e is None else (a.sizes, a.scalar_type) for e, a in zip(edges, taking, strict=True)])
    return node


def allowed(x: Tensor) -> None:
    """Raise what PyTorch raises where a tensor must not be written."""
    if x.version is INFERENCE and not modes.inference:
        raise RuntimeError(errors.INFERENCE_WRITTEN)
    if modes.grad and isinstance(x, View):
        _allowed_view(x)
    if modes.grad and type(x.node) is AccumulateGrad:
        raise RuntimeError(errors.LEAF_IN_PLACE)
    if any([s == 0 and n > 1 for s, n in zip(x.array.strides, x.sizes, strict=True)]) and x.array.size:
        raise RuntimeError(errors.OVERLAP)


def _allowed_view(x: View) -> None:
    if type(x.base.node) is AccumulateGrad and not x.made_in_no_grad:
        raise RuntimeError(errors.LEAF_VIEW_IN_PLACE)
    grad_fn = x.grad_fn
    if x.multi and grad_fn is not None:
        raise RuntimeError(errors.written_output(x.output_nr, grad_fn.name()))
    if x.made_in_no_grad and x.base.node is not None:
        raise RuntimeError(errors.NO_GRAD_VIEW)


def fits(x: Tensor, out: Array) -> None:
    """Raise RuntimeError unless a result can be written into x."""
    if out.shape != x.sizes:
        raise RuntimeError(f"output with shape {errors.size(x.sizes)} doesn't match the broadcast shape {errors.size(out.shape)}")
    if CATEGORY[out.dtype.kind] > CATEGORY[x.scalar_type.kind]:
        raise RuntimeError(errors.no_cast(out.dtype, x.scalar_type))


def rebase(x: Tensor, node: GradNode) -> None:
    """Make node the history of x; through its base if x is a view."""
    if isinstance(x, View):
        base = x.base
        outer = CopySlices(node, base, x)
        move(base, outer)
        x.version[1:] = [weakref.ref(outer), id(base.array)]
        move(x, regenerate(x))
    else:
        x.version[1:] = [weakref.ref(node), id(x.array)]
        move(x, node)


def move(x: Tensor, node: GradNode) -> None:
    """Give x another grad_fn; retain_grad follows, other hooks stay with the old value."""
    kept = x.retains_grad
    if kept:
        x.retains.remove()
        del x.retains
    x.node = node
    if kept:
        x.retain_grad()


def regenerate(view: View) -> GradNode:
    """Return a new AsStridedBackward0 of a view whose storage changed."""
    row = COMPILED["strided_part"]
    base = view.base
    plan = row.plan((True,), base.scalar_type is not dtypes.BFLOAT16)
    node = plan.node_type()
    node.seq, node.edges, node.g, node.into = next_seq(), (base.node,), None, ((base.sizes, base.scalar_type),)
    plan.keep(node, (base,), (base.array,), [view], (Geometry.of(base.array, view.array),))
    return node


regenerators.append(regenerate)


class CopyPlan:
    """The plan of every CopySlices: the cotangent of the base outside the view passes, inside it goes through the in-place op."""

    node_name = "torch::autograd::CopySlices"
    several = False
    saved: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def check(self, n: Any) -> None:
        if n.inner.kept is None:  # also of an op that saves nothing
            raise RuntimeError(errors.FREED)
        n.inner.plan.check(n.inner)

    def cotangents(self, n: Any, g: Array) -> list[Any]:
        self.check(n)
        found = n.inner.plan.cotangents(n.inner, n.geometry.taken(g))
        whole = None if n.edges[0] is None else n.geometry.put(g, 0 if found[0] is None else found[0])
        return [whole, *found[1:]]

    def on_tensors(self, n: Any, g: Tensor, create_graph: bool) -> list[Any]:
        self.check(n)
        with modes.GradMode(create_graph):
            part = ops.strided_part(g, n.geometry)
            found = n.inner.plan.on_tensors(n.inner, part, create_graph)
            inside = ops.zeros_like(part) if found[0] is None else found[0]
            return [None if n.edges[0] is None else ops.put_strided(g, inside, n.geometry), *found[1:]]


class CopySlices(GradNode):
    """History of a base that was written through a view: the in-place op's own node is inside."""

    __slots__ = ("geometry", "inner")

    plan = CopyPlan()  # type: ignore[assignment]

    def __init__(self, inner: GradNode, base: Tensor, view: Tensor) -> None:
        self.inner, self.geometry = inner, Geometry.of(base.array, view.array)
        self.seq, self.g, self.edges = next_seq(), None, (base.node, *inner.edges[1:])

    @property
    def kept(self) -> Any:
        return self.inner.kept

    @kept.setter
    def kept(self, value: Any) -> None:
        self.inner.kept = value

    def fields(self) -> tuple[str, ...]:
        return self.inner.fields()

    def saved(self) -> Any:
        return self.inner.saved()

    def held(self) -> Any:
        return self.inner.held()

    def run(self, g: Any) -> None:
        for e, c in zip(self.edges, self.plan.cotangents(self, g), strict=True):
            if c is not None and e is not None:
                receive(e, c)
