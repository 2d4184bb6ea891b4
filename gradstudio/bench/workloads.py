"""What is measured: small programs, each written once for torch-like libraries and once by hand in numpy."""

from __future__ import annotations

from collections.abc import Callable
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
    hips: bool = True  # whether HIPS autograd has what the program calls


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


def long_chain(count: int = 1000) -> Workload:
    """A chain of multiplications, sums, tanh and exp of (64, 64) matrices: what it keeps for backward is all of its memory."""
    rng = np.random.default_rng(3)
    inputs = {"x": rng.standard_normal((64, 64)).astype(F32), "w": (rng.standard_normal((64, 64)) * 0.3).astype(F32),
              "b": (rng.standard_normal((64, 64)) * 0.3).astype(F32)}  # fmt: skip

    def program(f: Any, t: dict[str, Any]) -> Any:
        x = t["x"]
        for _ in range(count // 4):
            x = f.exp(f.tanh(x * t["w"] + t["b"]))
        return x.sum()

    return Workload(f"W3 chain of {count} (64, 64)", inputs, ("x", "w", "b"), program, lambda p: _long_chain_by_hand(p, count // 4), count)


def _long_chain_by_hand(p: dict[str, Any], rounds: int) -> Step:
    w, b = p["w"], p["b"]

    def step() -> Any:
        x, kept = p["x"], []
        for _ in range(rounds):
            t = np.tanh(x * w + b)
            e = np.exp(t)
            kept.append((x, t, e))
            x = e
        loss = x.sum()
        g, gw, gb = np.ones_like(x), np.zeros_like(w), np.zeros_like(b)
        for x, t, e in reversed(kept):
            g = g * e * (1 - t * t)
            gb += g
            gw += g * x
            g = g * w
        return loss, g, gw, gb

    return step


def mix() -> Workload:
    """Means, broadcasts and sums over a (1000, 1000) matrix, as a layer norm written out has them."""
    rng = np.random.default_rng(5)
    shapes = {"x": (1000, 1000), "g": (1000,), "b": (1000,), "c": (1000, 1)}
    inputs = {name: rng.standard_normal(shape).astype(F32) for name, shape in shapes.items()}

    def program(f: Any, t: dict[str, Any]) -> Any:
        c = t["x"] - t["x"].mean(1, True)
        n = c / f.sqrt((c * c).mean(1, True) + 1e-5)
        z = (n * t["g"] + t["b"]) * t["c"]
        return (z * z).sum(0).mean()

    return Workload("W5 mix (1000, 1000)", inputs, tuple(inputs), program, _mix_by_hand, 12, hips=False)


def _mix_by_hand(p: dict[str, Any]) -> Step:
    x, g, b, c = p["x"], p["g"], p["b"], p["c"]

    def step() -> Any:
        centred = x - x.mean(1, keepdims=True)
        scale = 1 / np.sqrt((centred * centred).mean(1, keepdims=True) + F32(1e-5))
        n = centred * scale
        y = n * g + b
        z = y * c
        gz = z * F32(2 / x.shape[1])
        gy = gz * c
        gn = gy * g
        gx = scale * (gn - gn.mean(1, keepdims=True) - n * (gn * n).mean(1, keepdims=True))
        return (z * z).sum(0).mean(), gx, (gy * n).sum(0), gy.sum(0), (gz * y).sum(1, keepdims=True)

    return step


def small_workloads() -> list[Workload]:
    """Return those that measure what an op costs."""
    shapes: tuple[tuple[int, ...], ...] = ((1,), (8, 8), (64, 64))
    chains = [chain(first, second, shape) for first, second in HAND_CHAINS for shape in shapes]
    return [*chains, tutorial(), random_dag(), long_chain(), mix()]
