"""Scaled dot-product attention, along PyTorch's two ways: one fused op where it has one, else products and a softmax. Category matrix.

The fused op takes queries, keys and values of four dims; its backward has no derivative. A mask that wants a gradient, dropout and any
other number of dims go the other way, which can be differentiated again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import errors, random
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.matrix import CATEGORY
from gradstudio.engine.ops.softmax import softmax
from gradstudio.engine.tensor import make

Array = np.ndarray[Any, Any]
FUSED = "_scaled_dot_product_flash_attention_for_cpu"


def safe_softmax(x: Array, dim: int) -> Any:
    """Return softmax along a dim; zeros where all elements are -inf."""
    masked = np.isneginf(x).all(dim, keepdims=True)
    return np.where(masked, 0, softmax(np.where(masked, 0, x), dim)).astype(x.dtype, copy=False)


# The fused way.
def per_head(t: Array, heads: int) -> Array:
    """Return keys or values with as many heads as there are of queries."""
    return t if t.shape[1] == heads else np.repeat(t, heads // t.shape[1], 1)


def scores(query: Array, key: Array, attn_mask: Array | None, is_causal: bool, scale: float) -> Array:
    """Return how much each query asks for each key, -inf where it may not see it."""
    found: Array = np.matmul(query, per_head(key, query.shape[1]).swapaxes(-1, -2)) * query.dtype.type(scale)
    if attn_mask is not None:
        found = np.where(attn_mask, found, -np.inf) if attn_mask.dtype.kind == "b" else found + attn_mask
    if is_causal:
        found = np.where(np.tri(*found.shape[-2:], dtype=np.bool_), found, -np.inf)
    return found.astype(query.dtype, copy=False)


def attention(query: Array, key: Array, value: Array, attn_mask: Array | None, is_causal: bool, scale: float) -> tuple[Array, Array]:
    """Return what each query gets, and the logarithm of the sum over its keys (-inf where it sees none)."""
    asked = scores(query, key, attn_mask, is_causal, scale)
    most = asked.max(-1, keepdims=True)
    most = np.where(np.isneginf(most), 0, most).astype(query.dtype, copy=False)
    powers = np.exp(asked - most)
    total = powers.sum(-1, keepdims=True)
    out = np.matmul(powers / np.where(total == 0, 1, total).astype(query.dtype, copy=False), per_head(value, query.shape[1]))
    with np.errstate(divide="ignore"):
        return out, (most + np.log(total))[..., 0]


def attention_backward(g: Array, query: Array, key: Array, value: Array, output: Array, logsumexp: Array, attn_mask: Array | None,
                       is_causal: bool, scale: float, of: str) -> Array:
    """Return the gradient of one of query, key and value (Dao et al., FlashAttention, 2022, appendix B)."""
    heads = query.shape[1]
    level = np.where(np.isneginf(logsumexp), 0, logsumexp)[..., None].astype(query.dtype, copy=False)
    shares = np.exp(scores(query, key, attn_mask, is_causal, scale) - level)
    if of == "value":
        return joined(np.matmul(shares.swapaxes(-1, -2), g), value.shape)
    inner = np.matmul(g, per_head(value, heads).swapaxes(-1, -2)) - (g * output).sum(-1, keepdims=True)
    slope = shares * inner * query.dtype.type(scale)
    return np.matmul(slope, per_head(key, heads)) if of == "query" else joined(np.matmul(slope.swapaxes(-1, -2), query), key.shape)


def joined(g: Array, shape: tuple[int, ...]) -> Array:
    """Return a gradient of a head a query added up over the queries that share a head."""
    return g if g.shape == shape else g.reshape(*shape[:2], -1, *shape[2:]).sum(2)


def gradient_of(which: str) -> Callable[..., Any]:
    """Return the vjp of the fused op for one operand."""
    def vjp(g: Any, query: Any, key: Any, value: Any, output: Any, logsumexp: Any, attn_mask: Any, is_causal: Any, scale: Any) -> Any:
        return ops.fused_attention_backward(g, query, key, value, output, logsumexp, attn_mask, is_causal, scale, which)

    return vjp


def none_there(g: Any) -> Any:
    raise RuntimeError(f"derivative for aten::{FUSED}_backward is not implemented")


def is_fused(query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: float, enable_gqa: bool) -> bool:
    """Tell whether PyTorch has one op for these operands on a CPU."""
    q, k, v = [t.sizes for t in (query, key, value)]
    if not len(q) == len(k) == len(v) == 4 or dropout_p > 0 or not q[3] == k[3] == v[3] or 0 in (q[2], k[2]):
        return False
    if not q[0] == k[0] == v[0] or k[1] != v[1] or (q[1] != k[1] if not enable_gqa else q[1] % k[1]):
        return False
    if attn_mask is None:
        return True
    wanted = (*q[:2], q[2], k[2])
    mask = attn_mask.sizes
    return not attn_mask.requires_grad and len(mask) in (2, 4) and all(m in (1, n) for m, n in zip(mask[::-1], wanted[::-1], strict=False))


# The way of products.
def additive(mask: Any, dtype: Any) -> Any:
    """Return a mask to add: of a mask of bools 0 where it lets see and -inf elsewhere."""
    return make(np.where(mask.array, 0, -np.inf).astype(dtype), None) if mask.scalar_type.kind == "b" else mask


def repeated(t: Any, times: int) -> Any:
    """Return keys or values with each head several times."""
    shape = (*t.sizes[:-3], t.sizes[-3], times, *t.sizes[-2:])
    if times == 1:
        return t
    return ops.view(ops.clone(ops.expand(ops.unsqueeze(t, -3), shape)), (*shape[:-4], shape[-4] * times, *shape[-2:]))


def composed(query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: float, is_causal: bool, scale: float) -> Any:
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
        attn_mask = make(np.tri(query.sizes[-2], key.sizes[-2], dtype=np.bool_), None)
    root = math.sqrt(abs(scale))
    asked = ops.matmul(ops.mul_number(query, math.copysign(root, scale)), ops.mul_number(ops.transpose(key, -2, -1), root))
    if attn_mask is not None:
        asked = ops.add(asked, additive(attn_mask, query.scalar_type))
    shares = ops.safe_softmax(asked, -1)
    if dropout_p > 0:
        kept = random.default_generator().bernoulli(shares.sizes, 1 - dropout_p, shares.scalar_type)
        shares = ops.mul(shares, make(kept / kept.dtype.type(1 - dropout_p) if dropout_p < 1 else kept, None))
    return ops.matmul(shares, value)


def check(query: Any, key: Any, value: Any, attn_mask: Any) -> None:
    """Raise RuntimeError for vectors and for dtypes that differ."""
    three = (query, key, value)
    ranks, names = [len(t.sizes) for t in three], [errors.c_name(t.scalar_type) for t in three]
    if len(set(names)) > 1:
        raise RuntimeError(f"Expected query, key, and value to have the same dtype, but got query.dtype: {names[0]} key.dtype: {names[1]} "
                           f"and value.dtype: {names[2]} instead.")
    if min(ranks) < 2:
        raise RuntimeError(f"Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {ranks[0]} key.dim: "
                           f"{ranks[1]} and value.dim: {ranks[2]} instead.")
    if query.scalar_type.kind != "f":
        raise RuntimeError(f"expected scalar type Float but found {errors.dtype_name(query.scalar_type)}")
    if attn_mask is not None and attn_mask.scalar_type.kind != "b" and attn_mask.scalar_type not in (query.scalar_type, np.float32):
        raise RuntimeError("Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                           f"{errors.c_name(attn_mask.scalar_type)} and  query.dtype: {names[0]} instead.")


def scaled_dot_product_attention(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
                                 scale: float | None = None, enable_gqa: bool = False) -> Any:
    check(query, key, value, attn_mask)
    size = query.sizes[-1]
    factor = scale if scale is not None else 1 / math.sqrt(size) if size else 1.0
    if is_fused(query, key, value, attn_mask, dropout_p, enable_gqa):
        return ops.fused_attention(query, key, value, attn_mask, is_causal, factor)[0]
    if enable_gqa:
        key, value = [repeated(t, query.sizes[-3] // t.sizes[-3]) for t in (key, value)]
    return composed(query, key, value, attn_mask, dropout_p, is_causal, factor)


HOW = (Attr("is_causal", "bool", False), Attr("scale", "float", 1.0))
register(
    Op("safe_softmax", (Input("x", lambda g, out, dim: ops.softmax_backward(g, out, dim)),), safe_softmax,
       node_name="SafeSoftmaxBackward0", attrs=(Attr("dim", "dim", -1),), hidden=True),
    Op("fused_attention_backward", (Input("grad_output", none_there), Input("query", none_there), Input("key", none_there),
                                    Input("value", none_there), Input("output", none_there), Input("logsumexp"),
                                    Input("attn_mask", optional=True)), attention_backward,
       node_name="torch::autograd::NotImplemented", attrs=(*HOW, Attr("of", "str", "query")), hidden=True),
    Op("fused_attention", (Input("query", gradient_of("query")), Input("key", gradient_of("key")), Input("value", gradient_of("value")),
                           Input("attn_mask", optional=True)), attention, node_name="ScaledDotProductFlashAttentionForCpuBackward0",
       attrs=HOW, outputs=("output", "logsumexp"), hidden=True),
)
Q, K, V = samples.array(1, 2, 3, 2), samples.array(1, 2, 4, 2, start=0.3), samples.array(1, 2, 4, 2, start=-0.6)
MASK = samples.array(3, 4, start=0.1)
register(
    Op("scaled_dot_product_attention", (
        Input("query", formula="(∂ shares of {value}) {key} · scale"), Input("key", formula="(∂ shares of {value}) {query} · scale"),
        Input("value", formula="shares of {query}"), Input("attn_mask", formula="∂ shares of {value}", optional=True)),
       composite=scaled_dot_product_attention,
       attrs=(Attr("dropout_p", "float", 0.0, "Probability with which a share is left out."),
              Attr("is_causal", "bool", False, "Each query sees the keys up to its own place only."),
              Attr("scale", "float", None, "What products are multiplied with; left out, one over the root of their length."),
              Attr("enable_gqa", "bool", False, "Several heads of queries share one of keys and values.")),
       category=CATEGORY, symbol="attention", torch=("F.scaled_dot_product_attention({query}, {key}, {value}, {attn_mask})",),
       latex=r"\mathrm{softmax}\left(\frac{{query}{key}^T}{\sqrt{d}}\right){value}",
       doc="For each query a mean of the values, by how well their keys meet it.",
       samples=(Sample((Q[0], K[0], V[0], None)), Sample((Q, K, V, MASK)), Sample((Q[0, 0], K[0, 0], V[0, 0], None), {"scale": 0.5}),
                Sample((Q[0], K[0], V[0], None), {"is_causal": True}), Sample((Q, K, V, None)),
                Sample((Q, K, V, None), {"is_causal": True})),
       bad_samples=(Sample((Q[0, 0, 0], K[0, 0], V[0, 0], None), error="Expected query, key, and value to all be  at least 2"),
                    Sample((Q[0], K[0], V[0], MASK), {"is_causal": True}, "_scaled_dot_product_attention: Explicit attn_mask should"))),
)
