"""Further normalising layers: GroupNorm, RMSNorm, InstanceNorm, BatchNorm3d; and Bilinear."""
from __future__ import annotations

import math
from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch.nn import functional, init
from gradstudio.torch.nn.arguments import spoken_by
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.weighted import BatchNorm, parameter


class BatchNorm3d(BatchNorm):
    """For (N, C, D, H, W)."""

    ranks = (5,)


class GroupNorm(Module):
    """Brings groups of channels to mean 0 and variance 1, then scales and shifts each channel."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: Any = None,
                 dtype: Any = None, bias: bool = True) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.register_parameter("weight", parameter(num_channels, dtype=dtype, value=1) if affine else None)
        self.register_parameter("bias", parameter(num_channels, dtype=dtype) if affine and bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class RMSNorm(Module):
    """Divides the last dims by their root mean square, then scales."""

    def __init__(self, normalized_shape: int | list[int] | tuple[int, ...], eps: float | None = None, elementwise_affine: bool = True,
                 device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.register_parameter("weight", parameter(*self.normalized_shape, dtype=dtype, value=1) if elementwise_affine else None)

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised input."""
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class InstanceNorm(BatchNorm):
    """Brings each channel of each sample to mean 0 and variance 1."""

    @spoken_by("_InstanceNorm")
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
                 track_running_stats: bool = False, device: Any = None, dtype: Any = None) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input; in training update the averages, if they are tracked. One sample may come without a batch."""
        whole, alone = self.ranks
        if input.ndim not in self.ranks:
            raise ValueError(f"expected {alone}D or {whole}D input (got {input.ndim}D input)")
        batch: Any = input if input.ndim == whole else input.unsqueeze(0)  # type: ignore[attr-defined]
        own = self.training or not self.track_running_stats
        out = functional.instance_norm(batch, self.running_mean, self.running_var, self.weight, self.bias, own, self.momentum, self.eps)
        return out if input.ndim == whole else out.squeeze(0)  # type: ignore[no-any-return]


class InstanceNorm1d(InstanceNorm):
    """For (N, C, L) or (C, L)."""

    ranks = (3, 2)


class InstanceNorm2d(InstanceNorm):
    """For (N, C, H, W) or (C, H, W)."""

    ranks = (4, 3)


class InstanceNorm3d(InstanceNorm):
    """For (N, C, D, H, W) or (C, D, H, W)."""

    ranks = (5, 4)


class Bilinear(Module):
    """x1 W x2 + b: weight of shape (out_features, in1_features, in2_features), bias of shape (out_features,)."""

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = parameter(out_features, in1_features, in2_features, dtype=dtype)
        self.register_parameter("bias", parameter(out_features, dtype=dtype) if bias else None)
        bound = 1 / math.sqrt(in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return a form that is linear in both inputs, for each output."""
        return functional.bilinear(input1, input2, self.weight, self.bias)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return (f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
                f"bias={self.bias is not None}")
