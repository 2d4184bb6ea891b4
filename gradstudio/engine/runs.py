"""What a node does in the plain loop of backward: check what it saved, run its vjps, hand their results on."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.gradnode import EMPTY, add_into, receive
from gradstudio.engine.numerics import quicksum, summation
from gradstudio.engine.op import ops

if TYPE_CHECKING:
    from gradstudio.engine.plan import Plan

ndarray, asarray = np.ndarray, np.asarray
Array = np.ndarray[Any, Any]
Run = Callable[[Any, Any], None]

EXACT_SUM: Final = 512  # elements up to which a cotangent is summed in PyTorch's order, bit for bit; above, quickly
LEADING: Final = tuple([tuple(range(n)) for n in range(65)])  # axes in front of those that an operand has


def unbroadcast(g: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Sum g down to shape and cast it to dtype: what the engine does to every cotangent of a broadcast input."""
    if type(g) is not ndarray:
        g = asarray(g)
    if g.shape != shape:
        lead = g.ndim - len(shape)
        if g.size > EXACT_SUM and g.shape[lead:] == shape:
            g = quicksum.total(g, LEADING[lead])
        else:
            axes = LEADING[lead] + tuple([i + lead for i, s in enumerate(shape) if s == 1 and g.shape[i + lead] != 1])
            if axes:
                g = summation.total(g, axes, True) if g.size <= EXACT_SUM else quicksum.total(g, axes, True)
            if lead:
                g = g.reshape(shape)
    out: Array = g if g.dtype is dtype else dtypes.cast(g, dtype)
    return out


def resized(g: Any, x_shape: tuple[int, ...]) -> Any:
    """The vjp of rows that give a tensor other sizes."""
    return ops.reshape(g, x_shape)


def run_of(plan: Plan) -> Run:
    """Return run(n, g): made for the common sizes, else through plan.cotangents. (Handing on is written out in each: a call costs.)"""
    raw, picks = plan.raw, plan.picks
    if plan.op.joint is None and plan.lean and not plan.others and len(plan.op.outputs) == 1 and raw:
        if len(raw) == 1 and not plan.saved:
            return _one_free(raw[0], plan.active[0])
        if len(raw) == 1 and picks[0] == [0] and len(plan.saved) == 1:
            return _one_saved(plan, raw[0], plan.active[0])
        if len(raw) == 2 and not plan.saved:
            return _two_free(*raw)
        if len(raw) == 2 and len(plan.saved) == 2 and [len(p) for p in picks] == [1, 1]:
            return _two_saved(plan, raw[0], raw[1], picks[0][0], picks[1][0])
    if plan.lean or not plan.exact or plan.op.inputs[0].kind == "tensors":
        return _general(plan)
    if plan.op.joint is not None:
        return _joint(plan)
    if plan.vjps == [resized]:
        return _one_resized(plan.active[0])
    unsaved = len(raw) == 1 and not plan.saved and plan.others and picks[0] == list(range(len(plan.others)))
    return _one_unsaved(raw[0], plan.active[0]) if unsaved else _any(plan)


def _general(plan: Plan) -> Run:
    def run(n: Any, g: Any) -> None:
        for e, c in zip(n.edges, plan.cotangents(n, g), strict=True):
            if c is not None and e is not None:
                receive(e, c)

    return run


def taker(picks: list[int]) -> Callable[[Any], Any]:
    """Return a function that takes these places of a tuple, as a tuple (one of C: a comprehension would cost a frame)."""
    first = picks[0] if picks else 0
    return itemgetter(slice(first, first + len(picks))) if picks == list(range(first, first + len(picks))) else itemgetter(*picks)


def _one_unsaved(vjp: Callable[..., Any], i: int) -> Run:
    """One vjp that reads no tensor, only attrs and shapes: views, and sums."""
    def run(n: Any, g: Any) -> None:
        c = vjp(g, *n.rest)
        shape, dtype = n.into[i]
        if type(c) is not ndarray or c.shape != shape or c.dtype is not dtype:
            if c is None:
                return
            c = unbroadcast(c, shape, dtype)
        e = n.edges[i]
        if e.g is EMPTY:
            e.g = c
        else:
            receive(e, c)

    return run


def _one_resized(i: int) -> Run:
    def run(n: Any, g: Any) -> None:
        c = g.reshape(n.into[i][0])
        e = n.edges[i]
        if e.g is EMPTY:
            e.g = c
        else:
            receive(e, c)

    return run


def _any(plan: Plan) -> Run:
    """Any number of vjps that read whatever; their results may need reducing or a cast."""
    items = [(i, vjp, taker(picks)) for i, vjp, picks in zip(plan.active, plan.raw, plan.picks, strict=True)]
    saved, others = len(plan.saved), bool(plan.others)
    counters = range(saved, 2 * saved)

    def run(n: Any, g: Any) -> None:
        read: Any = ()
        if saved:
            read = n.kept
            if read is None:
                raise RuntimeError(errors.FREED)
            for i in counters:
                if read[i][0] != read[i + saved]:
                    plan.check(n)
        if others:
            read = read[:saved] + n.rest
        edges, into = n.edges, n.into
        for i, vjp, taken in items:
            c = vjp(g, *taken(read))
            shape, dtype = into[i]
            if type(c) is not ndarray or c.shape != shape or c.dtype is not dtype:
                if c is None:
                    continue
                c = unbroadcast(c, shape, dtype)
            e = edges[i]
            if e.g is EMPTY:
                e.g = c
            else:
                receive(e, c)

    return run


def _joint(plan: Plan) -> Run:
    """One vjp for all edges; its results may need reducing or a cast."""
    vjp, mask, taken = plan.raw[0], plan.mask, taker(plan.picks[0])

    def run(n: Any, g: Any) -> None:
        plan.check(n)
        for e, c, into in zip(n.edges, vjp(g, mask, *taken(plan.values(n))), n.into, strict=True):
            if c is not None and e is not None:
                shape, dtype = into
                if type(c) is not ndarray or c.shape != shape or c.dtype is not dtype:
                    c = unbroadcast(c, shape, dtype)
                if e.g is EMPTY:
                    e.g = c
                else:
                    receive(e, c)

    return run


def _one_free(vjp: Callable[..., Any], i: int) -> Run:
    def run(n: Any, g: Any) -> None:
        e = n.edges[i]
        c = vjp(g)
        if type(c) is not ndarray:
            c = asarray(c)
        if e.g is EMPTY:
            e.g = c
        else:
            receive(e, c)

    return run


def _two_free(vx: Callable[..., Any], vy: Callable[..., Any]) -> Run:
    def run(n: Any, g: Any) -> None:
        e, f = n.edges
        c, d = vx(g), vy(g)
        if type(d) is not ndarray or type(c) is not ndarray:
            c, d = asarray(c), asarray(d)
        if e.g is EMPTY:
            e.g = c
        else:
            receive(e, c)
        if f.g is EMPTY:
            f.g = d
        else:
            receive(f, d)

    return run


def _one_saved(plan: Plan, vjp: Callable[..., Any], i: int) -> Run:
    def run(n: Any, g: Any) -> None:
        if n.kept is None:
            raise RuntimeError(errors.FREED)
        s, counter, expected = n.kept
        if counter[0] != expected:
            raise plan.modified(n, 0)
        c = vjp(g, s)
        if type(c) is not ndarray:
            c = asarray(c)
        e = n.edges[i]
        if e.g is EMPTY:
            e.g = c
        else:
            receive(e, c)

    return run


def _alike(vx: Callable[..., Any], vy: Callable[..., Any]) -> bool:
    """Return whether two vjps compute the same of what they read, as those of a product do."""
    a, b = vx.__code__, vy.__code__
    return (a.co_code, a.co_consts, a.co_names, a.co_freevars) == (b.co_code, b.co_consts, b.co_names, ())


def _two_saved(plan: Plan, vx: Callable[..., Any], vy: Callable[..., Any], i: int, j: int) -> Run:
    alike = _alike(vx, vy)

    def run(n: Any, g: Any) -> None:
        s = n.kept
        if s is None:
            raise RuntimeError(errors.FREED)
        if s[2][0] != s[4] or s[3][0] != s[5]:
            plan.check(n)
        e, f = n.edges
        c = vx(g, s[i])
        if alike and e is f and s[0] is s[1] and type(c) is ndarray:  # x * x: the same twice
            if e.g is EMPTY:
                add_into(c, c)
                e.g = c
            else:
                receive(e, c)
                receive(e, c)
            return
        d = vy(g, s[j])
        if type(c) is not ndarray or type(d) is not ndarray:
            c, d = asarray(c), asarray(d)
        if e.g is EMPTY:
            e.g = c
        else:
            receive(e, c)
        if f.g is EMPTY:
            f.g = d
        else:
            receive(f, d)

    return run

