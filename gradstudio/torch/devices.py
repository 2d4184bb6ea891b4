"""Devices, layouts and memory formats: there is one of each, and it prints as PyTorch's."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Device:
    """Where a tensor lies. Raise RuntimeError for anything but the CPU."""

    type: str = "cpu"
    index: int | None = None

    def __post_init__(self) -> None:
        if self.type != "cpu":
            raise NotImplementedError(f"device '{self.type}'")

    def __str__(self) -> str:
        return self.type

    def __repr__(self) -> str:
        return f"device(type='{self.type}')"


class Layout:
    """A name that prints as `torch.<name>`: layouts and memory formats."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


CPU: Final = Device()
STRIDED: Final = Layout("strided")
MEMORY_FORMATS: Final = {name: Layout(name) for name in ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")}
