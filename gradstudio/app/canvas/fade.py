"""Fading: all but the neighbourhood of the selection steps back, so that what leads to it and what it leads to stands out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from gradstudio.app.canvas.reach import downstream, upstream
from gradstudio.app.canvas.wire_faces import WireId, wire_runs
from gradstudio.app.theme import OPACITY
from gradstudio.document.frames import FrameId
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene
    from gradstudio.app.change import Change

FADED = OPACITY["faded"]


class Fade:
    """Which nodes and wires of a scene stay: those on a way to or from what is selected. Where nothing is, all do."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.on = False
        self.nodes: frozenset[NodeId] | None = None  # None: nothing fades
        self.wires: frozenset[WireId] = frozenset()
        self._frames: frozenset[FrameId] = frozenset()

    def show(self, on: bool) -> None:
        """Fade, or no longer."""
        self.on = on
        self.follow()

    def refresh(self, change: Change) -> None:
        """Follow the studio."""
        if change.selection or change.document is not None or change.everything or change.scope:
            self.follow()

    def follow(self) -> None:
        """Take what is selected now, of the graph as it is now."""
        before = self.nodes, self.wires
        self.nodes, self.wires = self._neighbourhood() if self.on else (None, frozenset())
        self._frames = self._frames_of(self.nodes or ())
        if before != (self.nodes, self.wires):
            self._canvas.far.forget_rects()
            self._canvas.update()

    def _neighbourhood(self) -> tuple[frozenset[NodeId] | None, frozenset[WireId]]:
        graph, canvas = self._canvas.context.graph, self._canvas
        runs, chosen = wire_runs(graph), [n for n in canvas.selected_nodes if n in graph.nodes]
        wires = [runs[key] for key in canvas.selected_wires if key in runs]
        if not chosen and not wires:
            return None, frozenset()
        before = upstream(graph, [*chosen, *(run.source.source for run in wires)])
        after = downstream(graph, [*chosen, *(run.target for run in wires)])
        on_the_way = {k for k, run in runs.items() if run.target in before or run.source.source in after or run.cut in after}
        return before | after, frozenset(on_the_way | canvas.selected_wires)

    def _frames_of(self, nodes: Iterable[NodeId]) -> frozenset[FrameId]:
        """Return the frames that hold nodes, and those that hold these frames."""
        graph, found = self._canvas.context.graph, set[FrameId]()
        for at in {graph.nodes[node].frame for node in nodes}:
            while at is not None and at in graph.frames and at not in found:
                found.add(at)
                at = graph.frames[at].parent
        return frozenset(found)

    # ------------------------------------------------------------ painting
    def opacity(self, node: NodeId) -> float:
        """Return how opaque a node is."""
        return 1.0 if self.nodes is None or node in self.nodes else FADED

    def frame_opacity(self, frame: FrameId) -> float:
        """Return how opaque a frame is: as opaque as the most of what it holds."""
        return 1.0 if self.nodes is None or frame in self._frames else FADED

    def wire_opacity(self, wire: WireId) -> float:
        """Return how opaque a wire and its pill are."""
        return 1.0 if self.nodes is None or wire in self.wires else FADED

    def dimmed(self, nodes: list[NodeId], colours: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the colours of nodes, those of faded ones mixed into the canvas."""
        if self.nodes is None:
            return colours
        mix, kept = self._canvas.theme.mix, self.nodes
        dim = {colour: mix("canvas", QColor.fromRgb(colour), FADED).rgb() for colour in set(colours.tolist())}
        return np.array([c if node in kept else dim[c] for node, c in zip(nodes, colours.tolist(), strict=True)], np.int64)
