"""PyTorch's text of a tensor, byte for byte."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gradstudio.engine import dtypes

if TYPE_CHECKING:
    from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
Write = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Options:
    """Digits, the size from which a tensor is summarized, elements kept at each end, columns, and whether to force 1e+00 notation."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES: Final = {"default": Options(), "short": Options(precision=2, edgeitems=2), "full": Options(threshold=math.inf)}
_current = [PROFILES["default"]]


def options() -> Options:
    """Return the options in force."""
    return _current[0]


def set_options(profile: str | None = None, sci_mode: bool | None = None, **changes: Any) -> None:
    """Set the options that are given; sci_mode goes back to automatic unless given, as in PyTorch."""
    start = PROFILES[profile] if profile is not None else _current[0]
    given = {name: value for name, value in changes.items() if value is not None}
    _current[0] = replace(start, sci_mode=sci_mode, **given)


@dataclass(frozen=True, slots=True)
class Format:
    """How each element of one tensor is written: right-aligned to the widest finite one."""

    style: str  # item, whole, fixed or sci
    precision: int
    width: int = 1

    def bare(self, x: Any) -> str:
        if self.style == "item":
            return str(x)
        if self.style == "sci":
            return f"{x:.{self.precision}e}"
        if self.style == "fixed":
            return f"{x:.{self.precision}f}"
        return f"{x:.0f}" + ("." if math.isfinite(x) else "")

    def __call__(self, x: Any) -> str:
        return self.bare(x).rjust(self.width)

    def fitted(self, values: Iterable[Any]) -> Format:
        return replace(self, width=max([1, *[len(self.bare(x)) for x in values]]))


def choose(a: Array, o: Options) -> Format:
    """Return the format for a real array. Zeros and non-finite elements have no say in it."""
    if a.dtype.kind != "f":
        return Format("item", o.precision).fitted(a.ravel().tolist())
    seen = a[np.isfinite(a) & (a != 0)]
    if not seen.size:
        return Format("whole", o.precision)
    sizes = np.abs(seen.astype(np.float64))
    low, high = sizes.min(), sizes.max()
    sci = bool(high / low > 1000.0 or high > 1.0e8 or low < 1.0e-4) if o.sci_mode is None else o.sci_mode
    style = "sci" if sci else "whole" if np.all(seen == np.ceil(seen)) else "fixed"
    return Format(style, o.precision).fitted(seen.tolist())


def complex_format(real: Format, imag: Format) -> Write:
    """Return the writer of complex elements: both parts aligned, the sign of the second between them."""
    def write(z: complex) -> str:
        second = imag(z.imag).lstrip() + "j"
        return real(z.real) + ("" if second[0] in "+-" else "+") + second
    return write


def ends(n: int, o: Options) -> list[int]:
    """Return the indices shown of a long dimension."""
    return [*range(o.edgeitems), *range(n - o.edgeitems, n)]


def summarized(a: Array, o: Options) -> Array:
    """Return the elements that a summary shows."""
    for axis, n in enumerate(a.shape):
        if n > 2 * o.edgeitems:
            a = np.take(a, ends(n, o), axis)
    return a


def vector(a: Array, indent: int, short: bool, write: Write, width: int, o: Options) -> str:
    per_line = max(1, (o.linewidth - indent) // (width + 2))
    if short and len(a) > 2 * o.edgeitems:
        words = [write(x) for x in a[ends(len(a), o)].tolist()]
        words.insert(o.edgeitems, " ...")
    else:
        words = [write(x) for x in a.tolist()]
    lines = [", ".join(words[i:i + per_line]) for i in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def block(a: Array, indent: int, short: bool, write: Write, width: int, o: Options) -> str:
    if a.ndim == 0:
        return write(a.item())
    if a.ndim == 1:
        return vector(a, indent, short, write, width, o)
    cut = short and len(a) > 2 * o.edgeitems
    rows = [block(a[i], indent + 1, short, write, width, o) for i in (ends(len(a), o) if cut else range(len(a)))]
    if cut:
        rows.insert(o.edgeitems, "...")
    return "[" + ("," + "\n" * (a.ndim - 1) + " " * (indent + 1)).join(rows) + "]"


def array_str(a: Array, indent: int = 0) -> str:
    """Return the elements of an array in brackets as PyTorch lays them out, starting in column indent."""
    o = options()
    if not a.size:
        return "[]"
    short = a.size > o.threshold
    shown = summarized(a, o) if short else a
    if a.dtype.kind != "c":
        form = choose(shown, o)
        return block(a, indent, short, form, form.width, o)
    real, imag = choose(shown.real, o), choose(shown.imag, o)
    return block(a, indent, short, complex_format(real, imag), real.width + imag.width + 1, o)


def dtype_suffix(a: Array) -> list[str]:
    """Return the dtype if a reader could not guess it: of an empty tensor, all but the default one."""
    known = [dtypes.default()] if not a.size else [dtypes.default(), dtypes.default_complex(), np.dtype("int64"), np.dtype("bool")]
    return [] if a.dtype in known else [f"dtype=torch.{dtypes.name_of(a.dtype)}"]


def described(a: Array, history: list[str], prefix: str = "tensor(") -> str:
    """Return `tensor(...)` for an array; history holds the last suffixes (grad_fn or requires_grad). A long line wraps before a suffix."""
    indent, width = len(prefix), options().linewidth
    text = prefix + array_str(a, indent)
    size = [f"size={tuple(a.shape)}"] if not a.size and a.ndim != 1 else []
    last = len(text) - text.rfind("\n") + 1
    for suffix in [*size, *dtype_suffix(a), *history]:
        if last + len(suffix) + 2 > width:
            text += ",\n" + " " * indent + suffix
            last = indent + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    return text + ")"


def tensor_str(t: Tensor) -> str:
    """Return `repr(t)` as PyTorch prints it."""
    node = t.grad_fn
    if node is not None:
        return described(t.array, [f"grad_fn=<{node.name().rpartition('::')[2]}>"])
    return described(t.array, ["requires_grad=True"] if t.requires_grad else [])
