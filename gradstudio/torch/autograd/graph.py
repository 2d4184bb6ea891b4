"""`torch.autograd.graph`: nodes and edges of the graph, hooks on what is saved, hooks on several gradients at once."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from gradstudio.engine.gradnode import GradNode
from gradstudio.engine.hooks import Handle
from gradstudio.engine.modes import SavedHooks
from gradstudio.engine.observe import Pass
from gradstudio.engine.tensor import Tensor

Node = GradNode
Grads = Sequence[Tensor | None]
MODES = ("all", "any")


class GradientEdge(NamedTuple):
    """Where a gradient arrives: a node and the number of its output."""

    node: GradNode
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Return where the gradient of a tensor arrives. Raise RuntimeError for one that requires none."""
    if tensor.node is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(tensor.node.target, tensor.node.output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a write to a tensor that was made behind autograd's back."""
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        each.version[0] += 1


class saved_tensors_hooks(SavedHooks):  # noqa: N801 (PyTorch's name)
    """Context manager: what ops save inside goes through pack_hook, and through unpack_hook when backward reads it."""

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        super().__init__(pack_hook, unpack_hook)


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 (PyTorch's name)
    """Context manager: what ops save inside is held in memory, where all tensors are already."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


class disable_saved_tensors_hooks:  # noqa: N801 (PyTorch's name)
    """Context manager: nobody may set hooks on saved tensors inside; who tries is told why."""

    def __init__(self, error_message: str) -> None:
        self.message = error_message
        self.before: list[str] = []

    def __enter__(self) -> None:
        self.before.append(SavedHooks.refusal)
        SavedHooks.refusal = self.message

    def __exit__(self, *error: object) -> None:
        SavedHooks.refusal = self.before.pop()


class _Gathered:
    """The gradients of some tensors in one pass."""

    def __init__(self, tensors: Sequence[Tensor], fn: Callable[..., Any], mode: str) -> None:
        self.tensors, self.fn, self.mode = tensors, fn, mode
        self.run: Pass | None = None
        self.grads: list[Tensor | None] = []
        self.missing = 0

    def take(self, i: int, grad: Tensor) -> None:
        run = Pass.running
        assert run is not None
        if run is not self.run:
            self.run, self.grads = run, [None] * len(self.tensors)
            self.missing = sum(t.node is not None and run.will_run(t.node.target) for t in self.tensors)
            if self.mode == "any":
                self.fn(grad)
        self.grads[i], self.missing = grad, self.missing - 1
        if self.mode == "all" and not self.missing:
            self.fn(self.grads)


class _Handles:
    """Takes several hooks away at once."""

    def __init__(self, handles: Sequence[Handle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Remove the hooks."""
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[[Grads], None] | Callable[[Tensor], None], *,
                             mode: str = "all") -> _Handles:
    """Call fn in each backward: with all gradients once the last of them is there, or (mode "any") with the first.

    None stands for a tensor that the pass does not reach. Raise ValueError for another mode.
    """
    if mode not in MODES:
        raise ValueError(f"Expects mode to be one of {MODES} but got {mode}")
    gathered = _Gathered(tensors, fn, mode)
    return _Handles([t.register_hook(lambda grad, i=i: gathered.take(i, grad)) for i, t in enumerate(tensors) if t.requires_grad])
