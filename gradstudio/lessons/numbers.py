"""Numbers of goals: read, compared as torch.testing.assert_close compares, and written for people."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from gradstudio.document.strict import Place, shown
from gradstudio.engine.ops.testing import TOLERANCES
from gradstudio.explain.wording import number, shape_text
from gradstudio.session.state import CELLS, TensorView

Numbers: TypeAlias = "float | tuple[Numbers, ...]"
MAX_DEEP = 4


def read_numbers(place: Place, deep: int = 0) -> Numbers:
    """Return a number, or a list of numbers, or of lists of one length. Raises CodecError."""
    if not isinstance(place.value, list) or deep >= MAX_DEEP:
        return read_number(place)
    items = place.each(lambda item: read_numbers(item, deep + 1), CELLS)
    if not items or len({shape_of(item) for item in items}) > 1:
        place.refuse("lists of numbers are of one length, and not empty")
    if math.prod(shape_of(items)) > CELLS:
        place.refuse(f"a goal compares at most {CELLS} numbers")
    return items


def read_number(place: Place) -> float:
    """Return a number. Raises CodecError."""
    if isinstance(place.value, bool) or not isinstance(place.value, int | float):
        place.refuse(f"a number stands here, not {shown(place.value)}")
    return float(place.value)


def read_distance(place: Place) -> float:
    """Return a number that is not negative. Raises CodecError."""
    found = read_number(place)
    return found if found >= 0 else place.refuse("a distance is at least 0")


def shape_of(numbers: Numbers) -> tuple[int, ...]:
    """Return the shape of nested numbers."""
    return (len(numbers), *shape_of(numbers[0])) if isinstance(numbers, tuple) else ()


def difference(view: TensorView, wanted: Numbers, within: float) -> str | None:
    """Return what is there where it is not what is wanted; None where it is. One number stands for a tensor of one element, too.

    Close is |there - wanted| <= within; with 0.0, the tolerances of `torch.testing.assert_close` for the dtype.
    """
    if view.dtype.startswith("complex"):
        return f"{view.dtype}, not real"
    if shape_of(wanted) != view.shape and not (isinstance(wanted, float) and view.item is not None):
        return f"of the shape {shape_text(view.shape)}, not {shape_text(shape_of(wanted))}"
    relative, absolute = (0.0, within) if within else TOLERANCES.get(np.dtype(view.dtype).char, (0.0, 0.0))
    there, goal = np.array(view.cells, np.float64), np.array(wanted, np.float64).ravel()
    if np.isclose(there, goal, rtol=relative, atol=absolute).all():
        return None
    alike = written(view) == text_of(wanted)
    return f"{exact(view)}, not {text_of(wanted, str)}" if alike else f"{written(view)}, not {text_of(wanted)}"


def nested(cells: tuple[float, ...], shape: tuple[int, ...]) -> Numbers:
    """Return numbers, flat and row-major, nested by a shape."""
    if not shape:
        return float(cells[0])
    size = len(cells) // shape[0] if shape[0] else 0
    return tuple(nested(cells[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0]))


def text_of(numbers: Numbers, write: Callable[[float], str] = number) -> str:
    """Return numbers with 4 significant digits, or as `write` writes them: `12.0`, `[3.0, 2.0]`."""
    return f"[{', '.join(text_of(item, write) for item in numbers)}]" if isinstance(numbers, tuple) else write(numbers)


def exact(view: TensorView) -> str:
    """Return the elements of a tensor with every digit that its dtype has."""
    kind = np.dtype(view.dtype).type
    return text_of(nested(view.cells, () if view.item is not None else view.shape), lambda cell: str(kind(cell)))


def written(view: TensorView) -> str:
    """Return a tensor for people: its number, its numbers, or of many the shape."""
    if view.dtype.startswith("complex") or len(view.cells) != math.prod(view.shape):
        return f"a tensor of the shape {shape_text(view.shape)}"
    return text_of(nested(view.cells, () if view.item is not None else view.shape))
