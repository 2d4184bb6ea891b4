"""What a row says about one call of it: local derivatives as text and as numbers, and whether operands fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import modes
from gradstudio.engine.apply import call, serving
from gradstudio.engine.backward import grad
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.dtypes import Array, as_numpy
from gradstudio.engine.gradnode import GradNode, Port
from gradstudio.engine.op import ROWS
from gradstudio.engine.tensor import AccumulateGrad, Tensor, make

Attrs = Mapping[str, Any]
Checked = tuple[tuple[tuple[int, ...], ...], tuple[np.dtype[Any], ...]]
_BRACES = re.compile(r"\{(\w+)\}")
CHECKED_ELEMENTS = 1_000_000


def formula(name: str, i: int, texts: Sequence[str | None], attrs: Attrs | None = None, operands: Sequence[Any] | None = None) -> str:
    """Return the local derivative of operand i as plain text: "y", "2x", "2(z−t)". `texts` are the operands' texts."""
    inputs = ROWS[name].inputs
    given = inputs[min(i, len(inputs) - 1)].formula
    if given is None:
        return "0"
    if not isinstance(given, str):
        return given(texts, attrs or {}, operands)
    shown = {inp.name: t or "?" for inp, t in zip(inputs, texts, strict=False)}
    return _BRACES.sub(lambda m: _operand_text(shown.get(m[1], m[1]), given, m), given)


def _operand_text(text: str, whole: str, m: re.Match[str]) -> str:
    """Put a text in parentheses where it is an expression that the formula goes on with."""
    alone = m[0] == whole or bool(re.fullmatch(r"[\w.]+", text))
    return text if alone else f"({text})"


def local_derivative(name: str, operands: Sequence[Any], attrs: Attrs | None, i: int, path: tuple[int, ...] = ()) -> Tensor | None:
    """Return the vjp of operand i (of its part at path) with ones as the cotangent of output 0; None if it has none.

    Computed on fresh leaves: no graph, no `.grad` and no mode is touched.
    """
    first, (target,) = _called(name, operands, attrs, [(i, *path)])
    if target is None or first is None or not first.requires_grad:
        return None
    passed = _passed(first, [target])
    if passed is not None:
        return passed[0]
    return grad(first, target, make(np.ones(first.sizes, first.scalar_type), None), allow_unused=True)[0]


def local_derivatives(name: str, operands: Sequence[Any], attrs: Attrs | None, paths: Sequence[tuple[int, ...]]) -> list[Tensor | None]:
    """Return the local derivatives of several operands, or parts of them; of most ops they are found with one call."""
    if len(paths) > 1:
        first, targets = _called(name, operands, attrs, paths)
        if first is not None and first.requires_grad and None not in targets:
            passed = _passed(first, targets)
            if passed is not None:
                return passed
    return [local_derivative(name, operands, attrs, i, tuple(rest)) for i, *rest in paths]


def _called(name: str, operands: Sequence[Any], attrs: Attrs | None, paths: Sequence[tuple[int, ...]]) -> tuple[Any, list[Any]]:
    """Run an op on fresh leaves, those at paths requiring a gradient. Return its first output, and these; None for what cannot."""
    fresh = [_leaves(o) for o in operands]
    targets = [_part(fresh, path) for path in paths]
    targets = [t if isinstance(t, Tensor) and t.scalar_type.kind in "fc" else None for t in targets]
    for target in targets:
        if target is None:
            return None, targets
        target.requires_grad = True
    if ROWS[name].mutates:
        fresh[0] = _written(fresh[0])
    with modes.GradMode(True):
        out = call(name, fresh, attrs)
    return out[0] if isinstance(out, tuple) else out, targets


def _part(whole: Any, path: tuple[int, ...]) -> Any:
    for step in path:
        whole = whole[step]
    return whole


def _passed(out: Any, leaves: Sequence[Tensor]) -> list[Tensor | None] | None:
    """Return what leaves get of ones, if nothing lies between them and the node of a tensor: then its vjps are the whole of a backward."""
    if not _is_alone(out.node):
        return None
    edges = {id(e.variable) if type(e) is AccumulateGrad else 0: i for i, e in enumerate(out.node.edges) if e is not None}
    if edges.keys() != {id(leaf) for leaf in leaves} or sum([e is not None for e in out.node.edges]) != len(leaves):
        return None
    passed = _of_ones(out)
    return [None if c is None else make(c, None) for c in (passed[edges[id(leaf)]] for leaf in leaves)]


def derivatives_of(out: Any) -> list[tuple[GradNode, Array | None]] | None:
    """Return the edges of the node that has just made a tensor, each with what its vjp makes of ones; None, if it made others too."""
    if not _is_alone(out.node):
        return None
    return [(edge, c) for edge, c in zip(out.node.edges, _of_ones(out), strict=True) if edge is not None]


def _is_alone(node: GradNode | None) -> bool:
    """Say whether a node has vjps, and one output."""
    return node is not None and not isinstance(node, Port | AccumulateGrad) and not node.target.plan.several


def _of_ones(out: Any) -> list[Array | None]:
    return out.node.plan.cotangents(out.node, np.ones(out.sizes, out.scalar_type))  # type: ignore[no-any-return]


def _leaves(operand: Any) -> Any:
    """Return an operand with every tensor replaced by a fresh leaf on a copy of its numbers."""
    if isinstance(operand, Tensor):
        return make(operand.array.copy(), None)
    return tuple([_leaves(o) for o in operand]) if isinstance(operand, tuple | list) else operand


def _written(x: Any) -> Any:
    """Return a non-leaf that an in-place op may write."""
    return call("clone", (x,))


def check(name: str, shapes: Sequence[Any], dtypes: Sequence[Any], operands: Sequence[Any],
          attrs: Attrs | None = None) -> Checked:
    """Return the shapes and dtypes of an op's outputs for operands of these shapes and dtypes; raise the op's own error.

    `shapes[i]` is None where operand i is no tensor and stands in `operands`; a list of tensors has a list of shapes. Nothing is computed
    on real data. Above a million elements only element-wise ops are checked, by broadcasting; for others both answers are empty.
    """
    row = ROWS[name]
    if row.meta is not None:
        found: tuple[tuple[tuple[int, ...], ...], tuple[np.dtype[Any], ...]] = row.meta(shapes, dtypes, operands, attrs or {})
        return found
    if sum([_elements(s) for s in shapes]) > CHECKED_ELEMENTS:
        return _large(name, shapes, dtypes, operands, attrs)
    stand_ins = [_stand_in(s, d, o) for s, d, o in zip(shapes, dtypes, operands, strict=True)]
    if row.mutates:
        stand_ins[0] = make(stand_ins[0].array.copy(), None)
    with modes.GradMode(False):
        out = call(name, stand_ins, attrs)
    outs = () if out is None else out if isinstance(out, tuple) else (out,)
    return tuple([o.sizes for o in outs]), tuple([o.scalar_type for o in outs])


def _large(name: str, shapes: Sequence[Any], dtypes: Sequence[Any], operands: Sequence[Any], attrs: Attrs | None) -> Checked:
    """Check an element-wise op by broadcasting shapes, its dtypes on single elements."""
    row = serving(ROWS[name])
    if row is None or not row.op.promotes:
        return (), ()
    shape: tuple[int, ...] = ()
    for s in shapes:
        if s is not None:
            shape = broadcast_shape(shape, tuple(s))
    single = [s if s is None else (1,) * len(s) for s in shapes]
    dtype: tuple[np.dtype[Any], ...] = check(name, single, dtypes, operands, attrs)[1]
    return (shape,), dtype


def _elements(shape: Any) -> int:
    if shape is None:
        return 0
    if shape and isinstance(shape[0], tuple | list):
        return sum([_elements(s) for s in shape])
    count = 1
    for n in shape:
        count *= n
    return count


def _stand_in(shape: Any, dtype: Any, operand: Any) -> Any:
    """Return a tensor of zeros that has no memory to speak of, or a list of them, or the operand that is no tensor."""
    if shape is None:
        return operand
    if isinstance(dtype, tuple | list):
        return tuple([_stand_in(s, d, None) for s, d in zip(shape, dtype, strict=True)])
    return make(np.broadcast_to(np.zeros((), as_numpy(dtype)), shape), None)
