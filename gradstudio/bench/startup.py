"""How long the window takes to start: from the start of a fresh process to its first paint, and to its plots with numbers in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median

RUNS = 5
MARKS = "GRADSTUDIO_STARTUP_MARKS"  # makes the application print its two moments as one JSON line, and quit
LONGEST = 60  # seconds that one start may take


class NotStarted(Exception):
    """The application ended without telling its moments."""


def main(as_json: bool, runs: int = RUNS) -> int:
    """Measure and print; return the exit code."""
    try:
        figures = measure(runs)
    except (NotStarted, subprocess.TimeoutExpired) as error:
        print(f"gradstudio: the window did not start: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures) if as_json else "\n".join(f"{name} {seconds:.3f}" for name, seconds in figures.items()))
    return 0


def measure(runs: int = RUNS) -> dict[str, float]:
    """Return medians over fresh processes, in seconds. Raises NotStarted."""
    marks = [start() for _ in range(runs)]
    return {"first_paint_s": median(first for first, _ in marks), "plots_ready_s": median(plots for _, plots in marks)}


def start() -> tuple[float, float]:
    """Start the application once; return the seconds to its first paint and to its plots, as it tells them."""
    environment = {**os.environ, MARKS: "1"}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "gradstudio"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            return told["first_paint"], told["plots_ready"]
    raise NotStarted(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"it ended with {done.returncode}")
