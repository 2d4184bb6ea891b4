"""Frames: stretches of a block that run under no_grad, enable_grad or inference_mode."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

FrameId: TypeAlias = str
FrameKind: TypeAlias = Literal["no_grad", "enable_grad", "inference_mode"]
KINDS: tuple[FrameKind, ...] = ("no_grad", "enable_grad", "inference_mode")


class Frame(Struct, frozen=True):
    """A grad-mode context round nodes that lie together in one block; `parent` is the frame round it."""

    id: FrameId
    kind: FrameKind
    parent: FrameId | None = None
