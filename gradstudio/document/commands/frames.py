"""Commands on frames: wrap nodes in a grad mode, unwrap them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.commands.command import find_node, graph_of, home_of, with_graph
from gradstudio.document.commands.nodes import without_empty_frames
from gradstudio.document.document import Document
from gradstudio.document.frames import Frame, FrameId, FrameKind
from gradstudio.document.graph import Graph, NodeId
from gradstudio.document.order import frames_round
from gradstudio.document.rules import Refused

Item: TypeAlias = tuple[FrameId | None, NodeId | None, FrameId | None]


class Run(Struct, frozen=True):
    """Nodes that lie together under one frame: whole frames within it move along as they are."""

    parent: FrameId | None
    nodes: list[NodeId]  # directly under parent
    frames: dict[FrameId, None]


def frames_needed(doc: Document, ids: tuple[NodeId, ...]) -> int:
    """Return how many frames wrapping a selection makes: one for each stretch that lies together."""
    return len(_runs(graph_of(doc, home_of(doc, ids[0])), frozenset(ids))) if ids else 0


class WrapInFrame(Struct, frozen=True):
    """Put nodes under a grad mode. `frame_ids`: as many as `frames_needed` says."""

    ids: tuple[NodeId, ...]
    kind: FrameKind
    frame_ids: tuple[FrameId, ...]
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Wrap in {self.kind}"

    def apply(self, doc: Document) -> Document:
        if not self.ids:
            raise Refused("select the nodes to wrap")
        home = home_of(doc, self.ids[0])
        graph = graph_of(doc, home)
        runs = _runs(graph, frozenset(self.ids))
        if len(self.frame_ids) < len(runs):
            raise Refused(f"the selection lies in {len(runs)} stretches, and each needs a frame")
        for run, frame in zip(runs, self.frame_ids, strict=False):
            frames = graph.frames.set(frame, Frame(frame, self.kind, run.parent))
            frames = frames.update({f: replace(frames[f], parent=frame) for f in run.frames})
            graph = replace(graph, frames=frames).with_nodes(replace(graph.nodes[n], frame=frame) for n in run.nodes)
        return with_graph(doc, home, graph)


def _runs(graph: Graph, ids: frozenset[NodeId]) -> list[Run]:
    runs: list[Run] = []
    for block in graph.blocks.values():
        last: tuple[FrameId | None] | None = None
        for parent, node, frame in _items(graph, block, ids):
            if node is None:
                last = None
                continue
            if last != (parent,):
                runs.append(Run(parent, [], {}))
                last = (parent,)
            if frame is None:
                runs[-1].nodes.append(node)
            else:
                runs[-1].frames[frame] = None
    return runs


def _items(graph: Graph, block: tuple[NodeId, ...], ids: frozenset[NodeId]) -> Iterator[Item]:
    """Yield (frame round it, node, outermost frame of it that is selected as a whole) for each node; no node where it is not selected."""
    partly = {frame for node in block if node not in ids for frame in frames_round(graph, graph.nodes[node].frame)}
    for node in block:
        if node not in ids:
            yield None, None, None
            continue
        chain = frames_round(graph, graph.nodes[node].frame)
        whole = next((i for i, frame in enumerate(chain) if frame not in partly), len(chain))
        yield chain[whole - 1] if whole else None, node, chain[whole] if whole < len(chain) else None


class Unwrap(Struct, frozen=True):
    """Take a frame away; what lay in it lies in the frame round it."""

    frame_id: FrameId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Unwrap"

    def apply(self, doc: Document) -> Document:
        for home in (None, *doc.groups):
            graph = graph_of(doc, home)
            if self.frame_id in graph.frames:
                return with_graph(doc, home, unwrapped(graph, self.frame_id))
        raise Refused("the frame is no longer there")


class UnwrapNodes(Struct, frozen=True):
    """Take away the innermost frame round each of some nodes."""

    ids: tuple[NodeId, ...]
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Unwrap"

    def apply(self, doc: Document) -> Document:
        frames = {(home_of(doc, n), frame) for n in self.ids if (frame := find_node(doc, n).frame) is not None}
        if not frames:
            raise Refused("the selection is in no frame")
        for home, frame in sorted(frames, key=str):
            doc = with_graph(doc, home, unwrapped(graph_of(doc, home), frame))
        return doc


def unwrapped(graph: Graph, frame: FrameId) -> Graph:
    """Return the graph without a frame."""
    parent = graph.frames[frame].parent
    frames = graph.frames.update({f.id: replace(f, parent=parent) for f in graph.frames.values() if f.parent == frame})
    nodes = [replace(node, frame=parent) for node in graph.nodes.values() if node.frame == frame]
    return without_empty_frames(replace(graph, frames=frames.without((frame,))).with_nodes(nodes))
