"""Functions of the commonest rows, specialised by arity (closures, no exec): what they do not take goes the general way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradstudio.engine import modes
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.dtypes import BFLOAT16, cast
from gradstudio.engine.gradnode import next_seq
from gradstudio.engine.packing import pack
from gradstudio.engine.plan import NUMBER_COUNTERS as NUMBERS
from gradstudio.engine.plan import Plan
from gradstudio.engine.promote import F32, F64, constant
from gradstudio.engine.tensor import INFERENCE, Tensor, View, make, make_view

if TYPE_CHECKING:
    from gradstudio.engine.apply import Compiled

ndarray, asarray = np.ndarray, np.asarray
Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
PAIRS = ((True, True), (True, False), (False, True))  # which of two operands need a gradient


def unrecorded(t: Tensor) -> Tensor:
    """Finish a tensor that has no history."""
    t.node = None
    if modes.inference:
        t.version = INFERENCE
    return t


def broadcast(kernel: Function, a: Array, b: Array) -> Any:
    """Return what a kernel makes of two arrays of unlike shapes. Raise RuntimeError in PyTorch's words if they do not go together."""
    try:
        return kernel(a, b)
    except ValueError:
        broadcast_shape(a.shape, b.shape)
        raise


def places(plan: Plan) -> list[int]:
    """Return where the vjps of a one-tensor op find what they read among its numbers and attrs; -1 for the tensor's shape."""
    names = [i.name for i in plan.op.inputs[1:]] + [a.name for a in plan.op.attrs]
    return [-1 if name.endswith("_shape") else names.index(name) for name in plan.others]


def single(row: Compiled, general: Function) -> Function:
    """Return the function of an op on one tensor, with numbers and attrs by position: reductions, views, powers."""
    op, forward, plan = row.op, row.forward, row.plan((True,), True)
    if len(plan.saved) > 1:
        return general
    numbers, defaults, promotes, views = len(op.inputs) - 1, row.defaults, bool(op.promotes), op.views
    count, rest_at = numbers + len(defaults), places(plan)
    sizes_only, whole = rest_at == [-1], rest_at == list(range(count))
    node_type, saves, saves_out = plan.node_type, bool(plan.saved), plan.saved[:1] == ["out"]
    wanted = -1 if forward is not cast and op.attrs and op.attrs[-1].kind == "dtype" else 0  # the last attr may ask for bfloat16

    def call(x: Any, *rest: Any) -> Any:
        kind = type(x)
        dtype = x.scalar_type if kind is Tensor or kind is View else BFLOAT16
        if dtype is not F32 and dtype is not F64 and (promotes or dtype is BFLOAT16 or dtype.kind == "c"):
            return general(x, *rest)
        if len(rest) != count:
            if not numbers <= len(rest) < count:
                return general(x, *rest)
            rest += defaults[len(rest) - numbers:]
        if (wanted and rest[wanted] is not None) or (numbers and type(rest[0]) is complex) or modes.grad is modes.PACKED:
            return general(x, *rest)
        a = x.array
        out = asarray(forward(a, *rest))
        e, n = x.node, None
        if e is not None and modes.grad:
            n = node_type()
            n.seq, n.edges, n.g, n.into = next_seq(), (e,), None, ((x.sizes, dtype),)
            if rest_at:
                n.rest = (x.sizes,) if sizes_only else rest if whole else tuple([x.sizes if i < 0 else rest[i] for i in rest_at])
        t: Tensor = make_view(out, n, x, False) if views else make(out, n)
        if n is not None:
            v = t.version if saves_out else x.version
            n.kept = (out if saves_out else a, v, v[0]) if saves else ()
        return t

    return call


def pair_recorder(row: Compiled) -> Function:
    """Return record(out, x, y, a, b) for two tensors of one dtype whose shapes may differ; attrs are at their defaults."""
    plans = [row.plan(needs, True) for needs in PAIRS]
    given = {a.name: a.default for a in row.op.attrs}
    both, left, right = [(p.node_type, p.keep, None if set(p.others) - set(given) else saver(p) or nothing,
                          tuple([given.get(name) for name in p.others])) for p in plans]
    defaults = row.defaults

    def record(out: Any, x: Any, y: Any, a: Array, b: Array) -> Tensor:
        t = Tensor()
        t.array = out = out if type(out) is ndarray else asarray(out)
        t.sizes, t.scalar_type, t.version = out.shape, out.dtype, [0]
        e, f = x.node, y.node
        if (e is None and f is None) or not modes.grad:
            return unrecorded(t)
        node_type, keep, save, rest = both if e is not None and f is not None else left if f is None else right
        t.node = n = node_type()
        n.seq = next_seq()
        n.edges = (e, f)
        n.g = None
        n.into = (e and (x.sizes, x.scalar_type), f and (y.sizes, y.scalar_type))
        if save is None:
            keep(n, (x, y), (a, b), (t,), defaults)
        else:
            n.kept, n.rest = save(x, y, a, b, t), rest
        if modes.grad is not True:
            pack(n)
        return t

    return record


def product(row: Compiled, general: Function, rank: int | None) -> Function:
    """Return the function of an op on two tensors that neither promotes nor broadcasts: matrix products. `rank`: of what the row takes."""
    forward, record = row.forward, pair_recorder(row)

    def call(x: Any, y: Any) -> Any:
        kind, other = type(x), type(y)
        if (kind is not Tensor and kind is not View) or (other is not Tensor and other is not View) or (
                (dtype := x.scalar_type) is not F32 and dtype is not F64):
            return general(x, y)
        a, b = x.array, y.array
        if rank is not None and not a.ndim == rank == b.ndim:
            return general(x, y)
        return record(forward(a, b), x, y, a, b)

    return call


def comparison(row: Compiled, general: Function) -> Function:
    """Return the function of a comparison: no gradient, so nothing is recorded."""
    kernel = row.forward

    def call(x: Any, y: Any) -> Any:
        if type(x) is not Tensor or ((dtype := x.scalar_type) is not F32 and dtype is not F64):
            return general(x, y)
        if type(y) is Tensor and y.scalar_type is dtype and y.sizes == x.sizes:
            return make(asarray(kernel(x.array, y.array)), None)
        if type(y) is float or type(y) is int:
            return make(asarray(kernel(x.array, constant(y, dtype))), None)
        return general(x, y)

    return call


def unary(row: Compiled, general: Function) -> Function:
    """Return the function of an element-wise op on one tensor; what is no plain float tensor goes the general way."""
    plan, kernel = row.plan((True,), True, lean=True), row.forward
    if plan.others or plan.saved not in ([], ["out"], [row.op.inputs[0].name]):
        return general
    node_type, saves = plan.node_type, plan.saved[0] if plan.saved else ""

    def call(x: Any, *rest: Any) -> Any:
        if rest or type(x) is not Tensor or ((dtype := x.scalar_type) is not F32 and dtype is not F64):
            return general(x, *rest)
        a = x.array
        out = kernel(a)
        if type(out) is not ndarray:
            out = asarray(out)
        t = Tensor()
        t.array, t.sizes = out, x.sizes
        t.scalar_type = dtype
        t.version = v = [0]
        e = x.node
        if e is None or modes.grad is not True:
            return unrecorded(t) if e is None or not modes.grad else general(x)
        t.node = n = node_type()
        n.seq, n.edges, n.g = next_seq(), (e,), None
        if saves == "out":
            n.kept = (out, v, 0)
        elif saves:
            w = x.version
            n.kept = (a, w, w[0])
        else:
            n.kept = ()
        return t

    return call


def binary(row: Compiled, general: Function) -> Function:
    """Return the function of an element-wise op on two operands: equal float dtypes, or a tensor and a Python number."""
    kernel, numbers = row.op.kernel or row.forward, row.kinds[1] == "operand"
    plans = [row.plan(needs, True, lean=True) for needs in PAIRS]
    if plans[0].others:
        return general
    pair = pair_recorder(row)
    both, left, right = [(p.node_type, saver(p)) for p in plans]

    def call(x: Any, y: Any, *rest: Any) -> Any:
        if rest or type(x) is not Tensor or ((dtype := x.scalar_type) is not F32 and dtype is not F64):
            return general(x, y, *rest)
        sizes, a, e = x.sizes, x.array, x.node
        if type(y) is Tensor:
            if y.scalar_type is not dtype:
                return general(x, y)
            b, f = y.array, y.node
            if y.sizes is not sizes and y.sizes != sizes:
                return pair(broadcast(kernel, a, b), x, y, a, b)
        elif numbers and (type(y) is float or type(y) is int) and not modes.in_vjp:
            b, f = constant(y, dtype), None
        else:
            return general(x, y)
        out = kernel(a, b)
        if type(out) is not ndarray:
            out = asarray(out)
        t = Tensor()
        t.array, t.sizes = out, sizes
        t.scalar_type, t.version = dtype, [0]
        if (e is None and f is None) or modes.grad is not True:
            return unrecorded(t) if (e is None and f is None) or not modes.grad else general(x, y)
        node_type, save = left if f is None else right if e is None else both
        t.node = n = node_type()
        n.kept = save(x, y, a, b, t) if save else ()
        n.seq, n.edges, n.g = next_seq(), (e, f), None
        return t

    return call


def nothing(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
    """What a node keeps whose vjps read no tensor."""
    return ()


def saver(plan: Plan) -> Callable[..., tuple[Any, ...]] | None:
    """Return f(x, y, a, b, out) -> n.kept for two operands, or None if nothing is saved."""
    if not plan.saved:
        return None
    names = [i.name for i in plan.op.inputs]
    if plan.saved == names:
        def two(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
            v = x.version
            w = y.version if isinstance(y, Tensor) else NUMBERS[type(y)]
            return (a, b, v, w, v[0], w[0])
        return two
    if plan.saved == names[:1]:
        def first(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
            v = x.version
            return (a, v, v[0])
        return first
    if plan.saved == names[1:]:
        def second(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
            w = y.version if isinstance(y, Tensor) else NUMBERS[type(y)]
            return (b, w, w[0])
        return second

    def some(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
        w = y.version if isinstance(y, Tensor) else NUMBERS[type(y)]
        every = {names[0]: (a, x.version), names[1]: (b, w), "out": (t.array, t.version)}
        pairs = [every[name] for name in plan.saved]
        return (*[p[0] for p in pairs], *[p[1] for p in pairs], *[p[1][0] for p in pairs])
    return some
