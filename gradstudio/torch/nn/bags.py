"""EmbeddingBag: `F.embedding_bag` with a table of its own."""
from __future__ import annotations

from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch.nn import functional, init
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.weighted import parameter


class EmbeddingBag(Module):
    """A table of vectors, of which bags of integers name some: their sum, mean or largest comes out."""

    def __init__(self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
                 scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, _weight: Tensor | None = None,
                 include_last_offset: bool = False, padding_idx: int | None = None, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.mode, self.padding_idx = num_embeddings, embedding_dim, mode, padding_idx
        self.max_norm, self.sparse = max_norm, sparse
        self.scale_grad_by_freq, self.include_last_offset = scale_grad_by_freq, include_last_offset
        self.weight = parameter(num_embeddings, embedding_dim, dtype=dtype)
        init.normal_(self.weight)
        if padding_idx is not None:
            self.weight.array[padding_idx] = 0

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Any:
        """Return a vector for each bag."""
        return functional.embedding_bag(input, self.weight, offsets, self.max_norm, 2.0, self.scale_grad_by_freq, self.mode, self.sparse,
                                        per_sample_weights, self.include_last_offset, self.padding_idx)

    def extra_repr(self) -> str:
        norm = "" if self.max_norm is None else f", max_norm={self.max_norm}"
        scaled = f", scale_grad_by_freq={self.scale_grad_by_freq}" if self.scale_grad_by_freq else ""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{norm}{scaled}, mode={self.mode!r}{padding}"
