"""assert_close: a check that a graph makes of itself, in torch.testing's words. No output."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dtypes import BFLOAT16, name_of
from gradstudio.engine.op import Attr, Input, Op, Sample, register
from gradstudio.engine.ops import samples
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
TOLERANCES = {"e": (1e-3, 1e-5), "f": (1.3e-6, 1e-5), "d": (1e-7, 1e-7), "F": (1.3e-6, 1e-5), "D": (1e-7, 1e-7)}
BFLOAT16_TOLERANCE = (1.6e-2, 1e-5)


def assert_close(actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = False,
                 check_dtype: bool = True, msg: str | None = None) -> None:
    """Raise AssertionError unless |actual − expected| <= atol + rtol·|expected| everywhere, shapes and dtypes alike."""
    if (rtol is None) != (atol is None):
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {'rtol' if rtol is None else 'atol'}.")
    a, b = _arrays(actual, expected)
    found = _attributes(a, b, check_dtype)
    if found is None:
        default = max([BFLOAT16_TOLERANCE if x.dtype == BFLOAT16 else TOLERANCES.get(x.dtype.char, (0.0, 0.0)) for x in (a, b)])
        found = _values(a, b, *(default if rtol is None or atol is None else (rtol, atol)), equal_nan)
    if found is not None:
        raise AssertionError(msg or found)


def _arrays(actual: Any, expected: Any) -> tuple[Array, Array]:
    if isinstance(actual, Tensor) != isinstance(expected, Tensor):
        kinds = [f"<class '{'torch.Tensor' if isinstance(x, Tensor) else type(x).__name__}'>" for x in (actual, expected)]
        raise TypeError(f"No comparison pair was able to handle inputs of type {kinds[0]} and {kinds[1]}.")
    a, b = [x.array if isinstance(x, Tensor) else np.asarray(x) for x in (actual, expected)]
    return a, b


def _attributes(a: Array, b: Array, check_dtype: bool) -> str | None:
    """Return the complaint about shape or dtype, if there is one."""
    words = "The values for attribute '{}' do not match: {} != {}."
    if a.shape != b.shape:
        return words.format("shape", f"torch.Size({errors.size(a.shape)})", f"torch.Size({errors.size(b.shape)})")
    if check_dtype and a.dtype != b.dtype:
        return words.format("dtype", f"torch.{name_of(a.dtype)}", f"torch.{name_of(b.dtype)}")
    return None


def _values(a: Array, b: Array, rtol: float, atol: float, equal_nan: bool) -> str | None:
    """Return the complaint about the numbers, if there is one."""
    if a.dtype != b.dtype:
        a, b = [x.astype(np.result_type(a, b)) for x in (a, b)]
    close = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if close.all():
        return None
    exact = rtol == 0 and atol == 0
    head = f"not {'equal' if exact else 'close'}!\n\n"
    allowed = ["" if exact else f" (up to {t} allowed)" for t in (atol, rtol)]
    if not a.shape:
        x, y = a.item(), b.item()
        gap = abs(x - y)
        relative = gap / abs(y) if y else math.inf
        return (f"Scalars are {head}Expected {y} but got {x}.\nAbsolute difference: {gap}{allowed[0]}\n"
                f"Relative difference: {relative}{allowed[1]}")
    wrong = int(np.count_nonzero(~close))
    kind = np.int64 if a.dtype.kind in "biu" else a.dtype
    gaps = np.where(close, 0, np.abs(a.astype(kind) - b.astype(kind)))
    shares = np.where(close, 0, gaps / np.abs(b.astype(kind)))
    if a.dtype.kind in "biu":
        shares = shares.astype(np.float32)
    lines = [f"Greatest {word} difference: {_number(values)} at index {_place(values)}{up_to}"
             for word, values, up_to in (("absolute", gaps.astype(kind), allowed[0]), ("relative", shares, allowed[1]))]
    return f"Tensor-likes are {head}Mismatched elements: {wrong} / {a.size} ({wrong / a.size:.1%})\n" + "\n".join(lines)


def _place(values: Array) -> tuple[int, ...]:
    return tuple([int(i) for i in np.unravel_index(int(values.argmax()), values.shape)])


def _number(values: Array) -> Any:
    """Return the largest value; integers' shares are rounded to float32, as in PyTorch."""
    value = values.max() if not np.isnan(values).any() else values.dtype.type(np.nan)
    return np.float32(value).item() if values.dtype == np.float32 else value.item()


register(
    Op("assert_close", (Input("actual", kind="operand"), Input("expected", kind="operand")), composite=assert_close, outputs=(),
       attrs=(Attr("rtol", "float", None, "Relative tolerance; by dtype if left out."),
              Attr("atol", "float", None, "Absolute tolerance; by dtype if left out."), Attr("equal_nan", "bool", False, "nan equals nan."),
              Attr("check_dtype", "bool", True, "Dtypes must agree."), Attr("msg", "str", None, "What to say instead.")),
       category="other", symbol="≈", torch=("torch.testing.assert_close({actual}, {expected})",), latex=r"{actual} \approx {expected}",
       doc="A check: raises if both are not close.", samples=(Sample((samples.array(3), samples.array(3))),),
       bad_samples=(Sample((samples.array(3), samples.array(3, start=0.5)), error="Tensor-likes are not close!"),)),
)
