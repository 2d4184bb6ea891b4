"""How one track is painted: base line, filled levels, their numbers and arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from gradstudio.app.paint import NO_PEN, Paint
from gradstudio.app.panels.timeline.tracks import Level, Track, height_of
from gradstudio.app.theme import Theme

ABOVE, BELOW = 14.0, 9.0  # room over the highest and under the lowest level of a track
MANY = 64  # levels; from here on magnitudes share colours in classes
CLASSES = 16


class Placed(NamedTuple):
    """A level in px."""

    left: float
    right: float
    y: float
    level: Level


def y_of(track: Track, value: float | None, height: float) -> float:
    """Return the height of a value in a track `height` px high, from its top."""
    return height - BELOW - (height - ABOVE - BELOW) * height_of(value, track.low, track.high)


def draw_track(paint: Paint, track: Track, end: int, width: float, height: float) -> None:
    """Paint one track into width by height; the axis has `end` steps."""
    pixel = width / end if end else 0.0
    zero = y_of(track, 0.0, height)
    paint.hairline(0, round(zero), width, round(zero))
    placed = [Placed(level.start * pixel, level.end * pixel, y_of(track, level.value, height), level) for level in track.levels(pixel)]
    paint.painter.setPen(NO_PEN)
    if len(placed) > 1:  # rectangles are filled much faster than lines are drawn
        paint.painter.setBrush(paint.theme.color("line2"))
        paint.painter.drawRects([QRectF(b.left, min(a.y, b.y), 1, abs(b.y - a.y)) for a, b in pairwise(placed)])
    for color, group in by_color(paint.theme, track, placed):
        draw_levels(paint, color, group, zero)
    draw_labels(paint, track, placed, zero)


def by_color(theme: Theme, track: Track, placed: Sequence[Placed]) -> Iterator[tuple[QColor, list[Placed]]]:
    """Yield levels that share a colour: long runs are painted in a few calls."""
    largest = max(abs(track.low), abs(track.high)) or 1.0
    groups: dict[float, list[Placed]] = {}
    for each in placed:
        value = each.level.value
        if value is not None:
            share = value / largest
            if len(placed) > MANY and math.isfinite(share):
                share = math.ceil(CLASSES * share) / CLASSES
            groups.setdefault(share if value else 0.0, []).append(each)
    for group in groups.values():
        yield level_color(theme, track, group[-1].level.value or 0.0), group


def level_color(theme: Theme, track: Track, value: float) -> QColor:
    """Return the colour of a level: by sign and size; ink for a norm; grey for zero."""
    if not math.isfinite(value):
        return theme.color("error")
    if not value:
        return theme.color("text3")
    largest = max(abs(track.low), abs(track.high)) or 1.0
    return theme.gradient(value, 0.35 + 0.65 * abs(value) / largest) if track.signed else theme.color("text2")


def draw_levels(paint: Paint, color: QColor, placed: Sequence[Placed], zero: float) -> None:
    """Paint the fill under levels and the line on them; zero is a thinner line alone."""
    filled = [each for each in placed if each.level.value]
    paint.painter.setPen(NO_PEN)
    paint.painter.setBrush(paint.theme.color(color, 0.13))
    paint.painter.drawRects([QRectF(QPointF(a.left, min(zero, a.y)), QPointF(a.right, max(zero, a.y))) for a in filled])
    thick = 2.0 if filled else 1.5
    paint.painter.setBrush(color)
    paint.painter.drawRects([QRectF(a.left, a.y - thick / 2, a.right - a.left, thick) for a in placed])


def draw_labels(paint: Paint, track: Track, placed: Sequence[Placed], zero: float) -> None:
    """Paint each level's number where it fits over the level, and its arithmetic where nothing stands behind it."""
    if not placed:
        return
    following = placed[-1].right  # nothing is written across the playhead
    if placed[-1].right - placed[-1].left < 1:
        following, placed = draw_fresh(paint, track, placed, zero), placed[:-1]
    for each in reversed(placed):
        if each.right - each.left > 20:
            draw_label(paint, track, each, min(each.y, zero) - 8, following)
        following = each.left if each.level.value else following


def draw_fresh(paint: Paint, track: Track, placed: Sequence[Placed], zero: float) -> float:
    """Paint what the step on show wrote, and its arithmetic, left of the playhead, where nothing stands. Return where that begins."""
    last, before = placed[-1], placed[-2] if len(placed) > 1 else None
    label, measure = track.label(last.level), paint.theme.metrics("code", 600).horizontalAdvance
    left = last.left - measure(label) - 8
    taken = before.left + measure(track.label(before.level)) + 12 if before and before.level.value else 0.0
    if not label or left < taken:
        return last.left
    shade = paint.theme.gradient_text(last.level.value) if track.signed else paint.theme.color("text2")
    cy, note = min(last.y, zero) - 8, track.note(last.level)
    paint.text(left, cy, label, "code", shade, weight=600)
    room = left - 8 - paint.theme.metrics("caption").horizontalAdvance(note)
    if not note or room < taken:
        return left
    paint.text(room, cy, note, "caption", "text3")
    return room


def draw_label(paint: Paint, track: Track, placed: Placed, cy: float, following: float) -> None:
    """Paint the number of one level; `following` is where the next number may stand."""
    label = track.label(placed.level)
    needed = paint.theme.metrics("code", 600).horizontalAdvance(label)
    if not label or placed.right - placed.left <= needed + 8:
        return
    shade = paint.theme.gradient_text(placed.level.value) if track.signed else paint.theme.color("text2")
    paint.text(placed.left + 5, cy, label, "code", shade, weight=600)
    note = track.note(placed.level)
    if note and following - placed.left > needed + 16 + paint.theme.metrics("caption").horizontalAdvance(note):
        paint.text(placed.left + 5 + needed + 8, cy, note, "caption", "text3")
