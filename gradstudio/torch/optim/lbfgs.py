"""LBFGS: steps along a direction that remembers how the gradient changed over the last steps."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradstudio.engine import modes
from gradstudio.engine.tensor import Tensor, stored_grad
from gradstudio.torch.optim.optimizer import Optimizer, number

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Memory:
    """What LBFGS keeps from one iteration to the next: the last direction and gradient, pairs of changes, the scale of the Hessian."""

    iterations: int = 0
    direction: Array | None = None
    length: float = 0.0
    gradient: Array | None = None
    scale: float = 1.0
    changes: list[tuple[Array, Array, float]] = field(default_factory=list)  # of gradient, of weights, 1 / their product

    def learn(self, g: Array, history_size: int) -> None:
        """Remember how the gradient changed over the last step."""
        assert self.direction is not None
        y, s = g - self.gradient, self.direction * g.dtype.type(self.length)
        product = y.dot(s)
        if product > 1e-10:
            if len(self.changes) == history_size:
                self.changes.pop(0)
            self.changes.append((y, s, 1.0 / product))
            self.scale = product / y.dot(y)

    def next_direction(self, g: Array) -> Array:
        """Return minus the gradient times the approximate inverse Hessian (two loops over the changes)."""
        q = -g
        weights = []
        for y, s, inverse in reversed(self.changes):
            weights.append(s.dot(q) * inverse)
            q = q - weights[-1] * y
        r: Array = q * g.dtype.type(self.scale)
        for (y, s, inverse), weight in zip(self.changes, reversed(weights), strict=True):
            r = r + s * (weight - y.dot(r) * inverse)
        return r


class LBFGS(Optimizer):
    """Takes a closure that gives the loss anew; one `step` is up to max_iter iterations. There is no line search."""

    def __init__(self, params: Any, lr: float = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-7,
                 tolerance_change: float = 1e-9, history_size: int = 100, line_search_fn: str | None = None) -> None:
        if number(lr) < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if line_search_fn is not None:
            raise NotImplementedError(f"torch.optim.LBFGS with line_search_fn='{line_search_fn}'")
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn})
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self.memory = Memory()

    def flat(self) -> Array:
        """Return all gradients as one vector, zeros where there is none."""
        parts = []
        for p in self.param_groups[0]["params"]:
            g = stored_grad(p)
            parts.append(np.zeros(p.numel(), p.array.dtype) if g is None else g.array.reshape(-1))
        return np.concatenate(parts)

    def move(self, direction: Array, length: float) -> None:
        """Step all parameters along a direction."""
        start = 0
        for p in self.param_groups[0]["params"]:
            p.array[...] += (direction[start:start + p.numel()] * direction.dtype.type(length)).reshape(p.sizes)
            p.version[0] += 1
            start += p.numel()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Iterate. Return the loss before the first step. Raise TypeError without a closure."""
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        group, memory = self.param_groups[0], self.memory
        first = self.evaluate(closure)
        loss, g, evaluations = value(first), self.flat(), 1
        for iteration in range(1, group["max_iter"] + 1):
            if np.abs(g).max() <= group["tolerance_grad"]:
                break
            memory.iterations += 1
            if memory.iterations == 1:
                direction, length = -g, min(1.0, 1.0 / float(np.abs(g).sum())) * number(group["lr"])
            else:
                memory.learn(g, group["history_size"])
                direction, length = memory.next_direction(g), number(group["lr"])
            memory.direction, memory.length, memory.gradient, before = direction, length, g, loss
            if g.dot(direction) > -group["tolerance_change"]:
                break
            self.move(direction, length)
            if iteration == group["max_iter"]:
                break
            loss, g = value(self.evaluate(closure)), self.flat()
            evaluations += 1
            still = np.abs(direction * length).max() <= group["tolerance_change"] or abs(loss - before) < group["tolerance_change"]
            if evaluations >= group["max_eval"] or still:
                break
        return first

    def evaluate(self, closure: Callable[[], Any]) -> Any:
        """Return the loss, computed with grad mode on."""
        with modes.GradMode(True):
            return closure()


def value(loss: Any) -> float:
    """Return a loss as a number."""
    return float(loss.array.item() if isinstance(loss, Tensor) else loss)
