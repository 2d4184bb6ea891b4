"""Blocks: runs the statements of blocks and groups, and tells a listener of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from gradstudio.document import graph
from gradstudio.document.calls.call import Waits
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, BlockId, Graph, Node, NodePath, Operand, OperandPath, Ref
from gradstudio.document.labels import Labels
from gradstudio.document.rules import not_wired
from gradstudio.engine import TABLE, Tensor, call, stored_grad
from gradstudio.engine.modes import GradMode
from gradstudio.engine.random import Generator
from gradstudio.session.leaves import draws, start_value
from gradstudio.session.limits import check_sizes
from gradstudio.session.listener import Listener, Reader
from gradstudio.session.trace import Failure, InputKey, TensorKey


class NodeFailed(Exception):
    """A node raised and ends its call; the engine's error is the cause."""

    def __init__(self, path: NodePath) -> None:
        super().__init__(path)
        self.path = path


class Skipped(Exception):
    """A node cannot run yet: an operand is not wired, or was not made. Calm, no error."""


class Place(Struct, frozen=True):
    """Where statements run: the graph they are in, and the instances round it."""

    graph: Graph
    path: NodePath = ()


class Blocks:
    """The tensors of a run and the statements that make them."""

    def __init__(self, document: Document, labels: Labels, listener: Listener) -> None:
        self.document, self.labels, self.listener = document, labels, listener
        self.generator = Generator(document.seed)
        self.skipped: dict[NodePath, str] = {}
        self._past: dict[TensorKey, Tensor] = {}  # made after a failure: shown, and dropped before the next section
        self._failed = False  # a node of the running call has failed
        self._fallen: set[NodePath] = set()  # those that did
        self._made: dict[TensorKey, None] = {}  # outputs of ops in run order, the newest last
        self._fed: set[TensorKey] = set()  # tensors that something which requires grad was made from
        self._leaves: set[NodePath] = set()

    # ---- tensors

    def tensor(self, ref: Ref) -> Tensor:
        """Return the tensor that ref means now. Raises Waits if it was not made."""
        found = self.listener.tensors.get(((ref.source,), ref.out))
        if found is None:
            raise Waits(f"{self.labels.label((ref.source,), ref.out)} was not made yet")
        return self._of_grad(ref, found)

    def _of_grad(self, ref: Ref, found: Tensor) -> Tensor:
        if not ref.grad:
            return found
        stored = stored_grad(found)
        if stored is None:
            raise Waits(f"{self.labels.label((ref.source,), ref.out)}.grad is None")
        return stored

    def roots(self) -> list[TensorKey]:
        """Return the outputs of ops that require grad and feed nothing that does, in run order; of an instance only its own outputs."""
        tensors = self.listener.tensors
        return [key for key in self._made if len(key[0]) == 1 and key not in self._fed and key in tensors and tensors[key].requires_grad]

    def before_section(self) -> None:
        """Drop what was made after a failure."""
        for key in self._past:
            known = self.listener.tensors.get(key)
            if known is not None:
                self.listener.made(key, known)
            else:
                self.listener.gone(key)
        self._past.clear()

    def before_call(self) -> None:
        """Forget the failure of the call before."""
        self._failed = False
        self._fallen.clear()

    # ---- statements

    def forward(self, block: BlockId) -> None:
        """Run the statements of a block. Raises NodeFailed after all that does not depend on the failure was computed."""
        place = Place(self.document.graph)
        if block not in place.graph.blocks:
            raise Waits(f"there is no block {block}")
        failure = self._statements(place, place.graph.blocks[block])
        if failure is not None:
            raise failure

    def _statements(self, place: Place, ids: Iterable[str]) -> NodeFailed | None:
        nodes = [place.graph.nodes[i] for i in ids]
        first: NodeFailed | None = None
        # The leaves of a block are made before its statements; fresh ones, and all in a group, in their place.
        for node in sorted(nodes, key=lambda n: n.op != LEAF or n.fresh or bool(place.path)):
            try:
                if node.frame is None:
                    self._statement(place, node)
                else:
                    with GradMode(place.graph.frames[node.frame].kind == "enable_grad"):
                        self._statement(place, node)
            except NodeFailed as failure:
                first, self._failed = first or failure, True
                self._fallen.add(failure.path)
            except Skipped as why:
                self.skipped[(*place.path, node.id)] = str(why)
        return first

    def _statement(self, place: Place, node: Node) -> None:
        path = (*place.path, node.id)
        self.skipped.pop(path, None)
        if node.op == LEAF:
            self._leaf(path, node)
        elif node.op == INSTANCE:
            self._instance(place, path, node)
        elif node.op != INPUT:
            self._op(place, path, node)

    def _leaf(self, path: NodePath, node: Node) -> None:
        if path in self._leaves and not node.fresh and len(path) == 1:
            return
        if self._failed and draws(node):
            raise Skipped("no random numbers are drawn after a failure")
        try:
            made = start_value(node, self.generator)
        except Exception as error:
            raise self.failure(path, error) from error
        if not self._failed:
            self._leaves.add(path)
        self._keep((path, 0), made)

    def _op(self, place: Place, path: NodePath, node: Node) -> None:
        operands, readers, records = self._operands(place, path, node)
        row = TABLE.get(node.op)
        updated = row.updated(node.attrs) if row is not None else ()
        writes = row is not None and bool(row.mutates or updated)
        if self._failed and writes:
            raise Skipped("nothing is written after a failure")
        listener = self.listener
        if not self._failed:
            listener.add("op", path, node.op)
            listener.runs(path, readers)
        if writes:
            listener.about_to_write(t for t in operands if isinstance(t, Tensor))
        try:
            result = call(node.op, operands, dict(node.attrs) if node.attrs else None)
            outputs = result if isinstance(result, tuple) else () if result is None else (result,)
            check_sizes(node.op, outputs)
        except Exception as error:
            raise self.failure(path, error) from error
        made = [((path, i), each) for i, each in enumerate(outputs)]
        for key, each in made:
            self._keep(key, each)
        if self._failed:
            return
        if node.retain_grad:
            self._retain(node, outputs)
        listener.ran(path, records)
        listener.op_made(path, readers, made)
        self._note_use(made, readers)
        if writes:
            listener.look_for_writes("set", [reader.key for reader in readers if reader.wire[1][0] in updated])

    def _keep(self, key: TensorKey, made: Tensor) -> None:
        if self._failed:
            self._past[key] = made
        self.listener.made(key, made, self._failed)

    def _retain(self, node: Node, outputs: tuple[Tensor, ...]) -> None:
        for out in node.retain_grad:
            if out < len(outputs) and outputs[out].requires_grad:
                outputs[out].retain_grad()

    def _note_use(self, outputs: Iterable[tuple[TensorKey, Tensor]], readers: tuple[Reader, ...]) -> None:
        """Keep the account from which an automatic backward finds its root."""
        requires_grad = False
        for key, made in outputs:
            requires_grad |= made.requires_grad
            self._made.pop(key, None)
            self._made[key] = None
            self._fed.discard(key)
        if requires_grad:
            self._fed.update([r.key for r in readers])

    def failure(self, path: NodePath, error: Exception) -> NodeFailed:
        """Record that a node raised; return what ends its call."""
        self.listener.failures[path] = Failure(type(error).__name__, str(error), path)
        return NodeFailed(path)

    # ---- operands

    def _operands(self, place: Place, path: NodePath, node: Node) -> tuple[tuple[Any, ...], tuple[Reader, ...], tuple[object, ...]]:
        """Return what the op takes, the tensors it reads, and the records of all for the log. Raises Skipped."""
        readers: list[Reader] = []
        values: list[Any] = []
        records: list[object] = []
        for i, operand in enumerate(_all_inputs(node)):
            value, record = self._operand(place, node, operand, (path, (i,)), readers)
            values.append(value)
            records.append(record)
        return tuple(values), tuple(readers), tuple(records)

    def _operand(self, place: Place, node: Node, operand: Operand, wire: InputKey, readers: list[Reader]) -> tuple[Any, object]:
        if isinstance(operand, Ref):
            return self._tensor(place, operand, wire, readers)
        if isinstance(operand, tuple):
            owner, path = wire
            pairs = [self._operand(place, node, item, (owner, (*path, i)), readers) for i, item in enumerate(operand)]
            return tuple(value for value, _ in pairs), tuple(record for _, record in pairs)
        if isinstance(operand, graph.Literal):
            return operand.value, operand.value
        self._need(node, wire[1])
        return None, None

    def _tensor(self, place: Place, ref: Ref, wire: InputKey, readers: list[Reader]) -> tuple[Tensor, object]:
        """Return a tensor that an op reads, and what the log knows of it. Raises Skipped."""
        listener, key = self.listener, self._key(place, ref)
        found = self._past.get(key) if self._failed else None
        found = listener.tensors.get(key) if found is None else found
        if found is None or (self._failed and self._stale(key)):
            raise Skipped(f"{self.labels.label(*key)} was not made")
        if not ref.grad:
            readers.append(Reader(wire, key, found, found.node))
            return found, listener.known(key, grad=False)
        try:
            found = self._of_grad(ref, found)
        except Waits as why:
            raise Skipped(str(why)) from None
        return found, listener.known(key, grad=True)

    def _key(self, place: Place, ref: Ref) -> TensorKey:
        if place.path and ref.source in place.graph.nodes:
            return (*place.path, ref.source), ref.out
        return (ref.source,), ref.out

    def _stale(self, key: TensorKey) -> bool:
        """Return whether a tensor belongs to a node that failed or was passed over in this call."""
        return key[0] in self._fallen or key[0] in self.skipped

    def _need(self, node: Node, path: OperandPath) -> None:
        """Raise Skipped where an operand that the op cannot do without is not wired."""
        row = TABLE.get(node.op)
        spec = row.inputs[path[0]] if row is not None and path[0] < len(row.inputs) else None
        if spec is None or not spec.optional:
            raise Skipped(not_wired(node.op, path[0]))

    # ---- groups

    def _instance(self, place: Place, path: NodePath, node: Node) -> None:
        group = self.document.groups[self.document.group_of(node)]
        operands, readers, records = self._operands(place, path, node)
        if not self._failed:
            self.listener.runs(path, readers)
        sources = {r.wire[1]: r.key[0] for r in readers}
        for i, (input_id, made) in enumerate(zip(group.inputs, operands, strict=False)):
            inner = (*path, input_id)
            if isinstance(made, Tensor):
                self._keep((inner, 0), made)
                if (i,) in sources:
                    self.listener.entrances[inner] = (path, (i,), sources[i,])
        inside = Place(group.graph, path)
        failure = self._statements(inside, [n for ids in group.graph.blocks.values() for n in ids])
        for out, ref in enumerate(group.outputs):
            key = self._key(inside, ref)
            made = self._past[key] if key in self._past else self.listener.tensors.get(key)
            if made is not None and not self._stale(key):
                self._keep((path, out), made)
                self.listener.alias(made, (path, out))
                self._note_use((((path, out), made),), readers)
        if failure is not None:
            raise failure
        if not self._failed:
            self.listener.ran(path, records)


def _all_inputs(node: Node) -> tuple[Operand, ...]:
    """Return the operands of a node, and None for each that its op has beyond them."""
    row = TABLE.get(node.op)
    missing = len(row.inputs) - len(node.inputs) if row is not None else 0
    return (*node.inputs, *(None,) * missing) if missing > 0 else node.inputs
