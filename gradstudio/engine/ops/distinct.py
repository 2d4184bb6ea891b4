"""Rows whose results are found among the elements rather than computed from them: unique values, counts, steps; and complex of two parts.

Hidden: they have PyTorch's nodes, of which most refuse to be differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import Attr, Input, Op, ops, register
from gradstudio.engine.ops.gradients import refused
from gradstudio.engine.ops.rounding import none_for

Array = np.ndarray[Any, Any]
Groups = tuple[Array, Array, Array]
NONE = "torch::autograd::NotImplemented"
FOUND = ("out", "inverse", "counts")


def groups_of(rows: Array) -> tuple[Array, Array, Array]:
    """Return where runs of equal rows (n, m) begin, as a mask; the number of the run that each row is in; how long each run is."""
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]).any(1)
    return first, np.cumsum(first) - 1, np.diff(np.append(np.flatnonzero(first), len(rows)))


def as_rows(x: Array, dim: int) -> tuple[Array, Array]:
    """Return the tensor with one dim first, and its slices along that dim as rows. Raise RuntimeError where other dims have size 0."""
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    moved = np.moveaxis(x, dim_of(dim, x.ndim), 0)
    if x.shape.count(0) > 1 and not len(moved):
        raise RuntimeError("Number of zero sized dimensions is more than one, so unique cannot be applied ")
    if 0 in moved.shape[1:]:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    return moved, moved.reshape(len(moved), -1) if len(moved) else moved.reshape(0, 1)


def back(picked: Array, dim: int, x: Array) -> Array:
    """Return picked slices with their dim where it was."""
    return np.ascontiguousarray(np.moveaxis(picked, 0, dim_of(dim, x.ndim)))


def scattered(order: Array, group: Array) -> Array:
    inverse = np.empty_like(group)
    inverse[order] = group
    return inverse


def unique(x: Array) -> Groups:
    if x.dtype.kind == "c":
        raise errors.lacking("unique", x.dtype)
    flat = x.reshape(-1)
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    first, group, counts = groups_of(ordered.reshape(-1, 1))
    return ordered[first], scattered(order, group).reshape(x.shape), counts


def unique_dim(x: Array, dim: int) -> Groups:
    moved, rows = as_rows(x, dim)
    order = np.lexsort(rows.T[::-1])
    first, group, counts = groups_of(rows[order])
    return back(moved[order[first]], dim, x), scattered(order, group), counts


def unique_consecutive(x: Array, dim: int | None) -> Groups:
    if dim is None:
        flat = x.reshape(-1)
        first, group, counts = groups_of(flat.reshape(-1, 1))
        return flat[first], group.reshape(x.shape), counts
    moved, rows = as_rows(x, dim)
    first, group, counts = groups_of(rows)
    return back(moved[first], dim, x), group, counts


def heaviside(x: Array, values: Array) -> Array:
    """0 for negative numbers and nan, 1 for positive ones, at 0 the value given."""
    return np.where(x == 0, values, (x > 0).astype(x.dtype))


def next_after(x: Array, y: Array) -> Array:
    if x.dtype == dtypes.BFLOAT16:
        raise NotImplementedError("nextafter of torch.bfloat16 is not here")
    return np.nextafter(x, y)


def bincount(x: Array, weights: Array, minlength: int) -> Array:
    wide = weights if weights.dtype == np.float32 else weights.astype(np.float64)
    out = np.zeros(max(int(x.max()) + 1, minlength), wide.dtype)
    np.add.at(out, x, wide)
    return out


def check_parts(x: Array, y: Array) -> None:
    """Raise RuntimeError for parts that are integers or of different dtypes, NotImplementedError for float16."""
    for part in (x, y):
        if part.dtype.kind != "f":
            raise RuntimeError("Expected both inputs to be Half, Float or Double tensors but got "
                               f"{errors.dtype_name(x.dtype)} and {errors.dtype_name(y.dtype)}")
    if x.dtype != y.dtype:
        raise RuntimeError(f"Expected object of scalar type {errors.dtype_name(x.dtype)} but got scalar type "
                           f"{errors.dtype_name(y.dtype)} for second argument")
    if x.dtype == np.float16:
        raise NotImplementedError("torch.complex32, which two float16 tensors give, is not here")


def pair(x: Array, y: Array) -> Array:
    """Return complex numbers of two parts."""
    check_parts(x, y)
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), np.complex128 if x.dtype == np.float64 else np.complex64)
    out.real, out.imag = x, y
    dtypes.noticed(out.dtype)
    return out


def around(size: Array, angle: Array) -> Array:
    """Return complex numbers of sizes and angles."""
    check_parts(size, angle)
    return pair(size * np.cos(angle), size * np.sin(angle))


def integers(name: str, compute: Any) -> Op:
    def forward(x: Array, y: Array) -> Any:
        if x.dtype.kind not in "iu":
            raise errors.lacking(f"{name}_cpu", x.dtype)
        return compute(x, y)

    return Op(name, (Input("x"), Input("y")), forward, promotes="same", hidden=True)


register(
    Op("unique2", (Input("x", refused("_unique2")),), unique, node_name="Unique2Backward0", outputs=FOUND, hidden=True),
    Op("unique_dim", (Input("x", refused("unique_dim")),), unique_dim, node_name="UniqueDimBackward0", attrs=(Attr("dim", "dim"),),
       outputs=FOUND, hidden=True),
    Op("unique_consecutive", (Input("x", refused("unique_consecutive")),), unique_consecutive, node_name="UniqueConsecutiveBackward0",
       attrs=(Attr("dim", "dim"),), outputs=FOUND, hidden=True),
    Op("heaviside", (Input("x", none_for("heaviside")), Input("values", none_for("heaviside"))), heaviside, node_name=NONE, promotes="same",
       lacks=("c", "heaviside is not yet implemented for complex tensors."), hidden=True),
    Op("nextafter", (Input("x", lambda g, x, y: ops.where(ops.eq(x, y), 0, g)),  # torch gives 0 at x == y
                     Input("y", lambda g: ops.zeros_like(g))), next_after, node_name="NextafterBackward0",
       promotes="same", lacks=("biuc", "nextafter_cpu"), strict=True, hidden=True),
    Op("bincount_weighted", (Input("x"), Input("weights", none_for("bincount"))), bincount, node_name=NONE,
       attrs=(Attr("minlength", "int", 0),), hidden=True),
    Op("complex", (Input("x", lambda g: ops.real(g)), Input("y", lambda g: ops.imag(g))), pair, node_name="ComplexBackward0", hidden=True),
    Op("polar", (Input("x", lambda g, out: ops.real(ops.mul(ops.conj(g), ops.sgn(out))), torch="abs"),
                 Input("y", lambda g, out: ops.real(ops.mul(ops.conj(g), ops.mul(out, 1j))), torch="angle")), around,
       node_name="PolarBackward0", hidden=True),
    Op("rrelu_with_noise", (Input("x", lambda g, noise: ops.mul(g, noise)), Input("noise")), np.multiply,
       node_name="RreluWithNoiseBackward0", hidden=True),
    integers("gcd", np.gcd),
    integers("lcm", np.lcm),
)
