"""Recorder: writes down what a running script does, step by step, in a log and a skeleton."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.graph import Array, NodePath
from gradstudio.engine import Tensor, stored_grad
from gradstudio.engine.gradnode import GradNode
from gradstudio.engine.tensor import AccumulateGrad
from gradstudio.session.limits import MAX_BYTES, MAX_STEPS, RunLimit
from gradstudio.session.listener import Follower, Listener, Reader
from gradstudio.session.log import Log
from gradstudio.session.passes import PassObserver
from gradstudio.session.records import FlowRecord, OpRecord, SavedRecord, TensorRecord, nonfinite, short_name, standing, tensor_record
from gradstudio.session.state import InputKey
from gradstudio.session.takers import Moment, Row, Takers
from gradstudio.session.trace import Pass, Step, StepKind, TensorKey, Write


class Origin(Struct, eq=False):
    """What an engine node stands for."""

    path: NodePath
    part: int
    readers: tuple[Reader, ...] = ()
    outputs: tuple[tuple[TensorKey, ...], ...] = ()  # by output number: whose tensors they are
    made_at: int = 0  # k of the visit that made it (second order); 0: a forward op

    def name(self, output_nr: int, key: TensorKey) -> None:
        """Note that an output is the tensor of a key."""
        if not (self.outputs or output_nr):
            self.outputs = ((key,),)
            return
        known = list(self.outputs)
        known += [()] * (output_nr + 1 - len(known))
        if key not in known[output_nr]:
            known[output_nr] = (*known[output_nr], key)
            self.outputs = tuple(known)

    def keys(self, output_nr: int) -> tuple[TensorKey, ...]:
        """Return whose tensor an output is."""
        return self.outputs[output_nr] if output_nr < len(self.outputs) else ()


class Recorder(Listener):
    """The skeleton and the log of one run, as it grows."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.takers = Takers()
        self.steps: list[Step] = []
        self.passes: list[Pass] = []
        self.series: dict[TensorKey, list[Write]] = {}
        self.writes: dict[TensorKey, list[int]] = {}
        self.nonfinite: dict[int, int] = {}
        self.origins: dict[GradNode, Origin] = {}
        self.saved_by: dict[GradNode, tuple[SavedRecord, ...]] = {}
        self._parts: dict[NodePath, int] = {}

    def add(self, kind: StepKind, node: NodePath, name: str = "", part: int = 0, sequence_nr: int | None = None, origin: int = 0) -> int:
        """Add a step of the running call; return its k. Raises RunLimit."""
        if self.k >= MAX_STEPS:
            raise RunLimit(f"The run was ended after {MAX_STEPS:,} steps, the most that one run may take.  GS-R403")
        if self.log.most > MAX_BYTES and self.log.nbytes > MAX_BYTES:
            raise RunLimit(f"The run was ended: its tensors took more than {MAX_BYTES >> 20:,} MB.  GS-R404")
        self.steps.append(Step(kind, self.call, self.turns, node, name, part, sequence_nr, origin))
        self.k += 1
        return self.k

    @property
    def node(self) -> NodePath:
        """The node of the last step."""
        return self.steps[-1].node

    def sent(self, wires: tuple[InputKey, ...]) -> None:
        """Note the wires that the step of now sent along."""
        s = self.steps[-1]
        self.steps[-1] = Step(s.kind, s.call, s.turns, s.node, s.name, s.part, s.sequence_nr, s.origin, wires)

    # ---- forward

    def made(self, key: TensorKey, tensor: Tensor, past_failure: bool = False) -> None:
        """Record that a key means a tensor from now on; its old `.grad` went with the old tensor."""
        log = self.log
        if key in log.grads and self.tensors.get(key) is not tensor and log.grads[key].last is not None:
            log.grads[key].set(self.k, None)
        if not past_failure:
            self.tensors[key] = tensor
        record = tensor_record(tensor, past_failure)
        log.put(log.tensors, key, self.k, record)
        log.share(record, record.array)
        self.takers.take(record.array, (record,), self.k)
        self.count_nonfinite(record.array)

    def gone(self, key: TensorKey) -> None:
        """Record that a key means no tensor any more."""
        self.log.tensors[key].set(self.k, None)

    def known(self, key: TensorKey, grad: bool) -> object:
        """Return what the log knows of a tensor, or of its `.grad`, as it is now."""
        column = (self.log.grads if grad else self.log.tensors).get(key)
        return column.last if column is not None else None

    def count_nonfinite(self, array: Array) -> None:
        """Add to the number of non-finite elements that this step made."""
        if count := nonfinite(array):
            self.nonfinite[self.k] = self.nonfinite.get(self.k, 0) + count

    def runs(self, path: NodePath, readers: tuple[Reader, ...]) -> None:
        """Record that an op, or an instance, is run (again): what flowed into it before is gone, and what that made of what it reads."""
        before = self.log.ops.get(path)
        if before is None:
            return
        before.set(self.k, None)
        for each in readers:
            flow = self.log.flows.get(each.wire)
            if flow is not None and flow.last is not None:
                flow.set(self.k, None)
                self._forget_cotangent(each.key)

    def _forget_cotangent(self, key: TensorKey) -> None:
        column = self.log.cotangents.get(key)
        if column is not None and column.last is not None:
            column.set(self.k, None)

    def ran(self, path: NodePath, operands: tuple[object, ...]) -> None:
        """Record the operands that an op, or an instance, took."""
        self.log.put(self.log.ops, path, self.k, OpRecord(operands))

    def op_made(self, path: NodePath, readers: tuple[Reader, ...], outputs: Sequence[tuple[TensorKey, Tensor]]) -> None:
        """Record the engine nodes behind an op's outputs, and what they saved."""
        self._parts[path] = 0
        own: list[bool] = []
        for node in self.new_nodes([t.grad_fn for _, t in outputs]):
            own += self.know(node, path, readers, 0)
        self.takers.own.append(tuple(own) if any(own) else ())
        for key, t in outputs:
            self.alias(t, key)

    def alias(self, tensor: Tensor, key: TensorKey) -> None:
        """Note that a tensor is (also) known by a key from now on: an instance's output is the inner op's."""
        self._forget_cotangent(key)
        node = tensor.grad_fn
        origin = self.origins.get(node) if node is not None else None
        if origin is not None:
            origin.name(tensor.output_nr, key)

    def new_nodes(self, roots: Sequence[GradNode | None]) -> list[GradNode]:
        """Return the engine nodes behind roots that are not known yet, in the order they were made."""
        found: dict[GradNode, None] = {}
        waiting = [node for node in roots if node is not None]
        while waiting:
            node = waiting.pop()
            if node in found or node in self.origins or isinstance(node, AccumulateGrad):
                continue
            found[node] = None
            waiting += [e.target for e in node.edges if e is not None]
        return sorted(found, key=lambda n: n._sequence_nr()) if len(found) > 1 else list(found)

    def know(self, node: GradNode, path: NodePath, readers: tuple[Reader, ...], made_at: int) -> list[bool]:
        """Give an engine node its place in the graph, and record what it saved; say of each whether it is nothing but saved."""
        part = self._parts.get(path, 0)
        self._parts[path] = part + 1
        origin = self.origins[node] = Origin(path, part, readers, (), made_at)
        return [self._saved(node, origin, name, array, version) for name, array, version in node.held()]

    def _saved(self, node: GradNode, origin: Origin, name: str, array: Array, version: int) -> bool:
        source = None
        for each in origin.readers:
            if each.tensor.array is array:
                source = each.key
                break
        else:
            source = self._output_with(origin.path, array)
        column = self.log.tensors.get(source) if source is not None else None
        like = column.last if column is not None and column.last is not None and column.last.array is array else None
        record = SavedRecord(array, None, node, short_name(node), name, source, like, version)
        self.log.share(record, array)
        if like is None:
            self.takers.take(array, (record,))
        self.saved_by[node] = (*self.saved_by.get(node, ()), record)
        self.log.put(self.log.saved, (origin.path, origin.part, name), self.k, record)
        return like is None

    def _output_with(self, path: NodePath, array: Array) -> TensorKey | None:
        out = 0
        while (path, out) in self.tensors:
            if self.tensors[path, out].array is array:
                return path, out
            out += 1
        return None

    # ---- passes and writes

    def follower(self, roots: tuple[TensorKey, ...], retain_graph: bool, create_graph: bool, accumulates: bool) -> Follower:
        """Return what records a pass that begins."""
        return PassObserver(self, roots, retain_graph, create_graph, accumulates)

    def hooked(self) -> None:
        """Note that numbers decide from now on what is recorded of a pass."""
        self.takers.repeatable = False

    def grad_switched(self, on: bool) -> None:
        """Record that grad mode was switched."""
        self.log.grad_enabled.set(self.k, on)

    def about_to_write(self, tensors: Iterable[Tensor]) -> None:
        """Copy what the log shares with tensors that are about to be written, their `.grad` included."""
        for tensor in tensors:
            self.log.protect(tensor.array)

    def look_for_writes(self, writer: str, updated: Sequence[TensorKey] = ()) -> None:
        """Record every tensor, saved tensor and `.grad` that is not as the log knows it."""
        log = self.log
        for key, tensor in self.tensors.items():
            known = log.tensors[key].last
            anew = known is not None and (known.requires_grad, known.is_leaf, known.grad_fn, known.version) != standing(tensor)
            if known is not None and (anew or key in updated):
                if known.version != tensor._version or key in updated:
                    self.writes.setdefault(key, []).append(self.k)
                record = tensor_record(tensor)
                log.tensors[key].set(self.k, record)
                log.share(record, record.array)
                self.takers.take(record.array, (record,))
                self.takers.found(self.k, "written", key, grad=False)
            if key[0] not in self.entrances:  # the input of a group is a tensor that has a key of its own
                self.look_at_grad(key, tensor, writer, "written")
        for column in log.saved.values():
            self._look_at_version(column.last)

    def _look_at_version(self, record: SavedRecord | None) -> None:
        if record is None or record.freed_at or record.node is None or record.node.kept is None:
            return
        for saved in record.node.saved():
            if saved.field == record.named and saved.version_now is not None and saved.version_now != record.version_at(self.k):
                record.now_is(self.k, saved.version_now)

    def look_at_grad(self, key: TensorKey, owner: Tensor, writer: str, moment: Moment, added: FlowRecord | None = None) -> None:
        """Record the `.grad` of a tensor, and a row of its ledger, if it was written or dropped."""
        column = self.log.grads.get(key)
        before: TensorRecord | None = column.last if column else None
        now = stored_grad(owner)
        if now is None and before is None:
            return
        if now is not None and before is not None and before.owner is now and before.version == now._version:
            return
        record = None
        if now is not None:
            record = replace(tensor_record(now), array=now.array.copy(), owner=now)
            self.log.share(record, record.array)
            self.takers.take(record.array, (record,))
            self.takers.found(self.k, moment, key, grad=True)
        self.log.put(self.log.grads, key, self.k, record)
        row = Row(key, before, added, record)
        self.takers.rows.append(row)
        write = Write(self.k, *row.figures(), "none" if now is None else writer, self.call, row.terms())  # type: ignore[arg-type]
        self.series.setdefault(key, []).append(write)
