"""Draft: a document that grows at its end, statement by statement, as a program runs."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from gradstudio.document.calls import Backward, Call, Forward, Grad, SetGradNone, ZeroGrad
from gradstudio.document.document import MAIN, Document, Optimizer
from gradstudio.document.frames import Frame, FrameKind
from gradstudio.document.graph import LEAF, Array, BlockId, CallId, Graph, Node, NodeId, Operand, Ref
from gradstudio.document.map import EMPTY, Map
from gradstudio.document.script import Section
from gradstudio.document.values import frozen

START = "start"  # the block of leaves that had a .grad when the recording began


class Block(Struct):
    """The nodes of a block. Leaves are made first when a block runs, so they stand first and tear no frame."""

    leaves: list[NodeId] = field(default_factory=list)
    ops: list[NodeId] = field(default_factory=list)


class Draft:
    """Nodes in blocks: what is computed between two calls is one block, run by one Forward."""

    def __init__(self) -> None:
        self.nodes: dict[NodeId, Node] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self._blocks: dict[BlockId, Block] = {}
        self._frames: dict[str, Frame] = {}
        self._sections: list[list[Call]] = [[]]
        self._open: BlockId | None = None
        self._frame: Frame | None = None  # of the last op
        self._earlier: list[tuple[Ref, Array]] = []  # leaves with what they had accumulated before
        self._counts = dict.fromkeys("ncfo", 0)

    def leaf(self, value: Array, requires_grad: bool, accumulated: Array | None = None) -> NodeId:
        """Add a leaf to the block that is open; with what it had accumulated before the program began, to a block before all others."""
        made = Node(self._new_id("n"), LEAF, value=frozen(value), requires_grad=requires_grad)
        self.nodes[made.id] = made
        if accumulated is None:
            self._block().leaves.append(made.id)
        else:
            self._blocks.setdefault(START, Block()).leaves.append(made.id)
            self._earlier.append((Ref(made.id), frozen(accumulated)))
        return made.id

    def op(self, op: str, operands: tuple[Operand, ...], attrs: Mapping[str, object], mode: FrameKind | None) -> NodeId:
        """Add an op to the block that is open, in a frame of the mode."""
        block = self._block()
        if mode is None or (self._frame is not None and self._frame.kind != mode):
            self._frame = None
        if mode is not None and self._frame is None:
            self._frame = Frame(self._new_id("f"), mode)
            self._frames[self._frame.id] = self._frame
        frame = self._frame.id if self._frame else None
        made = Node(self._new_id("n"), op, operands, Map(attrs) if attrs else EMPTY, frame=frame)
        self.nodes[made.id] = made
        block.ops.append(made.id)
        return made.id

    def call(self, kind: type[Call], **fields: object) -> CallId:
        """Add a call; what is computed after it is another block. Targets of equal calls in a row are gathered in one."""
        self.close()
        body = self._sections[-1]
        last, targets = body[-1] if body else None, fields.get("targets")
        if isinstance(last, ZeroGrad | SetGradNone) and isinstance(targets, tuple):
            gathered = replace(last, targets=(*last.targets, *targets))
            if type(last) is kind and len({*gathered.targets}) == len(gathered.targets):
                body[-1] = gathered
                return last.id
        made = kind(id=self._new_id("c"), **fields)  # type: ignore[arg-type]
        body.append(made)
        return made.id

    def cut(self) -> None:
        """End the section: something raised, and what follows goes on after it."""
        self.close()
        if self._sections[-1]:
            self._sections.append([])

    def close(self) -> None:
        """End the block that is open."""
        self._open = self._frame = None

    def name(self, ref: Ref, name: str) -> None:
        """Name an output of a node, or a result of a Grad call."""
        if ref.source in self.nodes:
            node = self.nodes[ref.source]
            self.nodes[node.id] = replace(node, names=_with_name(node.names, ref.out, name))
            return
        for body in self._sections:
            for i, call in enumerate(body):
                if isinstance(call, Grad) and call.id == ref.source:
                    body[i] = replace(call, names=_with_name(call.names, ref.out, name))

    def retain(self, ref: Ref) -> None:
        """Pin an output's `.grad`."""
        node = self.nodes[ref.source]
        self.nodes[node.id] = replace(node, retain_grad=tuple(sorted({*node.retain_grad, ref.out})))

    def optimizer(self, made: Optimizer) -> str:
        """Add an optimizer; return its id."""
        made = replace(made, id=self._new_id("o"))
        self.optimizers[made.id] = made
        return made.id

    def _new_id(self, letter: str) -> str:
        """Return an id that was not in use."""
        self._counts[letter] += 1
        return f"{letter}{self._counts[letter]}"

    def document(self) -> Document:
        """Return the document so far; nothing has a place yet."""
        blocks = Map((name, (*self._blocks[name].leaves, *self._blocks[name].ops)) for name in self._block_names())
        graph = Graph(Map((n, self.nodes[n]) for ids in blocks.values() for n in ids), blocks, Map(self._frames))
        sections = [tuple(body) for body in self._sections if body] or [()]
        sections[0] = (*self._opening(), *sections[0])
        script = tuple(Section("", body) for body in sections)
        return Document(graph=graph, script=script, optimizers=Map(self.optimizers))

    def _opening(self) -> tuple[Call, ...]:
        """Return the calls that give leaves back the `.grad` they had: a backward from each leaf itself, with that as its seed."""
        if not self._earlier:
            return ()
        roots, seeds = zip(*self._earlier, strict=True)
        first, second = (f"c{self._counts['c'] + i}" for i in (1, 2))
        return Forward(id=first, block=START), Backward(id=second, roots=roots, seeds=seeds)

    def _block_names(self) -> list[BlockId]:
        names = sorted(self._blocks, key=lambda name: name != START)
        if not names:
            self._blocks[MAIN] = Block()
        return names or [MAIN]

    def _block(self) -> Block:
        if self._open is None:
            count = len([name for name in self._blocks if name != START])
            self._open = MAIN if not count else f"{MAIN}_{count + 1}"
            self._blocks[self._open] = Block()
            self._sections[-1].append(Forward(id=self._new_id("c"), block=self._open))
        return self._blocks[self._open]


def _with_name(names: tuple[str | None, ...], out: int, name: str) -> tuple[str | None, ...]:
    filled = [*names, *[None] * (out + 1 - len(names))]
    filled[out] = name
    return tuple(filled)
