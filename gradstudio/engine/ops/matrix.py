"""Matrix products. matmul decomposes as PyTorch's does, so that the nodes have its names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import batches, errors
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.op import Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
CATEGORY = "matrix"


def same_dtype(a: Array, b: Array) -> None:
    """Raise RuntimeError unless both factors have one dtype: matrix products never promote."""
    if a.dtype is not b.dtype and a.dtype != b.dtype:
        names = errors.c_name(a.dtype), errors.c_name(b.dtype)
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}")
    if a.dtype.kind == "b":
        raise NotImplementedError("\"addmm_impl_cpu_\" not implemented for 'Bool'")


def mm(x: Array, y: Array) -> Array:
    if x.ndim != 2 or y.ndim != 2:
        raise RuntimeError(f"{'self' if x.ndim != 2 else 'mat2'} must be a matrix")
    if x.shape[1] != y.shape[0]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({x.shape[0]}x{x.shape[1]} and {y.shape[0]}x{y.shape[1]})")
    if x.dtype is not y.dtype or x.dtype.kind == "b":
        same_dtype(x, y)
    out: Array = x.dot(y)  # what matmul gives, a little quicker
    return out


def mv(x: Array, y: Array) -> Array:
    if x.ndim != 2 or y.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {x.ndim}, {y.ndim}")
    if x.shape[1] != y.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({x.shape[0]}), mat ({x.shape[0]}x{x.shape[1]}), vec ({y.shape[0]})")
    if x.dtype != y.dtype:
        names = [errors.dtype_name(a.dtype) for a in (y, x, y)]
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {names[0]}, {names[1]}, and {names[2]}")
    if x.dtype.kind == "b":
        raise errors.lacking("addmv_impl_cpu", x.dtype)
    return np.asarray(np.matmul(x, y))


def dot(x: Array, y: Array) -> Any:
    if x.ndim != 1 or y.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors")
    if x.dtype != y.dtype:
        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {errors.dtype_name(x.dtype)} and "
                           f"{errors.dtype_name(y.dtype)}")
    if x.size != y.size:
        raise RuntimeError(f"inconsistent tensor size, expected tensor {errors.size(x.shape)} and src {errors.size(y.shape)} to have the "
                           f"same "
                           f"number of elements, but got {x.size} and {y.size} elements respectively")
    return np.dot(x, y)


def bmm(x: Array, y: Array) -> Array:
    for name, b in (("batch1", x), ("batch2", y)):
        if b.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    if x.shape[0] != y.shape[0] or x.shape[2] != y.shape[1]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{x.shape[0]}, {x.shape[2]}] but got: "
                           f"[{y.shape[0]}, {y.shape[1]}].")
    if x.dtype is not y.dtype or x.dtype.kind == "b":
        same_dtype(x, y)
    return np.asarray(np.matmul(x, y))


A23, A34, V3 = samples.array(2, 3), samples.array(3, 4, start=0.4), samples.array(3, start=0.8)
register(
    Op("mm", (Input("x", lambda g, y: ops.mm(g, ops.t(y)), "·{y}ᵗ"), Input("y", lambda g, x: ops.mm(ops.t(x), g), "{x}ᵗ·", torch="mat2")),
       mm, kernel=np.ndarray.dot,
       node_name="MmBackward0", category=CATEGORY, symbol="mm", torch=("torch.mm({x}, {y})", "{x}.mm({y})"), latex="{x}{y}",
       doc="Matrix times matrix.", samples=(Sample((A23, A34)),),
       bad_samples=(Sample((A23, A23), error="mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),)),
    Op("mv", (Input("x", lambda g, y: ops.outer(g, y), "⊗{y}"), Input("y", lambda g, x: ops.mv(ops.t(x), g), "{x}ᵗ·", torch="vec")), mv,
       node_name="MvBackward0", category=CATEGORY, symbol="mv", torch=("torch.mv({x}, {y})", "{x}.mv({y})"), latex="{x}{y}",
       doc="Matrix times vector.", samples=(Sample((A23, V3)),),
       bad_samples=(Sample((A23, samples.array(2)), error="size mismatch, got input (2), mat (2x3), vec (2)"),)),
    Op("dot", (Input("x", lambda g, y: g * y, "{y}"), Input("y", lambda g, x: g * x, "{x}", torch="tensor")), dot, node_name="DotBackward0",
       category=CATEGORY, symbol="·", torch=("torch.dot({x}, {y})", "{x}.dot({y})"), latex=r"{x} \cdot {y}",
       doc="Inner product of two vectors.", samples=(Sample((V3, samples.array(3))),),
       bad_samples=(Sample((V3, samples.array(4)), error="inconsistent tensor size, expected tensor [3] and src [4]"),)),
    Op("bmm", (Input("x", lambda g, y: ops.bmm(g, ops.transpose(y, 1, 2)), "·{y}ᵗ"),
               Input("y", lambda g, x: ops.bmm(ops.transpose(x, 1, 2), g), "{x}ᵗ·", torch="mat2")), bmm, kernel=np.matmul,
       node_name="BmmBackward0", category=CATEGORY, symbol="bmm", torch=("torch.bmm({x}, {y})", "{x}.bmm({y})"), latex="{x}{y}",
       doc="Batch of matrix products.",
       samples=(Sample((samples.array(2, 2, 3), samples.array(2, 3, 2, start=0.3))),),
       bad_samples=(Sample((samples.array(2, 2, 3), samples.array(2, 2, 3)),
                           error="Expected size for first two dimensions of batch2 tensor"),)),
)


def outer(x: Any, y: Any) -> Any:
    """As PyTorch: a product of a column and a row. Raise RuntimeError for what is no vector."""
    for name, t in (("self", x), ("vec2", y)):
        if len(t.sizes) != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {len(t.sizes)}-D")
    return ops.mul(ops.view(x, (x.sizes[0], 1)), y)


def matmul(x: Any, y: Any) -> Any:
    a, b = len(x.sizes), len(y.sizes)
    if not a or not b:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if b == 1 and a <= 2:
        return ops.dot(x, y) if a == 1 else ops.mv(x, y)
    if a == 1 and b == 2:
        return ops.squeeze_dim_in_place(ops.mm(ops.unsqueeze(x, 0), y), 0)
    if a == b == 2:
        return ops.mm(x, y)
    plain = b > 1 < a and x.sizes[-1] == y.sizes[-2] and batches.is_plain(x, y)
    if folds(x, y):
        return batches.folded(x, y) if plain and b == 2 else folded(x, y)
    return batches.batched(x, y) if plain and x.sizes[:-2] == y.sizes[:-2] else batched(x, y)


def folds(x: Tensor, y: Tensor) -> bool:
    """Tell whether the batch of the larger factor becomes rows of one mm or mv (PyTorch's should_fold)."""
    larger_first = len(x.sizes) >= len(y.sizes)
    large, small = (x, y) if larger_first else (y, x)
    if len(large.sizes) < 3 or len(small.sizes) > 2:
        return False
    if small.node is not None:
        return True
    if len(x.sizes) == 2:
        return False
    array = large.array if larger_first else large.array.swapaxes(-1, -2)
    strides, shape = array.strides, array.shape
    return not array.size or all(strides[i] == strides[i + 1] * shape[i + 1] for i in range(array.ndim - 2))


def folded(x: Any, y: Any) -> Any:
    """The larger factor's batch as rows of one product."""
    turned = len(y.sizes) > len(x.sizes)
    large = ops.transpose(y, -2, -1) if turned else x
    small = y if not turned else ops.t(x) if len(x.sizes) == 2 else x
    shape = large.sizes[:-1]
    rows = ops.reshape(large, (math.prod(shape), large.sizes[-1]))
    if len(small.sizes) == 1:
        return ops.unsafe_view(ops.mv(rows, small), shape)
    out = ops.unsafe_view(ops.mm(rows, small), (*shape, small.sizes[1]))
    return ops.contiguous(ops.transpose(out, -2, -1)) if turned else out


def batched(x: Any, y: Any) -> Any:
    """Both factors expanded to one batch, then bmm."""
    vector = len(y.sizes) == 1
    if len(x.sizes) == len(y.sizes) == 3 and x.sizes[0] != y.sizes[0]:
        if x.sizes[0] == 1 and x.requires_grad:
            return matmul(ops.squeeze(x, 0), y)
        if y.sizes[0] == 1 and y.requires_grad:
            return matmul(x, ops.squeeze(y, 0))
    n, m = (x.sizes[-2] if len(x.sizes) > 1 else 1), x.sizes[-1]
    k = y.sizes[-2] if not vector else y.sizes[0]
    batch = broadcast_shape(x.sizes[:-2], y.sizes[:-2])
    size = math.prod(batch)
    left = ops.reshape(ops.expand(x, (*batch, n, m)), (size, n, m))
    if vector:
        right = ops.unsqueeze(ops.reshape(ops.expand(y, (*batch, k)), (size, k)), 2)
    else:
        right = ops.reshape(ops.expand(y, (*batch, k, y.sizes[-1])), (size, k, y.sizes[-1]))
    shape = batch + ((n,) if len(x.sizes) > 1 else ()) + ((y.sizes[-1],) if not vector else ())
    product = ops.bmm(left, right)
    return ops.unsafe_view(ops.squeeze(product, -1) if vector else product, shape)


register(
    Op("outer", (Input("x", formula="·{y}"), Input("y", formula="{x}·", torch="vec2")), composite=outer, kernel=np.multiply.outer,
       category=CATEGORY, symbol="xyᵗ", torch=("torch.outer({x}, {y})", "{x}.outer({y})"), latex="{x}{y}^T",
       doc="Each element of one vector times each of the other.", samples=(Sample((V3, samples.array(2))),),
       bad_samples=(Sample((A23, V3), error="outer: Expected 1-D argument self, but got 2-D"),)),
    Op("matmul", (Input("x", formula="·{y}ᵗ"), Input("y", formula="{x}ᵗ·")), composite=matmul, kernel=np.matmul, fast="mm",
       category=CATEGORY, symbol="@",
       torch=("{x} @ {y}", "torch.matmul({x}, {y})", "{x}.matmul({y})"), latex="{x}{y}",
       doc="Matrix product; vectors and batches as PyTorch takes them.",
       samples=(Sample((A23, A34)), Sample((A23, V3)), Sample((V3, A34)), Sample((V3, samples.array(3))),
                Sample((samples.array(2, 2, 3), A34)), Sample((A23, samples.array(2, 3, 2))),
                Sample((samples.array(2, 1, 2, 3), samples.array(2, 3, 2))), Sample((samples.array(2, 2, 3), V3))),
       bad_samples=(Sample((A23, A23), error="mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
                    Sample((V3, samples.array(4)), error="inconsistent tensor size, expected tensor [3] and src [4]"))),
)
