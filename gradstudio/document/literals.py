"""Python literals: numbers, tensors and recipes as code that gives back exactly the same value in the same dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.document.graph import Array, Recipe
from gradstudio.engine.dtypes import name_of

INFERRED = {"f": "float32", "i": "int64", "b": "bool", "c": "complex64"}  # what torch.tensor makes of Python numbers
WIDTH = 96  # where long lists are wrapped
DRAWN = ("rand", "randn", "randint")


def literal(value: object) -> str:
    """Return a Python value as code."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if value is Ellipsis:
        return "..."
    if isinstance(value, slice):
        return f"slice({literal(value.start)}, {literal(value.stop)}, {literal(value.step)})"
    if isinstance(value, str):
        return plain_quotes(value)
    if value is None or isinstance(value, bool | int | float | complex):
        return repr(value)
    raise TypeError(f"a {type(value).__name__} has no literal")


def plain_quotes(text: str) -> str:
    """Return a text as a Python string in ASCII, in double quotes where that needs no escape."""
    quoted = ascii(text)
    return f'"{quoted[1:-1]}"' if quoted[0] == "'" and '"' not in quoted and "\\'" not in quoted else quoted


def index_text(value: object) -> str:
    """Return a literal as it stands between the brackets of an index: `1:3`, `..., 0`."""
    if isinstance(value, slice):
        start, stop, step = ("" if part is None else literal(part) for part in (value.start, value.stop, value.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    if isinstance(value, tuple) and value:
        return ", ".join(map(index_text, value)) + "," * (len(value) == 1)
    return literal(value)


def number(value: Any) -> str:
    """Return one element as the shortest literal that its dtype reads back as the same: `2.`, `1.1`, `float("nan")`."""
    if value.dtype.kind == "c":
        return repr(complex(value))
    if value.dtype.kind != "f":
        return repr(value.item())
    exact = float(value)
    if not math.isfinite(exact):
        return f'float("{exact}")'
    plain = exact == 0 or 1e-4 <= abs(exact) < 1e16
    text = np.format_float_positional(value, trim="-") + "." * exact.is_integer() if plain else str(value)
    # The shortest decimal of a float32 passes through a double; where that rounds to a neighbour, the double itself is written.
    same = value.dtype.type(float(text)) == value and math.copysign(1, float(text)) == math.copysign(1, exact)
    return text if same else repr(exact)


def tensor_lines(value: Array, requires_grad: bool = False) -> list[str]:
    """Return `torch.tensor(...)` of an array as lines; what lies further in than the bracket is indented under it."""
    name = name_of(value.dtype)
    if value.size == 0:
        arguments = [*map(str, value.shape), *dtype_argument(name, "float32"), *grad_argument(requires_grad)]
        return [f"torch.zeros({', '.join(arguments)})"]
    opening = "torch.tensor("
    rows = _nested(value, len(opening))
    arguments = [*dtype_argument(name, INFERRED.get(value.dtype.kind, "")), *grad_argument(requires_grad)]
    rows[-1] = ", ".join([rows[-1], *arguments]) + ")"
    return [opening + rows[0], *rows[1:]]


def _nested(value: Array, column: int) -> list[str]:
    """Return nested lists as lines: on one line where they fit, else a row each."""
    if value.ndim == 0:
        return [number(value[()])]
    items = [_nested(value[i], column + 1) for i in range(len(value))]
    if value.ndim == 1:
        return _wrapped([item[0] for item in items], column)
    if all(len(item) == 1 for item in items) and sum(len(item[0]) + 2 for item in items) + column <= WIDTH:
        return [f"[{', '.join(item[0] for item in items)}]"]
    for i, item in enumerate(items):
        item[0] = ("[" if i == 0 else " " * (column + 1)) + item[0]
        item[-1] += "]" if i == len(items) - 1 else ","
    return [line for item in items for line in item]


def _wrapped(items: list[str], column: int) -> list[str]:
    """Return a flat list as lines, as many items on each as fit."""
    lines: list[str] = []
    line = "["
    for i, item in enumerate(items):
        text = item + ("]" if i == len(items) - 1 else ",")
        if line.strip("[ ") and len(line) + len(text) + column * (not lines) > WIDTH:
            lines.append(line.rstrip())
            line = " " * (column + 1)
        line += text + " "
    return [*lines, line.rstrip()]


def recipe_text(value: Recipe, requires_grad: bool = False) -> str:
    """Return the factory call of a recipe: `torch.randn(3, 4, requires_grad=True)`."""
    numbers = [literal(argument) for argument in value.args]
    sizes = [str(n) for n in value.shape]
    size = literal(value.shape)
    inferred = {"randint": "int64", "full": _filled(value), "arange": _counted(value)}.get(value.fn, "float32")
    arguments = {
        "randint": [*numbers, size],
        "full": [size, *numbers],
        "arange": numbers,
        "linspace": [*numbers, *sizes[:1]],
        "eye": [*sizes[:1], *sizes[-1:]],
    }.get(value.fn, sizes or ["()"])
    return f"torch.{value.fn}({', '.join([*arguments, *dtype_argument(value.dtype, inferred), *grad_argument(requires_grad)])})"


def _filled(value: Recipe) -> str:
    """Return the dtype that torch.full finds by itself."""
    return {bool: "bool", int: "int64", float: "float32"}.get(type(value.args[0]), "") if value.args else ""


def _counted(value: Recipe) -> str:
    """Return the dtype that torch.arange finds by itself."""
    return "int64" if all(isinstance(argument, int) for argument in value.args) else "float32"


def dtype_argument(name: str, inferred: str) -> list[str]:
    """Return `dtype=torch.…` where torch would not choose it by itself."""
    return [] if name == inferred else [f"dtype=torch.{name}"]


def grad_argument(requires_grad: bool) -> list[str]:
    """Return `requires_grad=True` where it is."""
    return ["requires_grad=True"] if requires_grad else []
