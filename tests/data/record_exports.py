"""Records what exported programs print in PyTorch: `python tests/data/record_exports.py`, where torch and this project can be imported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradstudio.code.emit import emit
from gradstudio.io.reader import read
from gradstudio.session.run import run
from tests.code.compare import Outcome, differences, prints, reset_modes
from tests.code.documents import random_document

ROOT = Path(__file__).parents[2]
SEEDS = 40


def main() -> None:
    """Write exports.json: the examples, and the first random documents that PyTorch runs to the same end."""
    documents = {name: read(ROOT / "resources" / "examples" / f"{name}.grad") for name in ("tutorial", "accumulation")}
    documents |= {str(seed): random_document(seed) for seed in range(SEEDS)}
    recorded = {}
    for name, document in documents.items():
        told = differences(document, own=False)
        if told:
            print(f"left out: {name}: {told[0]}")
            continue
        text = emit(document, trace=run(document).trace).text
        recorded[name] = {"program": text.splitlines(), "prints": prints(Outcome(text, own=False))}
        reset_modes(own=False)
    (Path(__file__).parent / "exports.json").write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
