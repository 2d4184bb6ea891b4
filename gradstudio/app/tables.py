"""Tables: the whole tensor of a node, a leaf's start value to be edited, all else to be read."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtWidgets import QWidget

from gradstudio.app.change import Change
from gradstudio.app.studio import Studio
from gradstudio.app.widgets.array_editor import ArrayEditor
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.graph import Array, NodeId
from gradstudio.document.values import frozen


class LeafTable(ArrayEditor):
    """The start value of a leaf in a table: it follows undo and the canvas, and goes with its leaf."""

    def __init__(self, studio: Studio, node: NodeId, value: Array, parent: QWidget) -> None:
        super().__init__(studio, studio.labels.label((*studio.scope, node)), value, True, parent)
        self.studio, self.node = studio, node
        self.replaced.connect(self._write)
        studio.changed.connect(self.refresh)

    def _write(self, value: Array) -> None:
        self.studio.do(SetLeafValue(self.node, frozen(np.array(value))))

    def refresh(self, change: Change) -> None:
        """Show the leaf as it is now."""
        opened = change.everything and change.file
        if change.document is None and not opened:
            return
        graphs = (self.studio.document.graph, *(group.graph for group in self.studio.document.groups.values()))
        found = next((graph.nodes[self.node] for graph in graphs if self.node in graph.nodes), None)
        if opened or found is None or not isinstance(found.value, np.ndarray):
            self.close()
        elif found.value is not self.model.array:
            self.show_array(found.value)


def open_table(studio: Studio, parent: QWidget, node: NodeId) -> None:
    """Open the table of a node's first output. What is computed comes from the worker; without a run there is none."""
    path = (*studio.scope, node)
    value, view = studio.graph.nodes[node].value, studio.shown.state.tensors.get((path, 0))
    if view is not None and not view.shape:
        return  # the canvas shows all of a scalar
    if isinstance(value, np.ndarray):
        LeafTable(studio, node, value, parent).show()
    elif view is not None:
        studio.questions.array((path, 0), False, partial(_read, studio, parent, studio.labels.label(path)))
    else:
        studio.notify(f"{studio.labels.label(path)} is not computed yet")


def _read(studio: Studio, parent: QWidget, name: str, value: Array | None) -> None:
    if value is not None:
        ArrayEditor(studio, name, value, False, parent).show()
