"""Backward hooks of modules: the inputs and outputs of forward pass through nodes that tell the hooks what crosses them."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch.autograd.function import Function

Grads = tuple[Tensor | None, ...]


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


def watched(module: Any, args: tuple[Any, ...], named: dict[str, Any], hooks: list[Callable[..., Any]]) -> Any:
    """Run forward so that hook(module, grad_input, grad_output) is called when backward has passed the module."""
    arrived: list[Grads] = []
    needed = any(isinstance(a, Tensor) and a.requires_grad for a in args)

    def tell(grads: Grads) -> Grads:
        for hook in hooks:
            found = hook(module, grads, arrived[-1])
            if found is not None:
                grads = found if isinstance(found, tuple) else (found,)
        return grads

    def remember(grads: Grads) -> Grads:
        arrived.append(grads)
        if not needed:
            tell((None,) * len([a for a in args if isinstance(a, Tensor)]))
        return grads

    return crossed(module.forward(*crossed(args, tell), **named), remember)
