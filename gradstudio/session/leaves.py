"""The start values of leaves: an array as it is in the document, or a recipe drawn from the script's random numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradstudio.document.graph import Array, Node, Recipe
from gradstudio.engine import Tensor, tensor
from gradstudio.engine.random import Generator

FACTORIES: dict[str, Callable[[Recipe, Generator], Array]] = {
    "zeros": lambda r, _: np.zeros(r.shape, r.dtype),
    "ones": lambda r, _: np.ones(r.shape, r.dtype),
    "empty": lambda r, _: np.zeros(r.shape, r.dtype),
    "full": lambda r, _: np.full(r.shape, r.args[0], r.dtype),
    "eye": lambda r, _: np.eye(r.shape[0], r.shape[-1], dtype=r.dtype),
    "rand": lambda r, g: g.rand(r.shape, r.dtype),
    "randn": lambda r, g: g.randn(r.shape, r.dtype),
    "randint": lambda r, g: g.randint(*_bounds(r), r.shape, r.dtype),
    "arange": lambda r, _: np.arange(*r.args, dtype=r.dtype).reshape(r.shape),  # type: ignore[call-overload]
    "linspace": lambda r, _: np.linspace(*r.args, num=r.shape[0], dtype=r.dtype).reshape(r.shape),  # type: ignore[call-overload]
}
RANDOM = frozenset({"rand", "randn", "randint"})


def _bounds(recipe: Recipe) -> tuple[int, int]:
    low, high = (0, *recipe.args)[-2:]
    return int(low), int(high)  # type: ignore[call-overload]


def start_value(node: Node, generator: Generator) -> Tensor:
    """Make a leaf's tensor. Raises what PyTorch raises, and NotImplementedError for an unknown recipe."""
    value = node.value
    if isinstance(value, Recipe):
        if value.fn not in FACTORIES:
            raise NotImplementedError(f"torch.{value.fn} is not among the recipes of leaves")
        array = FACTORIES[value.fn](value, generator)
    else:
        array = np.zeros((), np.float32) if value is None else value
    return tensor(np.array(array), requires_grad=node.requires_grad)


def draws(node: Node) -> bool:
    """Return whether making a leaf draws random numbers."""
    return isinstance(node.value, Recipe) and node.value.fn in RANDOM
