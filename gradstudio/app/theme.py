"""Colours, fonts, icons and sizes, all read from resources/theme/tokens.json."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

from msgspec import Struct
from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from gradstudio.app.metrics import Metrics
from gradstudio.resources import resource

TOKENS: Final[dict[str, Any]] = json.loads(resource("theme", "tokens.json").read_text(encoding="utf-8"))
SIZE: Final[dict[str, float]] = TOKENS["size"]
RADIUS: Final[dict[str, int]] = TOKENS["radius"]
SPACE: Final[tuple[int, ...]] = tuple(TOKENS["space"])
Z: Final[dict[str, int]] = TOKENS["z"]
WIRE: Final[dict[str, Any]] = TOKENS["wire"]
OPACITY: Final[dict[str, float]] = TOKENS["opacity"]
MOTION: Final[dict[str, Any]] = TOKENS["motion"]
MODES: Final = ("system", "dark", "light")
SHADES = 256  # of a ramp
SMALLEST_TEXT = 11  # px: the floor of the type scale

Shade = str | QColor  # the name of a token ("text2"), a hex colour, or a QColor


class Theme:
    """One of the two colour schemes, at one UI scale. Get it from `named`; it never changes."""

    def __init__(self, name: str, scale: float = 1.0) -> None:
        self.name = name
        self.dark = name == "dark"
        self.scale = scale
        table = TOKENS["color"][name]
        self._colors = {key: QColor(value) for key, value in table.items() if isinstance(value, str)}
        self._stops = {key: stops for key, stops in table["gradient"].items() if isinstance(stops, list)}
        self._ramps: dict[str, list[QColor]] = {}  # those that were asked for

    def color(self, shade: Shade, alpha: float | None = None) -> QColor:
        """Return a colour by token name, hex text or as it is; with `alpha` from 0 to 1 a copy that is as opaque. Never change it."""
        found = self._colors.get(shade) if isinstance(shade, str) else shade
        if alpha is None:
            return QColor(shade) if found is None else found
        color = QColor(shade) if found is None else QColor(found)
        color.setAlphaF(alpha)
        return color

    def mix(self, a: Shade, b: Shade, t: float) -> QColor:
        """Return the colour that lies `t` of the way from a to b."""
        x, y = self.color(a), self.color(b)
        return QColor.fromRgbF(*(p + (q - p) * t for p, q in zip(_rgb(x), _rgb(y), strict=True)))

    def gradient(self, value: float, t: float = 1.0) -> QColor:
        """Return the colour of a signed gradient at `t` of the scale: orange above zero, blue below, grey at 0, crimson if not finite."""
        if not math.isfinite(value):
            return self.color("error")
        if value == 0:
            return self.color("text3")
        return self._ramp("positive" if value > 0 else "negative", t)

    def norm(self, t: float) -> QColor:
        """Return the colour of an unsigned magnitude: jade."""
        return self._ramp("norm", t)

    def value(self, t: float) -> QColor:
        """Return the ink of a value in a heat map, `t` from -1 to 1."""
        return self.mix("v1", "v2" if t >= 0 else "v0", min(1.0, abs(t)))

    def gradient_text(self, value: float | None) -> QColor:
        """Return the colour of a gradient written as a number: full orange or blue, text2 for 0, text3 for None, crimson for NaN."""
        if value is None:
            return self.color("text3")
        return self.gradient(value) if value else self.color("text2")

    def ink_on(self, fill: QColor) -> QColor:
        """Return black or white, whichever is legible on a fill."""
        return QColor("#0E1013" if luminance(fill) > 0.19 else "#FFFFFF")

    def font(self, role: str, weight: int | None = None) -> QFont:
        """Return the font of a role of the type scale (`body`, `code`, ...), at this theme's UI scale."""
        return font(role, weight, self.scale)

    def metrics(self, role: str, weight: int | None = None) -> Metrics:
        """Return the metrics of `font(role, weight)`."""
        return metrics(role, weight, self.scale)

    def px(self, size: float) -> int:
        """Return a size of the design in pixels at this theme's UI scale."""
        return math.floor(size * self.scale + 0.5)

    def icon(self, name: str, shade: Shade = "text2", size: float = 16, ratio: float = 1.0) -> QPixmap:
        """Return an icon as a pixmap, tinted; `ratio` is the device pixel ratio (times the zoom, on the canvas)."""
        return icon_pixmap(name, self.color(shade).rgba(), float(size), math.ceil(ratio * 4) / 4)

    def qicon(self, name: str, shade: Shade = "text2", size: int = 16) -> QIcon:
        """Return an icon for a button or menu, greyed when disabled, sharp at device ratios 1 and 2."""
        icon = QIcon()
        for ratio in (1.0, 2.0):
            icon.addPixmap(self.icon(name, shade, self.px(size), ratio), QIcon.Mode.Normal)
            icon.addPixmap(self.icon(name, self.color(shade, OPACITY["disabled"]), self.px(size), ratio), QIcon.Mode.Disabled)
        return icon

    def _ramp(self, kind: str, t: float) -> QColor:
        if kind not in self._ramps:
            self._ramps[kind] = self._shades(self._stops[kind])
        return self._ramps[kind][math.floor(max(0.0, min(1.0, t)) * (SHADES - 1) + 0.5)]

    def _shades(self, stops: list[str]) -> list[QColor]:
        """Return a ramp's shades, worked out once: screens show no more."""
        scale = (len(stops) - 1) / (SHADES - 1)
        places = [(i * scale, min(int(i * scale), len(stops) - 2)) for i in range(SHADES)]
        return [self.mix(stops[low], stops[low + 1], at - low) for at, low in places]


@cache
def named(name: str, scale: float = 1.0) -> Theme:
    """Return the theme `dark` or `light`; the same object each time."""
    return Theme(name, scale)


class GradientRange(Struct, frozen=True):
    """The colour range of a pass: smallest and largest magnitude on its wires. Fixed inside a pass, so a colour keeps its meaning."""

    gmin: float | None = None
    gmax: float | None = None

    @property
    def decades(self) -> int:
        """How many powers of ten are on show: 2 to 6."""
        return decades_between(self.gmin, self.gmax)

    def t(self, g: float) -> float:
        """Return where a magnitude lies on the scale: 0 for 0, else from 0.08 to 1, logarithmic."""
        size = abs(g)
        if size == 0:
            return 0.0
        if not math.isfinite(size) or not self.gmax:
            return 1.0
        share = size / self.gmax
        return float(max(WIRE["tFloor"], min(1.0, 1 + math.log10(share) / self.decades))) if share else float(WIRE["tFloor"])

    def width(self, g: float) -> float:
        """Return the width of a wire that carries g: 2 to 7 px."""
        return width_at(self.t(g))


def width_at(t: float) -> float:
    """Return the width of a wire at a place on the scale, from 0 to 1."""
    return float(WIRE["gradMin"] + (WIRE["gradMax"] - WIRE["gradMin"]) * t)


@lru_cache(maxsize=64)
def decades_between(low: float | None, high: float | None) -> int:
    """Return how many powers of ten a range of magnitudes is shown with: 2 to 6."""
    least, most = WIRE["decadesMin"], WIRE["decadesMax"]
    if not low or not high:
        return int(least)
    return int(max(least, min(most, math.ceil(round(math.log10(high / low), 9)))))


@cache
def load_fonts() -> tuple[str, ...]:
    """Register the bundled fonts once an application exists; return the file names that Qt did not take."""
    files = sorted(resource("fonts").glob("*.ttf"))
    return tuple(f.name for f in files if QFontDatabase.addApplicationFont(str(f)) < 0)


@cache
def font(role: str, weight: int | None = None, scale: float = 1.0) -> QFont:
    """Return the font of a role of the type scale. Unhinted, so that letters are spaced alike at every zoom."""
    size, own_weight, family = TOKENS["type"]["role"][role]
    return font_of(family, size * scale, weight or own_weight)


@cache
def font_of(family: str, size: float, weight: int = 400) -> QFont:
    """Return a font by family (`ui`, `mono`), size in px (rounded, 11 at least) and weight."""
    load_fonts()
    made = QFont([TOKENS["type"]["family"][family], TOKENS["type"]["fallback"][family]])
    made.setPixelSize(max(SMALLEST_TEXT, math.floor(size + 0.5)))
    made.setWeight(QFont.Weight(weight))
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
    return made


@cache
def metrics_of(family: str, size: float, weight: int = 400) -> Metrics:
    """Return the metrics of `font_of(family, size, weight)`."""
    return Metrics(font_of(family, size, weight))


@cache
def metrics(role: str, weight: int | None = None, scale: float = 1.0) -> Metrics:
    """Return the metrics of the font of a role."""
    return Metrics(font(role, weight, scale))


@lru_cache(maxsize=4096)
def icon_pixmap(name: str, argb: int, size: float, ratio: float) -> QPixmap:
    """Draw a Lucide icon in one colour (`#AARRGGBB` as a number); `size` in px, `ratio` device pixels a px. Cached."""
    color = QColor.fromRgba(argb)
    stroke = 1.75 * 24 / size / 1.33 if size < 16 else 2.01  # 1.75 at 16 px; a little bolder below, to stay legible
    svg = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    svg = svg.replace("currentColor", color.name()).replace('stroke-width="2"', f'stroke-width="{stroke:.2f}"')
    side = max(1, math.ceil(size * ratio))
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(color.alphaF())
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(QPointF(), pixmap.size().toSizeF()))
    painter.end()
    pixmap.setDevicePixelRatio(side / size)
    return pixmap


def luminance(color: QColor) -> float:
    """Return the relative luminance of WCAG 2, 0 to 1."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: QColor, b: QColor) -> float:
    """Return the contrast ratio of WCAG 2, 1 to 21."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def system_theme() -> str:
    """Return the desktop's colour scheme: `dark` or `light`; dark where it does not say."""
    return "light" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else "dark"


def resolved(mode: str) -> str:
    """Return the theme that a mode (`system`, `dark`, `light`) means now."""
    return mode if mode in ("dark", "light") else system_theme()


def on_system_change(slot: Callable[[], None]) -> None:
    """Call slot, a method of a QObject, whenever the desktop changes its colour scheme, as long as that object lives."""
    QGuiApplication.styleHints().colorSchemeChanged.connect(slot)


_worn = [1.0]


def ui_scale() -> float:
    """Return the UI scale, 1.0 at 100 %: that of the theme that the application wears."""
    return _worn[0]


def apply(app: QApplication, theme: Theme) -> None:
    """Dress the application in the theme's palette, font and small style sheet, over Fusion. One that wears it is left alone."""
    load_fonts()
    _worn[:] = [theme.scale]
    sheet, font = style_sheet(theme), theme.font("body")
    if app.styleSheet() == sheet and app.font() == font:  # all widgets would be polished anew for nothing
        return
    app.setPalette(palette(theme))
    app.setFont(font)
    app.setStyleSheet(sheet)


def palette(theme: Theme) -> QPalette:
    """Return Qt's palette in the theme's colours."""
    role, group, c = QPalette.ColorRole, QPalette.ColorGroup, theme.color
    made = QPalette()
    table = {
        role.Window: "panel", role.WindowText: "text", role.Base: "sunken", role.AlternateBase: "raised", role.Text: "text",
        role.PlaceholderText: "text3", role.Button: "raised", role.ButtonText: "text", role.BrightText: "error",
        role.Light: "hover", role.Midlight: "line", role.Mid: "line2", role.Dark: "line2", role.Shadow: "shadow",
        role.Highlight: "accentFill", role.HighlightedText: "onAccent", role.Link: "accent", role.LinkVisited: "accent",
        role.ToolTipBase: "raised", role.ToolTipText: "text", role.Accent: "accent",
    }  # fmt: skip
    for each, shade in table.items():
        made.setColor(each, c(shade))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(group.Disabled, each, theme.mix("panel", "text3", 0.6))
    made.setColor(group.Disabled, role.Highlight, c("hover"))
    return made


def style_sheet(theme: Theme) -> str:
    """Return the few rules that the palette cannot say: fields, menus, tool tips, scroll bars, splitters, focus rings."""
    colors = {f"@{name}": theme.color(name).name() for name in sorted(TOKENS["color"]["dark"], key=len, reverse=True) if name != "gradient"}
    sheet = _SHEET
    for name, value in colors.items():
        sheet = sheet.replace(name + ";", value + ";").replace(name + " ", value + " ")
    return sheet


_SHEET = """
QToolTip { background: @raised; color: @text; border: 1px solid @line2; padding: 4px 6px; }
QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox { background: @sunken; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 3px 7px; selection-background-color: @accentFill; selection-color: @onAccent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus { border: 2px solid @focus; padding: 2px 6px; }
QLineEdit:disabled { color: @text3; background: @panel; }
QPushButton { background: @raised; color: @text; border: 1px solid @line2; border-radius: 6px; padding: 5px 14px; min-width: 56px; }
QPushButton:hover { background: @hover; }
QPushButton:default { background: @accentFill; color: @onAccent; border: 1px solid @accentFill; }
QPushButton:focus { border: 2px solid @focus; padding: 4px 13px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QPushButton:disabled { background: @panel; color: @text3; border: 1px solid @line; }
QMenu { background: @panel; color: @text; border: 1px solid @line2; padding: 5px; }
QMenu::item { padding: 5px 22px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: @hover; }
QMenu::item:disabled { color: @text3; }
QMenu::separator { height: 1px; background: @line; margin: 5px 4px; }
QMenuBar { background: @panel; color: @text; }
QMenuBar::item { padding: 4px 8px; background: transparent; border-radius: 4px; }
QMenuBar::item:selected { background: @hover; }
QSplitter::handle { background: @line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @line2; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: @text3; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractItemView { background: @panel; color: @text; border: none; outline: none; }
QAbstractItemView::item:hover { background: @hover; }
QAbstractItemView::item:selected { background: @hover; color: @text; }
"""


def _rgb(color: QColor) -> tuple[float, float, float]:
    return color.redF(), color.greenF(), color.blueF()
