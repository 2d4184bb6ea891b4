"""Calling an op: a row becomes a function on tensors, specialised by arity (no exec). The general way serves every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors, modes, promote
from gradstudio.engine.gradnode import Port, next_seq
from gradstudio.engine.op import ROWS, TABLE, Op, kernels, ops, rebound
from gradstudio.engine.plan import NUMBER_COUNTERS as NUMBERS
from gradstudio.engine.plan import Plan, save
from gradstudio.engine.promote import F32, F64, constant
from gradstudio.engine.tensor import Tensor, make, make_view

ndarray, asarray = np.ndarray, np.asarray
Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

COMPILED: dict[str, Compiled] = {}
FUNCTIONS: dict[str, Function] = {}  # by name, hidden rows too: operands, then attrs, all by position


def register(*rows: Op) -> None:
    """Enter rows in the table and make their functions."""
    for op in rows:
        ROWS[op.name] = op
        if not op.hidden:
            TABLE[op.name] = op
        FUNCTIONS[op.name] = function = _function(op)
        setattr(ops, op.name, function)
        setattr(kernels, op.name, _kernel(op))


def call(name: str, operands: Sequence[Any], attrs: Mapping[str, Any] | None = None) -> Any:
    """Run an op by name on tensors, numbers, None and (nested) tuples of tensors.

    Returns a tensor, a tuple of them, or None for an op without outputs. Raises KeyError for an unknown name, TypeError for an unknown
    attr or an operand of the wrong kind, else what PyTorch raises.
    """
    if not attrs:
        return FUNCTIONS[name](*operands)
    op = ROWS[name]
    unknown = attrs.keys() - {a.name for a in op.attrs}
    if unknown:
        raise TypeError(f"{name}() got an unexpected keyword argument '{min(unknown)}'")
    missing = [None] * (len(op.inputs) - len(operands))
    return FUNCTIONS[name](*operands, *missing, *[attrs.get(a.name, a.default) for a in op.attrs])


def _function(op: Op) -> Function:
    if op.composite is not None:
        general = op.composite
        row = COMPILED.get(op.fast)
    else:
        row = COMPILED[op.name] = Compiled(op)
        general = general_of(row)
    if row is None or not row.op.promotes or row.op.many or len(row.op.outputs) > 1:
        return general
    kinds = [i.kind for i in row.op.inputs]
    if len(kinds) == 1 and not row.op.attrs:
        return unary(row, general)
    if len(kinds) == 2 and len(row.diff) == 2:
        return binary(row, general)
    return general


def operator_of(name: str) -> Function:
    """Return the function of a row as a Python operator: what it does not take is NotImplemented, so that Python asks the other side."""
    row = ROWS[name]
    function = FUNCTIONS[name]

    def general(*args: Any) -> Any:
        try:
            return function(*args)
        except TypeError:
            if any(isinstance(a, Tensor | int | float | complex) for a in args[1:]):
                raise
            return NotImplemented

    fast = COMPILED.get(row.fast) or COMPILED.get(name)
    return binary(fast, general) if fast is not None and fast.op.promotes and len(fast.diff) == 2 else general


def _kernel(op: Op) -> Function:
    """Return the raw function: arrays in, arrays out, attrs at their defaults where they are left out."""
    if op.composite is not None:
        return op.kernel or rebound(op.composite)
    forward, count = op.forward, len(op.inputs) + len(op.attrs)
    assert forward is not None
    defaults = tuple([a.default for a in op.attrs])
    if not defaults:
        return forward
    return lambda *a: forward(*a, *defaults[len(defaults) - count + len(a):]) if len(a) < count else forward(*a)


class Compiled:
    """A row with its plans: one for each pattern of inputs that need a gradient."""

    def __init__(self, op: Op) -> None:
        self.op = op
        assert op.forward is not None
        self.forward = op.forward
        self.diff = [k for k, i in enumerate(op.inputs) if i.vjp is not None]
        self.defaults = tuple([a.default for a in op.attrs])
        self.constant = [k for k, i in enumerate(op.inputs) if i.optional and i.vjp is None and i.kind == "tensor"]
        self.promoted = [i.promote for i in op.inputs]
        self.kinds = [i.kind for i in op.inputs]
        self.uniform = all(kind in ("tensor", "operand") for kind in self.kinds)
        self.sequence = op.inputs[0].kind == "tensors"
        self.plans: dict[tuple[Any, ...], Plan] = {}

    def plan(self, needs: tuple[bool, ...], exact: bool, lean: bool = False) -> Plan:
        """Return the plan for one pattern of needed gradients."""
        found = self.plans.get((needs, exact, lean))
        if found is None:
            found = self.plans[needs, exact, lean] = Plan(self.op, needs, exact, lean)
        return found

    def arrays(self, operands: Sequence[Any]) -> list[Any]:
        """Return what the kernel takes for each operand; refuse what is of the wrong kind."""
        if self.uniform:
            found = [a.array if isinstance(a, Tensor) else a for a in operands]
            for i, a in enumerate(found):
                if type(a) is not ndarray:
                    self.refuse(i, operands[i])
            return found
        return [self.array(i, a) for i, a in enumerate(operands)]

    def array(self, i: int, operand: Any) -> Any:
        kind = self.op.inputs[i].kind
        if isinstance(operand, Tensor):
            return operand.array
        if kind == "tensors":
            return [self.array(i, a) for a in operand] if isinstance(operand, tuple | list) else self.refuse(i, operand)
        if kind == "index":
            return plain(operand)
        if kind != "number":
            self.refuse(i, operand)
        return operand

    def refuse(self, i: int, operand: Any) -> Any:
        """Raise TypeError unless a value without an array may stand at input i."""
        wanted = self.op.inputs[i]
        if wanted.kind in ("operand", "number") and isinstance(operand, int | float | complex):
            return operand
        if operand is None and wanted.optional:
            return None
        name = self.op.name.rpartition("_")[0] if self.op.hidden and "_" in self.op.name else self.op.name
        raise TypeError(f"{name}(): argument '{'input' if i == 0 else wanted.saved_name}' (position {i + 1}) must be Tensor, "
                        f"not {type(operand).__name__}")

    def promote(self, arrays: list[Any]) -> tuple[list[Any], bool]:
        """Cast the promoted operands to the dtype that the op computes in; tell whether the tensors had it already."""
        taking = [a for a, p in zip(arrays, self.promoted, strict=True) if p and a is not None]
        dtype = promote.result_type(taking)
        if self.op.promotes == "float":
            dtype = promote.to_float(dtype)
        exact, cast = True, []
        for a, p, kind in zip(arrays, self.promoted, self.kinds, strict=True):
            if not p or a is None or (type(a) is ndarray and a.dtype == dtype):
                cast.append(a)
            elif type(a) is ndarray:
                cast.append(a.astype(dtype))
                exact = False
            else:
                cast.append(a if kind == "number" else constant(a, dtype))
        return cast, exact

    def explain(self, operands: Sequence[Any]) -> None:
        """Raise PyTorch's error if the shapes do not broadcast (numpy has just refused something)."""
        if self.op.promotes:
            shape: tuple[int, ...] = ()
            for o in operands:
                if isinstance(o, Tensor):
                    shape = broadcast_shape(shape, o.sizes)

    def record(self, out: Any, operands: Sequence[Any], arrays: Sequence[Any], attrs: Sequence[Any], exact: bool) -> Any:
        """Wrap what the kernel returned; add a GradNode if grad mode is on and an input needs it."""
        op = self.op
        node = plan = None
        if modes.grad and op.node_name:
            for i in self.constant:
                if isinstance(operands[i], Tensor) and operands[i].node is not None:
                    raise RuntimeError(f"The function '{op.name}' is not differentiable with respect to argument '{op.inputs[i].name}'. This "
                                       "input cannot have requires_grad True.")
            taking = operands[0] if self.sequence else [operands[i] for i in self.diff]
            edges = tuple([a.node if isinstance(a, Tensor) else None for a in taking])
            if any(edges):
                plan = self.plan((True,) if self.sequence else tuple([e is not None for e in edges]), exact)
                node = plan.node_type()
                node.seq, node.edges, node.g = next_seq(), edges, None
                node.into = tuple([None if e is None else (a.sizes, a.scalar_type) for e, a in zip(edges, taking, strict=True)])
        if len(op.outputs) == 1 and not op.many:
            array = out if type(out) is ndarray else asarray(out)
            outs = [make_view(array, node, operands[0], False) if op.views else make(array, node)]
        else:
            outs = [make_view(asarray(o), None, operands[0], True) if op.views else make(asarray(o), None) for o in out]
            if node is not None:
                for i in range(len(outs)) if op.many else op.differentiable:
                    outs[i].node = Port(node, i, len(outs))
        if node is not None and plan is not None:
            save(plan, node, operands, arrays, outs, attrs)
        return outs[0] if len(op.outputs) == 1 and not op.many else tuple(outs)


def general_of(row: Compiled) -> Function:
    """Return the function of any row: promotion, broadcasting, views, several outputs, recording. (A closure: it can be a method.)"""
    k, defaults, promotes, forward = len(row.op.inputs), row.defaults, row.op.promotes, row.forward

    def call(*args: Any) -> Any:
        attrs = args[k:]
        if len(attrs) != len(defaults):
            attrs += defaults[len(attrs):]
        operands = args[:k] if len(args) >= k else args + (None,) * (k - len(args))
        arrays = row.arrays(operands)
        exact = True
        if promotes:
            arrays, exact = row.promote(arrays)
        try:
            out = forward(*arrays, *attrs)
        except ValueError:
            row.explain(operands)
            raise
        return row.record(out, operands, arrays, attrs, exact)

    return call


def plain(index: Any) -> Any:
    """Return an index with its tensors and lists as arrays."""
    if isinstance(index, Tensor):
        return index.array
    if isinstance(index, tuple):
        return tuple([plain(i) for i in index])
    return index


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that two shapes broadcast to; raise RuntimeError in PyTorch's words if they do not."""
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    shape = []
    for m, n in pairs:
        if m != n and m != 1 and n != 1:
            raise errors.broadcast(a, b)
        shape.append(n if m == 1 else m)
    return tuple(shape)


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
        t.array = out
        t.sizes = x.sizes
        t.scalar_type = dtype
        t.version = v = [0]
        e = x.node
        if e is None or not modes.grad:
            t.node = None
            return t
        t.node = n = node_type()
        n.seq = next_seq()
        n.edges = (e,)
        n.g = None
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
    kernel, record = row.forward, row.record
    both, left, right = [row.plan(needs, True, lean=True) for needs in ((True, True), (True, False), (False, True))]
    if both.others:
        return general
    both_type, left_type, right_type = both.node_type, left.node_type, right.node_type
    save_both, save_left, save_right = saver(both), saver(left), saver(right)
    rest_default = row.defaults

    def call(x: Any, y: Any, *rest: Any) -> Any:
        if rest or type(x) is not Tensor or ((dtype := x.scalar_type) is not F32 and dtype is not F64):
            return general(x, y, *rest)
        sizes, a, e = x.sizes, x.array, x.node
        if type(y) is Tensor:
            if y.scalar_type is not dtype:
                return general(x, y)
            b, f = y.array, y.node
            if y.sizes is not sizes and y.sizes != sizes:
                broadcast_shape(sizes, y.sizes)
                return record(kernel(a, b), (x, y), (a, b), rest_default, True)
        elif type(y) is float or type(y) is int:
            b, f = constant(y, dtype), None
        else:
            return general(x, y)
        out = kernel(a, b)
        if type(out) is not ndarray:
            out = asarray(out)
        t = Tensor()
        t.array = out
        t.sizes = sizes
        t.scalar_type = dtype
        t.version = [0]
        if (e is None and f is None) or not modes.grad:
            t.node = None
            return t
        if f is None:
            t.node = n = left_type()
            n.kept = save_left(x, y, a, b, t) if save_left else ()
        elif e is None:
            t.node = n = right_type()
            n.kept = save_right(x, y, a, b, t) if save_right else ()
        else:
            t.node = n = both_type()
            n.kept = save_both(x, y, a, b, t) if save_both else ()
        n.seq = next_seq()
        n.edges = (e, f)
        n.g = None
        return t

    return call


def saver(plan: Plan) -> Callable[..., tuple[Any, ...]] | None:
    """Return f(x, y, a, b, out) -> n.kept for `binary`, or None if nothing is saved."""
    if not plan.saved:
        return None
    names = [i.name for i in plan.op.inputs]
    if plan.saved == names:
        def two(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
            v = x.version
            w = y.version if type(y) is Tensor else NUMBERS[type(y)]
            return (a, b, v, w, v[0], w[0])
        return two
    if plan.saved == names[:1]:
        def first(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
            v = x.version
            return (a, v, v[0])
        return first
    if plan.saved == names[1:]:
        def second(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
            w = y.version if type(y) is Tensor else NUMBERS[type(y)]
            return (b, w, w[0])
        return second

    def some(x: Any, y: Any, a: Array, b: Array, t: Tensor) -> tuple[Any, ...]:
        w = y.version if type(y) is Tensor else NUMBERS[type(y)]
        every = {names[0]: (a, x.version), names[1]: (b, w), "out": (t.array, t.version)}
        pairs = [every[name] for name in plan.saved]
        return (*[p[0] for p in pairs], *[p[1] for p in pairs], *[p[1][0] for p in pairs])
    return some
