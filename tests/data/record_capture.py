"""Record what capture makes of capture_programs.txt, and PyTorch's numbers: `python record_capture.py > captured.json` (needs torch)."""

import json
import warnings
from pathlib import Path

import torch

from gradstudio.capture import CaptureWarning, Recording, capture
from gradstudio.document.codec import tree
from gradstudio.document.values import value_tree

PROGRAMS = Path(__file__).parent / "capture_programs.txt"


def programs() -> dict[str, str]:
    """Return the text of each program by its name."""
    parts = PROGRAMS.read_text(encoding="utf-8").split("### ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].rstrip() for part in parts}


def recorded(name: str, code: str) -> Recording:
    """Run a program from the same state as every other; return its recording."""
    torch.manual_seed(0)
    space = {"torch": torch, "F": torch.nn.functional, "capture": capture, "__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CaptureWarning)
        exec(compile(code, f"{name}.py", "exec"), space)
    found = space["recording"]
    assert isinstance(found, Recording)
    return found


def tensors(recording: Recording) -> list[dict[str, object]]:
    """Return what PyTorch has at the end: of each tensor its reference in the document, its value, and the `.grad` of a leaf."""
    rows, rolled = [], recording.rolled
    for known in recording.known.values():
        ref = rolled.ref(known.ref)
        if ref is None:  # of an earlier turn of a loop
            continue
        row: dict[str, object] = {"source": ref.source, "out": ref.out, "value": value_tree(known.seen.value())}
        if known.seen.grad is not None:
            row["grad"] = value_tree(known.seen.grad.value())
        rows.append(row)
    return rows


def row(name: str, code: str) -> dict[str, object]:
    """Return all that is recorded of a program."""
    found = recorded(name, code)
    return {"id": name, "document": tree(found.document), "warnings": found.warnings, "tensors": tensors(found)}


if __name__ == "__main__":
    rows = ",\n".join(json.dumps(row(name, code), separators=(",", ":")) for name, code in programs().items())
    print(f"[\n{rows}\n]")
