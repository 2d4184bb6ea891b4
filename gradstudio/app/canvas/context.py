"""Context: what is the same for every face at one moment: the pass on show, turns, the current step, failures, the first NaN."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from gradstudio.app.canvas.reach import frozen_nodes, passes_grad, requiring_grad, rewritten_leaves, scissors, upstream
from gradstudio.app.theme import GradientRange
from gradstudio.document.calls.backward import Backward
from gradstudio.document.graph import INSTANCE, Graph, Node, NodeId, NodePath, OperandPath, Ref, Wire
from gradstudio.document.groups import Group
from gradstudio.session.state import Flow, Local, TensorView
from gradstudio.session.trace import Failure, Pass, TensorKey

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

NAMED = 3  # roots of a pass that are named; a label has no room for more


class Context:
    """A reading of the studio for one graph of its document. Made anew at each change; what is costly is worked out when asked for."""

    def __init__(self, studio: Studio, scope: NodePath = ()) -> None:
        self.document = studio.document
        self.scope = scope
        self.labels = studio.labels
        self.shown_document = studio.shown.document
        self.trace = studio.shown.trace
        self.state = studio.shown.state
        self.stepping = studio.player.stepping
        self._watch_locals = studio.runs.watch_locals
        self.full = studio.full_precision
        self.graph: Graph = self.document.graph_at((*scope, "")) if scope else self.document.graph
        inside: Iterable[NodeId] = self.graph.nodes if scope and scope[0] in studio.runs.stale else ()
        self.stale: frozenset[NodeId] = frozenset(inside) if scope else studio.runs.stale

    @cached_property
    def stale_grads(self) -> frozenset[NodeId]:
        """Nodes that something stale reads, at any distance: what has come back to them is of an older document too."""
        return self.stale | upstream(self.graph, self.stale)

    def path(self, node: NodeId) -> NodePath:
        """Return the path of a node of this graph."""
        return (*self.scope, node)

    def here(self, path: NodePath | None) -> NodeId | None:
        """Return the node of this graph that a path goes through: itself, or the instance it lies in."""
        depth = len(self.scope)
        return path[depth] if path is not None and len(path) > depth and path[:depth] == self.scope else None

    def label(self, ref: Ref) -> str:
        """Return what a tensor is called; a detach drawn as scissors goes by the name of what it cuts."""
        if ref.source in self.scissors:
            ref = self.scissors[ref.source][0].source
        path = self.path(ref.source) if ref.source in self.graph.nodes else (ref.source,)
        try:
            label = self.labels.label(path, ref.out).rpartition("/")[2]
        except KeyError:
            return "?"
        return f"{label}.grad" if ref.grad else label

    def node(self, ref: Ref) -> Node | None:
        """Return the node that a tensor comes from; None for the result of a call."""
        return self.graph.nodes.get(ref.source)

    def group(self, node: Node) -> Group | None:
        """Return the group that a node uses; None for any other node."""
        return self.document.groups.get(node.group) if node.op == INSTANCE and node.group else None

    def tensor(self, ref: Ref) -> TensorView | None:
        """Return the tensor that a ref means at the step on show."""
        path = self.path(ref.source) if ref.source in self.graph.nodes else (ref.source,)
        table = self.state.grads if ref.grad else self.state.tensors
        return table.get((path, ref.out))

    def flow(self, node: NodeId, path: OperandPath) -> Flow | None:
        """Return the cotangent on a wire."""
        return self.state.flows.get((self.path(node), path))

    def local(self, node: NodeId, path: OperandPath) -> Local | None:
        """Return the local derivative of an operand; of a large graph it may come only now that somebody looks."""
        self._watch_locals(self.path(node))
        return self.state.locals.get((self.path(node), path))

    def requires_grad(self, node: NodeId, out: int = 0) -> bool:
        """Say whether an output requires grad: by the run where it was made, else by the document."""
        view = self.state.tensors.get((self.path(node), out))
        if view is not None and node not in self.stale:
            return view.requires_grad
        return node in self.reach

    def is_live(self, wire: Wire) -> bool:
        """Say whether a gradient can come back along a wire."""
        target = self.graph.nodes[wire.target]
        if wire.source.grad or wire.target in self.frozen:
            return False
        row_passes = wire.path[0] not in self._closed.get(target.op, frozenset())
        return row_passes and self._requires(wire.source) and self.requires_grad(wire.target)

    def _requires(self, ref: Ref) -> bool:
        if ref.source in self.graph.nodes:
            return self.requires_grad(ref.source, ref.out)
        view = self.tensor(ref)
        return view is not None and view.requires_grad

    @cached_property
    def ran(self) -> Graph:
        """The graph of the run on show; empty where the run had no such instance."""
        try:
            return self.shown_document.graph_at((*self.scope, ""))
        except KeyError:
            return Graph()

    @cached_property
    def _closed(self) -> dict[str, frozenset[int]]:
        kinds = {n.op: n for n in self.graph.nodes.values()}
        return {op: frozenset(i for i in range(max(len(n.inputs), 4)) if not passes_grad(n, i)) for op, n in kinds.items()}

    @cached_property
    def reach(self) -> frozenset[NodeId]:
        """Nodes that can require grad, by the document alone."""
        return requiring_grad(self.graph)

    @cached_property
    def frozen(self) -> frozenset[NodeId]:
        """Nodes under no_grad or inference_mode."""
        return frozen_nodes(self.graph)

    @cached_property
    def collapsed(self) -> frozenset[NodeId]:
        """Nodes drawn as their title alone."""
        return frozenset(self.document.layout.collapsed)

    @cached_property
    def scissors(self) -> dict[NodeId, tuple[Wire, Wire]]:
        """Detach nodes drawn as scissors, with their wires in and out."""
        return scissors(self.graph)

    @cached_property
    def rewritten(self) -> frozenset[NodeId]:
        """Leaves that the run may write to."""
        return rewritten_leaves(self.document)

    @cached_property
    def on_show(self) -> Pass | None:
        """The pass on show at this step."""
        return self.trace.pass_at(self.state.k)

    @cached_property
    def named_pass(self) -> Pass | None:
        """The pass whose root is named in drawers: the one on show, else the first to come."""
        return self.on_show or next(iter(self.trace.passes), None)

    @cached_property
    def range(self) -> GradientRange:
        """The colour range of the pass on show; one that raised keeps that of the pass before."""
        shown, range_ = self.on_show, GradientRange()
        for each in self.trace.passes if shown else ():
            if each.gmax and not (each.raised and range_.gmax):
                range_ = GradientRange(each.gmin, each.gmax)
            if each is shown:
                break
        return range_

    @cached_property
    def root_names(self) -> str:
        """What is differentiated: `loss`; of many roots the first ones."""
        roots = self.named_pass.roots if self.named_pass else ()
        names = []
        for path, out in roots[:NAMED]:
            try:
                names.append(self.labels.label(path, out).rpartition("/")[2])
            except KeyError:
                names.append("?")
        return "+".join(names if len(roots) <= NAMED else [*names, "…"])

    @cached_property
    def roots(self) -> frozenset[tuple[NodeId, int]]:
        """Outputs of this graph at which the named pass starts."""
        return roots_in(self.named_pass.roots if self.named_pass else (), self.scope)

    @cached_property
    def root_words(self) -> str:
        """What is written above the root."""
        if self.named_pass is None:
            return ""
        try:
            call = self.document.call(self.named_pass.call)
        except KeyError:
            return "backward() starts here"
        return "backward() starts here" if isinstance(call, Backward) else "autograd.grad() starts here"

    @cached_property
    def visits_done(self) -> int:
        """How many visits of the pass on show were begun at this step."""
        shown = self.on_show
        return min(self.state.k - shown.first + 1, shown.ran) if shown else 0

    @cached_property
    def in_pass(self) -> bool:
        """Whether this step lies within the pass on show, so that turns, ticks and the ring are about it."""
        shown = self.on_show
        inside = shown is not None and self.state.k < shown.first + shown.ran
        return inside and (self.stepping or bool(shown and shown.raised))

    @cached_property
    def turns(self) -> dict[NodeId, tuple[int, ...]]:
        """The turns, from 1, at which the pass on show visits each node."""
        found: dict[NodeId, tuple[int, ...]] = {}
        if self.on_show and self.in_pass:
            for turn, planned in enumerate(self.on_show.planned, 1):
                node = self.here(planned.node)
                if node is not None:
                    found[node] = (*found.get(node, ()), turn)
        return found

    @cached_property
    def current(self) -> NodeId | None:
        """The node of the step on show, while stepping."""
        step = self.trace.step(self.state.k) if self.stepping else None
        return self.here(step.node) if step else None

    @cached_property
    def failures(self) -> dict[NodeId, Failure]:
        """Nodes that failed at or before this step, each with what was raised; one root cause a call."""
        found: dict[NodeId, Failure] = {}
        for path, failure in self.trace.failures.items():
            node = self.here(path)
            if node is not None and self._happened(path):
                found[node] = failure
        for outcome in self.trace.outcomes.values():
            node = self.here(outcome.error.node) if outcome.error else None
            if node is not None and outcome.error and outcome.last <= self.state.k:
                found.setdefault(node, outcome.error)
        return found

    def _happened(self, path: NodePath) -> bool:
        steps = [k for k, step in enumerate(self.trace.steps, 1) if step.kind == "op" and step.node == path]
        return not steps or steps[-1] <= self.state.k

    @cached_property
    def failed_visit(self) -> NodeId | None:
        """The node at which the pass on show raised."""
        shown = self.on_show
        if shown is None or not shown.raised or self.visits_done < shown.ran:
            return None
        step = self.trace.step(shown.first + shown.ran - 1)
        return self.here(step.node) if step else None

    @cached_property
    def first_nonfinite(self) -> NodeId | None:
        """The first node that made a NaN or an infinity; what a leaf starts with was made by nobody."""
        steps = sorted(k for k in self.trace.nonfinite if 0 < k <= self.state.k)
        step = self.trace.step(steps[0]) if steps else None
        return self.here(step.node) if step else None

    @cached_property
    def skipped(self) -> dict[NodeId, str]:
        """Nodes that were not made, each with the reason in words."""
        return {path[-1]: why for path, why in self.trace.skipped.items() if path[:-1] == self.scope and path[-1] in self.graph.nodes}


@lru_cache(maxsize=8)
def roots_in(roots: tuple[TensorKey, ...], scope: NodePath) -> frozenset[tuple[NodeId, int]]:
    """Return those of the roots of a pass that are outputs of one graph."""
    return frozenset((path[-1], out) for path, out in roots if path[:-1] == scope)
