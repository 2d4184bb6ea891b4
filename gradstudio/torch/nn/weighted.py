"""Layers with parameters: Linear, Embedding, normalisations. They start with the numbers that PyTorch draws."""
from __future__ import annotations

import math
from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch import creation
from gradstudio.torch.nn import functional, init
from gradstudio.torch.nn.arguments import spoken_by
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.parameter import Parameter


def parameter(*shape: int, dtype: Any = None, value: float = 0.0) -> Parameter:
    """Return a parameter filled with one value."""
    return Parameter(creation.full(shape, float(value), dtype=dtype))


class Linear(Module):
    """x W^T + b: weight of shape (out_features, in_features), bias of shape (out_features,)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = parameter(out_features, in_features, dtype=dtype)
        if bias:
            self.bias = parameter(out_features, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Return the affine map of the last dim."""
        return functional.linear(input, self.weight, self.bias)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """A table of vectors: integers in, rows out."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
                 norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Tensor | None = None,
                 _freeze: bool = False, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise AssertionError("Padding_idx must be within num_embeddings")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        if _weight is not None:
            if _weight.sizes != (num_embeddings, embedding_dim):
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(_weight, requires_grad=not _freeze)
            return
        self.weight = Parameter(parameter(num_embeddings, embedding_dim, dtype=dtype), requires_grad=not _freeze)
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.array[self.padding_idx] = 0

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, **settings: Any) -> Embedding:
        """Return a table of vectors that are given, (n, size). Raise AssertionError for other than two dims."""
        if len(embeddings.sizes) != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        return cls(*embeddings.sizes, padding_idx=padding_idx, _weight=embeddings, _freeze=freeze, **settings)

    def forward(self, input: Tensor) -> Tensor:
        """Return the rows that the integers name."""
        return functional.embedding(  # type: ignore[no-any-return]
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse)

    def extra_repr(self) -> str:
        plain = {"padding_idx": None, "max_norm": None, "norm_type": 2, "scale_grad_by_freq": False}
        words = [f"{name}={getattr(self, name)}" for name, default in plain.items() if getattr(self, name) != default]
        return ", ".join([str(self.num_embeddings), str(self.embedding_dim), *words, *(["sparse=True"] if self.sparse else [])])


class PReLU(Module):
    """ReLU whose slope for negative numbers is learned."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.weight = parameter(num_parameters, dtype=dtype, value=init)

    def forward(self, input: Tensor) -> Tensor:
        """Return x where it is positive, else its multiple."""
        return functional.prelu(input, self.weight)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class LayerNorm(Module):
    """Brings the last dims to mean 0 and variance 1, then scales and shifts."""

    def __init__(self, normalized_shape: int | list[int] | tuple[int, ...], eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        scale = parameter(*self.normalized_shape, dtype=dtype, value=1) if elementwise_affine else None
        shift = parameter(*self.normalized_shape, dtype=dtype) if elementwise_affine and bias else None
        self.register_parameter("weight", scale)
        self.register_parameter("bias", shift)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"


class BatchNorm(Module):
    """Brings each channel to mean 0 and variance 1 over the batch; in evaluation with the averages seen in training."""

    ranks: tuple[int, ...] = ()

    @spoken_by("_BatchNorm")
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", parameter(num_features, dtype=dtype, value=1) if affine else None)
        self.register_parameter("bias", parameter(num_features, dtype=dtype) if affine else None)
        kept = track_running_stats
        self.register_buffer("running_mean", creation.zeros(num_features, dtype=dtype) if kept else None)
        self.register_buffer("running_var", creation.ones(num_features, dtype=dtype) if kept else None)
        self.register_buffer("num_batches_tracked", creation.tensor(0) if kept else None)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input; in training update the averages. Raise ValueError for a wrong number of dims."""
        if input.ndim not in self.ranks:
            raise ValueError(f"expected {'D or '.join(map(str, self.ranks))}D input (got {input.ndim}D input)")
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
            momentum = 1.0 / float(self.num_batches_tracked.item()) if self.momentum is None else self.momentum
        batch = self.training or self.running_mean is None
        return functional.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, batch, momentum, self.eps)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, bias={self.bias is not None}, "
                f"track_running_stats={self.track_running_stats}")


class BatchNorm1d(BatchNorm):
    """For (N, C) or (N, C, L)."""

    ranks = (2, 3)


class BatchNorm2d(BatchNorm):
    """For (N, C, H, W)."""

    ranks = (4,)
