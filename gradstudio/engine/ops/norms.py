"""Norms of vectors and matrices as torch.linalg has them, and the distance of two tensors. Category reduction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import Dim, dim_of, dims_of
from gradstudio.engine.dtypes import as_numpy
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.reduction import BAD_DIM, CATEGORY, DIM, DTYPE, KEEPDIM, LISTS
from gradstudio.engine.ops.statistics import ORD, norm

Array = np.ndarray[Any, Any]
NAME = "linalg.matrix_norm"
REDUCE = {2: "amax", -2: "amin", 1: "amax", -1: "amin", math.inf: "amax", -math.inf: "amin"}


def in_dtype(x: Any, dtype: Any) -> Any:
    return x if dtype is None or x.scalar_type == as_numpy(dtype) else ops.cast(x, as_numpy(dtype))


def vector_norm(x: Any, ord: Any = 2, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return ops.vector_norm(in_dtype(x, dtype), ord, dim, keepdim)


def matrix_dims(x: Any, dim: Any) -> tuple[int, int]:
    """Return the two dims of a matrix norm. Raise RuntimeError in PyTorch's words if they are not two different ones."""
    if len(x.sizes) < 2:
        raise RuntimeError(f"{NAME}: The input tensor A must have at least 2 dimensions.")
    given = tuple(dim)
    if len(given) != 2:
        raise RuntimeError(f"{NAME}: dim must be a 2-tuple. Got {' '.join(map(str, given))}")
    first, second = [dim_of(d, len(x.sizes)) for d in given]
    if first == second:
        raise RuntimeError(f"{NAME}: dims must be different. Got ({given[0]}, {given[1]})")
    return first, second


def matrix_norm(x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, dtype: Any = None) -> Any:
    """The norms of matrices in two dims: of all elements (fro), of the singular values (nuc, 2, -2), of columns or rows (1, inf)."""
    if x.scalar_type.kind not in "fc":
        raise RuntimeError(f"{NAME}: Expected a floating point or complex tensor as input. Got {errors.dtype_name(x.scalar_type)}")
    dims = matrix_dims(x, dim)
    if ord not in ("fro", "nuc", *REDUCE):
        raise RuntimeError(f"{NAME}: Order {ord:g} not supported." if not isinstance(ord, str) else f"{NAME}: Order {ord} not supported.")
    x = in_dtype(x, dtype)
    if ord == "fro":
        return ops.vector_norm(x, 2, dims, keepdim)
    if ord == "nuc" or abs(ord) == 2:
        return ops.norm_of_singular_values(x, dims, keepdim, "sum" if ord == "nuc" else REDUCE[ord])
    summed, left = dims if abs(ord) == 1 else dims[::-1]
    sums = ops.vector_norm(x, 1, (summed,), keepdim)
    return extreme_of(sums, REDUCE[ord], left - (not keepdim and summed < left), keepdim)


@helper
def nuclear_norm(x: Any, dim: Dim, keepdim: bool) -> Any:
    """Return the sum of the singular values of matrices in two dims. Raise RuntimeError for other than two."""
    rank = len(ops.shape_of(x))
    if rank < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    dims = dims_of(dim, rank)
    if len(dims) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dims))}")
    return ops.norm_of_singular_values(x, dims, keepdim, "sum")


@helper
def norm_of_singular_values(x: Any, dims: tuple[int, ...], keepdim: bool, reduce: str) -> Any:
    """Return the singular values of matrices in two dims, reduced by the row of that name: sum, amax, amin."""
    rank = len(ops.shape_of(x))
    order = (*[d for d in range(rank) if d not in dims], *dims)
    values = ops.svdvals(ops.permute(x, order))
    out = ops.sum(values, -1, keepdim) if reduce == "sum" else extreme_of(values, reduce, -1, keepdim)
    return ops.permute(ops.unsqueeze(out, -1), tuple([order.index(d) for d in range(rank)])) if keepdim else out


def extreme_of(x: Any, reduce: str, dim: int, keepdim: bool) -> Any:
    """Return the largest or smallest number along a dim, by the row of that name. The largest of none is 0; none is smallest."""
    if ops.shape_of(x)[dim]:
        return getattr(ops, reduce)(x, dim, keepdim)
    if reduce == "amin":
        raise IndexError(f"amin(): Expected reduction dim {dim} to have non-zero size.")
    return ops.sum(x, dim, keepdim)


def any_norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """As torch.linalg.norm: a vector norm, or a matrix norm if an order is asked for and there are two dims."""
    rank, dims = len(x.sizes), (dim,) if isinstance(dim, int) else dim
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {errors.size(dims)}")
    if ord is None:
        return vector_norm(x, 2, dims, keepdim, dtype)
    if dims is None and not isinstance(ord, str) and rank not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {rank}D.")
    dims = tuple(range(rank)) if dims is None else dims
    if len(dims) == 1 and not isinstance(ord, str):
        return vector_norm(x, ord, dims, keepdim, dtype)
    return matrix_norm(x, ord, dims, keepdim, dtype)


def distance(x: Array, y: Array, p: Any) -> Any:
    if x.dtype.kind not in "fc":
        raise RuntimeError(f"norm(): input dtype should be either floating point or complex. Got {errors.dtype_name(x.dtype)} instead.")
    return norm(x - y, p, None, False)


ORDER = Attr("ord", "number", 2, "Which norm: 0, 1, 2, inf...")
OF_MATRIX = Attr("ord", "number", "fro", "Which norm: fro, nuc, 1, -1, 2, -2, inf, -inf.")
ANY = Attr("ord", "number", None, "Which norm; that of all elements if left out.")
TWO_DIMS = Attr("dim", "dims", (-2, -1), "The dims of the matrices.")
A23, B23, A232 = samples.array(2, 3), samples.array(2, 3, start=0.4, step=0.23), samples.array(2, 3, 2)
ORDERS = tuple([Sample((B23,), {"ord": order}) for order in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)])
register(
    Op("linalg_vector_norm", (Input("x", formula="{x}/norm"),), composite=vector_norm, attrs=(ORDER, DIM, KEEPDIM, DTYPE),
       category=CATEGORY, symbol="‖x‖ₚ", torch=("torch.linalg.vector_norm({x})",), latex=r"\lVert {x} \rVert_p", doc="Length of a vector.",
       samples=(*LISTS, *[Sample((A23,), {"ord": order, "dim": 1}) for order in (1, 3, 0.9, math.inf, -math.inf)]), bad_samples=BAD_DIM),
    Op("linalg_matrix_norm", (Input("x", formula="d norm/d{x}"),), composite=matrix_norm, attrs=(OF_MATRIX, TWO_DIMS, KEEPDIM, DTYPE),
       category=CATEGORY, symbol="‖A‖", torch=("torch.linalg.matrix_norm({x})",), latex=r"\lVert {x} \rVert",
       doc="Norm of matrices: of their elements, their singular values, their rows or columns.",
       samples=(*ORDERS, Sample((A232,), {"ord": 1, "dim": (2, 0), "keepdim": True}), Sample((A232,), {"ord": 2, "dim": (0, 2)})),
       bad_samples=(Sample((samples.array(3),), error="linalg.matrix_norm: The input tensor A must have at least 2 dimensions."),
                    Sample((A23,), {"ord": 3}, "linalg.matrix_norm: Order 3 not supported."),
                    Sample((A23,), {"dim": (0, 0)}, "linalg.matrix_norm: dims must be different. Got (0, 0)"))),
    Op("linalg_norm", (Input("x", formula="d norm/d{x}"),), composite=any_norm, attrs=(ANY, DIM, KEEPDIM, DTYPE), category=CATEGORY,
       symbol="‖·‖", torch=("torch.linalg.norm({x})",), latex=r"\lVert {x} \rVert", doc="Norm of a vector or a matrix.",
       samples=(Sample((A232,)), *ORDERS[:4], Sample((A23,), {"ord": 3, "dim": 1}), Sample((A232,), {"ord": 1, "dim": (0, 1)})),
       bad_samples=(Sample((A232,), {"ord": 2}, "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got 3D."),)),
    Op("dist", (Input("x", lambda g, x, y, out, p: ops.norm_backward(g, x - y, out, p, None, False), "({x} − {y})/dist"),
                Input("y", lambda g, x, y, out, p: None if p == 0 else -ops.norm_backward(g, x - y, out, p, None, False),
                      "({y} − {x})/dist")), distance,
       node_name="DistBackward0", attrs=(ORD,), promotes="same", category=CATEGORY, symbol="‖x−y‖",
       torch=("torch.dist({x}, {y})", "{x}.dist({y})"), latex=r"\lVert {x} - {y} \rVert", doc="Length of the difference.",
       samples=(Sample((A23, samples.array(2, 3, start=0.6))), Sample((A23, samples.array(3, start=0.3))),
                *[Sample((A23, B23), {"p": p}) for p in (1, 1.5, 4, math.inf)]),
       bad_samples=samples.BROADCAST),
)
