"""Filling a tensor in place with random numbers: `uniform_`, `normal_`, `random_`, `bernoulli_`, `exponential_`."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, random
from gradstudio.engine.apply import FUNCTIONS
from gradstudio.engine.random import Generator
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import creation


def written(self: Tensor, values: Any) -> Tensor:
    """Overwrite a tensor, as autograd allows it."""
    found: Tensor = FUNCTIONS["copy_"](self, make(np.asarray(values).astype(self.scalar_type, copy=False), None))
    return found


def stream(generator: Generator | None) -> Generator:
    return generator or random.default_generator()


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **named: float) -> Tensor:
    """Fill with uniform numbers in [from, to)."""
    return written(self, stream(generator).uniform(self.sizes, named.get("from", from_), to, self.scalar_type))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers."""
    return written(self, stream(generator).normal(self.sizes, mean, std, self.scalar_type))


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponentially distributed numbers."""
    return written(self, stream(generator).exponential(self.sizes, lambd, self.scalar_type))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with ones with probability p, else zeros."""
    if isinstance(p, Tensor):
        return written(self, stream(generator).rand(self.sizes, p.scalar_type) < p.array)
    return written(self, stream(generator).bernoulli(self.sizes, p, dtypes.FLOAT32))


def random_(self: Tensor, from_: int = 0, to: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """Fill with integers in [from, to), in [0, from) if to is left out. Raise NotImplementedError without a range."""
    if to is None and not from_:
        raise NotImplementedError("Tensor.random_ without a range")
    low, high = (0, from_) if to is None else (from_, to)
    return written(self, stream(generator).randint(low, high, self.sizes))


METHODS: dict[str, Callable[..., Tensor]] = {f.__name__: f for f in (uniform_, normal_, exponential_, bernoulli_, random_)}
METHODS |= {"bernoulli": creation.bernoulli, "multinomial": creation.multinomial}
