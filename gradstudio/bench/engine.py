"""How fast the engine is: against numpy by hand, and against PyTorch and HIPS autograd where they are installed.

CPU time, libraries in turn within each round, medians over rounds. One BLAS thread: set OPENBLAS_NUM_THREADS=1 before numpy loads.
"""

from __future__ import annotations

import importlib
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio import engine
from gradstudio.bench.workloads import Step, Workload, all_workloads
from gradstudio.engine.op import ops

Steps = dict[str, Step]  # by "library pass"
OURS = "gradstudio"
ROUNDS, ROUND_SECONDS = 15, 0.02


class Functions:
    """The engine's functions under torch's names, as the programs want them."""

    tanh, relu, exp = staticmethod(ops.tanh), staticmethod(ops.relu), staticmethod(ops.exp)
    log_softmax, nll_loss = staticmethod(ops.log_softmax), staticmethod(ops.nll_loss)


def measure(rounds: int = ROUNDS, only: str = "") -> dict[str, Any]:
    """Measure every workload whose name contains `only`. Returns plain data: versions, and for each workload ns per op and ratios."""
    known: dict[str, Callable[[Workload], Steps]] = {"torch": torch_steps, "autograd": hips_steps}
    peers = {name: make for name, make in known.items() if _importable(name)}
    results = [measured(w, steps_of(w, peers), rounds) for w in all_workloads() if only in w.name]
    return {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine(),
            "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "default"),
            "peers": {name: _version(name) for name in peers}, "unit": "CPU ns per op, median", "workloads": results}


def measured(workload: Workload, steps: Steps, rounds: int) -> dict[str, Any]:
    """Run all steps of one workload in turn and return medians and ratios to ours."""
    counts = {name: _count(step) for name, step in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(_timed(step, counts[name]))
    ns = {name: statistics.median(t) / workload.ops * 1e9 for name, t in times.items()}
    ratios = {f"{OURS}/{other} {kind}": round(ns[f"{OURS} {kind}"] / ns[f"{other} {kind}"], 3)
              for other in ("numpy", "torch", "autograd") for kind in ("forward", "both") if f"{other} {kind}" in ns}
    return {"name": workload.name, "ops": workload.ops, "ns": {name: round(v, 1) for name, v in ns.items()}, "ratios": ratios}


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
    steps = {"numpy both": workload.by_hand(workload.inputs)}
    leaves = {name: _leaf(value, name in workload.trained) for name, value in workload.inputs.items()}
    steps |= _two_steps(OURS, workload, Functions, leaves, np.ones_like)
    for make in peers.values():
        steps |= make(workload)
    return steps


def _leaf(value: Any, trained: bool) -> Any:
    return engine.tensor(value, requires_grad=trained)


def _two_steps(name: str, workload: Workload, functions: Any, leaves: dict[str, Any], ones: Callable[[Any], Any]) -> Steps:
    """Return forward alone and forward with backward for a torch-like library."""
    program, trained = workload.program, [leaves[n] for n in workload.trained]
    out = program(functions, leaves)
    seed = None if out.shape == () else engine.tensor(np.ones(tuple(out.shape), np.float32)) if name == OURS else ones(out)

    def both() -> None:
        for leaf in trained:
            leaf.grad = None
        program(functions, leaves).backward(seed)

    return {f"{name} forward": lambda: program(functions, leaves), f"{name} both": both}


def torch_steps(workload: Workload) -> Steps:
    """Return PyTorch's steps, on one thread."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    functional = importlib.import_module("torch.nn.functional")
    names = {"tanh": torch.tanh, "relu": torch.relu, "exp": torch.exp, "log_softmax": functional.log_softmax,
             "nll_loss": functional.nll_loss}
    functions = type("TorchFunctions", (), {name: staticmethod(f) for name, f in names.items()})
    leaves = {}
    for name, value in workload.inputs.items():
        leaves[name] = torch.tensor(value)
        if name in workload.trained:
            leaves[name].requires_grad_()
    return _two_steps("torch", workload, functions, leaves, torch.ones_like)


def hips_steps(workload: Workload) -> Steps:
    """Return HIPS autograd's step, both passes."""
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


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the ratios as lines of text."""
    lines = []
    for r in results:
        ratios = "  ".join(f"{k.removeprefix(OURS + '/')} {v:.2f}" for k, v in r["ratios"].items())
        lines.append(f"{r['name']:24}{ratios}")
    return "\n".join(lines)
