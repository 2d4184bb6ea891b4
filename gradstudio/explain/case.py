"""Case: one tensor at one step, with what an explanation of it looks up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from gradstudio.document import labels
from gradstudio.document.calls import Backward
from gradstudio.document.document import Document
from gradstudio.document.frames import FrameKind
from gradstudio.document.graph import Node, NodePath
from gradstudio.explain.flow import Flow, flow_of, resolve
from gradstudio.session.state import State, TensorView
from gradstudio.session.trace import Pass, TensorKey, Trace, Write


class Case(Struct, frozen=True, eq=False, dict=True):
    """A tensor (never an output of an instance: `flow.resolve` leads inside) in a document, a trace and a state."""

    document: Document
    trace: Trace
    state: State
    key: TensorKey

    @property
    def path(self) -> NodePath:
        """The node that the tensor comes out of."""
        return self.key[0]

    @cached_property
    def flow(self) -> Flow:
        """The expanded graph."""
        return flow_of(self.document)

    @property
    def node(self) -> Node:
        """The node of the tensor."""
        return self.document.node(self.path)

    @property
    def view(self) -> TensorView | None:
        """The tensor at this step, if it was made."""
        return self.state.tensors.get(self.key)

    @cached_property
    def writes(self) -> tuple[Write, ...]:
        """The ledger of its `.grad` up to this step."""
        return tuple(w for w in self.trace.series.get(self.key, ()) if w.step <= self.state.k)

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        """The passes that have begun by this step and write `.grad`."""
        calls = {call.id for call in self.document.calls() if isinstance(call, Backward)}
        return tuple(p for p in self.trace.passes if p.first <= self.state.k and p.call in calls)

    @property
    def name(self) -> str:
        """The tensor's label."""
        return self.label(self.key)

    def label(self, key: TensorKey) -> str:
        """Return the label of any tensor; an input of a group is called as what comes in."""
        key = (resolve(self.document, key) if key[0] else None) or key
        return labels.of(self.document).label(*key)

    def op(self, path: NodePath) -> str:
        """Return how sentences name a node: its op, inside an instance `l2_penalty/pow`; a leaf by its label."""
        node = self.document.node(path)
        if node.op == "leaf":
            return self.label((path, 0))
        return "/".join([*(self.document.groups[self.document.group_of(i)].name for i in self.instances(path)), node.op])

    def instances(self, path: NodePath) -> Iterator[Node]:
        """Yield the instances round a node, from outside in."""
        return (self.document.node(path[:i]) for i in range(1, len(path)))

    def mode(self, path: NodePath) -> tuple[FrameKind, NodePath] | None:
        """Return the innermost frame round a node, and what lies in it: the node, or an instance round it. None: there is no frame."""
        for i in range(len(path), 0, -1):
            graph = self.document.graph_at(path[:i])
            frame = graph.frames.get(graph.nodes[path[i - 1]].frame or "")
            if frame is not None:
                return frame.kind, path[:i]
        return None

    def about(self, key: TensorKey) -> Case:
        """Return the case of another tensor at the same step."""
        return Case(self.document, self.trace, self.state, key)
