"""Calling an op: a row becomes a function on tensors, specialised by arity (no exec). The general way serves every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

from gradstudio.engine import dtypes, errors, modes, promote, reduced
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.fast import binary, comparison, product, single, unary
from gradstudio.engine.gradnode import Port, next_seq
from gradstudio.engine.op import ROWS, Op, kernels, ops, rebound
from gradstudio.engine.packing import pack
from gradstudio.engine.plan import Plan
from gradstudio.engine.promote import F32, F64, constant
from gradstudio.engine.tensor import Tensor, make, make_view

ndarray, asarray = np.ndarray, np.asarray
Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


T = TypeVar("T")


class Made(dict[str, T]):
    """What is made of rows, by name: each when it is first asked for."""

    def __init__(self, make: Callable[[Op], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> T:
        made = self[name] = self._make(ROWS[name])
        return made


def call(name: str, operands: Sequence[Any], attrs: Mapping[str, Any] | None = None) -> Any:
    """Run an op by name on tensors, numbers, None and (nested) tuples of tensors.

    Returns a tensor, a tuple of them, or None for an op without outputs. Raises KeyError for an unknown name, TypeError for an unknown
    attr or an operand of the wrong kind, else what PyTorch raises.
    """
    op = ROWS[name]
    if not attrs and (op.composite is None or not op.attrs or len(operands) > len(op.inputs)):  # a compiled row knows its defaults
        return FUNCTIONS[name](*operands)
    attrs = attrs or {}
    unknown = attrs.keys() - {a.name for a in op.attrs}
    if unknown:
        raise TypeError(f"{name}() got an unexpected keyword argument '{min(unknown)}'")
    missing = [None] * (len(op.inputs) - len(operands))
    return FUNCTIONS[name](*operands, *missing, *[attrs.get(a.name, a.default) for a in op.attrs])


def serving(op: Op) -> Compiled | None:
    """Return the compiled row that computes an op; of a composite the one whose closure is tried first, None where it names none."""
    name = op.name if op.composite is None else op.fast
    return COMPILED[name] if name else None


def _function(op: Op) -> Function:
    row = serving(op)
    general = op.composite
    if general is None:
        assert row is not None
        general = general_of(row)
    if row is None or row.op.many or len(row.op.outputs) > 1:
        return general
    kinds = row.kinds
    if len(kinds) == 1 and row.op.promotes and not row.op.attrs and op.composite is None:
        return unary(row, general)
    if kinds[-1:] == ["operand"] and len(kinds) == 2 and not row.diff:
        return comparison(row, general)
    if len(kinds) == 2 and len(row.diff) == 2:
        return of_two(op, row, general)
    if row.diff == [0] and kinds[0] == "tensor" and set(kinds[1:]) <= {"number"} and op.composite is None:
        return single(row, general)
    return general


def of_two(op: Op, row: Compiled, general: Function) -> Function:
    """Return the function of an op on two differentiable operands; what the closure of the row does not take goes the general way."""
    if row.op.promotes:
        return binary(row, general)
    if row.kinds == ["tensor", "tensor"] and not row.op.attrs:
        return product(row, general, 2 if op.composite is not None else None)
    return general


def operator_of(name: str, arrays: bool = True, swapped: bool = False) -> Function:
    """Return the function of a row as a Python operator; swapped: for the reflected one, whose first operand stands on the right.

    What it does not take is NotImplemented, so that Python asks the other side. With `arrays` it takes numpy's arrays as PyTorch does
    (`x * array`, not `array * x`). Numpy's numbers are numbers.
    """
    row = ROWS[name]
    function = row.composite or FUNCTIONS[name]  # the closure of the row that serves it is tried below
    taken = (Tensor,) if row.inputs[1].kind == "tensor" else (Tensor, int, float, complex)

    def general(x: Any, y: Any) -> Any:
        if isinstance(y, np.generic):
            y = y.item()
        if type(y) is ndarray and arrays:
            if x.requires_grad:
                raise RuntimeError(errors.NUMPY)
            y = make(dtypes.in_order(y), None)
        if not isinstance(y, taken):
            return NotImplemented
        return function(y, x) if swapped else function(x, y)

    fast = None if swapped else serving(row)
    return of_two(row, fast, general) if fast is not None and len(fast.kinds) == len(fast.diff) == 2 else general


def _kernel(op: Op) -> Function:
    """Return the raw function: arrays in, arrays out, attrs at their defaults where they are left out."""
    if op.kernel is not None:
        return op.kernel
    if op.composite is not None:
        return rebound(op.composite)
    forward, count = op.forward, len(op.inputs) + len(op.attrs)
    assert forward is not None
    defaults = tuple([a.default for a in op.attrs])
    if not defaults:
        return forward
    if type(forward) is FunctionType and forward.__defaults__ is None and forward.__code__.co_argcount == count:
        return FunctionType(forward.__code__, forward.__globals__, forward.__name__, defaults, forward.__closure__)
    return lambda *a: forward(*a, *defaults[len(defaults) - count + len(a):]) if len(a) < count else forward(*a)


class Compiled:
    """A row with its plans: one for each pattern of inputs that need a gradient."""

    def __init__(self, op: Op) -> None:
        self.op = op
        assert op.forward is not None
        self.forward = op.forward
        plain = [f for f in (op.kernel, op.forward) if isinstance(f, np.ufunc)] if [a.name for a in op.attrs] in ([], ["alpha"]) else []
        self.ufunc: Any = plain[0] if plain else None  # computes the row, once the second operand was multiplied by alpha
        self.diff = [k for k, i in enumerate(op.inputs) if i.vjp is not None]
        self.defaults = tuple([a.default for a in op.attrs])
        self.constant = [k for k, i in enumerate(op.inputs) if i.optional and i.vjp is None and i.kind == "tensor"]
        self.promoted = [i.promote for i in op.inputs]
        self.kinds = [i.kind for i in op.inputs]
        self.first = self.promoted.index(True) if any(self.promoted) else 0
        self.uniform = all(kind in ("tensor", "operand") for kind in self.kinds)
        self.sequence = op.inputs[0].kind == "tensors"
        self.plans: tuple[dict[tuple[bool, ...], Plan], dict[tuple[bool, ...], Plan]] = ({}, {})  # not exact, exact
        self.record = recorder(self)

    def plan(self, needs: tuple[bool, ...], exact: bool, lean: bool = False) -> Plan:
        """Return the plan for one pattern of needed gradients."""
        if lean:
            return Plan(self.op, needs, exact, lean)
        found = self.plans[exact].get(needs)
        if found is None:
            found = self.plans[exact][needs] = Plan(self.op, needs, exact, lean)
        return found

    def arrays(self, operands: Sequence[Any]) -> list[Any]:
        """Return what the kernel takes for each operand; refuse what is of the wrong kind."""
        if self.uniform:
            return [a.array if isinstance(a, Tensor) else self.number(i, a) for i, a in enumerate(operands)]
        return [self.array(i, a) for i, a in enumerate(operands)]

    def array(self, i: int, operand: Any) -> Any:
        kind = self.op.inputs[i].kind
        if isinstance(operand, Tensor):
            return operand.array
        if kind == "tensors" and isinstance(operand, tuple | list):
            return [self.array(i, a) for a in operand]
        return plain(operand) if kind == "index" else self.number(i, operand)

    def number(self, i: int, operand: Any) -> Any:
        """Return what is no tensor as a Python number, or None. Raise TypeError unless it may stand at input i."""
        wanted = self.op.inputs[i]
        if isinstance(operand, np.generic):
            operand = operand.item()
        if wanted.kind == "number" or (wanted.kind == "operand" and isinstance(operand, int | float | complex)):
            return operand
        if operand is None and wanted.optional:
            return None
        name = self.op.name.rpartition("_")[0] if self.op.hidden and "_" in self.op.name else self.op.name
        raise TypeError(f"{name}(): argument '{'input' if i == 0 else wanted.saved_name}' (position {i + 1}) must be Tensor, "
                        f"not {errors.type_name(operand)}")

    def promote(self, arrays: list[Any]) -> tuple[list[Any], bool]:
        """Cast the promoted operands to the dtype that the op computes in; tell whether the tensors had it already."""
        first = arrays[self.first]
        if type(first) is ndarray and ((dtype := first.dtype) is F32 or dtype is F64) and all(
                [a is None or not p or (type(a) is ndarray and a.dtype is dtype) for a, p in zip(arrays, self.promoted, strict=True)]):
            return arrays, True
        taking = [a for a, p in zip(arrays, self.promoted, strict=True) if p and a is not None]
        dtype = promote.result_type(taking)
        if self.op.promotes == "float":
            dtype = promote.to_float(dtype)
        if dtype.kind in self.op.lacks[0]:
            raise errors.lacking(self.op.lacks[1], dtype)
        exact, cast = True, []
        for a, p, kind in zip(arrays, self.promoted, self.kinds, strict=True):
            if not p or a is None or (type(a) is ndarray and a.dtype == dtype):
                cast.append(a)
            elif type(a) is ndarray:
                cast.append(dtypes.cast(a, dtype))
                exact = False
            else:
                cast.append(a if kind == "number" else constant(a, dtype))
        return cast, exact

    def again(self, refusal: ValueError | OverflowError, operands: Sequence[Any], arrays: Sequence[Any], attrs: Sequence[Any]) -> Any:
        """Compute what numpy refused because a small integer dtype cannot hold a number, which PyTorch wraps round.

        Another refusal is raised again, in PyTorch's words if it is of the shapes.
        """
        if isinstance(refusal, ValueError):
            self.explain(operands)
            raise refusal
        dtype = next(a.dtype for a in arrays if isinstance(a, ndarray))
        numbers = [promote.wrapped(a, dtype) if setting.kind == "number" else a for a, setting in zip(attrs, self.op.attrs, strict=True)]
        return self.forward(*[promote.wrapped(a, dtype) for a in arrays], *numbers)

    def refuse_grad(self, operands: Sequence[Any]) -> None:
        """Raise RuntimeError if an operand wants a gradient that the op cannot give."""
        for i in self.constant:
            if isinstance(operands[i], Tensor) and operands[i].node is not None:
                raise RuntimeError(f"The function '{self.op.name}' is not differentiable with respect to argument "
                                   f"'{self.op.inputs[i].name}'. "
                                   "This input cannot have requires_grad True.")

    def explain(self, operands: Sequence[Any]) -> None:
        """Raise PyTorch's error if the shapes do not broadcast (numpy has just refused something)."""
        if self.op.promotes:
            shape: tuple[int, ...] = ()
            for o in operands:
                if isinstance(o, Tensor):
                    shape = broadcast_shape(shape, o.sizes)


def general_of(row: Compiled) -> Function:
    """Return the function of any row: promotion, broadcasting, views, several outputs, recording. (A closure: it can be a method.)"""
    k, defaults, promotes, forward, record = len(row.op.inputs), row.defaults, row.op.promotes, row.forward, row.record
    uniform = row.uniform

    def call(*args: Any) -> Any:
        attrs = args[k:]
        if len(attrs) != len(defaults):
            attrs += defaults[len(attrs):]
        operands = args[:k] if len(args) >= k else args + (None,) * (k - len(args))
        arrays: list[Any] = []
        if uniform:
            for a in operands:
                arrays.append(a.array if isinstance(a, Tensor) else row.number(len(arrays), a))
        else:
            arrays = row.arrays(operands)
        exact = True
        if promotes:
            arrays, exact = row.promote(arrays)
        try:
            if not dtypes.rare_seen:
                out = forward(*arrays, *attrs)
            else:
                exact = exact and not reduced.holds(arrays)
                out = reduced.compute(row.op, forward, arrays, attrs)
        except (ValueError, OverflowError) as refusal:
            out = row.again(refusal, operands, arrays, attrs)
        return record(out, operands, arrays, attrs, exact)

    return call


def recorder(row: Compiled) -> Function:
    """Return record(out, operands, arrays, attrs, exact): it wraps what the kernel returned, with a GradNode if one is needed."""
    op, diff, sequence, plans = row.op, row.diff, row.sequence, row.plans
    whole = len(diff) == len(op.inputs)
    single, several = len(op.outputs) == 1 and not op.many, op.several

    def record(out: Any, operands: Sequence[Any], arrays: Sequence[Any], attrs: Sequence[Any], exact: bool) -> Any:
        node = None
        if modes.grad and op.node_name:
            if row.constant:
                row.refuse_grad(operands)
            edges: list[Any] = []
            into: list[Any] = []
            for a in operands[0] if sequence else operands if whole else [operands[i] for i in diff]:
                e = a.node if isinstance(a, Tensor) else None
                edges.append(e)
                into.append(None if e is None else (a.sizes, a.scalar_type))
            needs = tuple([e is not None for e in edges])
            if True in needs:
                if sequence:
                    needs = (True,)
                plan = plans[exact].get(needs) or row.plan(needs, exact)
                node = plan.node_type()
                node.seq, node.edges, node.g, node.into = next_seq(), tuple(edges), None, tuple(into)
        outs = [wrapped(op, o, operands[0], not single) for o in ((out,) if single else out)]
        if node is not None and not several:
            outs[0].node = node
        elif node is not None:
            ports = range(len(outs)) if op.many else op.differentiable
            for i in ports:
                if outs[i] is not None:
                    outs[i].node = Port(node, i, len(ports))
        if node is not None:
            plan.keep(node, operands, arrays, outs, attrs)
            if modes.grad is not True:
                pack(node)
        return outs[0] if single else tuple(outs)

    return record


def wrapped(op: Op, out: Any, source: Any, multi: bool) -> Any:
    """Return an output of a row as a tensor outside the graph; None where it was not asked for."""
    if out is None:
        return None
    array = out if type(out) is ndarray else asarray(out)
    return make_view(array, None, source, multi) if op.views else make(array, None)


def plain(index: Any) -> Any:
    """Return an index with its tensors and lists as arrays."""
    if isinstance(index, Tensor):
        return index.array
    if isinstance(index, tuple):
        return tuple([plain(i) for i in index])
    return index


COMPILED = Made(Compiled)  # the rows that are no composites
FUNCTIONS = Made(_function)  # by name, hidden rows too: operands, then attrs, all by position
ops.made, kernels.made = FUNCTIONS, Made(_kernel)
