"""What is measured: small programs, each written once for torch-like libraries and once by hand in numpy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import Struct

Array = np.ndarray[Any, Any]
Step = Callable[[], Any]
LENGTH = 500  # ops in a chain
F32 = np.float32


class Workload(Struct, frozen=True):
    """`program(F, tensors)` gives a loss; `by_hand(arrays)` is a whole step in numpy; `ops`: how many ops a step has (for ns per op)."""

    name: str
    inputs: dict[str, Any]
    trained: tuple[str, ...]
    program: Callable[[Any, dict[str, Any]], Any]
    by_hand: Callable[[dict[str, Any]], Step]
    ops: int


def chain(first: str, second: str, shape: tuple[int, ...]) -> Workload:
    """A chain of alternating ops, such as mul and tanh; both operands need gradients."""
    rng = np.random.default_rng(3)
    inputs = {"x": rng.standard_normal(shape).astype(F32), "w": (rng.standard_normal(shape) * 0.3 + 0.9).astype(F32)}

    def program(f: Any, t: dict[str, Any]) -> Any:
        x, w, function = t["x"], t["w"], getattr(f, second)
        for _ in range(LENGTH // 2):
            x = function(x * w if first == "mul" else x + w)
        return x

    return Workload(f"{first}/{second} {shape}", inputs, ("x", "w"), program, HAND_CHAINS[first, second], LENGTH)


def mul_tanh(p: dict[str, Any]) -> Step:
    x0, w, one = p["x"], p["w"], np.ones_like(p["x"])

    def step() -> Any:
        x, kept = x0, []
        for _ in range(LENGTH // 2):
            y = np.tanh(x * w)
            kept.append((x, y))
            x = y
        g, gw = one, np.zeros_like(w)
        for x, y in reversed(kept):
            g = g * (1 - y * y)
            gw += g * x
            g = g * w
        return g, gw

    return step


def add_relu(p: dict[str, Any]) -> Step:
    x0, w, one = p["x"], p["w"], np.ones_like(p["x"])

    def step() -> Any:
        x, kept = x0, []
        for _ in range(LENGTH // 2):
            x = np.maximum(x + w, 0)
            kept.append(x)
        g, gw = one, np.zeros_like(w)
        for y in reversed(kept):
            g = g * (y > 0)
            gw += g
        return g, gw

    return step


HAND_CHAINS = {("mul", "tanh"): mul_tanh, ("add", "relu"): add_relu}


def tutorial() -> Workload:
    """The scalar tutorial: z = x² y."""

    def by_hand(p: dict[str, Any]) -> Step:
        x, y = p["x"], p["y"]
        return lambda: ((x ** 2) * y, np.ones_like(x) * y * 2 * x, x ** 2)

    inputs = {"x": np.array([3.0], F32), "y": np.array([4.0], F32)}
    return Workload("W1 tutorial", inputs, ("x", "y"), lambda f, t: (t["x"] ** 2) * t["y"], by_hand, 2)


def random_dag(count: int = 1000, leaves: int = 10) -> Workload:
    """A DAG of scalar nodes, their values bounded; what nothing reads is summed up."""
    rng = np.random.default_rng(2)
    start = list(rng.uniform(-1, 1, leaves))
    program, last = _drawn(rng, list(start), count, leaves)

    def run(f: Any, t: dict[str, Any]) -> Any:
        v, one = [t[f"x{i}"] for i in range(leaves)], {"tanh": f.tanh, "exp": f.exp}
        for op, i, j in program:
            v.append(v[i] + v[j] if op == "add" else v[i] * v[j] if op == "mul" else one[op](v[i]))
        return v[last]

    inputs = {f"x{i}": np.array([v], F32) for i, v in enumerate(start)}
    return Workload(f"W2 scalar DAG of {len(program)}", inputs, tuple(inputs), run, lambda p: _dag_by_hand(program, p, leaves),
                    len(program))


def _drawn(rng: Any, v: list[float], count: int, leaves: int) -> tuple[list[tuple[str, int, int]], int]:
    """Draw ops until there are enough; return them and the index of the sum of all sinks."""
    program: list[tuple[str, int, int]] = []
    used: set[int] = set()
    results = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "tanh": lambda a, b: np.tanh(a), "exp": lambda a, b: np.exp(a)}
    while len(program) < count:
        op = ("add", "mul", "tanh", "exp")[rng.choice(4, p=[0.35, 0.35, 0.2, 0.1])]
        i, j = (int(k) for k in rng.integers(0, len(v), 2))
        value = float(results[op](v[i], v[j]))
        if abs(value) <= 3:
            used |= {i, j} if op in ("add", "mul") else {i}
            v.append(value)
            program.append((op, i, j))
    sinks = [k for k in range(leaves, len(v)) if k not in used]
    total = sinks[0]
    for s in sinks[1:]:
        program.append(("add", total, s))
        total = leaves + len(program) - 1
    return program, total


def _dag_by_hand(program: list[tuple[str, int, int]], p: dict[str, Any], leaves: int) -> Step:
    """The DAG forward and backward over lists, as one would write an interpreter without graph objects."""
    start, one = list(p.values()), np.ones((1,), F32)

    def step() -> Any:
        v = list(start)
        for op, i, j in program:
            v.append(v[i] + v[j] if op == "add" else v[i] * v[j] if op == "mul" else np.tanh(v[i]) if op == "tanh" else np.exp(v[i]))
        g: list[Any] = [None] * len(v)
        g[-1] = one
        for k in range(len(program) - 1, -1, -1):
            op, i, j = program[k]
            c, y = g[leaves + k], v[leaves + k]
            if op == "add":
                g[i] = c if g[i] is None else g[i] + c
                g[j] = c if g[j] is None else g[j] + c
            elif op == "mul":
                g[i] = c * v[j] if g[i] is None else g[i] + c * v[j]
                g[j] = c * v[i] if g[j] is None else g[j] + c * v[i]
            else:
                c = c * y if op == "exp" else c * (1 - y * y)
                g[i] = c if g[i] is None else g[i] + c
        return g[:leaves]

    return step


def mlp() -> Workload:
    """A step of an MLP 784-128-64-10 on 64 samples: forward, backward (no update)."""
    rng = np.random.default_rng(4)
    sizes = (784, 128, 64, 10)
    inputs: dict[str, Any] = {"x": rng.standard_normal((64, 784)).astype(F32), "t": rng.integers(0, 10, 64)}
    for k, (a, b) in enumerate(pairwise(sizes)):
        inputs |= {f"W{k}": (rng.standard_normal((a, b)) * 0.08).astype(F32), f"b{k}": (rng.standard_normal(b) * 0.01).astype(F32)}

    def program(f: Any, t: dict[str, Any]) -> Any:
        h = f.relu(t["x"] @ t["W0"] + t["b0"])
        h = f.relu(h @ t["W1"] + t["b1"])
        return f.nll_loss(f.log_softmax(h @ t["W2"] + t["b2"], 1), t["t"])

    return Workload("W4 MLP step", inputs, ("W0", "b0", "W1", "b1", "W2", "b2"), program, _mlp_by_hand, 10)


def _mlp_by_hand(p: dict[str, Any]) -> Step:
    x, t, rows = p["x"], p["t"], np.arange(64)

    def step() -> Any:
        h = np.maximum(x @ p["W0"] + p["b0"], 0)
        k = np.maximum(h @ p["W1"] + p["b1"], 0)
        z = k @ p["W2"] + p["b2"]
        z = z - z.max(1, keepdims=True)
        e = np.exp(z)
        s = e.sum(1, keepdims=True)
        loss = -(z - np.log(s))[rows, t].mean()
        g = e / s
        g[rows, t] -= 1
        g /= F32(64)
        gk = (g @ p["W2"].T) * (k > 0)
        gh = (gk @ p["W1"].T) * (h > 0)
        return loss, x.T @ gh, gh.sum(0), h.T @ gk, gk.sum(0), k.T @ g, g.sum(0)

    return step


def all_workloads() -> list[Workload]:
    """Return what the bench verb measures."""
    shapes: tuple[tuple[int, ...], ...] = ((1,), (8, 8), (64, 64))
    chains = [chain(first, second, shape) for first, second in HAND_CHAINS for shape in shapes]
    return [*chains, tutorial(), random_dag(), mlp()]
