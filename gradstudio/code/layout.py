"""Layout: the plan with its blocks arranged into statements, and what that means for names. The step between plan and text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from gradstudio.code.names import Attempt, Event, Events, Key, Loop
from gradstudio.code.plan import Do, Leaves, Optimizers, Part, Planned, Run, Turns, Unit, Wait
from gradstudio.code.scope import Scope
from gradstudio.code.statements import Arranger, Statement
from gradstudio.document.calls import Backward, Call, Forward, Grad, Print
from gradstudio.document.graph import CallId, NodeId, Ref


@dataclass(eq=False)
class Block:
    """A block written in its place."""

    call: Forward
    statements: list[Statement]


@dataclass(eq=False)
class Use:
    """A call of a block's def."""

    call: Forward
    unit: Unit


@dataclass(eq=False)
class Effect:
    """A call that is no Forward, with the nodes written inside its line."""

    call: Call
    count: int | None = None
    inside: tuple[NodeId, ...] = ()


@dataclass(eq=False)
class Times:
    """A `for` loop."""

    id: CallId
    times: int
    body: list[Item]


Item: TypeAlias = Leaves | Optimizers | Block | Use | Effect | Wait | Times


@dataclass
class Layout:
    """Arranges parts. `defs`: the statements of each unit that runs more than once."""

    scope: Scope
    runs: Counter[Unit]
    defs: dict[Unit, list[Statement]] = field(default_factory=dict)

    def items(self, body: Iterable[Planned]) -> list[Item]:
        """Return a body, arranged."""
        found: list[Item] = []
        open_block: Arranger | None = None
        for planned in body:
            if isinstance(planned, Do):
                found.append(Effect(planned.call, planned.count, self._inside(planned.call, open_block)))
            if open_block is not None:
                open_block.flush()
                open_block = None
            if isinstance(planned, Run) and self.runs[planned.unit] > 1:
                if planned.unit not in self.defs:
                    arranged = self._arranged(planned.unit)
                    arranged.flush()
                    self.defs[planned.unit] = arranged.done
                found.append(Use(planned.call, planned.unit))
            elif isinstance(planned, Run):
                open_block = self._arranged(planned.unit)
                found.append(Block(planned.call, open_block.done))
            elif isinstance(planned, Turns):
                found.append(Times(planned.repeat.id, planned.times, self.items(planned.body)))
            elif not isinstance(planned, Do):
                found.append(planned)
        if open_block is not None:
            open_block.flush()
        return found

    def _arranged(self, unit: Unit) -> Arranger:
        arranger = Arranger(self.scope.graph, self.scope.uses, self.scope.outputs, self.scope.reads)
        arranger.block(self.scope.graph.blocks[unit.block], dict(unit.skips))
        return arranger

    def _inside(self, call: Call, arranger: Arranger | None) -> tuple[NodeId, ...]:
        """Return the pending nodes that a call right after a block takes into its line."""
        in_order = isinstance(call, Backward | Print) or (isinstance(call, Grad) and not any(seed is not None for seed in call.seeds))
        if arranger is None or not in_order or not arranger.pending or arranger.pending[-1].frames:
            return ()
        return tuple(n for item in arranger.take([ref.source for ref in call.refs()]) for n in item.nodes)

    # ---- names

    def events(self, items: Iterable[Item]) -> Iterator[Event | Loop]:
        """Yield what items do to names."""
        for item in items:
            if isinstance(item, Leaves):
                yield Event(binds=tuple((n, 0) for n in item.nodes))
            elif isinstance(item, Optimizers):
                params = self.scope.document.optimizers[item.optimizer].params
                yield Event(tuple(self.scope.key(ref) for ref in params))
            elif isinstance(item, Block | Use):
                yield from (self.scope.event(s) for s in (item.statements if isinstance(item, Block) else self.defs[item.unit]))
            elif isinstance(item, Effect):
                yield Event(self._reads(item), results(item.call))
            elif isinstance(item, Times):
                yield Loop(tuple(self.events(item.body)))

    def _reads(self, item: Effect) -> tuple[Key, ...]:
        inside = set(item.inside)
        refs: list[Ref] = [*item.call.refs(), *(ref for n in item.inside for ref in self.scope.reads(self.scope.graph.nodes[n]))]
        return tuple(self.scope.key(ref) for ref in refs if ref.source not in inside)

    def all_events(self, parts: Iterable[tuple[Part, list[Item]]]) -> Events:
        """Return what a program does to names."""
        found: list[Event | Loop | Attempt] = []
        for part, items in parts:
            events = tuple(self.events(items))
            found += [Attempt(events)] if part.tried else events
        return tuple(found)


def results(call: Call) -> tuple[Key, ...]:
    """Return the tensors that a call gives names to."""
    return tuple((call.id, i) for i in range(len(call.inputs))) if isinstance(call, Grad) else ()


def count_runs(body: Iterable[Planned]) -> Counter[Unit]:
    """Return how often each block, as one text, stands in a body."""
    found: Counter[Unit] = Counter()
    for planned in body:
        if isinstance(planned, Run):
            found[planned.unit] += 1
        elif isinstance(planned, Turns):
            found += count_runs(planned.body)
    return found


def call_refs(body: Iterable[Planned]) -> Iterator[Ref]:
    """Yield the tensors that the calls of a body name."""
    for planned in body:
        if isinstance(planned, Do):
            yield from planned.call.refs()
        elif isinstance(planned, Turns):
            yield from call_refs(planned.body)


def bound(events: Events) -> Iterator[Key]:
    """Yield the tensors that events give names to, in order."""
    for event in events:
        yield from event.binds if isinstance(event, Event) else bound(event.body)
