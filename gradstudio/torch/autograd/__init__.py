"""`torch.autograd`: backward, grad, Function, gradcheck, anomaly mode."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradstudio import engine
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor
from gradstudio.torch.autograd import functional, graph
from gradstudio.torch.autograd.anomaly import detect_anomaly, set_detect_anomaly
from gradstudio.torch.autograd.function import Function
from gradstudio.torch.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from gradstudio.torch.grad_mode import enable_grad, no_grad, set_grad_enabled

Variable = Tensor
Tensors = Tensor | Sequence[Tensor]
__all__ = ["Function", "GradcheckError", "Variable", "backward", "detect_anomaly", "enable_grad", "functional", "grad", "gradcheck",
           "gradgradcheck", "graph", "no_grad", "set_detect_anomaly", "set_grad_enabled"]


def backward(tensors: Tensors, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
             inputs: Tensors | None = None) -> None:
    """Add the gradients of tensors into `.grad` of the leaves, or of inputs only."""
    engine.backward(tensors, grad_tensors, retain_graph, create_graph, inputs)


def grad(outputs: Tensors, inputs: Tensors, grad_outputs: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
         allow_unused: bool | None = None, is_grads_batched: bool = False, materialize_grads: bool = False) -> tuple[Tensor | None, ...]:
    """Return the gradients of outputs with respect to inputs, leaving `.grad` alone."""
    if not is_grads_batched:
        return engine.grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
    seeds = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    count = seeds[0].sizes[0]
    rows = []
    for i in range(count):
        kept = True if i < count - 1 else retain_graph
        rows.append(engine.grad(outputs, inputs, [s[i] for s in seeds], kept, create_graph, allow_unused, materialize_grads))
    return tuple([None if column[0] is None else ops.stack(list(column), 0) for column in zip(*rows, strict=True)])
