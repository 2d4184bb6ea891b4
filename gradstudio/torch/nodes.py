"""Nodes of the graph as PyTorch lets people call them: `y.grad_fn(g)`."""
from __future__ import annotations

from typing import Any

from gradstudio.engine.gradnode import GradNode
from gradstudio.engine.tensor import Tensor


def call_node(self: GradNode, *grads: Tensor | None) -> Any:
    """Return what the node sends to its edges for these cotangents: a tensor, or a tuple where it has several edges."""
    given = list(grads) if self.plan.several else grads[0]
    found = tuple(self.plan.on_tensors(self, given, False))
    return found[0] if len(found) == 1 else found


def install() -> None:
    """Make nodes callable."""
    setattr(GradNode, "__call__", call_node)  # noqa: B010 (mypy: the class is not ours)
