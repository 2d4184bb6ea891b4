"""How one node is drawn at 75 % and up: laid out once, kept while numbers roll; what they lie on is a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtGui import QPainter

from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.geometry import Geometry
from gradstudio.app.canvas.node_chrome import Chrome, Head, chrome_of, head_of, paint_chrome
from gradstudio.app.canvas.node_marks import Marks
from gradstudio.app.canvas.node_paint import Disc, paint_changing, paint_node, paint_on_plate, port_grounds
from gradstudio.app.canvas.node_words import Writing, write, written
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Theme

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

STAYS = 2  # paints in which what numbers lie on is the same, after which it is kept as a picture


class Ground:
    """What numbers lie on: a key of the pictures. It is asked for so often that it knows its hash."""

    __slots__ = ("_hash", "parts")

    def __init__(self, *parts: object) -> None:
        self.parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Ground) and self._hash == other._hash and self.parts == other.parts)


class Laid(NamedTuple):
    """A node with everything in its place."""

    theme: Theme
    marks: Marks
    writing: Writing
    discs: list[Disc]
    chrome: Chrome
    head: Head
    ground: Ground


class NodeDrawing:
    """Draws one node of a scene."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self._laid: Laid | None = None  # of the face and the size that it was last drawn with
        self._ground: Ground | None = None  # as it was last drawn
        self._stayed = 0  # how many paints ago it was another

    def forget(self) -> None:
        """The node shows something else, or has another size."""
        self._laid = None

    @property
    def writing(self) -> Writing | None:
        """What was written last, if it can be written anew with other numbers."""
        return None if self._laid is None else self._laid.writing

    def is_laid(self, marks: Marks) -> bool:
        """Return whether a node with these marks is laid out: words, and plate."""
        return self._laid is not None and self._laid.theme is self._canvas.theme and self._laid.marks == marks

    def rewrite(self, writing: Writing) -> None:
        """Take words with other numbers."""
        assert self._laid is not None
        self._laid = self._laid._replace(writing=writing)

    def renumber(self, face: NodeFace, place: Geometry) -> bool:
        """Lay the words of a face anew that has other numbers. Return whether nothing else is: else all is to be."""
        laid = self._laid
        if laid is None or chrome_of(face, place, laid.marks) != laid.chrome:
            return False
        writing = written(laid.theme, face, place)
        self._laid = laid._replace(writing=writing, ground=Ground(laid.chrome, laid.head, tuple(writing.still), tuple(laid.discs)))
        return True

    def paint(self, painter: QPainter, face: NodeFace, place: Geometry, marks: Marks, pictured: bool) -> None:
        """Draw the node at the painter's origin, its plate from the pictures if it may."""
        canvas, laid = self._canvas, self._lay(face, place, marks)
        paint = Paint(painter, canvas.theme, canvas.ratio)

        def ground(with_discs: bool) -> None:
            on = laid if with_discs else laid._replace(discs=[], ground=Ground(*laid.ground.parts[:-1]))
            self._paint_ground(paint, on, face.dim, pictured)

        paint_node(paint, face, place, laid.writing, laid.discs, ground)

    def paint_within(self, painter: QPainter, face: NodeFace, place: Geometry, marks: Marks) -> None:
        """Draw what is written on the plate, with what it is written on. A node that is dimmed can't be drawn so."""
        laid, paint = self._lay(face, place, marks), Paint(painter, self._canvas.theme, self._canvas.ratio)
        self._paint_ground(paint, laid, is_dim=False, pictured=True, is_within=True)
        paint_changing(paint, face, place, laid.writing)

    def paint_margin(self, painter: QPainter, face: NodeFace, place: Geometry, marks: Marks) -> None:
        """Draw what surrounds plate and ports, the bare plate with it."""
        canvas, chrome = self._canvas, self._lay(face, place, marks).chrome

        def draw(target: QPainter) -> None:
            paint_chrome(Paint(target, canvas.theme, canvas.ratio), chrome)

        canvas.pictures.draw(painter, chrome, chrome.area, canvas.zoom, canvas.device_ratio, draw)

    def _lay(self, face: NodeFace, place: Geometry, marks: Marks) -> Laid:
        laid, theme = self._laid, self._canvas.theme
        if laid is None or laid.theme is not theme or laid.marks != marks:
            writing, discs = written(theme, face, place), port_grounds(face, place)
            chrome, head = chrome_of(face, place, marks), head_of(face)
            laid = self._laid = Laid(theme, marks, writing, discs, chrome, head, Ground(chrome, head, tuple(writing.still), tuple(discs)))
        return laid

    def _paint_ground(self, paint: Paint, laid: Laid, is_dim: bool, pictured: bool, is_within: bool = False) -> None:
        """Draw what numbers lie on: as one picture where it stays as it is, or is dim; else many nodes share a plate.

        `is_within`: the painter clips, so that neither head nor ports are seen of it.
        """
        canvas, chrome = self._canvas, laid.chrome
        self._stayed = self._stayed + 1 if laid.ground == self._ground else 0
        self._ground = laid.ground
        one = is_dim or self._stayed >= STAYS  # dimmed as a whole, what lies on something else does not let it through

        def draw(target: QPainter) -> None:
            onto = Paint(target, canvas.theme, canvas.ratio)
            paint_chrome(onto, chrome)
            if one:
                paint_on_plate(onto, chrome, laid.head, laid.writing.still, laid.discs)

        if pictured:
            key = laid.ground if one else chrome
            canvas.pictures.draw(paint.painter, key, chrome.area, canvas.zoom, canvas.device_ratio, draw)
        else:
            draw(paint.painter)
        if is_within and not one:
            write(paint.painter, laid.writing.still)
        elif not one:
            paint_on_plate(paint, chrome, laid.head, laid.writing.still, laid.discs)
