"""The canvas against NodeGraphQt where it is installed, and against a bare prototype: each in a process of its own, one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

NODES = 1000
MANY = (5000, 10_000)  # nodes of the graphs whose frames are measured
LONGEST = 600  # seconds that one side may take
Figures: TypeAlias = dict[str, float]


class NotMeasured(Exception):
    """A side did not come to an end."""


def measure(nodes: int = NODES, bare: bool = False, frames: bool = False) -> dict[str, Any]:
    """Return `nodes`, `ours`, `peer`, `ratios` (peer / ours). Raises NotMeasured.

    With bare also `bare` and `bare_ratios` (ours / bare); with frames `frames`: by number of nodes and gesture the median and the worst
    CPU milliseconds of a frame.
    """
    ours = side("ours", nodes)
    peer = side("peer", nodes) if find_spec("NodeGraphQt") is not None else None
    found: dict[str, Any] = {"nodes": nodes, "ours": ours, "peer": peer, "ratios": ratios(peer, ours) if peer else None}
    if bare:
        found["bare"] = side("bare", nodes)
        found["bare_ratios"] = ratios(ours, found["bare"])
    if frames:
        found["frames"] = {str(many): process("frames", str(many)) for many in MANY}
    return found


def side(name: str, nodes: int) -> Figures:
    """Return the figures of one canvas. Raises NotMeasured."""
    with tempfile.TemporaryDirectory() as folder:
        figures: Figures = process("side", name, str(nodes), str(Path(folder) / "graph.grad"))
    return figures


def process(module: str, *arguments: str) -> Any:
    """Return what a module of `canvases` prints, in a process with settings of its own. Raises NotMeasured."""
    environment = {**os.environ}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        environment["XDG_CONFIG_HOME"] = folder
        command = [sys.executable, "-m", f"gradstudio.bench.canvases.{module}", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False)
    line = done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not line.startswith("{"):
        raise NotMeasured(f"{arguments[0]}: {done.stderr.strip().rpartition(chr(10))[2] or done.returncode}")
    return json.loads(line)


def ratios(over: Figures, under: Figures) -> Figures:
    """Return over / under, figure by figure."""
    return {name: round(over[name] / max(under[name], 1e-9), 2) for name in under}


def main(nodes: int, as_json: bool, bare: bool, frames: bool = False) -> int:
    """Measure and print; return the exit code."""
    try:
        found = measure(nodes, bare, frames)
    except (NotMeasured, subprocess.TimeoutExpired) as error:
        print(f"gradstudio: not measured: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found) if as_json else table(found))
    return 0


def table(found: dict[str, Any]) -> str:
    """Return the figures as aligned columns."""
    columns = [name for name in ("ours", "peer", "ratios", "bare", "bare_ratios") if found.get(name)]
    rows = [[name, *(f"{found[c][name]:.2f}" for c in columns)] for name in found["ours"]]
    lines = [[f"{found['nodes']} nodes", *columns], *rows]
    for nodes, frames in found.get("frames", {}).items():
        lines += [[f"{nodes} nodes", "median", "worst"], *([name, *(f"{each:.1f}" for each in both)] for name, both in frames.items())]
    return "\n".join(f"{row[0]:16}" + "".join(f"{cell:>13}" for cell in row[1:]) for row in lines)
