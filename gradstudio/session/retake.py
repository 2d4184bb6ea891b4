"""Retake: a script whose leaves alone have other numbers is run again, and fills the log of the run before.

Such a run goes through the same steps (MODEL: a script does not branch), so nothing about it is recorded again but its arrays. It is
run by the same machine and the same engine. Where it does not come out alike to the last array's kind, it is a run of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import cast

from msgspec.structs import replace

from gradstudio.document.diff import other_numbers
from gradstudio.document.document import Document
from gradstudio.document.graph import Array, NodePath, OperandPath
from gradstudio.engine import AccumulateGrad, Tensor, derivatives_of, dtypes, stored_grad
from gradstudio.engine.gradnode import GradNode, next_seq
from gradstudio.engine.queue import Queue
from gradstudio.session.listener import Follower, Listener, Reader
from gradstudio.session.passes import span_of
from gradstudio.session.records import FlowRecord, identical, nonfinite
from gradstudio.session.run import Run, Script
from gradstudio.session.takers import NO_STEP, Moment, Takers
from gradstudio.session.trace import Pass, StepKind, TensorKey, Trace, Write


def retake(before: Run, document: Document, number: int, watched: Collection[NodePath] = ()) -> Run | None:
    """Return the run of a document, made of the log of the run before, which is used up; None (and nothing changed) where that cannot be.

    Equal to what `run(document, number)` returns, but for the time it took. `watched`: nodes whose local derivatives will be asked for.
    """
    started = time.perf_counter()
    if not before.takers.repeatable or dtypes.rare_seen or other_numbers(before.document, document) is None:
        return None
    taken = Retake(before.takers, frozenset(watched))
    script = Script(document, before.labels, taken)
    script.run()
    if not _alike(before.trace, before.takers.kinds, script, taken):
        return None
    _fill(before, document, taken)
    trace = replace(
        before.trace,
        run=number,
        passes=tuple([_pass(each, records) for each, records in zip(before.trace.passes, before.takers.passes, strict=True)]),
        series=_series(before),
        nonfinite=_nonfinite(before.takers, taken.arrays),
        prints=tuple(taken.prints),
        elapsed=time.perf_counter() - started,
    )
    return before.retaken(document, trace, script)


class Retake(Listener):
    """Takes the arrays of a run in the order in which they are handed out, and nothing else."""

    def __init__(self, takers: Takers, watched: frozenset[NodePath] = frozenset()) -> None:
        super().__init__()
        self.arrays: list[Array] = []
        self.derivatives: dict[NodePath, dict[OperandPath, Array | None] | None] = {}  # of watched ops; None: not to be had so
        self._watched = watched
        self._copied, self._own, self._looks = takers.copied, iter(takers.own), takers.looks
        self._floor = 0  # engine nodes of the op in hand have higher sequence numbers

    def hand(self, array: Array) -> None:
        """Take an array; a copy, where the engine is going to write into it. More arrays than before are none of the same run."""
        at = len(self.arrays)
        self.arrays.append(array.copy() if at < len(self._copied) and self._copied[at] else array)

    def look(self, moment: Moment) -> None:
        """Take what is known to be written by now."""
        for key, grad in self._looks.get((self.k, moment), ()):
            tensor: Tensor | None = self.tensors[key]
            if grad and tensor is not None:
                tensor = stored_grad(tensor)
            if tensor is not None and grad:
                self.arrays.append(tensor.array.copy())  # as the recorder does, whoever writes it
            elif tensor is not None:
                self.hand(tensor.array)

    @property
    def node(self) -> NodePath:
        """No node: what fails is run again and recorded."""
        return ()

    def add(self, kind: StepKind, node: NodePath, name: str = "", part: int = 0, sequence_nr: int | None = None, origin: int = 0) -> int:
        """Count a step."""
        self.k += 1
        return self.k

    # ---- forward

    def made(self, key: TensorKey, tensor: Tensor, past_failure: bool = False) -> None:
        """Take a tensor's array."""
        if not past_failure:
            self.tensors[key] = tensor
        self.hand(tensor.array)

    def gone(self, key: TensorKey) -> None:
        """Nothing to take."""

    def known(self, key: TensorKey, grad: bool) -> object:
        """Nothing is recorded."""
        return None

    def runs(self, path: NodePath, readers: tuple[Reader, ...]) -> None:
        """Note which engine nodes are there before the op."""
        self._floor = next_seq()

    def ran(self, path: NodePath, operands: tuple[object, ...]) -> None:
        """Nothing to take."""

    def op_made(self, path: NodePath, readers: tuple[Reader, ...], outputs: Sequence[tuple[TensorKey, Tensor]]) -> None:
        """Take what the op's engine nodes saved and nobody else has; and the local derivatives that will be asked for."""
        if path in self._watched:
            self.derivatives[path] = _derivatives(readers, outputs) if path not in self.derivatives else None
        own = next(self._own)
        if own:
            held = [array for node in self._new_nodes([t.grad_fn for _, t in outputs]) for _, array, _ in node.held()]
            for mine, array in zip(own, held, strict=True):
                if mine:
                    self.hand(array)

    def _new_nodes(self, roots: Sequence[GradNode | None]) -> list[GradNode]:
        """Return the engine nodes of the op in hand, in the order they were made."""
        found: dict[GradNode, None] = {}
        waiting = [node for node in roots if node is not None]
        while waiting:
            node = waiting.pop()
            if node not in found and node.seq > self._floor and not isinstance(node, AccumulateGrad):
                found[node] = None
                waiting += [e.target for e in node.edges if e is not None]
        return sorted(found, key=lambda n: n.seq)

    def alias(self, tensor: Tensor, key: TensorKey) -> None:
        """Nothing to take."""

    # ---- passes and writes

    def follower(self, roots: tuple[TensorKey, ...], retain_graph: bool, create_graph: bool, accumulates: bool) -> Follower:
        """Return what takes the arrays of a pass."""
        return RetakenPass(self, accumulates)

    def hooked(self) -> None:
        """Nothing to take."""

    def grad_switched(self, on: bool) -> None:
        """Nothing to take."""

    def about_to_write(self, tensors: Iterable[Tensor]) -> None:
        """Nothing to do: what is going to be written is known, and copied when it is taken."""

    def look_for_writes(self, writer: str, updated: Sequence[TensorKey] = ()) -> None:
        """Take what was written. A view of it has another engine node as soon as somebody looks, as the recorder did."""
        if (self.k, "written") in self._looks:
            for tensor in self.tensors.values():
                _ = tensor.node
            self.look("written")


class RetakenPass:
    """An `engine.observe.Observer` that takes what arrives and what is sent."""

    def __init__(self, retake: Retake, accumulates: bool) -> None:
        self.retake, self.accumulates, self.ran = retake, accumulates, 0

    def begins(self, plan: Callable[[], Sequence[GradNode]]) -> None:
        """The order is known."""

    def enter(self, node: GradNode, cotangents: tuple[Tensor | None, ...], queue: Queue) -> None:
        """Take what arrived."""
        retake = self.retake
        retake.k += 1
        self.ran += 1
        for g in cotangents:
            if g is not None:
                retake.hand(g.array)
        retake.look("entered")

    def leave(self, node: GradNode, contributions: tuple[Tensor | None, ...]) -> None:
        """Take what is sent, or accumulated."""
        retake = self.retake
        if isinstance(node, AccumulateGrad):
            retake.look("left")
            return
        for c in contributions:
            if c is not None:
                retake.hand(c.array)

    def finish(self, raised: bool) -> None:
        """Count the pass."""
        self.retake.passed += 1


def _alike(before: Trace, kinds: Sequence[object], script: Script, taken: Retake) -> bool:
    """Return whether a run went the way of the one before, and handed out arrays of the same kinds."""
    if taken.failures or taken.k != before.end or script.limited:
        return False
    if script.outcomes != before.outcomes or script.machine.blocks.skipped != before.skipped:
        return False
    return [(array.shape, array.dtype) for array in taken.arrays] == kinds


def _derivatives(readers: tuple[Reader, ...], outputs: Sequence[tuple[TensorKey, Tensor]]) -> dict[OperandPath, Array | None] | None:
    """Return the local derivatives of an op by operand, while its node holds what it saved; None where its edges are not its operands."""
    sources, made = [reader for reader in readers if reader.edge is not None], outputs[0][1] if outputs else None
    if made is None or any([reader.tensor is made for reader in readers]):  # written in place
        return None
    try:
        found = derivatives_of(made)
    except (RuntimeError, NotImplementedError):
        return None
    if found is None or len(found) != len(sources):
        return None
    meant = [[reader for reader in sources if reader.is_edge(edge)] for edge, _ in found]
    if not all([each == [source] for each, source in zip(meant, sources, strict=True)]):
        return None
    return {source.wire[1]: array for source, (_, array) in zip(sources, found, strict=True)}


def _fill(before: Run, document: Document, taken: Retake) -> None:
    before.takers.renew(taken.arrays)
    log = before.log
    for saved in log.saved.values():
        for each in saved.values:
            if each is not None:
                each.follow()
    for column in log.ops.values():
        for op in column.values:
            if op is not None:
                op.renew()
    for path, derivatives in taken.derivatives.items():
        (record, *others) = log.ops[path].values
        if record is not None and not others:
            record.passed = derivatives
    for (path, _), start in log.start.items():
        value = cast(Array, document.node(path).value)
        start.renew(value, not identical(start.array, value))


def _pass(known: Pass, carried: tuple[FlowRecord, ...]) -> Pass:
    if not any([record.changed for record in carried]):
        return known
    gmin, gmax = span_of(carried)
    return replace(known, gmin=gmin, gmax=gmax)


def _series(before: Run) -> dict[TensorKey, tuple[Write, ...]]:
    made: dict[TensorKey, list[Write]] = {key: [] for key in before.trace.series}
    for row in before.takers.rows:
        writes = made[row.key]
        known = before.trace.series[row.key][len(writes)]
        if row.changed:
            was, added, now = row.figures()
            known = replace(known, before=was, added=added, after=now, terms=row.terms())
        writes.append(known)
    return {key: tuple(writes) for key, writes in made.items()}


def _nonfinite(takers: Takers, arrays: list[Array]) -> dict[int, int]:
    found: dict[int, int] = {}
    for k, array in zip(takers.counted, arrays, strict=True):
        if k != NO_STEP and (count := nonfinite(array)):
            found[k] = found.get(k, 0) + count
    return found
