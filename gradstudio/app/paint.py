"""The painter's vocabulary, shared by canvas and panels: text on cap height, cards, chips, pills, switches, glyphs, cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from gradstudio.app.metrics import Metrics
from gradstudio.app.theme import RADIUS, Shade, Theme, metrics_of

Align = Literal["l", "c", "r"]
Run = tuple[str, Shade] | tuple[str, Shade, int]  # text, colour, weight
ICON_SYMBOLS = frozenset({"snowflake", "layers", "scissors", "box", "anchor", "pin", "shuffle"})
WORD_ICONS = {  # symbols that are words too long for the square, and the icon that stands for them
    "relu": "trending-up", "tanh": "waves", "softmax": "chart-column", "log softmax": "chart-column", "transpose": "move-diagonal-2",
    "reshape": "grid-2x2", "view": "grid-2x2", "clone": "copy", "copy": "copy", "detach": "scissors", "✂": "scissors",
}  # fmt: skip
HINTS = QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing
SMOOTH = QPainter.RenderHint.SmoothPixmapTransform  # only where it is needed: with it Qt takes 20 times as long to copy pixels
NO_PEN, NO_BRUSH = QPen(Qt.PenStyle.NoPen), QBrush()  # an enum's member, in their place, is looked up in Python at each call
SHADOW_REACH = 16  # px that a shadow sticks out of its rectangle
SHADOW_DROP = 3


class Paint:
    """A QPainter that speaks the design: every colour is a token name (or a QColor), every font a role of the type scale."""

    __slots__ = ("painter", "ratio", "theme")

    def __init__(self, painter: QPainter, theme: Theme, ratio: float | None = None) -> None:
        """Wrap a painter. `ratio`: device pixels a unit, for sharp icons; the device's own by default (times the zoom, on the canvas)."""
        self.painter = painter
        self.theme = theme
        self.ratio = painter.device().devicePixelRatioF() if ratio is None else ratio
        painter.setRenderHints(HINTS)

    # ------------------------------------------------------------ shapes
    def fill(self, rect: QRectF | QRect, shade: Shade, alpha: float | None = None) -> None:
        """Fill a rectangle."""
        self.painter.fillRect(QRectF(rect), self.theme.color(shade, alpha))

    def rounded(
        self, rect: QRectF, radius: float, fill: Shade | None = None, stroke: Shade | None = None, width: float = 1.0,
        alpha: float | None = None, stroke_alpha: float | None = None, dash: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        """Fill and outline a rounded rectangle; the outline lies inside it."""
        self.painter.setBrush(self.theme.color(fill, alpha) if fill is not None else NO_BRUSH)
        inset = 0.0
        if stroke is None:
            self.painter.setPen(NO_PEN)
        else:
            self.painter.setPen(self.pen(stroke, width, stroke_alpha, dash))
            inset = width / 2
        corner = max(0.0, radius - inset)
        self.painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), corner, corner)

    def pen(
        self, shade: Shade, width: float = 1.0, alpha: float | None = None, dash: Sequence[float] | None = None, flat: bool = False
    ) -> QPen:
        """Return a pen, never to be changed; a dashed one has flat caps, another round ones unless `flat`."""
        return pen_of(self.theme.color(shade, alpha).rgba(), width, tuple(dash) if dash else (), flat or bool(dash))

    def line(
        self, x1: float, y1: float, x2: float, y2: float, shade: Shade = "line", width: float = 1.0, dash: Sequence[float] | None = None
    ) -> None:
        """Draw a line; a 1 px line that is level or upright is a crisp hairline."""
        self.painter.setPen(self.pen(shade, width, dash=dash, flat=True))
        shift = 0.5 if width == 1 else 0.0
        dx, dy = (shift if x1 == x2 else 0.0), (shift if y1 == y2 else 0.0)
        self.painter.drawLine(QPointF(x1 + dx, y1 + dy), QPointF(x2 + dx, y2 + dy))

    def hairline(self, x1: float, y1: float, x2: float, y2: float, shade: Shade = "line") -> None:
        """Draw a crisp 1 px divider."""
        self.line(x1, y1, x2, y2, shade)

    def dot(self, x: float, y: float, radius: float, fill: Shade | None, stroke: Shade | None = None, width: float = 1.5) -> None:
        """Draw a disc, a ring, or both."""
        self.painter.setBrush(self.theme.color(fill) if fill is not None else NO_BRUSH)
        self.painter.setPen(self.pen(stroke, width) if stroke is not None else NO_PEN)
        self.painter.drawEllipse(QPointF(x, y), radius, radius)

    def triangle(self, x: float, y: float, radius: float, shade: Shade, left: bool = False) -> None:
        """Draw an arrowhead that points right or left."""
        tip, back = (x - radius, x + radius * 0.7) if left else (x + radius, x - radius * 0.7)
        self.painter.setPen(NO_PEN)
        self.painter.setBrush(self.theme.color(shade))
        self.painter.drawPolygon(QPolygonF([QPointF(tip, y), QPointF(back, y - radius), QPointF(back, y + radius)]))

    # ------------------------------------------------------------ text
    def text(
        self, x: float, cy: float, words: str, role: str = "body", shade: Shade = "text", align: Align = "l",
        weight: int | None = None, width: float | None = None,
    ) -> float:  # fmt: skip
        """Write one line, centred on its cap height at cy; elided to `width`. Return its width."""
        return self.text_in(x, cy, words, self.theme.metrics(role, weight), shade, align, width)

    def text_in(
        self, x: float, cy: float, words: str, metrics: Metrics, shade: Shade = "text", align: Align = "l", width: float | None = None
    ) -> float:  # fmt: skip
        """Write one line in the font of some metrics; see `text`."""
        if width is not None:
            words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0.0, width))
        advance = metrics.horizontalAdvance(words)
        left = x - advance if align == "r" else x - advance / 2 if align == "c" else x
        self.painter.setFont(metrics.font_for(words))
        self.painter.setPen(self.theme.color(shade))
        self.painter.drawText(QPointF(left, round(cy + metrics.half_cap)), words)
        return advance

    def runs(self, x: float, cy: float, parts: Iterable[Run], role: str = "code") -> float:
        """Write runs of text of several colours and weights one after the other; return where they end."""
        for part in parts:
            x += self.text(x, cy, part[0], role, part[1], weight=part[2] if len(part) == 3 else None)
        return x

    def paragraph(self, rect: QRectF, words: str, role: str = "body", shade: Shade = "text2", line: float = 18) -> float:
        """Write wrapped text from the top of rect; return the height it took."""
        lines = wrapped(words, self.theme.metrics(role), rect.width())
        step = line * self.theme.scale
        for i, each in enumerate(lines):
            self.text(rect.left(), rect.top() + step * (i + 0.5), each, role, shade)
        return step * len(lines)

    # ------------------------------------------------------------ parts
    def picture(self, pixmap: QPixmap, target: QRectF, source: QRectF | None = None) -> None:
        """Draw a pixmap, or a part of it, stretched smoothly."""
        self.painter.setRenderHint(SMOOTH)
        self.painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()) if source is None else source)
        self.painter.setRenderHint(SMOOTH, False)

    def icon(self, name: str, cx: float, cy: float, size: float = 16, shade: Shade = "text2") -> None:
        """Draw an icon centred at a point."""
        pixmap = self.theme.icon(name, shade, size, self.ratio)
        self.picture(pixmap, QRectF(cx - size / 2, cy - size / 2, size, size))

    def shadow(self, rect: QRectF, radius: float) -> None:
        """Draw the soft shadow under a node, card or menu, from a cached nine-patch."""
        key = math.ceil(self.ratio * 2) / 2
        pixmap = shadow_patch(self.theme, radius, key)
        corner = SHADOW_REACH + radius + SHADOW_REACH
        outer = rect.adjusted(-SHADOW_REACH, -SHADOW_REACH, SHADOW_REACH, SHADOW_REACH)
        for target, source in nine_patches(outer, QRectF(0, 0, 2 * corner + 2, 2 * corner + 2), corner):
            self.picture(pixmap, target, QRectF(source.x() * key, source.y() * key, source.width() * key, source.height() * key))

    def card(self, rect: QRectF, radius: float = RADIUS["card"], fill: Shade = "panel", stroke: Shade = "line2") -> None:
        """Draw the body of a floating card: shadow, fill, edge."""
        self.shadow(rect, radius)
        self.rounded(rect, radius, fill, stroke)

    def chip(
        self, x: float, cy: float, words: str, role: str = "caption", shade: Shade = "text2", fill: Shade | None = "raised",
        stroke: Shade | None = None, align: Align = "l", height: float = 18, icon: str | None = None, pad: float = 6,
    ) -> QRectF:  # fmt: skip
        """Draw a small label on a plate; return the plate."""
        room = 15.0 if icon else 0.0
        width = round(self.theme.metrics(role).horizontalAdvance(words) + 2 * pad + room)
        left = round(x - width if align == "r" else x - width / 2 if align == "c" else x)
        plate = QRectF(left, cy - height / 2, width, height)
        self.rounded(plate, RADIUS["chip"] if height < 22 else RADIUS["control"], fill, stroke)
        if icon:
            self.icon(icon, left + pad + 5, cy, 12, shade)
        self.text(left + pad + room, cy, words, role, shade)
        return plate

    def key_cap(self, x: float, cy: float, words: str, align: Align = "l") -> float:
        """Draw a key (`Ctrl K`); return its width."""
        width = max(18.0, round(self.theme.metrics("caption", 500).horizontalAdvance(words) + 10))
        left = x - width if align == "r" else x - width / 2 if align == "c" else x
        self.rounded(QRectF(left, cy - 9, width, 18), RADIUS["chip"], "raised", "line2")
        self.text(left + width / 2, cy, words, "caption", "text2", "c", 500)
        return width

    def pill(self, cx: float, cy: float, words: str, value: float | None = None, halo: Shade = "canvas") -> None:
        """Draw the pill of a wire. `value` gives the sign's colour; None (a norm) and 0 are ink."""
        self.pill_plate(pill_rect(self.theme, cx, cy, words), value, halo)
        self.pill_words(cx, cy, words, value)

    def pill_plate(self, rect: QRectF, value: float | None, halo: Shade = "canvas") -> None:
        """Draw what the words of a pill stand on."""
        self.rounded(rect.adjusted(-2, -2, 2, 2), rect.height() / 2 + 2, halo)
        hue = self.theme.gradient(value) if value else None
        fill = self.theme.mix("node", hue, 0.16) if hue else self.theme.color("node")
        self.rounded(rect, rect.height() / 2, fill, hue or ("wire" if value == 0 else "text3"), stroke_alpha=0.75 if hue else None)

    def pill_words(self, cx: float, cy: float, words: str, value: float | None) -> None:
        """Write the words of a pill."""
        ink: Shade = self.theme.gradient(value) if value else "text2" if value == 0 else "text"
        self.text(cx, cy, words, "number", ink, "c", 600)

    def switch(self, x: float, cy: float, on: bool) -> None:
        """Draw a switch of 26 by 14 with its left edge at x; the knob's place says on or off, not the colour."""
        plate = QRectF(x, cy - 7, 26, 14)
        if on:
            self.rounded(plate, 7, "text")
            self.dot(x + 19, cy, 5, "node")
        else:
            self.rounded(plate, 7, "node", "text3", 1.25)
            self.dot(x + 7, cy, 4, "text3")

    def leaf_glyph(self, cx: float, cy: float, filled: bool = True, shade: Shade = "text") -> None:
        """Draw the diamond of a leaf: filled if it requires grad."""
        d = 5.2
        self.painter.setPen(self.pen(shade, 1.6))
        self.painter.setBrush(self.theme.color(shade) if filled else NO_BRUSH)
        self.painter.drawPolygon(QPolygonF([QPointF(cx, cy - d), QPointF(cx + d, cy), QPointF(cx, cy + d), QPointF(cx - d, cy)]))

    def op_glyph(self, cx: float, cy: float, symbol: str, shade: Shade = "text") -> None:
        """Draw the rounded square of an op with its symbol: up to three letters, an icon (of ICON_SYMBOLS, or one for a word), else ƒ."""
        self.rounded(QRectF(cx - 9, cy - 9, 18, 18), 5, self.theme.mix("nodeHead", "text", 0.10))
        icon = symbol if symbol in ICON_SYMBOLS else WORD_ICONS.get(symbol)
        if icon:
            self.icon(icon, cx, cy, 12, shade)
            return
        letters = symbol if len(symbol) <= 3 else "ƒ"
        self.text_in(cx, cy, letters, symbol_metrics(letters), shade, "c")

    def hatch(self, path: QPainterPath, shade: Shade = "line2", alpha: float = 0.45, gap: int = 7) -> None:
        """Fill a path with the diagonal hatch of what runs under no_grad."""
        self.painter.save()
        self.painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
        self.painter.setPen(self.pen(shade, 1.0, alpha, flat=True))
        box = path.boundingRect()
        start = math.floor((box.left() - box.height()) / gap) * gap
        xs = range(start, math.ceil(box.right()), gap)
        self.painter.drawLines([line for x in xs for line in (QPointF(x, box.bottom()), QPointF(x + box.height(), box.top()))])
        self.painter.restore()

    def cells(
        self, x: float, y: float, rows: Sequence[Sequence[float]], width: float, height: float,
        gradient: bool = False, largest: float | None = None, words: Sequence[Sequence[str]] | None = None, gap: float = 1,
    ) -> None:  # fmt: skip
        """Draw numbers as a heat map from x, y: ink for values, the signed scale for gradients (`largest`: the end of the scale)."""
        top = largest or largest_of(rows)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                color = cell_color(self.theme, value, top, gradient)
                rect = QRectF(x + j * (width + gap), y + i * (height + gap), width, height)
                self.rounded(rect, 2 if height < 12 else 3, color)
                if words:
                    self.text(rect.center().x(), rect.center().y(), words[i][j], "code", self.theme.ink_on(color), "c", 500, width)

    def legend_ramp(self, rect: QRectF) -> None:
        """Draw the signed scale as a wedge, thin at zero: blue to the left, orange to the right."""
        pixmap = ramp_picture(self.theme, rect.width(), rect.height(), math.ceil(self.ratio * 4) / 4)
        self.picture(pixmap, rect)


@lru_cache(maxsize=1024)
def pen_of(rgba: int, width: float, dash: tuple[float, ...], flat: bool) -> QPen:
    """Return a pen of a colour (`#AARRGGBB` as a number). Cached: a frame has some hundred of a few kinds."""
    pen = QPen(QColor.fromRgba(rgba), width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if flat else Qt.PenCapStyle.RoundCap)
    if dash:
        pen.setDashPattern(list(dash))
    return pen


def cell_color(theme: Theme, value: float, largest: float, gradient: bool) -> QColor:
    """Return the colour of one cell; a value that is not finite is crimson."""
    if not math.isfinite(value):
        return theme.color("error")
    share = max(-1.0, min(1.0, value / largest)) if largest else 0.0
    if not gradient:
        return theme.value(share)
    if not value:
        return theme.color("raised")
    return theme.mix("node", theme.gradient(value, max(0.15, abs(share))), 0.25 + 0.75 * abs(share))


def largest_of(rows: Sequence[Sequence[float]]) -> float:
    """Return the largest finite magnitude in rows; a tiny number where there is none."""
    return max((abs(v) for row in rows for v in row if math.isfinite(v)), default=0.0) or 1e-9


def pill_rect(theme: Theme, cx: float, cy: float, words: str) -> QRectF:
    """Return the plate of a pill centred at a point."""
    width = round(theme.metrics("number", 600).horizontalAdvance(words) + 14)
    return QRectF(round(cx - width / 2), round(cy - 10), width, 20)


def symbol_metrics(symbol: str) -> Metrics:
    """Return the metrics of the font in which an op's symbol fits its square: Inter for one letter, mono and smaller for more."""
    size = {1: 15, 2: 12}.get(len(symbol), 11)
    family = "ui" if len(symbol) == 1 else "mono"
    return metrics_of(family, size, 600)


def wrapped(words: str, metrics: Metrics, width: float) -> list[str]:
    """Break text into lines that fit a width; line breaks stay, a word that is too long stands alone."""
    lines: list[str] = []
    for stretch in words.split("\n"):
        line = ""
        for word in stretch.split(" "):
            longer = f"{line} {word}" if line else word
            if line and metrics.horizontalAdvance(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


@lru_cache(maxsize=64)
def shadow_patch(theme: Theme, radius: float, ratio: float) -> QPixmap:
    """Return a shadow to be stretched as nine patches: eight stacked rounded rectangles round a middle of 2 px."""
    side = 2 * (SHADOW_REACH + radius + SHADOW_REACH) + 2
    pixmap = QPixmap(math.ceil(side * ratio), math.ceil(side * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.scale(ratio, ratio)
    paint = Paint(painter, theme, ratio)
    base = QRectF(SHADOW_REACH, SHADOW_REACH, side - 2 * SHADOW_REACH, side - 2 * SHADOW_REACH)
    for i in range(8):
        e = i * 1.6
        alpha = (0.09 if theme.dark else 0.022) * (1 - i / 8)
        paint.rounded(base.adjusted(-e, SHADOW_DROP - e, e, SHADOW_DROP + e), radius + e, "shadow", alpha=alpha)
    painter.end()
    return pixmap


@lru_cache(maxsize=16)
def ramp_picture(theme: Theme, width: float, height: float, ratio: float) -> QPixmap:
    """Return the signed scale as a wedge."""
    pixmap = QPixmap(math.ceil(width * ratio), math.ceil(height * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.scale(pixmap.width() / width, pixmap.height() / height)
    paint = Paint(painter, theme, ratio)
    n = max(2, int(width / 2))
    step = width / n
    for i in range(n):
        at = (i + 0.5) / n * 2 - 1
        tall = 2 + (height - 2) * abs(at)
        paint.fill(QRectF(i * step, (height - tall) / 2, step + 0.3, tall), theme.gradient(at, max(0.02, abs(at))))
    painter.end()
    return pixmap


def nine_patches(outer: QRectF, source: QRectF, corner: float) -> list[tuple[QRectF, QRectF]]:
    """Return (target, source) of the nine patches that stretch source to outer and leave its corners alone."""
    across = min(corner, outer.width() / 2), min(corner, outer.height() / 2)
    target = [_thirds(outer.left(), outer.width(), across[0]), _thirds(outer.top(), outer.height(), across[1])]
    origin = [_thirds(source.left(), source.width(), corner), _thirds(source.top(), source.height(), corner)]
    return [
        (QRectF(tx, ty, tw, th), QRectF(sx, sy, sw, sh))
        for (tx, tw), (sx, sw) in zip(target[0], origin[0], strict=True)
        for (ty, th), (sy, sh) in zip(target[1], origin[1], strict=True)
    ]


def _thirds(start: float, length: float, corner: float) -> list[tuple[float, float]]:
    return [(start, corner), (start + corner, length - 2 * corner), (start + length - corner, corner)]
