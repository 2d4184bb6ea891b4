"""How fast the engine is: against numpy by hand, and against PyTorch and HIPS autograd where they are installed.

CPU time, libraries in turn within each round, medians over rounds. One BLAS thread: set OPENBLAS_NUM_THREADS=1 before numpy loads.
"""

from __future__ import annotations

import importlib
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio import engine
from gradstudio.bench import footprint
from gradstudio.bench.networks import cnn, mlp, transformer
from gradstudio.bench.workloads import Step, Workload, long_chain, small_workloads
from gradstudio.engine.op import ops
from gradstudio.torch.nn import functional

Steps = dict[str, Step]  # by "library pass"
OURS = "gradstudio"
ROUNDS, ROUND_SECONDS = 25, 0.02


class Functions:
    """The engine's functions under torch's names, as the programs want them."""

    tanh, relu, exp, sqrt = staticmethod(ops.tanh), staticmethod(ops.relu), staticmethod(ops.exp), staticmethod(ops.sqrt)
    log_softmax, nll_loss = staticmethod(ops.log_softmax), staticmethod(ops.nll_loss)
    softmax, gelu, layer_norm = staticmethod(functional.softmax), staticmethod(functional.gelu), staticmethod(functional.layer_norm)
    conv2d, max_pool2d = staticmethod(functional.conv2d), staticmethod(functional.max_pool2d)


def all_workloads() -> list[Workload]:
    """Return what the bench verb measures."""
    return [*small_workloads(), mlp(), cnn(), transformer()]


def measure(rounds: int = ROUNDS, only: str = "") -> dict[str, Any]:
    """Measure every workload whose name contains `only`. Returns plain data: versions, and for each workload ns per op and ratios."""
    known: dict[str, Callable[[Workload], Steps]] = {"torch": torch_steps, "autograd": hips_steps}
    peers = {name: make for name, make in known.items() if _importable(name)}
    results = [measured(w, steps_of(w, peers), rounds) for w in all_workloads() if only in w.name]
    return {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine(),
            "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "default"),
            "peers": {name: _version(name) for name in peers}, "unit": "CPU ns per op, median", "workloads": results,
            "import": footprint.imports(), "memory": memory()}


def memory() -> dict[str, Any]:
    """Return binary megabytes at the peak of W3, by hand and ours, and their ratio."""
    workload = long_chain()
    by_hand, ours = footprint.peak(workload.by_hand(workload.inputs)), footprint.peak(own_step(workload))
    return {"workload": workload.name, "numpy_mb": round(by_hand, 1), "gradstudio_mb": round(ours, 1), "ratio": round(ours / by_hand, 3)}


def measured(workload: Workload, steps: Steps, rounds: int) -> dict[str, Any]:
    """Run all steps of one workload in turn; return medians, and those of our share of another's time in the same round."""
    counts = {name: _count(step) for name, step in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(_timed(step, counts[name]))
    ns = {name: statistics.median(t) / workload.ops * 1e9 for name, t in times.items()}
    ratios = {f"{OURS}/{other} {kind}": round(_share(times[f"{OURS} {kind}"], times[f"{other} {kind}"]), 3)
              for other in ("numpy", "torch", "autograd") for kind in ("forward", "both") if f"{other} {kind}" in ns}
    return {"name": workload.name, "ops": workload.ops, "ns": {name: round(v, 1) for name, v in ns.items()}, "ratios": ratios}


def _share(ours: list[float], theirs: list[float]) -> float:
    """Return the median of ratios within rounds: a machine that changes its pace does so for both."""
    return statistics.median([a / b for a, b in zip(ours, theirs, strict=True)])


def _timed(step: Step, count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - start) / count


def _count(step: Step) -> int:
    """Return how often a step runs in one round; warms it up."""
    step()
    once = _timed(step, 2)
    return max(1, int(ROUND_SECONDS / max(once, 1e-6)))


def steps_of(workload: Workload, peers: dict[str, Callable[[Workload], Steps]]) -> Steps:
    """Return the steps to time: numpy by hand (both passes), ours (forward, and both), the peers' alike."""
    leaves = _leaves(workload)
    steps = {"numpy both": workload.by_hand(workload.inputs), f"{OURS} forward": lambda: workload.program(Functions, leaves),
             f"{OURS} both": own_step(workload)}
    for make in peers.values():
        steps |= make(workload)
    return steps


def own_step(workload: Workload) -> Step:
    """Return a step of the engine, forward and backward."""
    leaves = _leaves(workload)
    return _both(workload, Functions, leaves, lambda shape: engine.tensor(np.ones(shape, np.float32)))


def _leaves(workload: Workload) -> dict[str, Any]:
    return {name: engine.tensor(value, requires_grad=name in workload.trained) for name, value in workload.inputs.items()}


def _both(workload: Workload, functions: Any, leaves: dict[str, Any], ones: Callable[[tuple[int, ...]], Any]) -> Step:
    """Return forward and backward, from a seed of ones where the result is no scalar, of a torch-like library."""
    program, trained = workload.program, [leaves[n] for n in workload.trained]
    seeds: dict[tuple[int, ...], Any] = {(): None}

    def both() -> None:
        for leaf in trained:
            leaf.grad = None
        out = program(functions, leaves)
        shape = tuple(out.shape)
        if shape not in seeds:
            seeds[shape] = ones(shape)
        out.backward(seeds[shape])

    return both


def torch_steps(workload: Workload) -> Steps:
    """Return PyTorch's steps, on one thread."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    theirs = importlib.import_module("torch.nn.functional")
    names = {"tanh": torch.tanh, "relu": torch.relu, "exp": torch.exp, "sqrt": torch.sqrt} | {
        name: getattr(theirs, name) for name in ("log_softmax", "nll_loss", "layer_norm", "softmax", "gelu", "conv2d", "max_pool2d")}
    functions = type("TorchFunctions", (), {name: staticmethod(f) for name, f in names.items()})
    leaves = {}
    for name, value in workload.inputs.items():
        leaves[name] = torch.tensor(value)
        if name in workload.trained:
            leaves[name].requires_grad_()
    return {"torch forward": lambda: workload.program(functions, leaves), "torch both": _both(workload, functions, leaves, torch.ones)}


def hips_steps(workload: Workload) -> Steps:
    """Return HIPS autograd's step, both passes; nothing where it lacks what the program calls."""
    if not workload.hips:
        return {}
    grad = importlib.import_module("autograd").grad
    anp = importlib.import_module("autograd.numpy")
    names = {
        "tanh": anp.tanh, "exp": anp.exp, "relu": lambda x: anp.maximum(x, 0),
        "log_softmax": lambda x, dim: x - anp.max(x, axis=dim, keepdims=True) - anp.log(
            anp.sum(anp.exp(x - anp.max(x, axis=dim, keepdims=True)), axis=dim, keepdims=True)),
        "nll_loss": lambda x, t: -anp.mean(x[np.arange(len(t)), t]),
    }
    functions = type("HipsFunctions", (), {name: staticmethod(f) for name, f in names.items()})
    fixed = {n: v for n, v in workload.inputs.items() if n not in workload.trained}
    run = grad(lambda trained: anp.sum(workload.program(functions, {**fixed, **trained})))
    given = {n: workload.inputs[n] for n in workload.trained}
    return {"autograd both": lambda: run(given)}


def _importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _version(name: str) -> str:
    return str(getattr(importlib.import_module(name), "__version__", "unknown"))


def table(figures: dict[str, Any]) -> str:
    """Return the ratios as lines of text."""
    lines = []
    for r in figures["workloads"]:
        ratios = "  ".join(f"{k.removeprefix(OURS + '/')} {v:.2f}" for k, v in r["ratios"].items())
        lines.append(f"{r['name']:28}{ratios}")
    lines += [f"{name:28}numpy {figures[name]['ratio']:.2f}" for name in ("import", "memory")]
    return "\n".join(lines)
