"""Plan: the script of a document as the statements of a program, before any of them has a text.

A block's leaves get a place of their own. A turn of a repeat that differs from the next ones (what it reads was not made yet) stands
before the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.code.facts import Facts, Pins
from gradstudio.code.ran import FailureLike, TraceLike
from gradstudio.document.calls import Backward, Call, Forward, OptimizerStep, OptimizerZero, SeedGenerator, ZeroGrad
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, LEAF, BlockId, Node, NodeId, Recipe, Ref
from gradstudio.document.labels import Labels
from gradstudio.document.literals import DRAWN
from gradstudio.document.script import Repeat, Statement
from gradstudio.engine import TABLE

PEELED = 8  # turns that may stand before a loop
NESTED = 6  # repeats within repeats that are looked into twice


class Leaves(Struct, frozen=True):
    """Leaves are made, before a block first runs."""

    nodes: tuple[NodeId, ...]
    draw: bool = False


class Optimizers(Struct, frozen=True):
    """An optimizer is made, before it is first used."""

    optimizer: str


class Unit(Struct, frozen=True):
    """A block as one text: with what is skipped in it, and why."""

    block: BlockId
    skips: tuple[tuple[NodeId, str], ...] = ()


class Run(Struct, frozen=True, eq=False):
    """A block runs."""

    call: Forward
    unit: Unit


class Do(Struct, frozen=True, eq=False):
    """A call that is no Forward; an automatic one has its root by now. `count`: how many of its targets are there."""

    call: Call
    count: int | None = None


class Wait(Struct, frozen=True, eq=False):
    """A call that does not happen."""

    call: Call
    reason: str


class Turns(Struct, frozen=True, eq=False):
    """A loop."""

    repeat: Repeat
    times: int
    body: tuple[Planned, ...]


Planned: TypeAlias = Leaves | Optimizers | Run | Do | Wait | Turns


class Part(Struct, frozen=True):
    """A section. `error`: the type that it raises, if it does; `tried`: an error must not end the program."""

    title: str
    body: tuple[Planned, ...]
    tried: bool = False
    error: str = ""


def same(a: Iterable[Planned], b: Iterable[Planned]) -> bool:
    """Say whether two bodies would be written alike."""
    return [_sign(x) for x in a] == [_sign(x) for x in b]


def _sign(item: Planned) -> object:
    if isinstance(item, Run):
        return item.call.id, item.unit
    if isinstance(item, Do):
        return item.call.id, item.call.refs(), item.count
    if isinstance(item, Wait):
        return item.call.id, item.reason
    return (item.repeat.id, item.times, tuple(_sign(x) for x in item.body)) if isinstance(item, Turns) else item


@dataclass
class Planner:
    """Walks a script once (a repeat's body twice), with the facts of each place."""

    document: Document
    labels: Labels
    trace: TraceLike | None
    facts: Facts
    after_error: tuple[Facts, set[BlockId], set[str]] | None = None  # as a call that raised left it: the next section begins with that
    error: str = ""
    turns: tuple[int, ...] = ()
    begun: set[BlockId] = field(default_factory=set)
    built: set[str] = field(default_factory=set)

    def parts(self) -> tuple[Part, ...]:
        """Return the sections as planned."""
        many = len(self.document.script) > 1
        found = []
        for section in self.document.script:
            self.after_error, self.error = None, ""
            body = tuple(self.body(section.body))
            found.append(Part(section.title, body, many and (self.trace is None or self.after_error is not None), self.error))
            if self.after_error is not None:
                self.facts, self.begun, self.built = self.after_error
        return tuple(found)

    def body(self, statements: Iterable[Statement]) -> Iterator[Planned]:
        """Yield what statements become, and follow them."""
        for statement in statements:
            if isinstance(statement, Repeat):
                yield from self._repeat(statement)
            else:
                yield from self._call(statement)

    # ---- repeats

    def _repeat(self, repeat: Repeat) -> Iterator[Planned]:
        if repeat.times < 1:
            return
        outer, left = self.turns, repeat.times
        now = self._turn(repeat, outer, 0)
        while left > 1 and repeat.times - left < PEELED and len(outer) < NESTED:
            ahead = [item for item in now if isinstance(item, Leaves | Optimizers)]
            rest = [item for item in now if not isinstance(item, Leaves | Optimizers)]
            after = self._turn(repeat, outer, repeat.times - left + 1)
            if same(rest, after) and self._may_stand_before(now):
                yield from ahead
                now = after
                break
            if same(now, after):
                break
            yield from now
            now, left = after, left - 1
        self.turns = outer
        if left == 1 and (repeat.times > 1 or any(isinstance(item, Leaves | Optimizers) for item in now)):
            yield from now
        else:
            yield Turns(repeat, left, tuple(now))

    def _turn(self, repeat: Repeat, outer: tuple[int, ...], number: int) -> list[Planned]:
        self.turns = (*outer, number)
        return list(self.body(repeat.body))

    # ---- calls

    def _call(self, call: Call) -> Iterator[Planned]:
        if not call.enabled:
            yield Wait(call, "off")
        elif isinstance(call, Forward):
            yield from self._forward(call)
        else:
            yield from self._other(call)

    def _forward(self, call: Forward) -> Iterator[Planned]:
        blocks = self.document.graph.blocks
        if call.block not in blocks:
            yield Wait(call, f"there is no block {call.block}")
            return
        if call.block not in self.begun:
            self.begun.add(call.block)
            leaves = tuple(n for n in blocks[call.block] if self._stays(n))
            if leaves:
                yield Leaves(leaves, any(draws(self.document.graph.nodes[n]) for n in leaves))
                self.facts.leaves(leaves)
        failed = self._raised(call)
        if failed is not None:
            self._stop_here()[0].block(call.block, until=failed.node[0] if failed.node else None)
        skips = self.facts.block(call.block)
        yield Run(call, Unit(call.block, tuple(skips.items())))

    def _stays(self, node_id: NodeId) -> bool:
        node = self.document.graph.nodes[node_id]
        return node.op == LEAF and not node.fresh

    def _other(self, call: Call) -> Iterator[Planned]:
        if isinstance(call, OptimizerStep | OptimizerZero):
            optimizer = self.document.optimizers.get(call.optimizer)
            reason = "choose an optimizer" if optimizer is None else self.facts.missing(optimizer.params)
            if reason is None and call.optimizer not in self.built:
                self.built.add(call.optimizer)
                yield Optimizers(call.optimizer)
        elif isinstance(call, ZeroGrad):
            count = next((i for i, ref in enumerate(call.targets) if self.facts.missing([replace(ref, grad=False)])), len(call.targets))
            yield from self._done(call, (), count) if count else [Wait(call, self._missing(call) or "choose a tensor")]
            return
        elif isinstance(call, Backward) and call.automatic:
            call, reason = self._with_root(call)
        else:
            reason = self._missing(call)
        yield from [Wait(call, reason)] if reason else self._done(call, call.roots if isinstance(call, Backward) else ())

    def _missing(self, call: Call) -> str | None:
        empty = {"backward": "roots", "grad": "outputs inputs", "set_value": "target", "hook": "target group"}.get(call.kind, "")
        if any(not getattr(call, name) for name in empty.split()):
            return "choose a tensor"
        return self.facts.missing(call.refs())

    def _with_root(self, call: Backward) -> tuple[Backward, str | None]:
        """Return an automatic backward with its root: as it was in the run, else as the facts have it."""
        root, reason = self.facts.root()
        if self.trace is not None and self.after_error is None:
            roots = (p.roots[0] for p in self.trace.passes if (p.call, p.turns) == (call.id, self.turns) and p.roots)
            path, out = next(roots, ((), 0))
            outcome = self.trace.outcomes.get(call.id)
            known = bool(path) and (path[-1], out) in self.facts.made  # not so where the run is of a version before
            waits = outcome.reason if outcome is not None and outcome.kind == "waiting" else "it has more than one element, or was not made"
            root, reason = (Ref(path[-1], out), "") if known else (None, reason or waits)
        return (call, reason) if root is None else (replace(call, roots=(root,)), None)

    def _done(self, call: Call, roots: tuple[Ref, ...], count: int | None = None) -> Iterator[Planned]:
        if self._raised(call) is not None:
            self._stop_here()
        self.facts.follow(call, roots)
        yield Do(call, count)

    def _stop_here(self) -> tuple[Facts, set[BlockId], set[str]]:
        """Keep what there is now: nothing later in this section happens."""
        self.after_error = (self.facts.copy(), set(self.begun), set(self.built))
        return self.after_error

    def _raised(self, call: Call) -> FailureLike | None:
        """Return how a call failed, if this turn of it did (the first failure ends its section)."""
        outcome = None if self.trace is None else self.trace.outcomes.get(call.id)
        if outcome is None or outcome.kind != "raised" or outcome.error is None or self.after_error is not None or self.trace is None:
            return None
        last = next((step.turns for step in reversed(self.trace.steps) if step.call == call.id), ())
        if any(min(turn, 1) > now for turn, now in zip(last, self.turns, strict=False)):
            return None
        self.error = outcome.error.type
        return outcome.error

    def _may_stand_before(self, body: list[Planned]) -> bool:
        """Say whether leaves and optimizers may be made before a loop: no random number is drawn earlier in its body."""
        drawn = False
        for item in body:
            if isinstance(item, Leaves) and item.draw and drawn:
                return False
            drawn = drawn or self._touches_random(item)
        return True

    def _touches_random(self, item: Planned) -> bool:
        if isinstance(item, Run):
            nodes = self.document.graph.nodes
            ids = [n for n in self.document.graph.blocks[item.call.block] if not self._stays(n)]
            return any(draws(nodes[n]) or nodes[n].op == INSTANCE for n in ids)
        if isinstance(item, Turns):
            return any(self._touches_random(inner) for inner in item.body)
        return isinstance(item, Do) and isinstance(item.call, SeedGenerator)


def plan(document: Document, labels: Labels, trace: TraceLike | None) -> tuple[tuple[Part, ...], Pins]:
    """Return what the program does, section by section, and where retain_grad takes."""
    facts = Facts(document, labels, _doubted(document, trace))
    return Planner(document, labels, trace, facts).parts(), facts.pins


def _doubted(document: Document, trace: TraceLike | None) -> frozenset[NodeId]:
    """Return nodes whose operands a run alone can know (a `.grad`, a result of Grad) and that it never made."""
    if trace is None:
        return frozenset()
    ran = {step.node[0] for step in trace.steps if step.node}
    nodes = document.graph.nodes
    never = [nodes[path[0]] for path in trace.skipped if len(path) == 1 and path[0] in nodes and path[0] not in ran]
    return frozenset(node.id for node in never if any(ref.grad or ref.source not in nodes for _, ref in node.refs()))


def draws(node: Node) -> bool:
    """Say whether a node draws random numbers itself."""
    recipe = isinstance(node.value, Recipe) and node.value.fn in DRAWN
    return recipe or (node.op in TABLE and TABLE[node.op].category == "random")


def draws_anything(document: Document) -> bool:
    """Say whether a document draws random numbers anywhere."""
    graphs = [document.graph, *(group.graph for group in document.groups.values())]
    return any(draws(node) for graph in graphs for node in graph.nodes.values())
