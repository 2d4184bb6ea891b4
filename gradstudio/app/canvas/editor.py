"""The one inline editor, laid over what is being edited: a leaf's number, a literal, a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont

from gradstudio.app import text
from gradstudio.app.canvas.geometry import HEAD, ROW
from gradstudio.app.canvas.hit import Hit
from gradstudio.app.theme import TOKENS, font_of
from gradstudio.app.widgets.inline_field import InlineField
from gradstudio.app.widgets.scrub_field import number_for
from gradstudio.document.commands.blocks import RenameBlock
from gradstudio.document.commands.groups import RenameGroup
from gradstudio.document.commands.nodes import Rename, SetLeafValue
from gradstudio.document.commands.wires import SetLiteral
from gradstudio.document.graph import BlockId, Literal, NodeId, OperandPath, operand_at
from gradstudio.engine.dtypes import name_of

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView

LEAST_HEIGHT, LEAST_WIDTH = 24, 64


class Editor:
    """Opens a line over a node; what is typed becomes one command. Escape gives up."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self.field: InlineField | None = None

    @property
    def open(self) -> bool:
        """Whether something is being typed."""
        return self.field is not None

    def open_at(self, hit: Hit) -> None:
        """Type over what was double-clicked: a number, a name, a literal; what is none of these stays."""
        if hit.block is not None:
            self.block_name(hit.block)
        if hit.node is None or hit.part is None:
            return
        face, part = self._view.canvas.face(hit.node), hit.part
        if part.kind == "value":
            self._view.edit_value(hit.node)
        elif part.kind == "title" and face.kind != "scissors":
            self.name(hit.node)
        elif part.kind in ("row", "input"):
            row = next((r for r in face.inputs if r.path == part.path), None)
            if row is not None and row.literal is not None:
                self.literal(hit.node, row.literal)

    def value(self, node: NodeId, typed: str = "") -> None:
        """Type the number of a leaf."""
        item, found = self._view.canvas.nodes.get(node), self._view.canvas.context.graph.nodes.get(node)
        if item is None or found is None or not isinstance(found.value, np.ndarray) or found.value.size != 1:
            return
        start, dtype, shape = found.value.item(), name_of(found.value.dtype), found.value.shape
        old = text.shortest(start, dtype) if isinstance(start, float) else str(start)

        def typed_value(words: str) -> None:
            number = number_for(words, dtype)
            if number is None:
                self._view.studio.notify(f"{words or 'nothing'} is no number of {dtype}")
            elif number != start:
                value = np.full(shape, number, dtype)
                value.setflags(write=False)
                self._view.studio.do(SetLeafValue(node, value))

        rect = QRectF(8, HEAD + 6, item.place.width - 16, 32)
        self._open(rect.translated(item.pos()), f"Value of {item.face.title}", old, typed, "nodeValueLeaf", typed_value)

    def name(self, node: NodeId) -> None:
        """Type the name of a node's first output."""
        item, found = self._view.canvas.nodes.get(node), self._view.canvas.context.graph.nodes.get(node)
        if item is None or found is None or not item.place.outputs:
            return
        left = 27.0 if item.face.kind in ("leaf", "input") else item.place.width * 0.42
        rect = QRectF(left, 3, item.place.width - left - 4, HEAD - 6)

        def typed_name(words: str) -> None:
            name = words.strip() or None
            if name != found.name:
                self._view.studio.do(Rename(node, 0, name))

        self._open(rect.translated(item.pos()), f"Name of {item.face.title}", found.name or "", "", "nodeName", typed_name)

    def group_name(self, node: NodeId) -> None:
        """Type the name of the group that an instance uses."""
        item, group = self._view.canvas.nodes.get(node), self._view.canvas.context.group(self._view.canvas.context.graph.nodes[node])
        if item is None or group is None:
            return
        rect = QRectF(27, 3, item.place.width - 31, HEAD - 6)

        def typed_name(words: str) -> None:
            if words.strip() and words.strip() != group.name:
                self._view.studio.do(RenameGroup(group.id, words.strip()))

        self._open(rect.translated(item.pos()), f"Name of the group {group.name}", group.name, "", "nodeName", typed_name)

    def block_name(self, block: BlockId) -> None:
        """Type the name of a block."""

        def typed_name(words: str) -> None:
            if words.strip():
                self._view.studio.do(RenameBlock(block, words.strip()))

        plate = self._view.canvas.frames.blocks.items[block].title_rect()
        self._open(plate, f"Name of the block {block}", block, "", "nodeName", typed_name)

    def literal(self, node: NodeId, path: OperandPath, typed: str = "") -> None:
        """Type a Python value in the place of an operand."""
        item, found = self._view.canvas.nodes.get(node), self._view.canvas.context.graph.nodes.get(node)
        if item is None or found is None:
            return
        operand = operand_at(found.inputs, path)
        old = text.operand(operand.value).replace(text.MINUS, "-") if isinstance(operand, Literal) else ""
        row = next((i for i, each in enumerate(item.face.inputs) if each.literal == path or each.path == path), 0)
        y = item.place.rows[row] if row < len(item.place.rows) else item.place.height / 2

        def typed_literal(words: str) -> None:
            value = text.parse_literal(words)
            if value is None:
                self._view.studio.notify(f"{words or 'nothing'} is no number, and no other literal of Python")
            elif Literal(value[0]) != operand or type(value[0]) is not type(getattr(operand, "value", None)):
                self._view.studio.do(SetLiteral(node, path, Literal(value[0])))

        rect = QRectF(item.place.width * 0.4, y - ROW / 2, item.place.width * 0.6 - 6, ROW)
        self._open(rect.translated(item.pos()), f"Number in {item.face.title}", old, typed, "number", typed_literal)

    def close(self) -> None:
        """Give up what is being typed."""
        if self.field is not None:
            self.field.setText("")
            field, self.field = self.field, None
            field.blockSignals(True)
            field.hide()
            field.deleteLater()

    def _open(self, area: QRectF, name: str, old: str, typed: str, role: str, use: Callable[[str], None]) -> None:
        view = self._view
        view.finish_gesture()
        self.close()
        rect = view.viewportTransform().mapRect(area)
        rect.setWidth(max(rect.width(), LEAST_WIDTH))
        rect.setHeight(max(rect.height(), LEAST_HEIGHT))
        size, weight, family = TOKENS["type"]["role"][role]
        font: QFont = font_of(family, min(size * view.zoom, rect.height() * 0.7), weight)
        self.field = InlineField(view, name, rect.toAlignedRect(), font, old, typed)
        self.field.setTextMargins(0, 0, 0, 0)

        def done(words: str | None, step: int) -> None:
            self.field = None
            if words is not None:
                use(words)
            if step:
                view.focus_next(step)

        self.field.done.connect(done)
