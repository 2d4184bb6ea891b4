"""A plan: what an op saves for one pattern of needed gradients, and the code that runs its backward."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors, modes, packing
from gradstudio.engine.conjugates import conjugated
from gradstudio.engine.gradnode import GradNode, Port
from gradstudio.engine.op import Op, ops, rebound
from gradstudio.engine.runs import run_of, taker, unbroadcast
from gradstudio.engine.tensor import AccumulateGrad, Tensor, make

ndarray, asarray = np.ndarray, np.asarray
Array = np.ndarray[Any, Any]

# Counters of numbers that were saved in the place of a tensor; the type says what `_saved_other` shows.
NUMBER_COUNTERS: dict[type, list[int]] = {bool: [0], int: [0], float: [0], complex: [0]}
KINDS = {id(counter): kind for kind, counter in NUMBER_COUNTERS.items()}
NOTHING: list[int] = [0]  # counter of what is no tensor: a tuple of indices, an optional operand left out


def counter_of(value: Any) -> list[int]:
    """Return the counter of what is no tensor: that of a number's type, numpy's numbers included."""
    return NUMBER_COUNTERS.get(type(value.item() if isinstance(value, np.generic) else value), NOTHING)


class Reads:
    """What the vjp of one input reads, by kind, from the names of its parameters."""

    def __init__(self, op: Op, vjp: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(vjp).parameters.values())[1 if vjp is not op.joint else 2:]
        self.names = [p.name for p in parameters]
        self.optional = {p.name for p in parameters if p.default is not inspect.Parameter.empty}
        tensors = {i.name for i in op.inputs if i.kind not in ("number", "tensors")} | set(op.outputs)
        self.tensors = [n for n in self.names if n in tensors]


class Plan:
    """Built once for each (needed inputs, exact, lean). `fields` are PyTorch's names of the saved tensors.

    `exact`: every tensor operand had the dtype that the op computes in; otherwise the vjp runs on tensors, which promote as PyTorch does.
    `lean`: made by a fast closure: equal shapes and dtypes, attrs at their defaults, so there is nothing to reduce, cast or look up.
    """

    def __init__(self, op: Op, needs: tuple[bool, ...], exact: bool, lean: bool) -> None:
        self.op, self.exact, self.lean = op, exact, lean
        self.node_name = op.node_name
        self.several = op.several
        self.active = [i for i, need in enumerate(needs) if need]  # positions among the edges
        inputs = [i for i in op.inputs if i.vjp is not None]
        self.mask = tuple(needs)
        self.vjps: list[Callable[..., Any]] = [op.joint] if op.joint else [v for k in self.active if (v := inputs[k].vjp) is not None]
        self.raw = [rebound(v) for v in self.vjps]
        reads = [Reads(op, v) for v in self.vjps]
        wanted = [[n for n in r.names if not (lean and n in r.optional)] for r in reads]
        read = [n for names in wanted for n in names]
        saved_names = [i.name for i in op.inputs] + list(op.outputs)
        self.saved = [n for n in dict.fromkeys(saved_names) if n in read and any(n in r.tensors for r in reads)]
        self.others = [n for n in dict.fromkeys(read) if n not in self.saved]
        aliases = {i.name: i.saved_name for i in op.inputs} | {"out": "result"}
        self.fields = tuple([aliases.get(n, n) for n in self.saved])
        where = {n: i for i, n in enumerate(self.saved + self.others)}
        self.picks = [[where[n] for n in names] for names in wanted]
        self.order = [i for i in dict.fromkeys([p for picks in self.picks for p in picks]) if i < len(self.saved)]  # of reading
        self.keep = keeper(self)
        self.node_type: type[GradNode] = type(op.node_name.rpartition("::")[2], (GradNode,),
                                              {"__slots__": (), "__module__": "builtins", "plan": self, "run": run_of(self)})

    def edge_of(self, n: GradNode, name: str) -> GradNode | None:
        """Return the place in the graph of a saved tensor."""
        if name in self.op.outputs:
            i = self.op.outputs.index(name)
            return (Port(n, i, len(self.op.differentiable)) if self.several else n) if i in self.op.differentiable else None
        inputs = [i.name for i in self.op.inputs if i.vjp is not None]
        return n.edges[inputs.index(name)] if name in inputs else None

    def check(self, n: GradNode) -> None:
        """Raise PyTorch's error if a saved tensor is freed or was modified."""
        t = len(self.saved)
        if not t:
            return
        s = n.kept
        if s is None:
            raise RuntimeError(errors.FREED)
        for i in range(t, 2 * t):
            if s[i][0] != s[i + t]:
                raise self.modified(n, i - t)

    def modified(self, n: GradNode, i: int) -> RuntimeError:
        """Return the error for saved tensor i, which changed since."""
        assert n.kept is not None
        t = len(self.saved)
        counter = n.kept[i + t]
        now: GradNode | None = n
        name = None
        if self.saved[i] not in self.op.outputs:
            note, base = counter[1:] if len(counter) > 1 else (None, None)  # left by the in-place op: its node, the base's array
            now = note() if note is not None else self.edge_of(n, self.saved[i])
            name = "AsStrided" if note is not None and base != id(n.kept[i]) else None
        if name is None and now is not None and type(now) is not AccumulateGrad:
            name = now.name().partition("Backward")[0]
        return errors.modified(n.kept[i].dtype, n.kept[i].shape, name, 0, counter[0], n.kept[i + 2 * t])

    def cotangents(self, n: GradNode, g: Any) -> list[Any]:
        """Return one cotangent (array or None) for each edge, reduced and cast. g: an array, or a list for several outputs."""
        if not self.exact:
            return [c if c is None else c.array for c in self.on_tensors(n, g, False)]
        self.check(n)
        return self.fix(n, self.results(self.raw, len(n.edges), g, self.values(n)))

    def results(self, vjps: Sequence[Callable[..., Any]], count: int, g: Any, values: Sequence[Any]) -> list[Any]:
        """Return what the vjps, or the one for all, make of g: one cotangent or None for each of so many edges."""
        if self.op.joint is not None:
            return list(vjps[0](g, self.mask, *[values[p] for p in self.picks[0]]))
        result: list[Any] = [None] * count
        for i, vjp, picks in zip(self.active, vjps, self.picks, strict=True):
            result[i] = vjp(g, *[values[p] for p in picks])
        return self.spread(result)

    def values(self, n: GradNode) -> Sequence[Any]:
        """Return what the vjps read: saved arrays, then attrs and shapes."""
        saved = n.kept[: len(self.saved)] if n.kept else ()
        return (*saved, *n.rest) if self.others else saved

    def spread(self, result: list[Any]) -> list[Any]:
        """Return one cotangent for each edge; the one vjp of a list of tensors returns as many."""
        return list(result[0]) if self.op.inputs[0].kind == "tensors" else result

    def fix(self, n: GradNode, result: list[Any]) -> list[Any]:
        if self.lean:
            return [c if c is None or type(c) is ndarray else asarray(c) for c in result]
        return [None if c is None or k is None else unbroadcast(c, *k) for c, k in zip(result, n.into, strict=True)]

    def on_tensors(self, n: GradNode, g: Any, create_graph: bool) -> list[Any]:
        """The same with tensors: g may be arrays or tensors; the vjps' own ops are recorded under create_graph."""
        self.check(n)
        with modes.GradMode(create_graph), modes.InVjp(create_graph):
            read = self.values(n)
            t = len(self.saved)
            saved = {i: self.rebuilt(n, i, create_graph) for i in self.order}
            values = [*[saved[i] for i in range(t)], *read[t:]]
            if dtypes.rare_seen:
                values = conjugated(self.op, values)
            g = [as_tensor(x) for x in g] if isinstance(g, list | tuple) else as_tensor(g)
            result = self.results(self.vjps, len(n.edges), g, values)
            if self.lean:
                return result
            return [None if c is None or k is None else fit(c, *k) for c, k in zip(result, n.into, strict=True)]

    def rebuilt(self, n: GradNode, i: int, connected: bool, shown: bool = False) -> Any:
        """Give saved value i back as a tensor with its place in the graph."""
        assert n.kept is not None
        value, counter = n.kept[i], n.kept[i + len(self.saved)]
        if type(value) is packing.Packed:
            value = value.get()
        if type(value) is tuple:  # of indices
            return tuple([as_tensor(v) if isinstance(v, ndarray) else None for v in value]) if shown else value
        if counter is NOTHING or type(value) is not ndarray:
            return value
        out = make(value, self.edge_of(n, self.saved[i]) if connected else None)
        out.version = counter
        return out

    def is_tensor(self, value: Any, counter: list[Any]) -> bool:
        """Return whether a saved value was a tensor, and neither a number nor indices."""
        return type(value) is ndarray and counter is not NOTHING and id(counter) not in KINDS

    def shown(self, value: Any, counter: list[Any]) -> Array | None:
        """Return a saved value as people see it: a number becomes the 0-dim tensor that PyTorch saves."""
        kind = KINDS.get(id(counter))
        if kind is not None:
            return np.array(kind(value.item() if isinstance(value, ndarray) else value))
        if isinstance(value, tuple):
            return next((v for v in value if isinstance(v, ndarray)), None)
        return value if isinstance(value, ndarray) else None

    def attribute(self, n: GradNode, field: str) -> Any:
        """Return `_saved_<field>`: a tensor with its place in the graph, or an attr. Raise RuntimeError once freed."""
        if field in self.fields:
            if n.kept is None:
                raise RuntimeError(errors.FREED)
            i = self.fields.index(field)
            counter = n.kept[i + len(self.fields)]
            if any(counter is shared for shared in NUMBER_COUNTERS.values()):
                return make(np.asarray(self.shown(n.kept[i], counter)), None)
            return self.rebuilt(n, i, True, shown=True)
        shown = {_rest_name(self.op, o): i for i, o in enumerate(self.others)}
        if field in shown:
            return n.rest[shown[field]]
        if any(field in (i.saved_name, i.name) for i in self.op.inputs):
            return None
        raise AttributeError(f"'{type(n).__name__}' object has no attribute '_saved_{field}'")


def _rest_name(op: Op, name: str) -> str:
    """Return what PyTorch calls a number, attr or shape that a node keeps: exponent, dim, self_sym_sizes."""
    names = {i.name: i.saved_name for i in op.inputs}
    base = name.removesuffix("_shape")
    return f"{names.get(base, base)}_sym_sizes" if name.endswith("_shape") else names.get(name, name)


def as_tensor(x: Any) -> Any:
    """Return an array as a tensor outside the graph."""
    return make(x, None) if isinstance(x, ndarray) else x


def fit(c: Tensor, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tensor:
    """The same on a tensor, with recorded ops (create_graph)."""
    if c.sizes != shape:
        c = ops.sum_to(c, shape)
    if c.scalar_type.kind == "c" and dtype.kind != "c":
        c = ops.real(c)
    return c if c.scalar_type == dtype else ops.cast(c, dtype)


def keeper(plan: Plan) -> Callable[..., None]:
    """Return keep(node, operands, arrays, outs, attrs): it fills node.kept and node.rest from what an op was given and gave."""
    op = plan.op
    names, attr_names = [i.name for i in op.inputs], [a.name for a in op.attrs]
    sources = [(True, op.outputs.index(s)) if s in op.outputs else (False, names.index(s)) for s in plan.saved]
    places = [(out, i, not plan.exact and not out and op.inputs[i].kind != "index") for out, i in sources]
    rest = [_rest(name, names, attr_names) for name in plan.others]
    settings = [attr_names.index(name) for name in plan.others] if set(plan.others) <= set(attr_names) else None
    taken = None if settings is None else taker(settings)

    def keep(n: GradNode, operands: Sequence[Any], arrays: Sequence[Any], outs: Sequence[Tensor], attrs: Sequence[Any]) -> None:
        got: list[Any] = []
        counters: list[Any] = []
        versions: list[Any] = []
        for out, i, given in places:
            source: Any = outs[i] if out else operands[i]
            got.append(source.array if out else getattr(source, "array", source) if given else arrays[i])
            counter = source.version if isinstance(source, Tensor) else NOTHING if source is None else counter_of(source)
            counters.append(counter)
            versions.append(counter[0])
        n.kept = (*got, *counters, *versions)
        if rest:
            n.rest = tuple(taken(attrs)) if taken is not None else tuple([read(operands, attrs) for read in rest])

    return keep


def _rest(name: str, names: list[str], attr_names: list[str]) -> Callable[[Sequence[Any], Sequence[Any]], Any]:
    """Return a reader of what a vjp reads that is no saved tensor: an attr, a number, a shape."""
    if name in attr_names:
        i = attr_names.index(name)
        return lambda operands, attrs: attrs[i]
    if name == "shapes":
        return lambda operands, attrs: [a.sizes for a in operands[0]]
    i = names.index(name.removesuffix("_shape"))
    if name.endswith("_shape"):
        return lambda operands, attrs: operands[i].sizes
    return lambda operands, attrs: operands[i]
