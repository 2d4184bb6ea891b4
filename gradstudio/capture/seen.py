"""What a recording is told: tensors as they are at the moment of asking, and calls of PyTorch's functions on them. Knows no PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeGuard

from msgspec import Struct, field

from gradstudio.document.frames import FrameKind
from gradstudio.document.graph import Array, Ref

Compute = Callable[[], object]  # runs the function; returns its result, each tensor in it as a Seen


class Seen(Protocol):
    """A tensor of the program. What it says is what is true now; while it is kept, no other tensor gets its key."""

    @property
    def key(self) -> int:
        """Same key, same tensor."""

    @property
    def storage(self) -> int:
        """Same storage, same memory."""

    @property
    def version(self) -> int:
        """Grows with each write in place."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""

    @property
    def dtype(self) -> str:
        """PyTorch's name without `torch.`: `float32`."""

    @property
    def requires_grad(self) -> bool:
        """As PyTorch's."""

    @property
    def is_leaf(self) -> bool:
        """As PyTorch's: no function made it that backward would visit."""

    @property
    def grad(self) -> Seen | None:
        """What it has accumulated."""

    def value(self) -> Array:
        """Return a copy of its elements. Raises ValueError, with the reason in words, where there is no array of them."""

    def origins(self) -> frozenset[int]:
        """Return the keys of the leaves that backward would reach from it."""


class Told(Struct, frozen=True):
    """One call: `torch.add`, `F.relu`, `Tensor.add_`, `Tensor.grad.__set__`; where it stands in the program (`train.py:12`)."""

    name: str
    args: tuple[object, ...] = ()
    named: Mapping[str, object] = field(default_factory=dict)
    mode: FrameKind | None = None
    where: str = ""


class Known(Struct):
    """A tensor that the document has, and what was true of it when it was last looked at. `group`: those that share its memory."""

    seen: Seen
    ref: Ref
    group: list[Known]
    version: int = 0
    history: tuple[bool, bool] = (False, True)  # requires_grad, is_leaf
    rank: int = 9  # how far inside the program its name was found; the outermost counts

    def refresh(self) -> None:
        """Look at it again."""
        self.version, self.history = self.seen.version, (self.seen.requires_grad, self.seen.is_leaf)


def is_seen(value: object) -> TypeGuard[Seen]:
    """Say whether a value that was told is a tensor."""
    return hasattr(value, "origins")


def tensors_in(*values: object) -> Iterator[Seen]:
    """Yield the tensors in a nest of tuples, lists and dicts, left to right."""
    for value in values:
        if is_seen(value):
            yield value
        elif isinstance(value, tuple | list):
            yield from tensors_in(*value)
        elif isinstance(value, Mapping):
            yield from tensors_in(*value.values())
