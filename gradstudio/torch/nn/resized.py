"""Layers without parameters that change sizes and are more than a row of settings: AvgPool1d, Upsample."""
from __future__ import annotations

from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch.nn import functional
from gradstudio.torch.nn.arguments import own_init
from gradstudio.torch.nn.module import Module


class AvgPool1d(Module):
    """The mean of each window of (N, C, L)."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True) -> None:
        super().__init__()
        given = (kernel_size, kernel_size if stride is None else stride, padding)
        self.kernel_size, self.stride, self.padding = [(n,) if isinstance(n, int) else tuple(n) for n in given]
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return functional.avg_pool1d(  # type: ignore[no-any-return]
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class Pad(Module):
    """Puts elements around the last dims: `padding` before and after each, the last dim first; one number for all of them."""

    dims, mode = 0, "constant"

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self.dims) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        """Return the larger tensor."""
        return functional.pad(input, self.padding, self.mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad(Pad):
    """Puts one value around the last dims."""

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return the larger tensor."""
        return functional.pad(input, self.padding, "constant", self.value)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


def _padded(name: str, mode: str, dims: int) -> type[Pad]:
    kind = ConstantPad if name == "ConstantPad" else Pad
    return own_init(type(f"{name}{dims}d", (kind,), {"dims": dims, "mode": mode, "__doc__": f"`F.pad` of {dims} dims as a module.",
                                                     "__module__": "torch.nn.modules.padding"}))


PADS: dict[str, type[Pad]] = {f"{name}{dims}d": _padded(name, mode, dims) for name, mode in (
    ("ZeroPad", "constant"), ("ConstantPad", "constant"), ("ReflectionPad", "reflect"), ("ReplicationPad", "replicate"),
    ("CircularPad", "circular")) for dims in (1, 2, 3)}


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W). Raises ValueError for other numbers of dims."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the shares of the channels."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return functional.softmax(input, -3)  # type: ignore[no-any-return]


class Upsample(Module):
    """The last dims in other sizes, given themselves or by a factor."""

    def __init__(self, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
                 recompute_scale_factor: bool | None = None) -> None:
        super().__init__()
        self.size, self.mode, self.align_corners, self.recompute_scale_factor = size, mode, align_corners, recompute_scale_factor
        several = isinstance(scale_factor, tuple)
        self.scale_factor = tuple([float(s) for s in scale_factor]) if several else float(scale_factor) if scale_factor else None

    def forward(self, input: Tensor) -> Tensor:
        """Return the input in the other sizes."""
        return functional.interpolate(  # type: ignore[no-any-return]
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor)

    def extra_repr(self) -> str:
        given = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{given}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Of (N, C, H, W), the nearest element."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Of (N, C, H, W), means of the four neighbours with the corners on each other."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)
