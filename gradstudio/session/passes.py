"""PassObserver: follows one run of Backward or Grad and records each visit, what it sent and what it freed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from gradstudio.document.graph import Array, NodePath
from gradstudio.engine import Tensor
from gradstudio.engine.gradnode import GradNode
from gradstudio.engine.queue import Queue
from gradstudio.engine.tensor import AccumulateGrad
from gradstudio.session.log import FlowRecord
from gradstudio.session.ready import Ready
from gradstudio.session.recorder import Origin, Reader, Recorder
from gradstudio.session.state import InputKey, Queued
from gradstudio.session.trace import ACCUMULATE, Pass, Planned, TensorKey


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

    # ---- what the engine tells

    def planned(self, order: Sequence[GradNode]) -> None:
        """Take the dependency walk's result, before the first node runs."""
        self.begun, self.first = True, self.recorder.k + 1
        for key, tensor in self.recorder.tensors.items():
            self._leaves[id(tensor)] = (*self._leaves.get(id(tensor), ()), key)
        numbers = [n._sequence_nr() for n in order if not isinstance(n, AccumulateGrad)]
        self.base = min(numbers, default=0)
        self.planned_visits = tuple(Planned(*self._place(n)) for n in order)
        for n, p in zip(order, self.planned_visits, strict=True):
            self._places[n] = Queued(p.node, p.name, p.part, p.sequence_nr, p.origin)
        self._foresee(order)

    def enter(self, node: GradNode, cotangents: tuple[Tensor | None, ...], queue: Queue) -> None:
        """A node was taken from the queue and is about to run."""
        recorder = self.recorder
        for new in queue.arrived[self._placed :]:
            if new not in self._places:
                self._places[new] = Queued(*self._place(new))
        self._placed = len(queue.arrived)
        path, name, part, number, made_at = self._place(node)
        k = recorder.add("visit", path, name=name, part=part, sequence_nr=number, origin=made_at)
        self.ran += 1
        self._visited.append(node)
        recorder.log.queue.set(k, (self._ready, self._ready.note(queue)))
        for output_nr, g in enumerate(cotangents):
            for key in self._output_keys(node, output_nr):
                if g is not None:
                    self._arrived(key, g.array)
                    self._look_at_retained(key)
        for record in recorder.saved_by.get(node, ()):
            record.uses.append(k)

    def leave(self, node: GradNode, contributions: tuple[Tensor | None, ...]) -> None:
        """A node ran: it sent one contribution along each of its edges."""
        recorder = self.recorder
        if isinstance(node, AccumulateGrad):
            if self.accumulates:
                self._look_at_leaf(node)
            return
        origin = recorder.origins.get(node)
        for new in recorder.new_nodes(c.grad_fn for c in contributions if c is not None):
            if origin is not None:
                recorder.know(new, origin.path, origin.readers, recorder.k)
        used: dict[tuple[int, int], int] = {}
        wires: list[InputKey] = []
        for (target, output_nr), c in zip(node.next_functions, contributions, strict=False):
            if target is None or c is None:
                continue
            nth = used[id(target), output_nr] = used.get((id(target), output_nr), -1) + 1
            recorder.count_nonfinite(c.array)
            along = self._sent(origin, target, output_nr, nth, c.array) if origin is not None else []
            wires += along
            for key in self._output_keys(target, output_nr):
                self._add("cotangents", key, c.array, along[0] if along else None)
        if wires:
            recorder.sent(tuple(wires))

    def finish(self, raised: bool) -> None:
        """Close the pass: its colour range, and what it freed."""
        if not self.begun:
            return
        recorder = self.recorder
        sizes = [m for m in self._magnitudes() if m > 0]
        gmin, gmax = (min(sizes), max(sizes)) if sizes else (None, None)
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
        path, part, made_at = (origin.path, origin.part, origin.made_at) if origin else ((), 0, 0)
        return path, node.name().rpartition("::")[2], part, node._sequence_nr() - self.base, made_at

    def _leaf_keys(self, node: AccumulateGrad) -> tuple[TensorKey, ...]:
        return self._leaves.get(id(node.variable), ()) if node.variable is not None else ()

    def _output_keys(self, node: GradNode, output_nr: int) -> tuple[TensorKey, ...]:
        if isinstance(node, AccumulateGrad):
            return self._leaf_keys(node)
        origin = self.recorder.origins.get(node)
        return origin.outputs.get(output_nr, ()) if origin else ()

    def _foresee(self, order: Sequence[GradNode]) -> None:
        """Note which wires the pass will use: those that wait are drawn so."""
        reached = set(order)
        wires: set[InputKey] = set()
        for node in order:
            origin = self.recorder.origins.get(node)
            for target, output_nr in node.next_functions if origin is not None else ():
                if target in reached and origin is not None:
                    for each in origin.readers:
                        if each.is_edge(target, output_nr):
                            wires.update(self._wires(origin.path, each))
        self.recorder.log.pending[self.number] = frozenset(wires)

    def _wires(self, path: NodePath, each: Reader) -> list[InputKey]:
        """Return the wire of an operand, and those of the instances that it came in through."""
        found: list[InputKey] = [(path, each.path)]
        entrances = self.recorder.entrances
        source = each.key[0]
        while source in entrances:
            instance, operand_path, source = entrances[source]
            found.append((instance, operand_path))
        return found

    # ---- what is recorded

    def _sent(self, origin: Origin, target: GradNode, output_nr: int, nth: int, g: Array) -> list[InputKey]:
        readers = [r for r in origin.readers if r.is_edge(target, output_nr)]
        wires = self._wires(origin.path, readers[min(nth, len(readers) - 1)]) if readers else []
        for key in wires:
            self._add("flows", key, g, key)
        return wires

    def _arrived(self, key: TensorKey, g: Array) -> None:
        """Hooks may have changed the sum: what the node is given is what counts."""
        column = self.recorder.log.cotangents.get(key)
        now = column.last if column else None
        if now is None or now.number != self.number or not np.array_equal(now.array, g, equal_nan=g.dtype.kind in "fc"):
            k = self.recorder.k
            known = now is not None and now.number == self.number
            terms, senders = (now.terms, now.senders) if now is not None and known else ((g,), ((k, None),))
            self.recorder.log.set("cotangents", key, k, FlowRecord(g, None, self.number, k, terms, senders))

    def _add(self, table: str, key: object, g: Array, wire: InputKey | None) -> None:
        column = getattr(self.recorder.log, table).get(key)
        now = column.last if column else None
        k = self.recorder.k
        if now is None or now.number != self.number:
            record = FlowRecord(g, None, self.number, k, (g,), ((k, wire),))
        else:
            record = FlowRecord(np.asarray(now.array + g), None, self.number, k, (*now.terms, g), (*now.senders, (k, wire)))
        self.recorder.log.set(table, key, k, record)

    def _look_at_leaf(self, node: AccumulateGrad) -> None:
        for key in self._leaf_keys(node)[:1]:
            self.recorder.look_at_grad(key, self.recorder.tensors[key], "accumulate", self._arrived_at(key))

    def _look_at_retained(self, key: TensorKey) -> None:
        tensor = self.recorder.tensors.get(key)
        if tensor is not None and tensor.retains_grad:
            self.recorder.look_at_grad(key, tensor, "accumulate", self._arrived_at(key))

    def _arrived_at(self, key: TensorKey) -> FlowRecord | None:
        column = self.recorder.log.cotangents.get(key)
        return column.last if column else None

    def _freed(self, node: GradNode) -> None:
        recorder = self.recorder
        for record in recorder.saved_by.get(node, ()):
            if record.uses and not record.freed_at:
                record.freed_at = min(record.uses[-1] + 1, recorder.k)
                record.freed_by = recorder.call

    def _magnitudes(self) -> list[float]:
        columns = self.recorder.log.flows.values()
        found = [size_of(r.array) for c in columns if (r := c.last) is not None and r.number == self.number and r.array.size]
        return [m for m in found if isfinite(m)]


def size_of(g: Array) -> float:
    """Return the magnitude that a wire is drawn by: of a number itself, of more the root mean square."""
    return abs(float(g.item())) if g.size == 1 else float(np.sqrt(np.mean(np.square(np.abs(g).astype(np.float64)))))
