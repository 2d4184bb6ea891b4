"""Call: one line of the script. Each kind has a file of its own: its fields, how it runs, how it is written, its row in the menu."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.graph import Array, BlockId, CallId, Literal, Ref, Rewire
from gradstudio.document.literals import literal, tensor_lines
from gradstudio.engine import Tensor

if TYPE_CHECKING:
    from gradstudio.document.calls.backward import Backward
    from gradstudio.document.calls.grad import Grad

Seed: TypeAlias = Ref | Literal | Array | None  # a cotangent that a root starts with
Namer: TypeAlias = Callable[[Ref], str]  # the Python expression for a tensor


class Waits(Exception):
    """A call cannot start yet; the message says what it waits for. It is no error: nothing was asked that PyTorch refuses."""


class Machine(Protocol):
    """What a running script offers to its calls. `session` has the one implementation."""

    def tensor(self, ref: Ref) -> Tensor:
        """Return the tensor that ref means now. Raises Waits if it was not made."""

    def seed(self, seed: Seed) -> Tensor | None:
        """Return a seed as a tensor."""

    def forward(self, block: BlockId) -> None:
        """Run the statements of a block: a step for each op."""

    def automatic_root(self) -> tuple[Ref, str]:
        """Return the root that an automatic backward takes, and a note on others that qualify. Raises Waits."""

    def backward(self, call: Backward) -> None:
        """Run a pass from a call's roots into `.grad`: a step for each visit."""

    def grad(self, call: Grad) -> None:
        """Run a pass whose results are kept as the tensors of the call."""

    def step(self, kind: str, ref: Ref | None, effect: Callable[[], object]) -> None:
        """Run an effect that counts as one step (`zero` or `call`) of the running call."""

    def set_grad_enabled(self, on: bool) -> None:
        """Switch grad mode for the rest of the script."""

    def seed_generator(self, seed: int) -> None:
        """Start the script's random numbers anew."""

    def optimizer_step(self, optimizer: str) -> None:
        """Let an optimizer of the document update its tensors."""

    def optimizer_zero(self, optimizer: str, set_to_none: bool) -> None:
        """Clear the `.grad` of an optimizer's tensors."""

    def hook(self, target: Ref, group: str, on: str) -> None:
        """Register a group as a hook of a tensor."""

    def note(self, text: str) -> None:
        """Say something about this call's outcome (`loss_b; loss_a is not included`)."""

    def print(self, text: str, values: tuple[object, ...]) -> None:
        """Add to what the script printed."""


class Call(Struct, frozen=True, kw_only=True):
    """One line of the script. A disabled call is kept, shown and skipped."""

    id: CallId
    enabled: bool = True

    kind: ClassVar[str] = ""  # its word in the file
    icon: ClassVar[str] = ""
    menu: ClassVar[str] = ""  # its row in the timeline's menu
    beside: ClassVar[tuple[tuple[str, str], ...]] = ()  # fields whose items go together: a root and its seed

    def run(self, machine: Machine) -> None:
        """Do what the call says. Errors are PyTorch's own."""
        raise NotImplementedError(self.kind)

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the call as lines of PyTorch code."""
        raise NotImplementedError(self.kind)

    def refs(self) -> tuple[Ref, ...]:
        """Return every tensor that the call names, in the order of its fields."""
        return tuple(ref for field in self.__struct_fields__ for ref in _refs(getattr(self, field)))

    def rewired(self, rewire: Rewire) -> Self:
        """Return the call with every reference replaced; where it becomes None it is taken out, and what stands beside it too."""
        followers = {follower for _, follower in self.beside}
        own = self.__struct_fields__
        changed: dict[str, Any] = {field: _rewired(getattr(self, field), rewire, field not in followers) for field in own}
        for leader, follower in self.beside:
            kept = [rewire(ref) is not None for ref in getattr(self, leader)]
            changed[follower] = tuple(item for item, keep in zip(_items(changed[follower]), kept, strict=False) if keep)
        return self if all(_same(getattr(self, name), value) for name, value in changed.items()) else replace(self, **changed)


def _refs(value: object) -> tuple[Ref, ...]:
    if isinstance(value, Ref):
        return (value,)
    return tuple(r for item in value for r in _refs(item)) if isinstance(value, tuple) else ()


def _same(old: object, new: object) -> bool:
    return old is new or (isinstance(old, Ref | tuple) and old == new)


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _rewired(value: object, rewire: Rewire, drop: bool) -> object:
    if isinstance(value, Ref):
        return rewire(value)
    if not isinstance(value, tuple) or not any(isinstance(item, Ref) for item in value):
        return value
    items = tuple(_rewired(item, rewire, drop) for item in value)
    return tuple(new for old, new in zip(value, items, strict=True) if not (drop and isinstance(old, Ref) and new is None))


def refs_text(refs: Iterable[Ref], name: Namer) -> str:
    """Return `[x, y]` for several tensors, `x` for one."""
    texts = [name(ref) for ref in refs]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def seed_text(seed: Seed, name: Namer) -> str:
    """Return a seed as Python code."""
    if isinstance(seed, Ref):
        return name(seed)
    if isinstance(seed, Literal) or seed is None:
        return f"torch.tensor({literal(seed.value)})" if isinstance(seed, Literal) else "None"
    return " ".join(line.strip() for line in tensor_lines(seed))
