"""Convolutions and their transposes as modules. They start with the numbers that PyTorch draws."""
from __future__ import annotations

import math
from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch.nn import functional, init
from gradstudio.torch.nn.arguments import own_init
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.weighted import parameter

PADDING_MODES = {"zeros", "reflect", "replicate", "circular"}


def check(in_channels: int, out_channels: int, groups: int, padding: Any, stride: tuple[int, ...], padding_mode: str) -> None:
    """Raise ValueError for channels that do not fall into groups and for ways of padding that there are not."""
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    for name, n in (("in_channels", in_channels), ("out_channels", out_channels)):
        if n % groups:
            raise ValueError(f"{name} must be divisible by groups")
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"Invalid padding string '{padding}', should be one of {{'same', 'valid'}}")
    if padding == "same" and any(s != 1 for s in stride):
        raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in PADDING_MODES:
        raise ValueError(f"padding_mode must be one of {PADDING_MODES}, but got padding_mode='{padding_mode}'")


class Filters(Module):
    """What convolutions share: weight, bias, sizes, text. `dims`: over how many dims; `transposed`: (in, out / groups, ...) weights."""

    dims = 0
    transposed = False

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, output_padding: Any,
                 dilation: Any, groups: int, bias: bool, padding_mode: str, dtype: Any) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.dilation = [self._each(n) for n in (kernel_size, stride, dilation)]
        check(in_channels, out_channels, groups, padding, self.stride, padding_mode)
        self.in_channels, self.out_channels, self.groups, self.padding_mode = in_channels, out_channels, groups, padding_mode
        self.padding = padding if isinstance(padding, str) else self._each(padding)
        self.output_padding = self._each(output_padding)
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = parameter(first, second // groups, *self.kernel_size, dtype=dtype)
        self.register_parameter("bias", parameter(out_channels, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan = init.fans(self.weight)[0]
        if self.bias is not None and fan:
            bound = 1 / math.sqrt(fan)
            init.uniform_(self.bias, -bound, bound)

    def _each(self, n: Any) -> tuple[int, ...]:
        return (n,) * self.dims if isinstance(n, int) else tuple(n)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        ones, zeros = (1,) * self.dims, (0,) * self.dims
        text += "" if self.padding == zeros else f", padding={self.padding}"
        text += "" if self.dilation == ones else f", dilation={self.dilation}"
        text += "" if self.output_padding == zeros else f", output_padding={self.output_padding}"
        text += "" if self.groups == 1 else f", groups={self.groups}"
        text += "" if self.bias is not None else ", bias=False"
        return text + ("" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode}")


class Convolution(Filters):
    """Slides filters of shape (out_channels, in_channels / groups, *kernel_size) over the input."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                 groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """Return the filtered input."""
        function, padding = getattr(functional, f"conv{self.dims}d"), self.padding
        if self.padding_mode != "zeros":
            input, padding = functional.pad(input, self._around(), mode=self.padding_mode), "valid"
        return function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)  # type: ignore[no-any-return]

    def _around(self) -> tuple[int, ...]:
        """Return how much is put before and after, the last dim first."""
        totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        if self.padding == "same":
            return tuple([n for total in totals[::-1] for n in (total // 2, total - total // 2)])
        given = (0,) * self.dims if isinstance(self.padding, str) else self.padding
        return tuple([n for n in given[::-1] for _ in range(2)])


class TransposedConvolution(Filters):
    """Lays filters of shape (in_channels, out_channels / groups, *kernel_size) down at each element of the input."""

    transposed = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                 groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros", device: Any = None,
                 dtype: Any = None) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias, padding_mode,
                         dtype)

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """Return the result, of a wanted size if one is given. Raise ValueError for a size that it cannot have."""
        more = self.output_padding if output_size is None else self._more(input, tuple(output_size))
        function = getattr(functional, f"conv_transpose{self.dims}d")
        return function(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)  # type: ignore[no-any-return]

    def _more(self, input: Tensor, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """Return the output_padding that gives a wanted size."""
        lead = input.ndim - self.dims
        if len(wanted) == input.ndim:
            wanted = wanted[lead:]
        if len(wanted) != self.dims:
            raise ValueError(f"ConvTranspose{self.dims}D: for {input.ndim}D input, output_size must have {self.dims} or {input.ndim} "
                             f"elements (got {len(wanted)})")
        each = zip(input.sizes[lead:], self.kernel_size, self.stride, self._each(self.padding), self.dilation, strict=True)
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in each]
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most, strict=True)):
            raise ValueError(f"requested an output size of {wanted}, but valid sizes range from {least} to {most} (for an input of "
                             f"torch.Size({list(input.sizes[lead:])}))")
        return tuple([n - low for n, low in zip(wanted, least, strict=True)])


@own_init
class Conv1d(Convolution):
    """Over (N, C, L)."""

    dims = 1


@own_init
class Conv2d(Convolution):
    """Over (N, C, H, W)."""

    dims = 2


@own_init
class Conv3d(Convolution):
    """Over (N, C, D, H, W)."""

    dims = 3


@own_init
class ConvTranspose1d(TransposedConvolution):
    """Over (N, C, L)."""

    dims = 1


@own_init
class ConvTranspose2d(TransposedConvolution):
    """Over (N, C, H, W)."""

    dims = 2


@own_init
class ConvTranspose3d(TransposedConvolution):
    """Over (N, C, D, H, W)."""

    dims = 3
