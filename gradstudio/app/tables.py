"""Tables: the whole tensor of a node, a leaf's start value to be edited, all else to be read."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtWidgets import QWidget

from gradstudio.app.studio import Studio
from gradstudio.app.widgets.array_editor import ArrayEditor
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.graph import Array, NodeId
from gradstudio.document.values import frozen


def open_table(studio: Studio, parent: QWidget, node: NodeId) -> None:
    """Open the table of a node's first output. What is computed comes from the worker; without a run there is none."""
    value = studio.document.graph.nodes[node].value
    name = studio.labels.label((node,))
    if isinstance(value, np.ndarray):
        editor = ArrayEditor(studio, name, value, True, parent)
        editor.replaced.connect(partial(_write, studio, node))
        editor.show()
    elif ((node,), 0) in studio.shown.state.tensors:
        studio.array(((node,), 0), False, partial(_read, studio, parent, name))
    else:
        studio.notify(f"{name} is not computed yet")


def _write(studio: Studio, node: NodeId, value: Array) -> None:
    studio.do(SetLeafValue(node, frozen(np.array(value))))


def _read(studio: Studio, parent: QWidget, name: str, value: Array | None) -> None:
    if value is not None:
        ArrayEditor(studio, name, value, False, parent).show()
