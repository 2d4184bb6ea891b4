"""Record PyTorch's result dtypes for operands of every dtype, and what it refuses. Writes promotions.json; needs torch."""

import itertools
import json
import warnings
from pathlib import Path

import torch

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64", "complex128")
NUMBERS = {"pybool": True, "pyint": 2, "pyfloat": 2.5, "pycomplex": 1 + 2j}
BINARY = {name: getattr(torch, name) for name in ("add", "sub", "mul", "div", "floor_divide", "remainder", "pow", "maximum", "lt", "atan2",
                                                  "hypot", "logaddexp")}
BINARY |= {"where": lambda x, y: torch.where(torch.tensor([True]), x, y), "lerp": lambda x, y: torch.lerp(x, y, 0.5),
           "matmul": lambda x, y: torch.matmul(x.reshape(1, 1), y.reshape(1, 1)),
           "cat": lambda x, y: torch.cat([x.reshape(1), y.reshape(1)]), "stack": lambda x, y: torch.stack([x.reshape(1), y.reshape(1)])}
TENSORS_ONLY = ("maximum", "where", "atan2", "hypot", "logaddexp", "lerp", "matmul", "cat", "stack")
UNARY = {name: getattr(torch, name) for name in ("abs", "neg", "exp", "log", "sqrt", "sin", "sigmoid", "relu", "floor", "round", "sign",
                                                 "reciprocal", "square", "tanh", "erf", "rsqrt", "isnan", "logical_not", "bitwise_not",
                                                 "positive", "frac", "sum", "prod", "mean", "std", "var", "max", "min", "argmax", "amax",
                                                 "norm", "any", "all", "median")}
UNARY |= {"clamp": lambda x: torch.clamp(x, 0, 1), "softmax": lambda x: torch.softmax(x, 0), "cumsum": lambda x: torch.cumsum(x, 0),
          "cumprod": lambda x: torch.cumprod(x, 0), "logsumexp": lambda x: torch.logsumexp(x, 0)}


def result(function, *operands):
    """Return the result's dtype, or the error."""
    try:
        return str(function(*operands).dtype).removeprefix("torch.")
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def grouped(found):
    """Return the operands by their result."""
    return {want: [texts for texts, each in found.items() if each == want] for want in dict.fromkeys(found.values())}


def main():
    warnings.simplefilter("ignore")
    operands = {f"{d}[{n}]": torch.ones([1] if n else [], dtype=getattr(torch, d)) for d in DTYPES for n in ("1", "")}
    cells = {}
    for name, function in BINARY.items():
        pairs = itertools.product(operands, [*operands, *([] if name in TENSORS_ONLY else NUMBERS)])
        cells[name] = grouped({f"{a},{b}": result(function, operands[a], operands.get(b, NUMBERS.get(b))) for a, b in pairs})
    for name, function in UNARY.items():
        cells[name] = grouped({f"{d}[1]": result(function, torch.ones(3, dtype=getattr(torch, d))) for d in DTYPES})
    text = json.dumps({"torch": torch.__version__, "cells": cells}, separators=(",", ":"))
    (Path(__file__).parent / "promotions.json").write_text(text.replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
