"""Write canvas_ratios.json: ours over bare of `bench canvas --bare`, the median of some runs. Run it where nothing else runs."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

from gradstudio.bench import canvas

RUNS = 5


def main() -> None:
    """Measure and write."""
    runs = [canvas.ratios(canvas.side("ours", canvas.NODES), canvas.side("bare", canvas.NODES)) for _ in range(RUNS)]
    made = {name: round(median(run[name] for run in runs), 2) for name in runs[0]}
    (Path(__file__).parent / "canvas_ratios.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
