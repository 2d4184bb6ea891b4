"""PassObserver: follows one run of Backward or Grad and records each visit, what it sent and what it freed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gradstudio.document.graph import Array, NodePath
from gradstudio.engine import Tensor, dtypes, stored_grad
from gradstudio.engine.gradnode import GradNode, Port
from gradstudio.engine.queue import Queue
from gradstudio.engine.tensor import AccumulateGrad
from gradstudio.session.column import Column
from gradstudio.session.listener import Reader
from gradstudio.session.ready import Ready
from gradstudio.session.records import FlowRecord, short_name
from gradstudio.session.state import InputKey, Queued
from gradstudio.session.takers import Total
from gradstudio.session.trace import ACCUMULATE, Pass, Planned, TensorKey

if TYPE_CHECKING:
    from gradstudio.session.recorder import Origin, Recorder

Wires: TypeAlias = tuple[tuple[InputKey, ...], ...]


class Route:
    """Where an engine node sends the contribution of one of its edges."""

    __slots__ = ("keys", "output_nr", "target", "wires")

    def __init__(self, edge: GradNode, output_keys: Callable[[GradNode, int], tuple[TensorKey, ...]], wires: Wires) -> None:
        self.target, self.output_nr = (edge.parent, edge.nr) if type(edge) is Port else (edge, 0)
        self.keys = output_keys(self.target, self.output_nr)
        self.wires = wires  # of each operand that may be meant: the nth contribution to a place goes along the nth of them


class PassObserver:
    """An `engine.observe.Observer` that writes into a recorder."""

    def __init__(self, recorder: Recorder, roots: tuple[TensorKey, ...], retain_graph: bool, create_graph: bool, accumulates: bool) -> None:
        self.recorder, self.roots = recorder, roots
        self.retain_graph, self.create_graph, self.accumulates = retain_graph, create_graph, accumulates
        self.number = len(recorder.passes) + 1
        self.planned_visits: tuple[Planned, ...] = ()
        self.first = self.ran = self.base = 0
        self.begun = False
        self._visited: list[GradNode] = []
        self._places: dict[GradNode, Queued] = {}
        self._placed = 0  # how many of those that became ready have a place
        self._ready = Ready(self._places)
        self._leaves: dict[int, tuple[TensorKey, ...]] = {}
        self._routes: dict[GradNode, list[Route | None]] = {}
        self._last: dict[InputKey, FlowRecord] = {}  # what each wire has carried in this pass
        self._at: dict[TensorKey, tuple[GradNode, int]] = {}  # at which engine node's output the terms of a tensor have arrived
        if create_graph or dtypes.rare_seen:
            recorder.takers.repeatable = False

    # ---- what the engine tells

    def begins(self, plan: Callable[[], Sequence[GradNode]]) -> None:
        """Take the dependency walk's result, before the first node runs."""
        order = plan()
        self.begun, self.first = True, self.recorder.k + 1
        for key, tensor in self.recorder.tensors.items():
            self._leaves[id(tensor)] = (*self._leaves.get(id(tensor), ()), key)
        numbers = [n._sequence_nr() for n in order if not isinstance(n, AccumulateGrad)]
        self.base = min(numbers, default=0)
        places = [self._place(n) for n in order]
        self.planned_visits = tuple([Planned(*place) for place in places])
        for n, place in zip(order, places, strict=True):
            self._places[n] = Queued(*place)
        self._foresee(order)

    def enter(self, node: GradNode, cotangents: tuple[Tensor | None, ...], queue: Queue) -> None:
        """A node was taken from the queue and is about to run."""
        recorder = self.recorder
        for new in queue.arrived[self._placed :]:
            if new not in self._places:
                self._places[new] = Queued(*self._place(new))
        self._placed = len(queue.arrived)
        here = self._places[node]
        k = recorder.add("visit", here.node, here.name, here.part, here.sequence_nr, here.origin)
        if not self.ran:
            recorder.log.queue.set(k, self._ready)
        self.ran += 1
        self._visited.append(node)
        self._ready.note(queue)
        reached: list[TensorKey] = []
        for output_nr, g in enumerate(cotangents):
            if g is not None:
                keys = self._output_keys(node, output_nr)
                takers = [made for key in keys if (made := self._arrived(key, g.array, (node, output_nr))) is not None]
                recorder.takers.take(g.array, tuple(takers))
                reached += keys
        for key in reached:
            self._look_at_retained(key)
        for record in recorder.saved_by.get(node, ()):
            record.uses = (*record.uses, k)
        if self.accumulates and isinstance(node, AccumulateGrad):
            self._about_to_accumulate(node)

    def leave(self, node: GradNode, contributions: tuple[Tensor | None, ...]) -> None:
        """A node ran: it sent one contribution along each of its edges."""
        recorder = self.recorder
        if isinstance(node, AccumulateGrad):
            if self.accumulates:
                self._look_at_leaf(node)
            return
        if self.create_graph:
            self._know_new(node, contributions)
        used: list[tuple[GradNode, int]] = []
        wires: tuple[InputKey, ...] = ()
        for route, c in zip(self._routes[node], contributions, strict=False):
            if c is None:
                continue
            array = c.array
            if route is None:
                recorder.takers.take(array, ())
                continue
            recorder.count_nonfinite(array)
            along = route.wires[0] if route.wires else ()
            if len(route.wires) > 1:
                place = route.target, route.output_nr
                along = route.wires[min(used.count(place), len(route.wires) - 1)]
                used.append(place)
            self._sent(along, route, array)
            wires += along
        if wires:
            recorder.sent(wires)

    def _know_new(self, node: GradNode, contributions: tuple[Tensor | None, ...]) -> None:
        """Give the engine nodes of second order their place."""
        recorder, origin = self.recorder, self.recorder.origins.get(node)
        for new in recorder.new_nodes([c.grad_fn for c in contributions if c is not None]):
            if origin is not None:
                recorder.know(new, origin.path, origin.readers, recorder.k)

    def finish(self, raised: bool) -> None:
        """Close the pass: its colour range, and what it freed."""
        if not self.begun:
            return
        recorder = self.recorder
        recorder.passed += 1
        recorder.takers.passes.append(tuple(self._last.values()))
        gmin, gmax = span_of(self._last.values())
        if raised and recorder.passes:
            gmin, gmax = recorder.passes[-1].gmin, recorder.passes[-1].gmax
        for node in self._visited[:-1] if raised else self._visited:
            if not self.retain_graph:
                self._freed(node)
        recorder.passes.append(
            Pass(
                recorder.call,
                recorder.turns,
                self.number,
                self.first,
                self.ran,
                self.planned_visits,
                self.roots,
                gmin,
                gmax,
                raised,
                self.retain_graph,
                self.create_graph,
            )
        )

    # ---- where things are in the graph

    def _place(self, node: GradNode) -> tuple[NodePath, str, int, int | None, int]:
        """Return what a Planned or Queued says of an engine node."""
        if isinstance(node, AccumulateGrad):
            keys = self._leaf_keys(node)
            return (keys[0][0] if keys else ()), ACCUMULATE, 0, None, 0
        origin = self.recorder.origins.get(node)
        number = node._sequence_nr() - self.base
        if origin is None:
            return (), short_name(node), 0, number, 0
        return origin.path, short_name(node), origin.part, number, origin.made_at

    def _leaf_keys(self, node: AccumulateGrad) -> tuple[TensorKey, ...]:
        return self._leaves.get(id(node.variable), ()) if node.variable is not None else ()

    def _output_keys(self, node: GradNode, output_nr: int) -> tuple[TensorKey, ...]:
        if isinstance(node, AccumulateGrad):
            return self._leaf_keys(node)
        origin = self.recorder.origins.get(node)
        return origin.keys(output_nr) if origin is not None else ()

    def _foresee(self, order: Sequence[GradNode]) -> None:
        """Find the way of every contribution, and note which wires the pass will use: those that wait are drawn so."""
        reached = set(order)
        pending: dict[InputKey, None] = {}
        for node in order:
            origin = self.recorder.origins.get(node)
            self._routes[node] = routes = [None if e is None else self._route(e, origin) for e in node.edges]
            for route in routes:
                if route is not None and route.target in reached:
                    for wires in route.wires:
                        for wire in wires:
                            pending[wire] = None
        self.recorder.log.pending[self.number] = tuple(pending)

    def _route(self, edge: GradNode, origin: Origin | None) -> Route:
        wires = tuple([self._wires(r) for r in origin.readers if r.is_edge(edge)]) if origin is not None else ()
        return Route(edge, self._output_keys, wires)

    def _wires(self, each: Reader) -> tuple[InputKey, ...]:
        """Return the wire of an operand, and those of the instances that it came in through."""
        entrances, source = self.recorder.entrances, each.key[0]
        if source not in entrances:
            return (each.wire,)
        found = [each.wire]
        while source in entrances:
            instance, operand_path, source = entrances[source]
            found.append((instance, operand_path))
        return tuple(found)

    # ---- what is recorded

    def _sent(self, wires: tuple[InputKey, ...], route: Route, g: Array) -> None:
        """Record a contribution: on its wires, and at the outputs that it arrives at. What comes first on both is one record."""
        log, k, number = self.recorder.log, self.recorder.k, self.number
        wire = wires[0] if wires else None
        first = FlowRecord(g, number, k, wire)
        records = [first]
        log.share(first, g)
        for key in wires:
            before = self._last.get(key)
            if key is wire and before is None:
                record = first
            else:
                record = FlowRecord(g, number, k, key, before)
                log.share(record, g)
                records.append(record)
            self._last[key] = record
            log.put(log.flows, key, k, record)
        for out in route.keys:
            self._expect(out, (route.target, route.output_nr))
            column = log.cotangents.get(out)
            if column is None:
                log.cotangents[out] = Column(k, first)
                continue
            now = column.last
            if now is not None and now.number == number:
                record = FlowRecord(g, number, k, wire, now)
                log.share(record, g)
                records.append(record)
            else:
                record = first
            column.set(k, record)
        self.recorder.takers.take(g, tuple(records), k)

    def _expect(self, key: TensorKey, place: tuple[GradNode, int]) -> None:
        """Note where a term of a tensor arrives. At another place than those before (another turn of a loop), sums are of both."""
        if self._at.setdefault(key, place) != place:
            self.recorder.takers.repeatable = False

    def _arrived(self, key: TensorKey, g: Array, place: tuple[GradNode, int]) -> FlowRecord | Total | None:
        """Record what the node is given, if no term of it is known, or hooks have changed the sum: that is what counts."""
        log, k = self.recorder.log, self.recorder.k
        self._expect(key, place)
        column = log.cotangents.get(key)
        now = column.last if column is not None else None
        if now is None or now.number != self.number:
            record = FlowRecord(g, self.number, k, None)
        elif _same(now.array, g):
            if key in self.roots:  # only numbers decide whether its seed shows in the sum
                self.recorder.takers.repeatable = False
            return Total(now) if now.before is not None and g.size == 1 else None
        else:
            record = FlowRecord(None, self.number, k, None, now)
            record.total = g
            self.recorder.takers.repeatable = False
        log.share(record, g)
        log.put(log.cotangents, key, k, record)
        return record

    def _about_to_accumulate(self, node: AccumulateGrad) -> None:
        """A `.grad` that is there is written in place, and ops may have read it."""
        now = None if node.variable is None else stored_grad(node.variable)
        if now is not None:
            self.recorder.about_to_write((now,))

    def _look_at_leaf(self, node: AccumulateGrad) -> None:
        for key in self._leaf_keys(node)[:1]:
            self.recorder.look_at_grad(key, self.recorder.tensors[key], "accumulate", "left", self._arrived_at(key))

    def _look_at_retained(self, key: TensorKey) -> None:
        tensor = self.recorder.tensors.get(key)
        if tensor is not None and tensor.retains_grad:
            self.recorder.look_at_grad(key, tensor, "accumulate", "entered", self._arrived_at(key))

    def _arrived_at(self, key: TensorKey) -> FlowRecord | None:
        column = self.recorder.log.cotangents.get(key)
        return column.last if column else None

    def _freed(self, node: GradNode) -> None:
        recorder = self.recorder
        for record in recorder.saved_by.get(node, ()):
            if record.uses and not record.freed_at:
                record.freed_at = min(record.uses[-1] + 1, recorder.k)
                record.freed_by = recorder.call


def _same(a: Array, b: Array) -> bool:
    return a is b or np.array_equal(a, b, equal_nan=b.dtype.kind in "fc")


def span_of(records: Iterable[FlowRecord]) -> tuple[float | None, float | None]:
    """Return the smallest and largest magnitude of what wires carried, as far as they are finite and not 0."""
    sizes = [size for record in records if 0 < (size := record.size) < inf]
    return (min(sizes), max(sizes)) if sizes else (None, None)
