"""Commands on the layout: they start no run."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.arrange import arranged
from gradstudio.document.commands.command import kept_positions
from gradstudio.document.document import Comment, Document, Layout
from gradstudio.document.graph import NodeId, OperandPath
from gradstudio.document.limits import MAX_POSITION
from gradstudio.document.rules import Refused, text_fault

Point = tuple[int, int]


def with_layout(doc: Document, layout: Layout) -> Document:
    """Return the document with another layout."""
    return replace(doc, layout=layout)


class MoveNodes(Struct, frozen=True):
    """Put nodes at positions."""

    positions: Mapping[NodeId, tuple[float, float]]
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Move" if len(self.positions) == 1 else f"Move {len(self.positions)} nodes"

    def apply(self, doc: Document) -> Document:
        whole = {node: (round(x), round(y)) for node, (x, y) in self.positions.items()}
        if any(abs(value) > MAX_POSITION for point in whole.values() for value in point):
            raise Refused("the canvas ends here")
        changed = {node: point for node, point in whole.items() if doc.layout.positions.get(node) != point}
        return with_layout(doc, replace(doc.layout, positions=kept_positions(doc.layout.positions, changed))) if changed else doc


class Arrange(Struct, frozen=True):
    """Arrange nodes in layers, from what is read to what reads; () for all."""

    ids: tuple[NodeId, ...] = ()
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Arrange"

    def apply(self, doc: Document) -> Document:
        return MoveNodes(arranged(doc, self.ids)).apply(doc)


class Collapse(Struct, frozen=True):
    """Show nodes small, or large again."""

    ids: tuple[NodeId, ...]
    on: bool
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Collapse" if self.on else "Expand"

    def apply(self, doc: Document) -> Document:
        rest = tuple(n for n in doc.layout.collapsed if n not in self.ids)
        return with_layout(doc, replace(doc.layout, collapsed=(*rest, *self.ids) if self.on else rest))


class AddComment(Struct, frozen=True):
    """Put a comment on the canvas."""

    comment: Comment
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Add comment"

    def apply(self, doc: Document) -> Document:
        return with_layout(doc, replace(doc.layout, comments=(*doc.layout.comments, checked(self.comment))))


class EditComment(Struct, frozen=True):
    """Put another comment in the place of one; None removes it."""

    index: int
    comment: Comment | None
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Edit comment" if self.comment else "Remove comment"

    def apply(self, doc: Document) -> Document:
        comments = doc.layout.comments
        if not 0 <= self.index < len(comments):
            raise Refused("the comment is no longer there")
        new = (checked(self.comment),) if self.comment else ()
        return with_layout(doc, replace(doc.layout, comments=(*comments[: self.index], *new, *comments[self.index + 1 :])))


def checked(comment: Comment) -> Comment:
    """Return a comment that a file can hold. Raises Refused."""
    fault = text_fault(comment.title) or text_fault(comment.text)
    if fault:
        raise Refused(fault)
    if any(abs(value) > MAX_POSITION for value in comment.rect):
        raise Refused("the canvas ends here")
    x, y, width, height = comment.rect
    return replace(comment, rect=(round(x), round(y), round(width), round(height)))


class Reroute(Struct, frozen=True):
    """Lead a wire through points; () lets it run straight."""

    target: NodeId
    path: OperandPath
    points: tuple[Point, ...]
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Reroute"

    def apply(self, doc: Document) -> Document:
        rest = tuple(r for r in doc.layout.reroutes if r[:2] != (self.target, self.path))
        new = ((self.target, self.path, self.points),) if self.points else ()
        return with_layout(doc, replace(doc.layout, reroutes=(*rest, *new)))
