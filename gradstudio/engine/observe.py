"""The observed loop of backward: step by step in PyTorch's order, with hooks, captures, create_graph and an observer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np

from gradstudio.engine import dtypes, hooks, modes, packing
from gradstudio.engine.gradnode import GradNode, Port, add_into
from gradstudio.engine.op import ops
from gradstudio.engine.queue import Queue
from gradstudio.engine.tensor import AccumulateGrad, Tensor, make, stored_grad

Cotangents = tuple[Tensor | None, ...]


class Observer(Protocol):
    """Is told of each step of one pass. An exception that a node raises propagates; the observer has then seen enter without leave."""

    def begins(self, plan: Callable[[], list[GradNode]]) -> None:
        """Before the first node runs: `plan` returns the nodes in the order in which the queue will visit them."""

    def enter(self, node: GradNode, cotangents: Cotangents, queue: Queue) -> None:
        """The node was popped, hooks on its outputs ran; it runs next. One cotangent for each output, None where nothing arrived."""

    def leave(self, node: GradNode, contributions: Cotangents) -> None:
        """The node ran: one contribution for each edge, reduced and cast. Its saved tensors are freed after this."""


class Pass:
    """One observed run of backward. `wanted` limits it to what leads there; `accumulate` is False for grad(), which captures instead.

    `running`: the innermost pass in hand.
    """

    running: ClassVar[Pass | None] = None

    def __init__(self, roots: Sequence[GradNode], seeds: Sequence[Tensor], keep: bool, create_graph: bool,
                 wanted: Sequence[GradNode] | None = None, accumulate: bool = True, observer: Observer | None = None) -> None:
        self.roots, self.seeds, self.keep, self.create_graph = roots, seeds, keep, create_graph
        self.accumulate, self.observer = accumulate, observer
        self.nodes, waiting = walk([e.target for e in roots])
        self.queue = Queue(waiting)
        self.goal = None if wanted is None else set(wanted)
        self.needed = None if self.goal is None else on_path(self.nodes, self.goal, accumulate)
        self.buffers: dict[GradNode, dict[GradNode, Tensor]] = {}  # by node, then by the port (or node) that received
        self.captured: dict[GradNode, Tensor] = {}

    def run(self) -> dict[GradNode, Tensor]:
        """Run it. Return what arrived at the wanted places."""
        before, Pass.running = Pass.running, self
        try:
            return self._run()
        finally:
            Pass.running = before

    def _run(self) -> dict[GradNode, Tensor]:
        if self.observer is not None:
            self.observer.begins(self.plan)
        with modes.GradMode(self.create_graph):
            for e, g in zip(self.roots, self.seeds, strict=True):
                self.receive(e, g)
            queue, takes = self.queue, self.takes()
            queue.start([e.target for e in self.roots])
            while queue:
                n = queue.pop()
                if self.visit(n):
                    queue.done(n, takes)
        return self.captured

    def will_run(self, n: GradNode) -> bool:
        """Return whether a node runs in this pass."""
        return n in self.nodes if self.needed is None else n in self.needed

    def plan(self) -> list[GradNode]:
        """Return the nodes that will run, in order: the same queue without the work."""
        queue, takes = Queue(dict(self.queue.waiting)), self.takes()
        queue.start([e.target for e in self.roots])
        order = []
        while queue:
            n = queue.pop()
            if self.needed is None or n in self.needed:
                order.append(n)
                queue.done(n, takes)
        return order

    def takes(self) -> Callable[[GradNode], bool] | None:
        """Return what tells whether the queue takes a node: it runs, or its cotangent is captured. None: it takes all."""
        needed = self.needed
        if needed is None:
            return None
        captured = {e.target for e in self.goal or ()}
        return lambda n: n in needed or n in captured

    def receive(self, e: GradNode, g: Tensor) -> None:
        """Add a contribution to a buffer."""
        slots = self.buffers.get(e.parent if type(e) is Port else e)
        if slots is None:
            self.buffers[e.target] = {e: g}
            return
        before = slots.get(e)
        if before is None:
            slots[e] = g
        elif self.create_graph or dtypes.rare_seen:
            slots[e] = ops.add(before, g)
        else:
            slots[e] = make(np.asarray(np.add(before.array, g.array)), None)

    def visit(self, n: GradNode) -> bool:
        """Run one popped node, or only capture what arrived. Return whether it ran."""
        slots = self.buffers.pop(n, {})
        runs = self.needed is None or n in self.needed
        hooked = bool(hooks.hooked) and (n in hooks.hooked or any(e in hooks.hooked for e in slots))
        if hooked or self.goal is not None:
            self.tell(slots, runs)
        if not runs:
            return False
        g = outputs(slots)
        if hooked:
            g = self.prepared(n, g)
        if self.observer is not None:
            self.observer.enter(n, g, self.queue)
        sent: Sequence[Tensor | None] = self.sink(n, g) if type(n) is AccumulateGrad else self.contributions(n, g)
        if hooked or modes.check_nan:
            sent = self.finished(n, sent, g)
        if self.observer is not None:
            self.observer.leave(n, tuple(sent))
        if not self.keep:
            n.kept = None
        for edge, c in zip(n.edges, sent, strict=True):
            if edge is not None and c is not None:
                self.receive(edge, c)
        return True

    def tell(self, slots: dict[GradNode, Tensor], runs: bool) -> None:
        """Run the hooks on what arrived, and capture what is wanted."""
        for e, before in slots.items():
            slots[e] = told(e, before)
            if self.goal is not None and e in self.goal and not self.accumulate:
                self.captured[e] = before if runs else slots[e]  # torch captures before the hooks of a node that goes on to run

    def prepared(self, n: GradNode, g: Cotangents) -> Cotangents:
        """Run the prehooks of a node."""
        for hook in hooks.of(n, "pre"):
            changed = hook(g)
            if changed is not None:
                g = tuple(changed) if isinstance(changed, tuple | list) else (changed,)
        return g

    def finished(self, n: GradNode, sent: Sequence[Tensor | None], g: Cotangents) -> Sequence[Tensor | None]:
        """Check for nan in anomaly mode, then run the hooks of a node."""
        if modes.check_nan:
            for i, c in enumerate(sent):
                if c is not None and c.scalar_type.kind in "fc" and np.isnan(c.array).any():
                    raise RuntimeError(f"Function '{n.name()}' returned nan values in its {i}th output.")
        for hook in hooks.of(n, "post"):
            changed = hook(tuple(sent), g)
            if changed is not None:
                sent = tuple(changed) if isinstance(changed, tuple | list) else (changed,)
        return sent

    def contributions(self, n: GradNode, g: Cotangents) -> list[Tensor | None]:
        """Run the vjps of a node."""
        plan = n.plan
        if all([x is None for x in g]):
            plan.check(n)
            return [None] * len(n.edges)
        many = plan.several
        if self.create_graph or packing.is_packed(n):
            return plan.on_tensors(n, list(g) if many else g[0], self.create_graph)
        raw = [None if x is None else x.array for x in g]
        return [None if c is None else make(c, None) for c in plan.cotangents(n, raw if many else raw[0])]

    def sink(self, n: AccumulateGrad, g: Cotangents) -> list[Tensor | None]:
        """Add to the leaf's .grad and call the hooks that wait for it."""
        leaf = n.variable
        if g[0] is not None and leaf.node is n:
            accumulate(leaf, g[0], self.create_graph)
            for hook in hooks.of(n, "accumulated"):
                hook(leaf)
        return []


def accumulate(leaf: Tensor, g: Tensor, create_graph: bool) -> None:
    """Add g to .grad: the first time a tensor of its own, later in place, or out of place where the addition is recorded."""
    now = stored_grad(leaf)
    if create_graph:
        leaf.held_grad = ops.copy_(make(np.empty_like(g.array), None), g) if now is None else ops.add(now, g)
    elif now is None:
        leaf.held_grad = make(np.array(g.array, order="C"), None)
    else:
        if dtypes.rare_seen:
            now.array[...] = ops.add(now, g).array
        else:
            add_into(now.array, g.array)
        now.version[0] += 1


def outputs(slots: Mapping[GradNode, Tensor]) -> Cotangents:
    """Return the cotangents of a node in the order of its outputs."""
    first = next(iter(slots), None)
    if type(first) is not Port:
        return (None if first is None else slots[first],)
    found: list[Tensor | None] = [None] * first.count
    for e, g in slots.items():
        before = found[e.output_nr]  # of another port of the same output: that of a saved tensor
        found[e.output_nr] = g if before is None else ops.add(before, g)
    return tuple(found)


def told(e: GradNode, g: Tensor) -> Tensor:
    """Run the hooks on a tensor, then retain_grad, which sees what they left."""
    for hook in hooks.of(e, "tensor"):
        g = hooks.checked(hook(g), g, hook)
    for keep in hooks.of(e, "retain"):
        keep(ops.clone(g))
    return g


def walk(starts: Sequence[GradNode]) -> tuple[list[GradNode], dict[GradNode, int]]:
    """Return the nodes reachable from the starts and how many contributions each waits for (several roots count as one each)."""
    waiting: dict[GradNode, int] = {}
    if len(starts) > 1:
        for s in starts:
            waiting[s] = waiting.get(s, 0) + 1
    nodes = list(dict.fromkeys(starts))
    seen = set(nodes)
    for n in nodes:  # the list grows while it is walked
        for e in n.edges:
            if e is not None:
                target = e.target
                waiting[target] = waiting.get(target, 0) + 1
                if target not in seen:
                    seen.add(target)
                    nodes.append(target)
    return nodes, waiting


def on_path(nodes: Iterable[GradNode], goal: set[GradNode], accumulate: bool) -> set[GradNode]:
    """Return the nodes that must run so that cotangents reach the goal; backward(inputs=) runs the goal's nodes themselves too."""
    needed = {e.target for e in goal} if accumulate else set()
    for n in sorted(nodes, key=lambda n: n.seq):
        if any(e is not None and (e in goal or e.target in needed) for e in n.edges):
            needed.add(n)
    return needed

