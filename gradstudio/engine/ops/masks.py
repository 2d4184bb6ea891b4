"""Elements picked or written where a mask is true: masked_select, masked_scatter. Category shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.indexing import CATEGORY

Array = np.ndarray[Any, Any]


def both(x: Array, mask: Array) -> tuple[Array, Array]:
    """Return an array and a mask in the shape to which they broadcast."""
    shape = broadcast_shape(mask.shape, x.shape)
    return np.broadcast_to(x, shape), np.broadcast_to(mask, shape)


def masked_select(x: Array, mask: Array) -> Array:
    if mask.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    wide, where = both(x, mask)
    return np.asarray(wide[where])


def masked_scatter(x: Array, mask: Array, source: Array) -> Array:
    """Write the first elements of source, in order, where the mask is true."""
    wide, where = both(x, mask)
    if source.dtype != x.dtype:
        raise RuntimeError(f"masked_scatter: expected self and source to have same dtypes but got{errors.dtype_name(x.dtype)} and "
                           f"{errors.dtype_name(source.dtype)}")
    if mask.dtype.kind != "b":
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {errors.dtype_name(mask.dtype)}")
    count = int(np.count_nonzero(where))
    if count > source.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    out = np.array(wide, order="C")
    out[where] = source.reshape(-1)[:count]
    return out


def masked_scatter_backward(g: Array, mask: Array, shape: tuple[int, ...]) -> Array:
    """What arrived where the mask is true, in order; zeros for the elements of source that were not needed."""
    wide, where = both(g, mask)
    taken = wide[where]
    out = np.zeros(int(np.prod(shape, dtype=int)), g.dtype)
    out[:taken.size] = taken
    return out.reshape(shape)


@helper
def masked_select_backward(g: Any, x: Any, mask: Any) -> Any:
    """Zeros with the cotangent put where the mask is true, in the shape to which both broadcast."""
    return ops.masked_scatter(ops.zeros(x, broadcast_shape(ops.shape_of(mask), ops.shape_of(x))), mask, g)


WHERE = samples.array(3, 2) > 0
SOURCE = samples.array(2, 3, start=0.6)
LONE = np.array(True)
register(
    Op("masked_scatter_backward", (
        Input("grad_output", lambda g, grad_output_shape, mask: ops.masked_scatter(ops.zeros(g, grad_output_shape), mask, g)),
        Input("mask")),
       masked_scatter_backward, node_name="MaskedScatterBackwardBackward0", attrs=(Attr("shape", "shape", ()),), hidden=True),
    Op("masked_select", (Input("x", lambda g, x, mask: ops.masked_select_backward(g, x, mask), "1 where {mask}"), Input("mask")),
       masked_select, node_name="MaskedSelectBackward0", category=CATEGORY, symbol="x[mask]",
       torch=("torch.masked_select({x}, {mask})", "{x}.masked_select({mask})"), latex=r"{x}_{mask}",
       doc="The elements where a mask is true, in one dim.",
       samples=(Sample((samples.array(3, 2), WHERE)), Sample((samples.array(3, 2), WHERE[:, :1])), Sample((samples.array(2), WHERE)),
                Sample((samples.SCALAR, LONE))),
       bad_samples=(Sample((samples.array(3), samples.array(4) > 0), error="The size of tensor a (4) must match the size of tensor b (3)"),
                    Sample((samples.array(3), np.array([1, 0, 1])), error="masked_select: expected BoolTensor for mask"))),
    Op("masked_scatter", (
        Input("x", lambda g, mask: ops.masked_fill_number(g, mask, 0), "[not {mask}]"), Input("mask"),
        Input("source", lambda g, mask, source_shape: ops.masked_scatter_backward(g, mask, source_shape), "1 where used")),
       masked_scatter, node_name="MaskedScatterBackward0", category=CATEGORY, symbol="mask ←",
       torch=("torch.masked_scatter({x}, {mask}, {source})", "{x}.masked_scatter({mask}, {source})"),
       latex=r"{x}_{mask} \leftarrow {source}", doc="A copy with a tensor's elements written one after the other where a mask is true.",
       samples=(Sample((samples.array(3, 2), WHERE, SOURCE)), Sample((samples.array(2), WHERE, SOURCE)),
                Sample((samples.array(3, 2), WHERE[0], SOURCE)), Sample((samples.SCALAR, LONE, np.array(-1.2)))),
       bad_samples=(Sample((samples.array(3, 2), np.full((3, 2), True), samples.array(5)),
                           error="Number of elements of source < number of ones in mask"),
                    Sample((samples.array(3), np.array([1, 0, 1]), samples.array(3)), error="masked_scatter_ only supports boolean masks"),
                    Sample((samples.array(3), samples.array(3) > 0, samples.array(3).astype(np.float32)),
                           error="masked_scatter: expected self and source to have same dtypes but gotDouble and Float"),
                    Sample((samples.array(3), samples.array(4) > 0, SOURCE),
                           error="The size of tensor a (4) must match the size of tensor b (3)"))),
)
