"""Groups as functions: a `def` with parameters for each group that the program uses."""

from __future__ import annotations

from collections.abc import Iterable

from gradstudio.code.facts import Pins, group_skips
from gradstudio.code.names import Event, Key, Taken
from gradstudio.code.program import Line
from gradstudio.code.scope import Scope, framed
from gradstudio.code.statements import Arranger, count_uses
from gradstudio.document.calls import Hook
from gradstudio.document.document import Document
from gradstudio.document.graph import Graph, GroupId
from gradstudio.document.labels import Labels
from gradstudio.document.rules import inner_first
from gradstudio.document.rules import uses as uses_of


def used_groups(document: Document) -> list[GroupId]:
    """Return the groups that the document's graph or a hook uses, each after those that it uses itself."""
    hooks = [call.group for call in document.calls() if isinstance(call, Hook) and call.group is not None]
    waiting = [*uses_of(document.graph), *hooks]
    found: set[GroupId] = set()
    while waiting:
        group = waiting.pop()
        if group in document.groups and group not in found:
            found.add(group)
            waiting += uses_of(document.groups[group].graph)
    return [group for group in inner_first(document.groups) if group in found]


def absent_outputs(document: Document, labels: Labels) -> frozenset[tuple[str | None, int]]:
    """Return the outputs of groups that no use makes."""
    found: set[tuple[str | None, int]] = set()
    for group_id in used_groups(document):
        skips, group = group_skips(document, labels, group_id), document.groups[group_id]
        for out, ref in enumerate(group.outputs):
            if ref.source in skips or (group.graph.nodes[ref.source].group, ref.out) in found:
                found.add((group_id, out))
    return frozenset(found)


def group_lines(outer: Scope, labels: Labels, group_id: GroupId, pins: Pins) -> list[Line]:
    """Return the def of a group."""
    document, group = outer.document, outer.document.groups[group_id]
    graph = group.graph
    taken = Taken([*document.graph.blocks, *outer.functions.values()])
    uses = count_uses(graph, group.outputs)
    scope = Scope(document, graph, outer.functions, uses, taken, lambda ref: graph.nodes[ref.source].name or graph.nodes[ref.source].op)
    scope.pins, scope.absent = pins, outer.absent
    skips = group_skips(document, labels, group_id)
    ids = [n for block in graph.blocks.values() for n in block]
    scope.find_aliases(ids)
    arranger = Arranger(graph, scope.uses, scope.outputs, scope.reads)
    arranger.block(ids, skips)
    made = [ref for out, ref in enumerate(group.outputs) if (group_id, out) not in outer.absent]
    returned = arranger.take([ref.source for ref in made]) if not any(item.frames for item in arranger.pending[-1:]) else []
    arranger.flush()
    inside = [n for item in returned for n in item.nodes]
    last_reads = [*made, *(ref for n in inside for ref in scope.reads(graph.nodes[n]))]
    events = [Event(binds=tuple((n, 0) for n in group.inputs)), *(scope.event(s) for s in arranger.done)]
    events.append(Event(tuple(scope.key(ref) for ref in last_reads)))
    bound = [key for event in events for key in event.binds]
    scope.choose(bound, tuple(events), _own_names(graph, bound, group.inputs))
    parameters = ", ".join(scope.names[n, 0] for n in group.inputs)
    body = framed(arranger.done, graph, scope.lines)
    scope.inside = frozenset(inside)
    values = [scope.text(ref).text if ref in made else "None" for ref in group.outputs]
    last = [Line(f"return {', '.join(values)}", tuple(inside))] if values else [] if body else [Line("pass")]
    return [Line(f"def {outer.functions[group_id]}({parameters}):"), *(line.indented() for line in [*body, *last])]


def _own_names(graph: Graph, keys: Iterable[Key], inputs: tuple[str, ...]) -> dict[Key, str]:
    """Return the names that tensors have in the document; a parameter without one is `x`, and one with another's name is left out."""
    found: dict[Key, str] = {}
    for node_id, out in keys:
        node = graph.nodes[node_id]
        name = node.names[out] if out < len(node.names) else None
        if node_id in inputs:
            name = name or "x"
            if name in (found.get((other, 0)) for other in inputs):
                continue
        if name:
            found[node_id, out] = name
    return found
