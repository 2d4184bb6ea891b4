"""Wording: numbers, lists, shapes and the names of calls as sentences say them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from gradstudio.document.calls import Backward, Forward, Grad
from gradstudio.document.document import Document
from gradstudio.document.graph import CallId
from gradstudio.session.trace import Trace

LARGEST = float(np.finfo(np.float32).max)


def number(value: float | int | bool | None) -> str:
    """Return a number with 4 significant digits and a true minus; a float keeps at least one decimal."""
    if value is None or isinstance(value, (bool, int)) or not math.isfinite(value):
        return str(value).replace("-", "−")
    text = f"{value:.4g}"
    return (text if "." in text or "e" in text else f"{text}.0").replace("-", "−")


def exact(value: float | int | bool | None) -> str:
    """Return a number with all the digits that it needs: those of a float32 where it is one, as most are."""
    if value is None or isinstance(value, (bool, int)) or not math.isfinite(value):
        return number(value)
    narrow = abs(value) <= LARGEST and float(np.float32(value)) == value
    return (str(np.float32(value)) if narrow else repr(value)).replace("-", "−")


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`; beyond four, `a, b, c and 7 more`."""
    items = list(dict.fromkeys(words))
    if len(items) > 4:
        items = [*items[:3], f"{len(items) - 3} more"]
    return f" {last} ".join(part for part in (", ".join(items[:-1]), items[-1]) if part) if items else ""


def shape_text(shape: Sequence[int]) -> str:
    """Return `(3, 4)`, `(3,)`, `()`."""
    return str(tuple(shape))


def cut(text: str, limit: int = 60) -> str:
    """Return text on one line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def call_name(document: Document, trace: Trace, call_id: CallId, pass_number: int = 0) -> str:
    """Return what a call is called in sentences and lists: `forward`, `backward #2`, `zero_()`."""
    call = next((each for each in document.calls() if each.id == call_id), None)
    if isinstance(call, (Backward, Grad)):
        return f"{'backward' if isinstance(call, Backward) else 'grad'} #{pass_number or _number(document, trace, call_id)}"
    if isinstance(call, Forward):
        blocks = {each.block for each in document.calls() if isinstance(each, Forward)}
        return "forward" if len(blocks) < 2 else f"forward {call.block}"
    return call.menu if call else "a call"


def _number(document: Document, trace: Trace, call_id: CallId) -> int:
    for each in trace.passes:
        if each.call == call_id:
            return each.number
    passes = [call.id for call in document.calls() if isinstance(call, (Backward, Grad))]
    return passes.index(call_id) + 1
