"""Record what torch_programs.txt prints in PyTorch: `python record_torch_programs.py > torch_programs.json` (needs torch).

Or what another file of programs prints: `python record_torch_programs.py torch_names > torch_names.json`.
"""
import contextlib
import io
import json
import sys
import warnings
from pathlib import Path

import torch


def run(code: str) -> dict:
    """Run one program from the same state as every other."""
    out, ended = io.StringIO(), (None, None)
    torch.manual_seed(0)
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        try:
            exec(compile(code, "<program>", "exec"), {"__name__": "__main__"})
        except Exception as error:
            ended = (type(error).__name__, str(error))
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    return {"code": code, "stdout": out.getvalue(), "exc_type": ended[0], "exc_msg": ended[1],
            "warnings": [[w.category.__name__, str(w.message).partition(" (Triggered internally")[0]] for w in told
                         if not str(w.message).startswith("Error detected in")]}


programs = []
for part in (Path(__file__).parent / f"{(*sys.argv[1:], 'torch_programs')[0]}.txt").read_text().split("### ")[1:]:
    name, _, code = part.partition("\n")
    programs.append({"id": name, "feature": "programs", **run(code)})
print(json.dumps(programs, indent=0))
