"""How numbers, shapes and counts are written: C locale, four significant digits, a true minus."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

MINUS = "−"
SIGNIFICANT = 4
SHORT_DTYPES = {"float16": "f16", "float32": "f32", "float64": "f64", "bfloat16": "bf16", "int64": "i64", "int32": "i32", "bool": "bool"}

Number = float | int | bool


def number(value: Number | None, full: bool = False, dtype: str = "float32") -> str:
    """Write a number: `2.0`, `12`, `−0.03125`, `nan`, `True`. None is the word None.

    A float has four significant digits and at least one decimal (so more digits from a thousand up, rather than a `.0` that is not
    true); with `full` all digits that its dtype needs. An int has no decimals.
    """
    if value is None:
        return "None"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return minus(str(int(value)))
    value = float(value)
    return _float(value, full, dtype) if value else minus(f"{value:.1f}")  # zeros of both signs are equal, and written differently


@lru_cache(maxsize=4096)
def _float(value: float, full: bool, dtype: str) -> str:
    """Write a float that is not zero; the same one stands in a node, on a wire and in panels."""
    if not math.isfinite(value):
        return minus(str(value))
    if full:
        return minus(shortest(value, dtype))
    return minus(f"{value:.1f}" if 1e3 <= abs(value) < 1e5 else _with_decimal(f"{value:.{SIGNIFICANT}g}"))


def shortest(value: float, dtype: str = "float32") -> str:
    """Write all digits that a float of this dtype needs to be read back exactly, with a plain minus: `0.1`, `1e-07`."""
    kind = np.dtype(dtype) if dtype in ("float16", "float32", "float64") else np.dtype("float32")
    return _with_decimal(str(kind.type(value)))


def norm(value: float | None, full: bool = False) -> str:
    """Write a Euclidean norm: `‖0.6265‖`."""
    return f"‖{number(value, full)}‖"


def short(value: float, sign: bool = False) -> str:
    """Write a number where room is tight, e.g. the ends of a legend: `12`, `−0.3`, `2.7e5`, with `sign` also `+12`."""
    digits = f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.1e}".replace(".0e", "e")
    mantissa, e, exponent = digits.partition("e")
    return ("+" if sign and value > 0 else "") + minus(f"{mantissa}e{int(exponent)}" if e else mantissa)


def shape(dims: tuple[int, ...]) -> str:
    """Write a shape as PyTorch's users do: `(3, 4)`, `(4,)`, `()`."""
    return str(tuple(dims))


def dtype_short(dtype: str) -> str:
    """Write a dtype in at most four letters: `f32`."""
    return SHORT_DTYPES.get(dtype, dtype)


def operand(value: object) -> str:
    """Write a literal as Python code does, with a true minus: `8.5`, `'sum'`, `1:3`, `...`."""
    if value is Ellipsis:
        return "..."
    if isinstance(value, slice):
        return ":".join("" if part is None else operand(part) for part in _parts(value))
    if isinstance(value, float):
        return minus(_with_decimal(repr(value)))
    return minus(repr(value)) if isinstance(value, int) else repr(value)


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: `1 node`, `13 nodes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration(seconds: float) -> str:
    """Write how long something took: `0.8 ms`, `12 ms`, `1.4 s`."""
    if seconds < 0.0095:
        return f"{seconds * 1e3:.1f} ms"
    return f"{seconds * 1e3:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def parse_number(text: str) -> float | int | None:
    """Read what a person typed: `2` is an int, `2.` and `1e-3` are floats, `−3` may have a true minus; None where it is no number."""
    plain = text.strip().replace(MINUS, "-")
    for kind in (int, float):
        try:
            return kind(plain)
        except ValueError:
            continue
    return None


def parse_literal(text: str) -> tuple[object] | None:
    """Read a Python literal that an operand may be, in a tuple of one: a number, True, None, 'text', 1:3, ...; None where it is none."""
    plain = text.strip().replace(MINUS, "-")
    words: dict[str, object] = {"True": True, "False": False, "None": None, "...": Ellipsis}
    if plain in words:
        return (words[plain],)
    number = parse_number(plain)
    if number is not None:
        return (number,)
    if len(plain) >= 2 and plain[0] == plain[-1] and plain[0] in "'\"" and plain[0] not in plain[1:-1] and "\\" not in plain:
        return (plain[1:-1],)
    parts = plain.split(":")
    if 2 <= len(parts) <= 3 and all(not part.strip() or type(parse_number(part)) is int for part in parts):
        return (slice(*(parse_number(part) if part.strip() else None for part in parts)),)
    return None


def minus(text: str) -> str:
    """Replace the hyphen of a number by a minus sign."""
    return text.replace("-", MINUS)


def _with_decimal(digits: str) -> str:
    mantissa, e, exponent = digits.partition("e")
    if "." not in mantissa and mantissa.lstrip("-").isdigit():
        mantissa += ".0"
    return mantissa + e + exponent


def _parts(value: slice) -> tuple[object, ...]:
    return (value.start, value.stop) if value.step is None else (value.start, value.stop, value.step)
