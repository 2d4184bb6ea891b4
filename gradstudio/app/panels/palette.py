"""PalettePanel: everything that can be added, as tiles to drag or press, and a field that finds them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDrag, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QVBoxLayout, QWidget

from gradstudio.app.change import Change
from gradstudio.app.paint import Paint
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE, font_of
from gradstudio.app.widgets.catalog import CONSTANT, MIME, OPEN, TITLES, Item, find, section
from gradstudio.app.widgets.drawn import begin, sized, theme_of, ui_scale
from gradstudio.app.widgets.overlay_scroll import OverlayScroll
from gradstudio.app.widgets.plain import set_tip
from gradstudio.document.graph import LEAF

LEFT, TILE, PITCH, ACROSS = 12.0, (91.0, 27.0), 30.0, 93.0
HEADER = 32.0


class Tile(QAbstractButton):
    """One thing to add. A drag carries its key; a click or Enter asks for it."""

    def __init__(self, studio: Studio, item: Item, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio, self.item = studio, item
        self._pressed_at: QPoint | None = None
        self.setAccessibleName(item.title)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFixedSize(sized(*TILE))

    def describe(self) -> None:
        """Say what it is, to the pointer and to a screen reader."""
        if not self.accessibleDescription():
            self.setAccessibleDescription(self.item.tip)
            set_tip(self, f"{self.item.title}: {self.item.tip}")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the plate, the icon and the word."""
        painter, paint = begin(self, self.studio)
        self.draw(paint, self.underMouse() or self.isDown())
        painter.end()

    def draw(self, paint: Paint, lit: bool) -> None:
        """Draw the tile from the origin."""
        rect = QRectF(0, 0, *TILE)
        paint.rounded(rect, 5, "hover" if lit else "raised", alpha=1.0 if lit else 0.75)
        if self.hasFocus():
            paint.rounded(rect, 5, None, "focus", 2)
        left = 29.0
        if self.item.key in (LEAF, CONSTANT):
            paint.leaf_glyph(15, 13.5, self.item.key == LEAF, "text2")
        elif self.item.icon:
            paint.icon(self.item.icon, 15, 13.5, 14, "text2")
        elif 0 < len(self.item.symbol) <= 3 and self.item.symbol != self.item.title:
            font = font_of("ui" if len(self.item.symbol) == 1 else "mono", 13 if len(self.item.symbol) == 1 else 11, 500)
            paint.painter.setFont(font)
            paint.painter.setPen(paint.theme.color("text2"))
            paint.painter.drawText(QRectF(0, 0, 30, TILE[1]), Qt.AlignmentFlag.AlignCenter, self.item.symbol)
        else:
            left = 10.0
        paint.text(left, 13.5, self.item.title, "body", width=TILE[0] - left - 4)

    def picture(self) -> QPixmap:
        """Return the tile as it follows the pointer."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(0, 0, 0, 0))
        painter = QPainter(pixmap)
        painter.scale(ui_scale(), ui_scale())
        self.draw(Paint(painter, theme_of(self.studio), ratio * ui_scale()), True)
        painter.end()
        return pixmap

    def mime(self) -> QMimeData:
        """Return what a drag carries."""
        data = QMimeData()
        data.setData(MIME, self.item.key.encode())
        return data

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin what becomes a click or a drag."""
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Start the drag."""
        start = self._pressed_at
        if start is None or (event.position().toPoint() - start).manhattanLength() < QApplication.startDragDistance():
            return
        self._pressed_at = None
        self.setDown(False)
        drag = QDrag(self)
        drag.setMimeData(self.mime())
        drag.setPixmap(self.picture())
        drag.setHotSpot(start)
        drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that was no drag is a click."""
        self._pressed_at = None
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the tile, as Space does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Section(QAbstractButton):
    """A title that opens and closes the tiles under it. They are made when it is first opened."""

    def __init__(self, studio: Studio, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio, self.title = studio, title
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(sized(0, HEADER).height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the chevron and the title."""
        painter, paint = begin(self, self.studio)
        paint.icon("chevron-down" if self.isChecked() else "chevron-right", 18, HEADER / 2, 13, "text2" if self.underMouse() else "text3")
        paint.text(29, HEADER / 2, self.title, "bodyStrong")
        if self.hasFocus():
            paint.rounded(QRectF(8, 4, self.width() / ui_scale() - 16, HEADER - 8), 6, None, "focus", 2)
        painter.end()


class Field(QLineEdit):
    """Finds tiles as one types; shows the key that leads to it."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.setPlaceholderText("Add a node")
        self.setAccessibleName("Add a node")
        self.setClearButtonEnabled(False)
        self.setFixedHeight(sized(0, 28).height())
        self.setTextMargins(round(20 * ui_scale()), 0, round(26 * ui_scale()), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the lens and the key cap over the line."""
        super().paintEvent(event)
        painter, paint = begin(self, self.studio)
        middle, width = self.height() / ui_scale() / 2, self.width() / ui_scale()
        paint.icon("search", 15, middle, 13, "text3")
        if not self.text():
            paint.key_cap(width - 6, middle, "A", "r")
        painter.end()


class PalettePanel(QWidget):
    """`chosen(key)` when a tile was pressed: the item of `catalog` belongs in the middle of the canvas."""

    title = "Add a node"
    chosen = Signal(str)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.field = Field(studio, self)
        self.field.textChanged.connect(self._filter)
        self.field.returnPressed.connect(self._take_first)
        self.field.installEventFilter(self)
        self.body = QWidget()
        self.area = OverlayScroll(self.body, self)
        self.sections: list[tuple[Section, list[Tile]]] = []
        for title in TITLES:
            head = Section(studio, title, self.body)
            head.setChecked(title in OPEN)
            head.toggled.connect(self.lay_out)
            self.sections.append((head, []))
        self.results: list[Tile] = []
        self._described = False
        layout = QVBoxLayout(self)
        scale = ui_scale()
        layout.setContentsMargins(0, round(14 * scale), 1, 0)
        layout.setSpacing(round(2 * scale))
        row = QVBoxLayout()
        row.setContentsMargins(round(LEFT * scale), 0, round(11 * scale), 0)
        row.addWidget(self.field)
        layout.addLayout(row)
        layout.addWidget(self.area, 1)
        studio.followed.connect(self.refresh)
        self.lay_out()

    def sizeHint(self) -> QSize:
        """Return the size in the picture."""
        return sized(SIZE["leftPanel"], 600)

    def refresh(self, change: Change) -> None:
        """Nothing in a document changes what can be added; another theme changes how it looks."""
        if change.theme:
            self.lay_out()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the panel and its right edge."""
        painter, paint = begin(self, self.studio)
        paint.fill(QRectF(0, 0, self.width(), self.height()), "panel")
        edge = self.width() / ui_scale() - 1
        paint.line(edge, 0, edge, self.height() / ui_scale())
        painter.end()

    def open_section(self, title: str) -> None:
        """Open a section by its title and see it; without one, put the keyboard into the field."""
        for head, _ in self.sections:
            if head.title == title:
                head.setChecked(True)
                self.area.ensureWidgetVisible(head, 0, round(2 * HEADER * ui_scale()))
                head.setFocus(Qt.FocusReason.TabFocusReason)
                return
        self.field.setFocus(Qt.FocusReason.TabFocusReason)

    # ------------------------------------------------------------ tiles
    def lay_out(self) -> None:
        """Put the open sections, or what was found, one under the other."""
        scale, y = ui_scale(), 0.0
        searching = bool(self.field.text().strip())
        for head, tiles in self.sections:
            head.setVisible(not searching)
            is_open = head.isChecked() and not searching
            if is_open and not tiles:
                tiles += [self._tile(item) for item in section(head.title)]
            for tile in tiles:
                tile.setVisible(is_open)
            if searching:
                continue
            head.setFixedHeight(sized(0, HEADER).height())
            head.setGeometry(0, round(y * scale), self.body.width(), round(HEADER * scale))
            y += HEADER
            if is_open:
                y = self._place(tiles, y)
        if searching:
            y = self._place(self.results, 4.0)
        self.body.resize(self.width() - 1, round((y + 12) * scale))

    @property
    def columns(self) -> int:
        """How many tiles stand side by side."""
        return max(1, int((self.width() / ui_scale() - LEFT) / ACROSS))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put as many tiles side by side as there is room for."""
        super().resizeEvent(event)
        self.lay_out()

    def _place(self, tiles: list[Tile], y: float) -> float:
        scale = ui_scale()
        for i, tile in enumerate(tiles):
            tile.setFixedSize(sized(*TILE))
            row, column = divmod(i, self.columns)
            tile.move(round((LEFT + column * ACROSS) * scale), round((y + row * PITCH) * scale))
        return y + -(-len(tiles) // self.columns) * PITCH

    def _tile(self, item: Item) -> Tile:
        tile = Tile(self.studio, item, self.body)
        tile.clicked.connect(self._clicked)
        tile.installEventFilter(self)
        if self._described:
            tile.describe()
        return tile

    def describe(self) -> None:
        """Say what the tiles are. It waits until there is leisure, because it needs the whole op table."""
        self._described = True
        for tile in self.tiles():
            tile.describe()

    def _clicked(self) -> None:
        tile = self.sender()
        if isinstance(tile, Tile):
            self.chosen.emit(tile.item.key)

    # ------------------------------------------------------------ finding
    def _filter(self, words: str) -> None:
        for tile in self.results:
            tile.hide()
            tile.deleteLater()
        self.results = [self._tile(item) for item in find(words)]
        for tile in self.results:
            tile.show()
        self.lay_out()

    def _take_first(self) -> None:
        if self.results:
            self.chosen.emit(self.results[0].item.key)
            self.field.selectAll()

    # ------------------------------------------------------------ keys
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows lead from the field to the tiles and among them; Esc empties the field."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if watched is self.field:
                return self._field_key(event)
            if isinstance(watched, Tile) and event.key() in _MOVES:
                self._walk(watched, event.key())
                return True
        return super().eventFilter(watched, event)

    def _field_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape and self.field.text():
            self.field.clear()
            return True
        if event.key() == Qt.Key.Key_Down:
            shown = self.tiles()
            if shown:
                shown[0].setFocus(Qt.FocusReason.TabFocusReason)
            return True
        return False

    def tiles(self) -> list[Tile]:
        """Return the tiles on show, in order."""
        if self.field.text().strip():
            return self.results
        return [tile for head, tiles in self.sections if head.isChecked() for tile in tiles]

    def _walk(self, tile: Tile, key: int) -> None:
        """Go to the nearest tile in a direction; up from the first row is the field."""
        dx, dy = _MOVES[Qt.Key(key)]
        here = tile.geometry().center()
        there = [
            (abs(d.y()) * 3 + abs(d.x()) if dy else abs(d.x()) + abs(d.y()) * 3, i, each)
            for i, each in enumerate(self.tiles())
            if (d := each.geometry().center() - here).x() * dx + d.y() * dy > 0
        ]
        if there:
            best = min(there)[2]
            best.setFocus(Qt.FocusReason.TabFocusReason)
            self.area.ensureWidgetVisible(best, 0, 8)
        elif dy < 0:
            self.field.setFocus(Qt.FocusReason.TabFocusReason)


_MOVES = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
