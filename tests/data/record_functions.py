"""Record from PyTorch what special functions give at many points and at kinks: values, gradients, second order, dtypes, error words.

Writes functions.json. Run it where torch is installed: python tests/data/record_functions.py
"""

import json
import warnings
from pathlib import Path

import torch

HERE = Path(__file__).parent
INF, NAN = float("inf"), float("nan")
ODD = [0.0, -0.0, 1.0, -1.0, 2.0, -2.5, 0.5, INF, -INF, NAN]
FIRST = [0.0, 0.0, 1.0, -1.0, 0.0, -2.0, INF, INF, -INF, NAN, 3.0, 0.0, NAN, -0.0, 2.0]
SECOND = [0.0, 1.0, 0.0, 0.0, -1.0, 3.0, INF, -INF, -INF, 1.0, 3.0, NAN, 0.0, -0.0, -0.0]
GAMMA = [1e-12, 1e-3, 0.1, 0.2316, 0.5, 0.7316, 0.9, 0.9999, 1.0001, 1.23, 1.4616, 1.7316, 1.9999, 2.0001, 3.5, 7.99, 8.0, 20.5, 1e3, 1e15,
         -0.3, -0.99, -1.5, -3.7, -20.3]
ERRORS = [1e-300, 1e-9, 0.1, 0.25, 0.8, 0.85, 1.2, 1.3, 2.8, 2.9, 6.5, 26.0, -0.1, -0.8, -1.2, -2.0, -7.0]
SHARES = [1e-300, 1e-9, 0.01, 0.3, 0.49, 0.51, 0.9, 0.999, 1 - 1e-12, -0.2, -0.7, -0.999999]
ONE = ["exp2", "asinh", "acosh", "atanh", "logit", "erfc", "erfinv", "sinc", "special.entr", "special.ndtr", "deg2rad", "rad2deg", "frac",
       "nan_to_num", "sgn"]
TWO = ["atan2", "xlogy", "special.xlog1py", "hypot", "logaddexp", "logaddexp2", "copysign", "float_power", "rsub"]
A, B = [0.0, 1.0, 2.0], [0.0, 0.5, 3.0]


def cases():
    """Yield (function, operands, keywords, dtype); a list stands for a tensor."""
    for name in ONE:
        yield name, [ODD], {}, "float64"
        yield name, [[0.25, 0.75]], {}, "float32"
        yield name, [[0, 1, 2]], {}, "int64"
    for name in TWO:
        yield name, [FIRST, SECOND], {}, "float64"
        for operands in ([A, 2.0], [A, 2], [2.0, B], [3, B]):
            yield name, operands, {}, "float32"
        yield name, [[1, 2], [3, 1]], {}, "int64"
        yield name, [[True, False], [True, True]], {}, "bool"
    yield from ((name, [GAMMA], {}, "float64") for name in ("lgamma", "digamma"))
    yield from ((name, [[1.5, -0.5, 0.0, -1.75]], {}, "float32") for name in ("lgamma", "digamma"))
    yield "erfc", [ERRORS], {}, "float64"
    yield "erfinv", [SHARES], {}, "float64"
    yield from (("logit", [[-0.5, 0.0, 0.1, 0.2, 0.5, 0.8, 1.0, 2.0]], {"eps": eps}, "float64") for eps in (0.0, 0.2, 0.5, 1e-6))
    yield "nan_to_num", [ODD], {"nan": 1.0, "posinf": 2.0}, "float64"
    yield "special.xlog1py", [A, 2.0], {}, "float64"
    yield from ((name, [A, B, [1.0, 2.0, 4.0]], {"value": 2.5}, "float32") for name in ("addcmul", "addcdiv"))
    yield from ((name, [[1, 2], [3, 4], [5, 6]], {"value": 2}, "int64") for name in ("addcmul", "addcdiv"))
    yield "addcmul", [[True], [True], [True]], {}, "bool"
    yield from (("lerp", [A, B, weight], {}, "float64") for weight in (0.0, 0.5, 1.0, -0.7, [0.2, 0.5, 0.9]))
    yield "lerp", [[1, 2], [3, 4], 0.5], {}, "int64"
    yield "lerp", [[1, 2], [3, 4], [5, 6]], {}, "int64"
    yield "float_power", [2, 3], {}, "float64"


def tensor(values, dtype):
    if not isinstance(values, list):
        return values
    return torch.tensor(values, dtype=getattr(torch, dtype), requires_grad=dtype.startswith("float"))


def numbers(t):
    return None if t is None else [float(v) for v in t.detach().numpy(force=True).ravel()]


def record(name, operands, keywords, dtype):
    function = torch
    for part in name.split("."):
        function = getattr(function, part)
    found = {"function": name, "operands": operands, "keywords": keywords, "dtype": dtype}
    given = [tensor(o, dtype) for o in operands]
    try:
        out = function(*given, **keywords)
    except Exception as error:
        return {**found, "error": [type(error).__name__, str(error).partition("\n")[0]]}
    found |= {"out": numbers(out), "out_dtype": str(out.dtype).removeprefix("torch."), "node": out.grad_fn and out.grad_fn.name()}
    leaves = [t for t in given if isinstance(t, torch.Tensor) and t.requires_grad]
    if out.grad_fn is not None:
        grads = torch.autograd.grad(out, leaves, torch.ones_like(out), create_graph=True, allow_unused=True)
        over = [g for g in grads if g is not None and g.requires_grad]
        found["grads"] = [numbers(g) for g in grads]
        second = torch.autograd.grad(over, leaves, [torch.ones_like(g) for g in over], allow_unused=True) if over else []
        found["second"] = [numbers(g) for g in second]
    return found


def main():
    warnings.simplefilter("ignore")
    text = json.dumps({"torch": torch.__version__, "cases": [record(*case) for case in cases()]}, separators=(",", ":"))
    (HERE / "functions.json").write_text(text.replace('{"function"', '\n{"function"') + "\n")


if __name__ == "__main__":
    main()
