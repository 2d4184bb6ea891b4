"""`torch.autograd.functional`: Jacobians, Hessians and their products with vectors."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import modes
from gradstudio.engine.backward import grad
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make

Function = Callable[..., Any]


def _tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def _unwrap(values: Any, like: Any) -> Any:
    return tuple(values) if isinstance(like, tuple | list) else values[0]


def _leaves(inputs: Any, create_graph: bool) -> tuple[Any, ...]:
    """Return inputs to differentiate by: the same numbers as fresh leaves, or connected to the inputs under create_graph."""
    if create_graph:
        return tuple([ops.view(t, t.sizes) if t.requires_grad else t.detach().requires_grad_() for t in _tuple(inputs)])
    return tuple([t.detach().requires_grad_() for t in _tuple(inputs)])


def _finished(values: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    return values if create_graph else tuple([v.detach() for v in values])


def _zeros_for(found: tuple[Any, ...], inputs: tuple[Any, ...]) -> tuple[Tensor, ...]:
    return tuple([make(np.zeros_like(t.array), None) if f is None else f for f, t in zip(found, inputs, strict=True)])


def _grad(outputs: Any, inputs: Any, seeds: Any, create_graph: bool) -> tuple[Tensor, ...]:
    """Return gradients, zeros where there is no path."""
    kept = [(o, s) for o, s in zip(_tuple(outputs), seeds, strict=True) if o.requires_grad]
    if not kept:
        return _zeros_for((None,) * len(inputs), inputs)
    found = grad([o for o, _ in kept], inputs, [s for _, s in kept], retain_graph=True, create_graph=create_graph, allow_unused=True)
    return _zeros_for(found, inputs)


def _seeds(outputs: tuple[Any, ...], v: Any) -> tuple[Any, ...]:
    if v is not None:
        return _tuple(v)
    if len(outputs) > 1 or outputs[0].numel() != 1:
        raise RuntimeError("The vector v can only be None if the user-provided function returns a single Tensor with a single element.")
    return (make(np.ones_like(outputs[0].array), None),)


def vjp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """Return func(inputs) and the product of v with the Jacobian."""
    with modes.GradMode(True):
        leaves = _leaves(inputs, create_graph)
        out = func(*leaves)
        found = _grad(out, leaves, _seeds(_tuple(out), v), create_graph)
    return _unwrap(_finished(_tuple(out), create_graph), out), _unwrap(_finished(found, create_graph), inputs)


def jvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """Return func(inputs) and the product of the Jacobian with v, by differentiating twice."""
    with modes.GradMode(True):
        leaves = _leaves(inputs, create_graph)
        out = func(*leaves)
        duals = tuple([make(np.zeros_like(o.array), None).requires_grad_() for o in _tuple(out)])
        back = _grad(out, leaves, duals, True)
        found = _grad(back, duals, _seeds(leaves, v), create_graph)
    return _unwrap(_finished(_tuple(out), create_graph), out), _unwrap(_finished(found, create_graph), out)


def jacobian(func: Function, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False) -> Any:
    """Return the Jacobian of shape (*output, *input): nested tuples for several outputs or inputs."""
    with modes.GradMode(True):
        leaves = _leaves(inputs, create_graph)
        out = func(*leaves)
        rows = tuple([_jacobian_of(o, leaves, create_graph) for o in _tuple(out)])
    nested = tuple([_unwrap(row, inputs) for row in rows])
    return _unwrap(nested, out)


def _jacobian_of(out: Tensor, leaves: tuple[Any, ...], create_graph: bool) -> tuple[Any, ...]:
    found = []
    for i in range(out.numel()):
        seed = np.zeros_like(out.array)
        seed.flat[i] = 1
        found.append(_grad(out, leaves, (make(seed, None),), create_graph))
    columns = zip(*found, strict=True) if found else [() for _ in leaves]
    stacked = [ops.view(ops.stack(list(rows), 0), (*out.sizes, *leaf.sizes)) for rows, leaf in zip(columns, leaves, strict=True)]
    return _finished(tuple(stacked), create_graph)


def _scalar(out: Any, name: str) -> Any:
    if not isinstance(out, Tensor):
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if out.numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return out


def hessian(func: Function, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False) -> Any:
    """Return the Hessian of a function with one output element, of shape (*input, *input)."""
    def gradient(*leaves: Any) -> Any:
        out = _scalar(func(*leaves), "hessian")
        found = _grad(out.reshape(()) if out.ndim else out, leaves, (make(np.ones((), out.scalar_type), None),), True)
        return _unwrap(found, inputs)

    return jacobian(gradient, inputs, create_graph)


def hvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """Return func(inputs) and the product of the Hessian with v."""
    with modes.GradMode(True):
        leaves = _leaves(inputs, create_graph)
        out = _scalar(func(*leaves), "hvp")
        ones = make(np.ones_like(out.array), None)
        gradient = _grad(out, leaves, (ones,), True)
        found = _grad(gradient, leaves, _seeds(leaves, v), create_graph)
    return _finished((out,), create_graph)[0], _unwrap(_finished(found, create_graph), inputs)


def vhp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """Return func(inputs) and the product of v with the Hessian (which is symmetric)."""
    return hvp(func, inputs, v, create_graph, strict)
