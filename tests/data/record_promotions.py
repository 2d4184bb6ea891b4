"""Record PyTorch's result dtypes for pairs of operands. Writes promotions.json. Run it where torch is installed."""

import itertools
import json
from pathlib import Path

import torch

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
NUMBERS = {"pybool": True, "pyint": 2, "pyfloat": 2.5}
OPS = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "lt": torch.lt,
       "where": lambda x, y: torch.where(torch.tensor([True]), x, y)}
TENSORS_ONLY = ("maximum",)


def result(function, x, y):
    try:
        return str(function(x, y).dtype).removeprefix("torch.")
    except RuntimeError:
        return "refused"


def main():
    operands = {f"{d}[{n}]": torch.ones([1] if n else [], dtype=getattr(torch, d)) for d in DTYPES for n in ("1", "")}
    cells = {}
    for name, function in OPS.items():
        pairs = itertools.product(operands, [*operands, *([] if name in TENSORS_ONLY else NUMBERS)])
        cells[name] = {f"{a},{b}": result(function, operands[a], operands.get(b, NUMBERS.get(b))) for a, b in pairs}
    text = json.dumps({"torch": torch.__version__, "cells": cells}, separators=(",", ":"))
    (Path(__file__).parent / "promotions.json").write_text(text.replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
