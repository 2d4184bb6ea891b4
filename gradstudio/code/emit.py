"""Emit: a document as a PyTorch program that runs as it stands and computes what the document computes (MODEL: Code out)."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from gradstudio.code.facts import Pins
from gradstudio.code.groups import absent_outputs, group_lines, used_groups
from gradstudio.code.layout import Block, Effect, Item, Layout, Times, Use, bound, call_refs, count_runs
from gradstudio.code.names import Key, Taken
from gradstudio.code.plan import Leaves, Optimizers, Part, Unit, Wait, draws_anything, plan
from gradstudio.code.program import INDENT, Line, Program, program
from gradstudio.code.ran import TraceLike
from gradstudio.code.scope import Scope, framed
from gradstudio.code.spell import PRIMARY
from gradstudio.code.statements import Statement, count_uses
from gradstudio.code.text import comment
from gradstudio.document import labels as document_labels
from gradstudio.document.calls import Backward, Call, Forward, Grad, Hook, OptimizerStep, OptimizerZero
from gradstudio.document.document import Document
from gradstudio.document.graph import CallId, Ref
from gradstudio.document.labels import Labels
from gradstudio.document.literals import literal


def emit(document: Document, labels: Labels | None = None, trace: TraceLike | None = None) -> Program:
    """Return a document as a program.

    `trace`: of a run of this document (one of a version before does no harm). It tells which sections raised (without one, each of
    several stands in a `try`), which root an automatic backward took, and what was skipped for reasons that only a run knows.
    """
    labels = labels or document_labels.of(document)
    parts, pins = plan(document, labels, trace)
    return Emitter(document, labels, parts, pins).program()


def told_by(document: Document, trace: TraceLike) -> tuple[object, ...]:
    """Return what of a run the program of a document depends on; while that stays equal, the program does."""
    calls = [*document.calls()]
    if len(document.script) < 2 and not any(isinstance(call, Grad) or (isinstance(call, Backward) and call.automatic) for call in calls):
        return ()
    ends = tuple((call.id, end.kind, end.reason) for call in calls if (end := trace.outcomes.get(call.id)) is not None)
    return ends, tuple((p.call, p.turns, p.roots) for p in trace.passes), tuple(trace.skipped)


@dataclass
class Emitter:
    """Writes a plan."""

    document: Document
    labels: Labels
    parts: tuple[Part, ...]
    pins: Pins
    scope: Scope = field(init=False)
    layout: Layout = field(init=False)
    blocks: dict[Unit, str] = field(default_factory=dict)  # names of the defs
    optimizers: dict[str, str] = field(default_factory=dict)
    written: set[Unit] = field(default_factory=set)
    error_name: str = field(init=False)

    def program(self) -> Program:
        """Return the program."""
        laid = self._lay_out()
        body = self._seed()
        for part, items in laid:
            body += self._part(part, items)
        functions: list[Line] = []
        for group in used_groups(self.document):
            functions += [*group_lines(self.scope, self.labels, group, self.pins), BLANK]
        return program(_tidy([*_imports([*functions, *body]), BLANK, *functions, *body]), self.scope.final_names())

    # ---- names and order

    def _lay_out(self) -> list[tuple[Part, list[Item]]]:
        document, graph = self.document, self.document.graph
        taken = Taken(())
        first = {block: taken.claim(block) for block in graph.blocks}
        functions = {group: taken.claim(document.groups[group].name) for group in document.groups}
        body = [planned for part in self.parts for planned in part.body]
        kept = [ref for optimizer in document.optimizers.values() for ref in optimizer.params]
        self.scope = Scope(document, graph, functions, count_uses(graph, [*call_refs(body), *2 * kept]), taken, self._label)
        self.scope.pins, self.scope.absent = self.pins, absent_outputs(document, self.labels)
        self.scope.find_aliases(graph.order)
        self.layout = Layout(self.scope, count_runs(body))
        laid = [(part, self.layout.items(part.body)) for part in self.parts]
        self._choose(laid)
        for unit in self.layout.defs:
            self.blocks[unit] = first.pop(unit.block) if unit.block in first else taken.fresh(unit.block)
        return laid

    def _label(self, ref: Ref) -> str:
        return self.labels.label((ref.source,), ref.out)

    def _choose(self, laid: list[tuple[Part, list[Item]]]) -> None:
        events = self.layout.all_events(laid)
        keys = list(dict.fromkeys(bound(events)))
        calls = {call.id: call for call in self.document.calls() if isinstance(call, Grad)}
        own = {key: name for key in keys if (name := self._own_name(key, calls))}
        unread = [key for key in keys if key[0] in calls and key not in own and not self.scope.uses.get(key)]
        self.scope.names.update(dict.fromkeys(unread, "_"))
        taken = self.scope.taken
        self.scope.choose(keys, events, own)
        self.optimizers = {optimizer: taken.claim("optimizer") for optimizer in self.document.optimizers}
        self.error_name = taken.claim("error")

    def _own_name(self, key: Key, calls: dict[CallId, Grad]) -> str | None:
        names = calls[key[0]].names if key[0] in calls else self.document.graph.nodes[key[0]].names
        return names[key[1]] if key[1] < len(names) else None

    # ---- lines

    def _seed(self) -> list[Line]:
        return [Line(f"torch.manual_seed({self.document.seed})")] if draws_anything(self.document) else []

    def _part(self, part: Part, items: list[Item]) -> list[Line]:
        found = [BLANK, Line(comment(part.title))] if part.title else [BLANK] if part.tried else []
        if not part.tried:
            for item in items:
                found += self._defs([item])
                found += self._item(item)
            return found
        found += self._defs(items)
        body = [line.indented() for item in items for line in self._item(item)]
        known = part.error.isidentifier() and hasattr(builtins, part.error)
        kind = part.error if known else "Exception"
        shown = f'print(f"{kind}: {{{self.error_name}}}")' if known else f"print({self.error_name})"
        handler = [Line(f"except {kind} as {self.error_name}:"), Line(INDENT + shown)]
        return [*found, Line("try:"), *(body if any(_does(line) for line in body) else [*body, Line(INDENT + "pass")]), *handler]

    def _defs(self, items: Iterable[Item]) -> list[Line]:
        """Return the defs that items need and that are not written yet."""
        found: list[Line] = []
        for item in items:
            if isinstance(item, Times):
                found += self._defs(item.body)
            elif isinstance(item, Use) and self.layout.defs[item.unit] and item.unit not in self.written:
                self.written.add(item.unit)
                found += [BLANK, *self._def(item.unit), BLANK]
        return found

    def _def(self, unit: Unit) -> list[Line]:
        statements = self.layout.defs[unit]
        nodes = [self.scope.graph.nodes[s.node] for s in statements if not s.skip]
        names = [self.scope.names[node.id, out] for node in nodes for out in self.scope.needed(node)]
        body = framed(statements, self.scope.graph, self.scope.lines)
        if names:
            body.insert(0, Line(f"global {', '.join(dict.fromkeys(names))}"))
        if not any(_does(line) for line in body):
            body.append(Line("pass"))
        return [Line(f"def {self.blocks[unit]}():"), *(line.indented() for line in body)]

    def _item(self, item: Item) -> list[Line]:
        if isinstance(item, Leaves):
            return [line for n in item.nodes for line in self.scope.lines(Statement(n, (n,)))]
        if isinstance(item, Optimizers):
            return [self._optimizer(item.optimizer)]
        if isinstance(item, Block):
            return framed(item.statements, self.scope.graph, lambda s: self.scope.lines(s, (item.call.id,)))
        if isinstance(item, Use):
            return [Line(f"{self.blocks[item.unit]}()", (), (item.call.id,))] if self.layout.defs[item.unit] else []
        if isinstance(item, Times):
            body = [line.indented() for inner in item.body for line in self._item(inner)]
            end = [] if any(_does(line) for line in body) else [Line(INDENT + "pass")]
            return [Line(f"for _ in range({item.times}):", (), (item.id,)), *body, *end]
        return [self._waiting(item)] if isinstance(item, Wait) else list(self._effect(item))

    def _optimizer(self, optimizer_id: str) -> Line:
        optimizer = self.document.optimizers[optimizer_id]
        params = ", ".join(self.scope.text(ref).text for ref in optimizer.params)
        options = "".join(f", {key}={literal(value)}" for key, value in optimizer.options.items())
        return Line(f"{self.optimizers[optimizer_id]} = torch.optim.{optimizer.kind}([{params}]{options})")

    def _effect(self, item: Effect) -> Iterator[Line]:
        self.scope.inside = frozenset(item.inside)
        texts = self._written(item.call)
        for i, text in enumerate(texts):
            if item.count is None or i < item.count:
                yield Line(text, item.inside, (item.call.id,))
            else:
                yield Line(comment(f"{text}  (was not made)"), (), (item.call.id,))

    def _written(self, call: Call) -> tuple[str, ...]:
        """Return the lines of a call, its optimizer and group by their names in the program."""
        if isinstance(call, OptimizerStep | OptimizerZero):
            call = replace(call, optimizer=self.optimizers.get(call.optimizer, "..."))
        elif isinstance(call, Hook):
            call = replace(call, group=self.scope.functions.get(call.group or "", "..."))
        return call.write(self._name)

    def _name(self, ref: Ref) -> str:
        return self.scope.text(ref).at(PRIMARY)

    def _waiting(self, item: Wait) -> Line:
        self.scope.inside = frozenset()
        call = item.call
        if isinstance(call, Forward) or not call.refs():
            shown = f"{call.block}()" if isinstance(call, Forward) else call.kind
        else:
            shown = " ".join(text.strip() for text in self._written(call))
        return Line(comment(f"{shown}  ({item.reason})"), (), (call.id,))


BLANK = Line("")


def _does(line: Line) -> bool:
    """Say whether Python sees a statement in a line."""
    text = line.text.strip()
    return bool(text) and not text.startswith(("#", "global "))


def _imports(lines: list[Line]) -> list[Line]:
    code = [line.text for line in lines if _does(line)]
    wanted = (("torch.", "import torch"), ("F.", "import torch.nn.functional as F"))
    return [Line(statement) for mark, statement in wanted if any(re.search(rf"\b(?<!\.){re.escape(mark)}", text) for text in code)]


def _tidy(lines: list[Line]) -> list[Line]:
    """Return lines without blank ones at the ends or next to each other."""
    found: list[Line] = []
    for line in lines:
        if line.text or (found and found[-1].text):
            found.append(line)
    return found[:-1] if found and not found[-1].text else found
