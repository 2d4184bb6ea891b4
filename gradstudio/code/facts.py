"""Facts: what can be said of a script's tensors without running it. Which are made, which require grad, which have a `.grad`.

Mirrors the session's machine. What depends on numbers (a shape, an error) comes from a run's trace, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field

from gradstudio.code.names import Key
from gradstudio.document.calls import Backward, Call, Grad, OptimizerZero, SetGradEnabled, SetGradNone, SetRequiresGrad
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, BlockId, Graph, GroupId, Node, NodeId, Ref, operand_refs
from gradstudio.document.labels import Labels
from gradstudio.document.rules import not_wired
from gradstudio.engine import TABLE, Op

Pins = dict[Key, set[bool]]  # outputs with retain_grad: whether they require grad when they are made; both, where that differs
Skips = dict[NodeId, str]  # nodes that are not made, with the reason in words


@dataclass
class Facts:
    """What is known at one place of a script. Methods say what a block or a call would do there, and follow it."""

    document: Document
    labels: Labels
    doubted: frozenset[NodeId] = frozenset()  # nodes that a run skipped throughout
    made: set[Key] = field(default_factory=set)
    requires: set[Key] = field(default_factory=set)
    grads: set[Key] = field(default_factory=set)
    retained: set[Key] = field(default_factory=set)
    pins: Pins = field(default_factory=dict)  # copies share it
    grad_mode: bool = True
    order: dict[Key, None] = field(default_factory=dict)  # outputs of ops, the newest last
    fed: set[Key] = field(default_factory=set)  # what something that requires grad was made from
    uses: dict[tuple[GroupId, tuple[bool, ...], bool], dict[int, bool]] = field(default_factory=dict)  # instances looked into before

    def copy(self) -> Facts:
        """Return facts that go on by themselves."""
        other = copy(self)
        other.made, other.requires, other.grads = set(self.made), set(self.requires), set(self.grads)
        other.retained, other.order, other.fed = set(self.retained), dict(self.order), set(self.fed)
        return other

    # ---- blocks

    def leaves(self, ids: Iterable[NodeId]) -> None:
        """Make leaves."""
        for node_id in ids:
            key = (node_id, 0)
            self.made.add(key)
            self.grads.discard(key)
            (self.requires.add if self.document.graph.nodes[node_id].requires_grad else self.requires.discard)(key)

    def block(self, block: BlockId, until: NodeId | None = None) -> Skips:
        """Run the statements of a block, up to one that raises. Returns what is skipped."""
        skips: Skips = {}
        graph = self.document.graph
        for node_id in graph.blocks[block]:
            node = graph.nodes[node_id]
            if node_id == until:
                break
            if node.op in (LEAF, INPUT):
                if node.fresh:
                    self.leaves([node_id])
                continue
            reason = self._reason(graph, node)
            if reason is not None:
                skips[node_id] = reason
            else:
                self._statement(graph, node)
        return skips

    def _reason(self, graph: Graph, node: Node) -> str | None:
        if node.op not in TABLE and (node.op != INSTANCE or node.group not in self.document.groups):
            return f"there is no op {node.op}"
        return unwired(node) or ("it was skipped" if node.id in self.doubted else None) or self.missing(ref for _, ref in node.refs())

    def missing(self, refs: Iterable[Ref]) -> str | None:
        """Return why one of the tensors is not there, in words; None if all are."""
        for ref in refs:
            key = (ref.source, ref.out)
            if key not in self.made:
                return f"{self._label(key)} was not made"
            if ref.grad and key not in self.grads:
                return f"{self._label(key)}.grad is None"
        return None

    def _label(self, key: Key) -> str:
        try:
            return self.labels.label((key[0],), key[1])
        except KeyError:
            return "a tensor"

    def _statement(self, graph: Graph, node: Node) -> None:
        reads = [(ref.source, ref.out) for _, ref in node.refs() if not ref.grad]
        if node.op == INSTANCE:
            outputs = self._instance(node)
        else:
            outputs = dict.fromkeys(range(output_count(node, graph)), False)
            row = TABLE[node.op]
            reading = (ref for refs in differentiable_inputs(row, node) for ref in refs if not ref.grad)
            needs = self._mode(graph, node) and any((ref.source, ref.out) in self.requires for ref in reading)
            needs = needs and str(node.attrs.get("dtype") or "float").startswith("float")
            for out in outputs:
                outputs[out] = needs and (row.many or out in row.differentiable)
            if row.mutates and reads:
                outputs[0] = outputs.get(0, False) or reads[0] in self.requires
        self._keep(node, outputs, reads)

    def _keep(self, node: Node, outputs: dict[int, bool], reads: list[Key]) -> None:
        for out, needs in outputs.items():
            key = (node.id, out)
            self.made.add(key)
            self.grads.discard(key)
            self.order.pop(key, None)
            self.order[key] = None
            self.fed.discard(key)
            (self.requires.add if needs else self.requires.discard)(key)
            self.retained.discard(key)
            if out in node.retain_grad:
                self.pins.setdefault(key, set()).add(needs)
                if needs:
                    self.retained.add(key)
        if any(outputs.values()):
            self.fed.update(reads)

    def _mode(self, graph: Graph, node: Node) -> bool:
        return self.grad_mode if node.frame is None else graph.frames[node.frame].kind == "enable_grad"

    def _instance(self, node: Node) -> dict[int, bool]:
        """Return the outputs that an instance makes, and whether each requires grad."""
        group_id, mode = node.group or "", self._mode(self.document.graph, node)
        reads = [operand for operand in node.inputs if isinstance(operand, Ref)]
        needs = tuple((ref.source, ref.out) in self.requires and not ref.grad for ref in reads)
        if (group_id, needs, mode) not in self.uses:
            group = self.document.groups[group_id]
            inner = inside(self.document, self.labels, group_id)
            inner.grad_mode, inner.uses, inner.pins = mode, self.uses, self.pins
            inner.requires = {(input_id, 0) for input_id, need in zip(group.inputs, needs, strict=False) if need}
            for block in group.graph.blocks:
                inner.leaves(n for n in group.graph.blocks[block] if group.graph.nodes[n].op == LEAF)
                inner.block(block)
            keys = [(ref.source, ref.out) for ref in group.outputs]
            self.uses[group_id, needs, mode] = {out: key in inner.requires for out, key in enumerate(keys) if key in inner.made}
        return dict(self.uses[group_id, needs, mode])

    # ---- calls

    def root(self) -> tuple[Ref | None, str]:
        """Return the root of an automatic backward, or None and why it waits."""
        found = [key for key in self.order if key not in self.fed and key in self.requires]
        return (Ref(*found[-1]), "") if found else (None, "nothing that requires grad was computed yet")

    def follow(self, call: Call, roots: tuple[Ref, ...] = ()) -> None:
        """Do to the facts what a call that ends well does."""
        if isinstance(call, Backward):
            wanted = {(ref.source, ref.out) for ref in call.inputs}
            self.grads |= {key for key in self._reached(roots) if not wanted or key in wanted}
        elif isinstance(call, Grad):
            for i in range(len(call.inputs)):
                self.made.add((call.id, i))
                (self.requires.add if call.create_graph else self.requires.discard)((call.id, i))
        elif isinstance(call, SetGradNone):
            self.grads -= {(ref.source, ref.out) for ref in call.targets}
        elif isinstance(call, OptimizerZero) and call.set_to_none and call.optimizer in self.document.optimizers:
            self.grads -= {(ref.source, ref.out) for ref in self.document.optimizers[call.optimizer].params}
        elif isinstance(call, SetGradEnabled):
            self.grad_mode = call.on
        elif isinstance(call, SetRequiresGrad):
            keys = {(ref.source, ref.out) for ref in call.targets}
            self.requires = self.requires | keys if call.on else self.requires - keys

    def _reached(self, roots: Iterable[Ref]) -> set[Key]:
        """Return the leaves, and tensors that retain, that cotangents from the roots reach."""
        found: set[Key] = set()
        seen: set[Key] = set()
        waiting = [(ref.source, ref.out) for ref in roots]
        while waiting:
            key = waiting.pop()
            node = self.document.graph.nodes.get(key[0])
            if key in seen or key not in self.requires or node is None:
                continue
            seen.add(key)
            if node.op == LEAF or key in self.retained:
                found.add(key)
            waiting += [(ref.source, ref.out) for _, ref in node.refs() if not ref.grad]
        return found


def unwired(node: Node) -> str | None:
    """Return which operand is not wired, in words; None if all are."""
    row = TABLE.get(node.op)
    inputs = row.inputs if row is not None else ()
    for i in range(max(len(inputs), len(node.inputs))):
        operand = node.inputs[i] if i < len(node.inputs) else None
        optional = i < len(inputs) and inputs[i].optional
        if (operand is None and not optional) or (isinstance(operand, tuple) and _hollow(operand)):
            return not_wired(node.op, i)
    return None


def _hollow(operands: tuple[object, ...]) -> bool:
    return any(operand is None or (isinstance(operand, tuple) and _hollow(operand)) for operand in operands)


def output_count(node: Node, graph: Graph) -> int:
    """Return how many outputs an op has; of one with any number, how many are named or read."""
    row = TABLE[node.op]
    if row.outputs == ("values", "indices") and node.attrs.get("dim") is None:
        return 1  # max and min without a dim
    if not row.many:
        return len(row.outputs)
    read = [wire.source.out + 1 for wire in graph.consumers.get(node.id, ())]
    return max([len(node.names), 1, *read])


def differentiable_inputs(row: Op, node: Node) -> list[list[Ref]]:
    """Return the tensors that each differentiable input of an op reads."""
    return [
        [ref for _, ref in operand_refs((operand,))]
        for spec, operand in zip(row.inputs, node.inputs, strict=False)
        if spec.vjp is not None or (row.composite is not None and spec.formula != "0")
    ]


def inside(document: Document, labels: Labels, group: GroupId) -> Facts:
    """Return the facts at the start of a group's body: its inputs are there."""
    graph = document.groups[group].graph
    facts = Facts(Document(graph=graph, groups=document.groups), labels)
    facts.made = {(n, 0) for n, node in graph.nodes.items() if node.op == INPUT}
    facts.grads = {(n, 0) for n in graph.nodes}
    return facts


def group_skips(document: Document, labels: Labels, group: GroupId) -> Skips:
    """Return the nodes of a group that no use of it makes."""
    facts = inside(document, labels, group)
    blocks = facts.document.graph.blocks
    return {node: why for block in blocks for node, why in facts.block(block).items()}
