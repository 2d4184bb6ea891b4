"""What the engine weighs: how long its import takes over numpy's, and the memory at the peak of a step."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from statistics import median
from typing import Any

from gradstudio.bench.workloads import Step

RUNS = 9
TIMED = "import time; start = time.process_time(); {program}; print(time.process_time() - start)"


def imports(runs: int = RUNS) -> dict[str, Any]:
    """Return CPU milliseconds, medians over processes in turn, of importing numpy and gradstudio.torch, alone and with its first tensor.

    `ratio` and `first_use_ratio` are those of the latter two to numpy: the engine is loaded when the first name is asked for.
    """
    programs = {"numpy": "import numpy", "ours": "import gradstudio.torch",
                "first use": "import gradstudio.torch as torch; torch.tensor(1.0)"}
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, program in programs.items():
            times[name].append(float(_told(TIMED.format(program=program))) * 1000)
    numpy, ours, first = (median(found) for found in times.values())
    return {"numpy_ms": round(numpy, 1), "gradstudio_torch_ms": round(ours, 1), "ratio": round(ours / numpy, 3),
            "first_use_ms": round(first, 1), "first_use_ratio": round(first / numpy, 3)}


def peak(step: Step) -> float:
    """Return the binary megabytes that Python and numpy hold at the peak of a step, beyond what they held before it."""
    step()
    tracemalloc.start()
    try:
        for _ in range(3):
            step()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def _told(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]

