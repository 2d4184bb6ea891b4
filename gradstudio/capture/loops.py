"""Loops: turns that do the same, one after another, become one body that a Repeat runs. What a program unrolled is rolled up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.calls import Call, Forward
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, Graph, Node, NodeId, Ref, rewired
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section, Statement

LEAST = 3  # turns; two are as easily read one after the other
LONGEST = 64  # calls of a turn


class Rolled(Struct, frozen=True):
    """A document with its loops, and what the ids of the document without them have become: of the last turn, and no more there."""

    document: Document
    became: Mapping[str, str]
    gone: frozenset[str]

    def ref(self, ref: Ref) -> Ref | None:
        """Return where a tensor is now; None for one of an earlier turn, whose place a later one takes."""
        return None if ref.source in self.gone else replace(ref, source=self.became.get(ref.source, ref.source))


class Loop(Struct, frozen=True):
    """Equal turns in the body of a section. `same`: for each turn after the first, its ids with those of the first."""

    start: int
    length: int
    same: tuple[Mapping[str, str], ...]

    @property
    def end(self) -> int:
        """The index of the first call after it."""
        return self.start + self.length * (1 + len(self.same))


def rolled(document: Document) -> Rolled:
    """Return the document with every stretch of three or more equal turns as a Repeat. Runs to the same numbers at its end."""
    made = Rolled(document, {}, frozenset())
    for i in range(len(document.script)):
        start = 0
        made = replace(made, document=_with_turns_apart(made.document, i))
        while (loop := _next_loop(made.document, i, start)) is not None:
            made = _with_loop(made, i, loop)
            start = loop.start + 1
    return made


def _next_loop(document: Document, section: int, start: int) -> Loop | None:
    """Return the first loop of a section from an index on; of several that begin there, the one that covers most."""
    body = document.script[section].body
    forms = [_form(document, call) for call in body]
    for i in range(start, len(body)):
        lengths = [n for n in range(1, min(LONGEST, (len(body) - i) // LEAST) + 1) if _recurs(forms, i, n)]
        found = [loop for n in lengths if (loop := _loop(document, body, i, n)) is not None]
        if found:
            return max(found, key=lambda loop: (loop.end, -loop.length))
    return None


def _with_turns_apart(document: Document, section: int) -> Document:
    """Return the document with the block of a first turn cut in two where it begins with what came before the loop."""
    body = document.script[section].body
    forms = [_form(document, call) for call in body]
    for i, call in enumerate(body):
        for n in range(1, min(LONGEST, (len(body) - i) // LEAST) + 1):
            turn = forms[i + n]
            before = len(forms[i]) - len(turn)
            if before <= 0 or forms[i][1 + before :] != turn[1:] or not _recurs([turn, *forms[i + 1 :]], 0, n):
                continue
            apart = _cut_block(document, section, i, before) if isinstance(call, Forward) and len(turn) > 1 else document
            if apart is not document and _loop(apart, apart.script[section].body, i + 1, n) is not None:
                return apart
    return document


def _cut_block(document: Document, section: int, index: int, before: int) -> Document:
    """Return the document with the leaves (they stand first) and so many ops of a block in one of their own; itself if a frame is torn."""
    graph, body = document.graph, document.script[section].body
    call = body[index]
    assert isinstance(call, Forward)
    ids = graph.blocks[call.block]
    at = len([n for n in ids if graph.nodes[n].op == LEAF]) + before
    if graph.nodes[ids[at - 1]].frame is not None and graph.nodes[ids[at - 1]].frame == graph.nodes[ids[at]].frame:
        return document
    name = next(f"turn_{i}" if i else "turn" for i in range(len(graph.blocks) + 1) if (f"turn_{i}" if i else "turn") not in graph.blocks)
    blocks = [(block, members) for old, each in graph.blocks.items() for block, members in
              (((old, each[:at]), (name, each[at:])) if old == call.block else ((old, each),))]  # fmt: skip
    turn = Forward(id=_new_id(document), block=name)
    script = [*document.script]
    script[section] = Section(script[section].title, (*body[: index + 1], turn, *body[index + 1 :]))
    return replace(document, graph=replace(graph, blocks=Map(blocks)), script=tuple(script))


def _form(document: Document, statement: Statement) -> tuple[object, ...]:
    """Return what is quickly told of a statement: its kind, and of a block the ops."""
    if not isinstance(statement, Forward):
        return (type(statement),)
    nodes = document.graph.nodes
    return Forward, *(nodes[n].op for n in document.graph.blocks[statement.block] if nodes[n].op != LEAF)


def _recurs(forms: list[tuple[object, ...]], start: int, length: int) -> bool:
    """Say whether a stretch has the least number of turns, as far as forms tell."""
    first = forms[start : start + length]
    return all(forms[start + i * length : start + (i + 1) * length] == first for i in range(1, LEAST))


def _loop(document: Document, body: tuple[Statement, ...], start: int, length: int) -> Loop | None:
    first = body[start : start + length]
    same: list[Mapping[str, str]] = []
    own = _made_in(document, first)
    at = start + length
    while (found := _same(document, first, body[at : at + length], own)) is not None:
        same.append(found)
        own |= found.keys()
        at += length
    while len(same) + 1 >= LEAST:
        loop = Loop(start, length, tuple(same))
        if not _read_later(document, body, loop):
            return loop
        same.pop()
    return None


def _made_in(document: Document, turn: tuple[Statement, ...]) -> set[str]:
    """Return the ids of what the calls of a turn make: ops and results, no leaves."""
    found = {call.id for call in turn}
    for call in turn:
        if isinstance(call, Forward):
            found |= {n for n in document.graph.blocks[call.block] if document.graph.nodes[n].op != LEAF}
    return found


def _same(document: Document, first: tuple[Statement, ...], turn: tuple[Statement, ...], earlier: set[str]) -> Mapping[str, str] | None:
    """Return the ids of a turn with those of the first, if both do the same and it reads nothing that an earlier turn made."""
    same: dict[str, str] = {}
    if len(first) != len(turn):
        return None
    for a, b in zip(first, turn, strict=True):
        if not isinstance(a, Call) or type(a) is not type(b) or any(ref.source in earlier for ref in b.refs()):
            return None
        same[b.id] = a.id
        if isinstance(a, Forward) and isinstance(b, Forward):
            if not _same_block(document.graph, a.block, b.block, same, earlier):
                return None
        elif not _same_call(a, b.rewired(lambda ref: _moved(ref, same))):
            return None
    return same


def _same_call(a: Call, b: Call) -> bool:
    return all(_equal(getattr(a, field), getattr(b, field)) for field in a.__struct_fields__ if field != "id")


def _equal(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return type(a) is type(b) and bool(a == b)


def _same_block(graph: Graph, first: str, other: str, same: dict[str, str], earlier: set[str]) -> bool:
    """Say whether two blocks compute the same, and add their ids. The other has no leaves: those of the first are made once."""
    ops = [n for n in graph.blocks[first] if graph.nodes[n].op != LEAF]
    if len(ops) != len(graph.blocks[other]) or first == other:
        return False
    for a, b in zip(ops, graph.blocks[other], strict=True):
        mine, theirs = graph.nodes[a], graph.nodes[b]
        if any(ref.source in earlier for _, ref in theirs.refs()) or not _same_op(graph, mine, theirs, same):
            return False
        same[b] = a
        if theirs.frame is not None and mine.frame is not None and same.setdefault(theirs.frame, mine.frame) != mine.frame:
            return False
    return True


def _same_op(graph: Graph, a: Node, b: Node, same: Mapping[str, str]) -> bool:
    kinds = [None if node.frame is None else graph.frames[node.frame].kind for node in (a, b)]
    inputs = rewired(b.inputs, lambda ref: _moved(ref, same))
    return (
        a.op == b.op
        and kinds[0] == kinds[1]
        and a.inputs == inputs
        and repr(dict(a.attrs)) == repr(dict(b.attrs))
        and a.retain_grad == b.retain_grad
    )


def _moved(ref: Ref, same: Mapping[str, str]) -> Ref:
    return replace(ref, source=same[ref.source]) if ref.source in same else ref


def _read_later(document: Document, body: tuple[Statement, ...], loop: Loop) -> bool:
    """Say whether something outside the loop reads what a turn before its last one made."""
    turns = [body[at : at + loop.length] for at in range(loop.start, loop.end, loop.length)]
    lost = set().union(*(_made_in(document, turn) for turn in turns[:-1]))
    blocks = {call.block for turn in turns for call in turn if isinstance(call, Forward)}
    within = {call.id for turn in turns for call in turn}
    return any(ref.source in lost for ref in _refs_outside(document, blocks, within))


def _refs_outside(document: Document, blocks: set[str], calls: set[str]) -> Iterator[Ref]:
    for block, ids in document.graph.blocks.items():
        if block not in blocks:
            yield from (ref for n in ids for _, ref in document.graph.nodes[n].refs())
    yield from (ref for call in document.calls() if call.id not in calls for ref in call.refs())
    yield from (ref for optimizer in document.optimizers.values() for ref in optimizer.params)


def _with_loop(made: Rolled, section: int, loop: Loop) -> Rolled:
    """Return the document with a loop as a Repeat: the first turn stays, the last is what it has become, the others are gone."""
    document = made.document
    body = document.script[section].body
    first = tuple(call for call in body[loop.start : loop.start + loop.length] if isinstance(call, Call))
    last = loop.same[-1]
    dropped = {call.block for call in body[loop.start + loop.length : loop.end] if isinstance(call, Forward)}
    lost = [n for block in dropped for n in document.graph.blocks[block]]
    graph = document.graph
    frames = {graph.nodes[n].frame for n in lost}
    kept = {n: replace(node, names=node.names or _name_of_a_turn(graph, n, loop)) for n, node in graph.nodes.items() if n not in set(lost)}
    thinner = Graph(
        Map((n, replace(node, inputs=rewired(node.inputs, lambda ref: _moved(ref, last)))) for n, node in kept.items()),
        Map((block, ids) for block, ids in graph.blocks.items() if block not in dropped),
        graph.frames.without(frame for frame in frames if frame is not None),
    )
    repeat = Repeat(_new_id(document), 1 + len(loop.same), first)
    rest = tuple(call.rewired(lambda ref: _moved(ref, last)) if isinstance(call, Call) else call for call in body[loop.end :])
    script = [*document.script]
    script[section] = Section(script[section].title, (*body[: loop.start], repeat, *rest))
    for i in range(section + 1, len(script)):
        later = (call.rewired(lambda ref: _moved(ref, last)) for call in script[i].body if isinstance(call, Call))
        script[i] = Section(script[i].title, tuple(later))
    became = {**{old: last.get(new, new) for old, new in made.became.items()}, **last}
    gone = made.gone | _made_in(document, first) | {old for turn in loop.same[:-1] for old in turn}
    optimizers = Map((o, replace(each, params=tuple(_moved(ref, last) for ref in each.params))) for o, each in document.optimizers.items())
    return Rolled(replace(document, graph=thinner, script=tuple(script), optimizers=optimizers), became, gone)


def _name_of_a_turn(graph: Graph, node: NodeId, loop: Loop) -> tuple[str | None, ...]:
    """Return the names that an op has in a later turn."""
    later = (graph.nodes[b].names for turn in loop.same for b, a in turn.items() if a == node and b in graph.nodes)
    return next((names for names in later if names), ())


def _new_id(document: Document) -> str:
    used = [call.id for call in document.calls()] + [s.id for section in document.script for s in section.body]
    return f"c{1 + max(int(each[1:]) for each in used)}"
