"""Labels of a step card's terms: on as many lines as a long local derivative needs, up to four, and where that cuts it, told whole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from gradstudio.app.theme import metrics

if TYPE_CHECKING:
    from gradstudio.app.paint import Paint

MOST, LINE = 4, 15.0  # lines of a label, and the height of one
SLACK = 4.0  # px that a label may lack and stay on one line, elided: a row does not grow for so little
ROLE = "code"
BREAKS = re.compile(r"(?<=[ ·])|(?<=/)(?=∂)|(?<=\))(?=\()")  # after a space or a product's sign, between ∂y/ and ∂x, between factors


@lru_cache(maxsize=512)
def lines(label: str, room: float) -> tuple[str, ...]:
    """Return a label's lines: what the fourth has no room for painting elides. Names break after `_` if they must."""
    width = metrics(ROLE).horizontalAdvance
    if width(label) <= room + SLACK:
        return (label,)
    found = [""]
    pieces = [part for piece in BREAKS.split(label) for part in ([piece] if width(piece) <= room else re.split("(?<=_)", piece))]
    for piece in pieces:
        if found[-1] and len(found) < MOST and width((found[-1] + piece).rstrip()) > room:
            found.append("")
        found[-1] += piece
    return tuple([line.strip() for line in found])


def height_added(labels: Iterable[tuple[str, float]]) -> float:
    """Return how much higher a row is for labels, with their rooms, of several lines."""
    return LINE * (max((len(lines(label, room)) for label, room in labels), default=1) - 1)


def cut(label: str, room: float) -> bool:
    """Return whether a label is not whole on its lines."""
    return any(metrics(ROLE).horizontalAdvance(line) > room for line in lines(label, room))


def draw_label(paint: Paint, label: str, x: float, last: float, room: float) -> None:
    """Paint a label centred at x, its last line at a height."""
    shown = lines(label, room)
    for i, line in enumerate(shown):
        paint.text(x, last - LINE * (len(shown) - 1 - i), line, ROLE, "text2", "c", width=room)
