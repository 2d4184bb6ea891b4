"""Backward hooks of modules: the inputs and outputs of forward pass through nodes that tell the hooks what crosses them."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch.autograd.function import Function

Grads = tuple[Tensor | None, ...]
NO_INPUTS = ("Full backward hook is firing when gradients are computed with respect to module outputs since no inputs require gradients. "
             "See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook for more "
             "details.")


class BackwardHookFunction(Function):
    """Hands its tensors on; `note` sees the gradients that come back, and may replace them."""

    @staticmethod
    def forward(ctx: Any, note: Callable[[Grads], Grads], *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors."""
        ctx.note = note
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        """Return what the note makes of the gradients."""
        return (None, *ctx.note(grads))


def crossed(values: Any, note: Callable[[Grads], Grads]) -> Any:
    """Pass the tensors among values through a node. Return values of the same kind."""
    listed = list(values) if isinstance(values, tuple | list) else [values]
    places = [i for i, v in enumerate(listed) if isinstance(v, Tensor)]
    if any(listed[i].requires_grad for i in places):
        for i, t in zip(places, BackwardHookFunction.apply(note, *[listed[i] for i in places]), strict=True):
            listed[i] = t
    return tuple(listed) if isinstance(values, tuple) else listed if isinstance(values, list) else listed[0]


def changed_arguments(found: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments that a hook before forward gave back. Raise RuntimeError unless they are (args, kwargs)."""
    if not isinstance(found, tuple) or len(found) != 2:
        raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {found}.")
    return found


class Crossing:
    """One call of a module: calls hook(module, grad_input, grad_output) when backward has passed from its outputs to its inputs.

    Before that, pre_hook(module, grad_output) when it comes to the outputs.
    """

    def __init__(self, module: Any, hooks: list[Callable[..., Any]], pre_hooks: list[Callable[..., Any]]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.arrived: Grads = ()
        self.alone = 0  # tensors among the inputs, none of which requires grad

    def inputs(self, args: tuple[Any, ...]) -> Any:
        """Return the arguments for forward."""
        tensors = [a for a in args if isinstance(a, Tensor)]
        self.alone = 0 if any(a.requires_grad for a in tensors) else len(tensors)
        return crossed(args, self.tell)

    def outputs(self, out: Any) -> Any:
        """Return the output of forward for the outside."""
        return crossed(out, self.remember)

    def tell(self, grads: Grads) -> Grads:
        for hook in self.hooks:
            found = hook(self.module, grads, self.arrived)
            if found is not None:
                grads = found if isinstance(found, tuple) else (found,)
        return grads

    def remember(self, grads: Grads) -> Grads:
        for hook in self.pre_hooks:
            found = hook(self.module, grads)
            if found is not None:
                grads = found if isinstance(found, tuple) else (found,)
        self.arrived = grads
        if self.alone:
            warnings.warn(NO_INPUTS, UserWarning, stacklevel=2)
            self.tell((None,) * self.alone)
        return grads
