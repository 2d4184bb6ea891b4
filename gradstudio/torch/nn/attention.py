"""MultiheadAttention, composed of other modules, with PyTorch's parameters and start values."""
from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from gradstudio.engine import dtypes
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch.nn import functional, init
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.weighted import Linear, parameter


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear; PyTorch has the name to keep it from being quantised."""


def additive(mask: Tensor | None, dtype: Any, name: str) -> Any:
    """Return a mask as numbers to add: -inf where a bool mask is True. Raise AssertionError for integers."""
    if mask is None:
        return None
    if mask.scalar_type.kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if mask.scalar_type.kind == "f":
        return mask
    return make(dtypes.cast(np.where(mask.array, -np.inf, 0.0), dtype), None)


class MultiheadAttention(Module):
    """Attention in num_heads parts of the embedding (Vaswani and others 2017): queries (L, N, E), keys and values (S, N, E)."""

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
                 add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
                 device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead")
        if add_bias_kv or add_zero_attn or kdim not in (None, embed_dim) or vdim not in (None, embed_dim):
            raise NotImplementedError("MultiheadAttention with add_bias_kv, add_zero_attn, kdim or vdim is not here")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        self.in_proj_weight = parameter(3 * embed_dim, embed_dim, dtype=dtype)
        self.register_parameter("in_proj_bias", parameter(3 * embed_dim, dtype=dtype) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, dtype=dtype)
        init.xavier_uniform_(self.in_proj_weight)
        if bias:
            init.constant_(self.out_proj.bias, 0.0)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None, need_weights: bool = True,
                attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False) -> tuple[Any, Any]:
        """Return the attended values and the weights (N, L, S), averaged over the heads unless wanted each; None if not needed."""
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
                               "`generate_square_subsequent_mask` to create this mask.")
        alone = query.ndim == 2
        q, k, v = self._in_order(query, key, value, alone)
        length, count, _ = q.sizes
        hinted = is_causal and key_padding_mask is None and not need_weights  # torch then leaves the mask unread
        mask = None if hinted else self._mask(attn_mask, key_padding_mask, count, q.scalar_type, alone)
        q, k, v = [ops.transpose(ops.view(t, (t.sizes[0], count * self.num_heads, self.head_dim)), 0, 1) for t in self._projected(q, k, v)]
        if need_weights:
            out, weights = self._weighed(q, k, v, mask, length, count)
            weights = ops.mean(weights, 1) if average_attn_weights else weights
        else:
            out, weights = self._fused(q, k, v, mask, length, count, hinted), None
        out = ops.view(ops.linear(out, self.out_proj.weight, self.out_proj.bias), (length, count, self.embed_dim))
        if alone:
            return ops.squeeze(out, 1), weights if weights is None else ops.squeeze(weights, 0)
        return (ops.transpose(out, 1, 0) if self.batch_first else out), weights

    def _in_order(self, query: Any, key: Any, value: Any, alone: bool) -> list[Any]:
        """Return the inputs as (L, N, E), the same object where they are the same. Raise AssertionError for sizes that do not fit."""
        if query.ndim not in (2, 3):
            raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor")
        if query.sizes[-1] != self.embed_dim:
            raise AssertionError(f"was expecting embedding dimension of {self.embed_dim}, but got {query.sizes[-1]}")
        changed: dict[int, Any] = {}
        for t in (query, key, value):
            if id(t) not in changed:
                changed[id(t)] = ops.unsqueeze(t, 1) if alone else ops.transpose(t, 1, 0) if self.batch_first else t
        found = [changed[id(t)] for t in (query, key, value)]
        if found[1].sizes[:2] != found[2].sizes[:2]:
            shapes = [f"torch.Size({list(t.sizes)})" for t in found]
            raise AssertionError(f"key shape {shapes[1]} does not match value shape {shapes[2]}")
        return found

    def _projected(self, q: Any, k: Any, v: Any) -> list[Any]:
        """Return queries, keys and values through their parts of in_proj."""
        w, b, size = self.in_proj_weight, self.in_proj_bias, self.embed_dim
        if q is k and k is v:
            packed = ops.unsqueeze(functional.linear(q, w, b).unflatten(-1, (3, size)), 0)
            packed = ops.contiguous(ops.squeeze(ops.transpose(packed, 0, -2), -2))
            return [ops.select(packed, 0, i) for i in range(3)]
        weights, biases = ops.chunk(w, 3, 0), (None,) * 3 if b is None else ops.chunk(b, 3, 0)
        return [ops.linear(t, *wb) for t, *wb in zip((q, k, v), weights, biases, strict=True)]

    def _mask(self, attn: Tensor | None, padding: Tensor | None, count: int, dtype: Any, alone: bool) -> Any:
        """Return both masks as one to add to the scores (N · heads or 1, L or 1, S), None without any."""
        if attn is not None and padding is not None and attn.scalar_type != padding.scalar_type:
            warnings.warn("Support for mismatched key_padding_mask and attn_mask is deprecated. Use same type for both instead.",
                          UserWarning, stacklevel=3)
        found, hidden = additive(attn, dtype, "attn_mask"), additive(padding, dtype, "key_padding_mask")
        if found is not None and found.ndim == 2:
            found = ops.unsqueeze(found, 0)
        if hidden is None:
            return found
        if alone:
            hidden = ops.unsqueeze(hidden, 0)
        source = hidden.sizes[-1]
        if hidden.sizes != (count, source):
            raise AssertionError(f"expecting key_padding_mask shape of {(count, source)}, but got torch.Size({list(hidden.sizes)})")
        wide = ops.expand(ops.view(hidden, (count, 1, 1, source)), (-1, self.num_heads, -1, -1))
        wide = ops.reshape(wide, (count * self.num_heads, 1, source))
        return wide if found is None else ops.add(found, wide)

    def _weighed(self, q: Any, k: Any, v: Any, mask: Any, length: int, count: int) -> tuple[Any, Any]:
        """Return the values weighed, (L · N, E), and the weights (N, heads, L, S)."""
        scaled, keys = ops.mul(q, math.sqrt(1.0 / float(self.head_dim))), ops.transpose(k, -2, -1)
        scores = ops.bmm(scaled, keys) if mask is None else ops.baddbmm(mask, scaled, keys)
        weights = ops.softmax(scores, -1)
        if self.dropout > 0:
            weights = functional.dropout(weights, self.dropout, self.training)
        out = ops.transpose(ops.bmm(weights, v), 0, 1)
        out = ops.view(ops.contiguous(out), (length * count, self.embed_dim))
        return out, ops.view(weights, (count, self.num_heads, length, k.sizes[1]))

    def _fused(self, q: Any, k: Any, v: Any, mask: Any, length: int, count: int, causal: bool) -> Any:
        """Return the values weighed by scaled_dot_product_attention, (N · L, E)."""
        if mask is not None:
            whole = mask.sizes[0] == 1
            mask = ops.unsqueeze(mask, 0) if whole else ops.view(mask, (count, self.num_heads, -1, k.sizes[1]))
        q, k, v = [ops.view(t, (count, self.num_heads, -1, self.head_dim)) for t in (q, k, v)]
        out = functional.scaled_dot_product_attention(q, k, v, mask, self.dropout if self.training else 0.0, causal)
        return ops.view(ops.contiguous(ops.permute(out, (2, 0, 1, 3))), (count * length, self.embed_dim))
