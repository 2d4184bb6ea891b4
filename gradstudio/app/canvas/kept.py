"""Kept: all that the canvas showed of a large graph whose nodes are gone, so that undo only puts it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.plates import Plates
from gradstudio.app.canvas.wire_courses import WireCourses
from gradstudio.document.document import Layout
from gradstudio.document.graph import Graph, NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.node_item import NodeItem


@dataclass(frozen=True, slots=True)
class Kept:
    """Items, plates and wires that fit a graph and a layout at a level of detail."""

    graph: Graph
    layout: Layout
    level: Level
    nodes: dict[NodeId, NodeItem]
    plates: Plates
    courses: WireCourses
