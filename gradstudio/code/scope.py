"""Scope: the tensors of one graph, what they are called in the program, and the lines of its statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gradstudio.code.facts import Pins, output_count
from gradstudio.code.names import Event, Events, Key, Rebinding, Taken
from gradstudio.code.program import INDENT, Line
from gradstudio.code.spell import Text, operand_text, spelling
from gradstudio.code.statements import Statement
from gradstudio.code.text import comment
from gradstudio.document import literals
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, CallId, Graph, Literal, Node, NodeId, Operand, Recipe, Ref
from gradstudio.engine import TABLE


@dataclass
class Scope:
    """One graph (the document's own, or a group's) while it is written.

    `functions`: the names of the defs of groups. `uses`: how often each tensor is read.
    """

    document: Document
    graph: Graph
    functions: Mapping[str, str]
    uses: Mapping[Key, int]
    taken: Taken
    label: Callable[[Ref], str]  # what a comment calls a tensor without a name
    names: dict[Key, str] = field(default_factory=dict)
    same: dict[Key, Key] = field(default_factory=dict)  # an output written in place: the tensor that it is
    inside: frozenset[NodeId] = frozenset()  # nodes that are written inside the line at hand
    absent: frozenset[tuple[str | None, int]] = frozenset()  # outputs of groups that nothing makes: None
    pins: Pins = field(default_factory=dict)
    _reads: dict[NodeId, list[Ref]] = field(default_factory=dict)

    # ---- what a node is

    def outputs(self, node: Node) -> int:
        """Return how many tensors a node makes."""
        if node.op == INSTANCE:
            group = self.document.groups.get(node.group or "")
            return len(group.outputs) if group else 0
        return 1 if node.op in (LEAF, INPUT) or node.op not in TABLE else output_count(node, self.graph)

    def reads(self, node: Node) -> list[Ref]:
        """Return the tensors that a node's expression reads, in the order of evaluation."""
        found = self._reads.get(node.id)
        if found is None:
            spelled = None if node.op == INSTANCE else spelling(node.op, node.inputs, node.attrs)
            found = self._reads[node.id] = [ref for _, ref in node.refs()] if spelled is None else spelled.refs()
        return found

    def key(self, ref: Ref) -> Key:
        """Return the tensor that a reference means: of one written in place, the one that was written to."""
        key = (ref.source, ref.out)
        return self.same.get(key, key)

    def find_aliases(self, ids: Iterable[NodeId]) -> None:
        """Note the outputs that are a leaf (or an input) written in place and need no other name: its own line changes it."""
        for node_id in ids:
            node = self.graph.nodes[node_id]
            row = TABLE.get(node.op)
            if row is None or not row.mutates or not node.inputs or not isinstance(node.inputs[0], Ref) or node.inputs[0].grad:
                continue
            key = self.key(node.inputs[0])
            target = self.graph.nodes.get(key[0])
            if target is not None and target.op in (LEAF, INPUT) and not target.fresh and node.name in (None, target.name):
                self.same[node_id, 0] = key

    # ---- names

    def needed(self, node: Node) -> list[int]:
        """Return the outputs of a node that need a name on a line of its own."""
        count = self.outputs(node)
        named = [out for out in range(min(count, len(node.names))) if node.names[out]]
        read = [out for out in range(count) if node.op == LEAF or self.uses.get((node.id, out))]
        found = sorted({*named, *read, *(out for out in node.retain_grad if out < count)})
        return [out for out in found if (node.id, out) not in self.same and (node.group, out) not in self.absent]

    def choose(self, bound: Iterable[Key], events: Events, own: Mapping[Key, str]) -> None:
        """Choose a name for each bound tensor: its own, another where that is taken or belongs to another when it is read, else `_1`."""
        clashing = [name for name in dict.fromkeys(own.values()) if name in self.taken.names]
        self.taken.names.update(own.values())
        renamed = {name: self.taken.fresh(name) for name in clashing}
        base = {key: renamed.get(name, name) for key, name in own.items()}
        rebinding = Rebinding(base)
        rebinding.follow(events)
        self.names.update(base)
        for key in rebinding.conflicts:
            self.names[key] = self.taken.fresh(own[key])
        for key in bound:
            if key not in self.names:
                self.names[key] = self.taken.temporary()

    def final_names(self) -> dict[Key, str]:
        """Return the name of each tensor that has one."""
        written = {key: self.names[target] for key, target in self.same.items() if target in self.names}
        return {key: name for key, name in {**self.names, **written}.items() if name != "_"}

    def event(self, statement: Statement) -> Event:
        """Return what a statement does to names."""
        if statement.skip:
            return Event()
        inner = set(statement.nodes)
        reads = [self.key(ref) for n in statement.nodes for ref in self.reads(self.graph.nodes[n]) if ref.source not in inner]
        node = self.graph.nodes[statement.node]
        return Event(tuple(reads), tuple((node.id, out) for out in self.needed(node)))

    # ---- text

    def text(self, ref: Ref) -> Text:
        """Return a tensor as an expression."""
        node = self.graph.nodes.get(ref.source)
        if node is not None and node.id in self.inside:
            found = self.expression(node)
        elif (name := self.names.get(self.key(ref))) is not None:
            found = Text(name)
        else:
            found = Text(self.label(ref))
        return Text(f"{found.at(14)}.grad") if ref.grad else found

    def expression(self, node: Node) -> Text:
        """Return what a node computes, as an expression."""
        if node.op == LEAF:
            return Text(" ".join(line.strip() for line in self.leaf(node)))
        if node.op == INSTANCE:
            arguments = ", ".join(operand_text(operand, self.text).text for operand in node.inputs)
            return Text(f"{self.functions.get(node.group or '', '...')}({arguments})")
        spelled = spelling(node.op, node.inputs, node.attrs)
        if spelled is None:
            return Text(f"{node.op}({', '.join(operand_text(operand, self.text).text for operand in node.inputs)})")
        return spelled.write(self.text)

    def leaf(self, node: Node) -> list[str]:
        """Return the factory call of a leaf, as lines."""
        if isinstance(node.value, Recipe):
            return [literals.recipe_text(node.value, node.requires_grad)]
        return literals.tensor_lines(np.zeros((), np.float32) if node.value is None else node.value, node.requires_grad)

    def lines(self, statement: Statement, calls: tuple[CallId, ...] = ()) -> list[Line]:
        """Return the lines of a statement."""
        node = self.graph.nodes[statement.node]
        self.inside = frozenset(statement.nodes) - {node.id}
        if statement.skip:
            return [Line(comment(f"{self._comment(node)}  ({statement.skip})"), (node.id,), calls)]
        left = self._left(node)
        right = self.leaf(node) if node.op == LEAF else [self.expression(node).text]
        first, *rest = [left + right[0], *(" " * len(left) + line for line in right[1:])]
        found = [Line(first, statement.nodes, calls), *(Line(line, (), calls) for line in rest)]
        return [*found, *(Line(text, (), calls) for out in node.retain_grad for text in self._pin((node.id, out)))]

    def _pin(self, key: Key) -> list[str]:
        """Return how an output is made to keep its gradient: what requires none takes no pin, and would raise."""
        line, needs = f"{self.names[self.same.get(key, key)]}.retain_grad()", self.pins.get(key, set())
        condition = [f"if {line.removesuffix('retain_grad()')}requires_grad:"] if len(needs) > 1 else []
        return [*condition, INDENT * len(condition) + line] if True in needs else []

    def _left(self, node: Node) -> str:
        needed = self.needed(node)
        if not needed:
            return ""
        count, row = self.outputs(node), TABLE.get(node.op)
        targets = [self.names[node.id, out] if out in needed else "_" for out in range(count)]
        return ", ".join([*targets, *(["*_"] if row is not None and row.many else [])]) + " = "

    def _comment(self, node: Node) -> str:
        """Return a skipped node as the code that it would be, with `...` for what is not wired."""
        row = TABLE.get(node.op)
        optional = [spec.optional for spec in row.inputs] if row else []
        inputs = [_dots(operand, False) for operand in node.inputs]
        inputs += [None if left else Literal(...) for left in optional[len(inputs) :]]
        shown = Node(node.id, node.op, tuple(inputs), node.attrs, group=node.group)
        return (f"{node.name} = " if node.name else "") + self.expression(shown).text


def _dots(operand: Operand, optional: bool) -> Operand:
    if isinstance(operand, tuple):
        return tuple(_dots(item, False) for item in operand)
    return Literal(...) if operand is None and not optional else operand


def framed(statements: Iterable[Statement], graph: Graph, lines: Callable[[Statement], list[Line]]) -> list[Line]:
    """Return the lines of statements, within `with` blocks where they lie in frames."""
    found: list[Line] = []
    open_frames: tuple[str, ...] = ()
    empty = False
    for statement in statements:
        common = 0
        while common < min(len(open_frames), len(statement.frames)) and open_frames[common] == statement.frames[common]:
            common += 1
        if empty and common < len(open_frames):
            found.append(Line(INDENT * len(open_frames) + "pass"))
            empty = False
        for depth, frame in enumerate(statement.frames[common:], common):
            found.append(Line(f"{INDENT * depth}with torch.{graph.frames[frame].kind}():"))
            empty = True
        open_frames = statement.frames
        found += [line.indented(len(open_frames)) for line in lines(statement)]
        empty = empty and bool(statement.skip)
    return [*found, Line(INDENT * len(open_frames) + "pass")] if empty else found
