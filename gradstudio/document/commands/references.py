"""Every place that refers to a node or a call, rewired in one go: operands, roots, seeds, targets, optimizers, outputs of groups."""

from __future__ import annotations

from collections.abc import Callable, Container

from msgspec.structs import replace

from gradstudio.document.calls.call import Call
from gradstudio.document.calls.grad import Grad
from gradstudio.document.document import Document
from gradstudio.document.graph import Ref, Rewire
from gradstudio.document.groups import Group
from gradstudio.document.rules import Refused
from gradstudio.document.script import Repeat, Statement


def forgotten(doc: Document, sources: Container[str]) -> Document:
    """Return the document without references to some nodes and calls: operands become None, roots and targets go."""
    return rewired_document(doc, lambda ref: None if ref.source in sources else ref)


def rewired_document(doc: Document, rewire: Rewire) -> Document:
    """Return the document with every reference replaced. Where a Grad loses an input, its later results move up, for their readers too."""
    following: Rewire | None = rewire
    while following is not None:
        before, doc = doc, _rewired_once(doc, following)
        following = _moved_results(before, following)
    return doc


def with_calls(doc: Document, change: Callable[[Call], Call | None]) -> Document:
    """Return the document with every call replaced; None: taken out. A repeat left empty goes."""
    script = tuple(replace(section, body=changed_body(section.body, change)) for section in doc.script)
    same = all(old.body is new.body for old, new in zip(doc.script, script, strict=True))
    return doc if same else replace(doc, script=script)


def changed_body(body: tuple[Statement, ...], change: Callable[[Call], Call | None]) -> tuple[Statement, ...]:
    """Return a body with every call replaced; the same object where none changes."""
    new: list[Statement] = []
    for statement in body:
        if not isinstance(statement, Repeat):
            call = change(statement)
            new += [call] if call is not None else []
            continue
        inner = changed_body(statement.body, change)
        if inner:
            new.append(statement if inner is statement.body else replace(statement, body=inner))
    return body if len(new) == len(body) and all(a is b for a, b in zip(new, body, strict=True)) else tuple(new)


def _rewired_once(doc: Document, rewire: Rewire) -> Document:
    graph = doc.graph.rewired(rewire)
    groups = doc.groups.update({group.id: new for group in doc.groups.values() if (new := _rewired_group(group, rewire)) is not group})
    optimizers = doc.optimizers.update(
        {o.id: replace(o, params=params) for o in doc.optimizers.values() if (params := _kept(o.params, rewire)) != o.params}
    )
    doc = with_calls(doc, lambda call: call.rewired(rewire))
    return replace(doc, graph=graph, groups=groups, optimizers=optimizers)


def _rewired_group(group: Group, rewire: Rewire) -> Group:
    graph, outputs = group.graph.rewired(rewire), _kept(group.outputs, rewire)
    if len(outputs) < len(group.outputs):
        raise Refused(f"the group {group.name} gives out what would be deleted")
    return group if graph is group.graph and outputs == group.outputs else replace(group, graph=graph, outputs=outputs)


def _kept(refs: tuple[Ref, ...], rewire: Rewire) -> tuple[Ref, ...]:
    return tuple(new for ref in refs if (new := rewire(ref)) is not None)


def _moved_results(before: Document, rewire: Rewire) -> Rewire | None:
    """Return how references to results of Grad calls change because the calls lost inputs; None: no call did."""
    moved: dict[str, dict[int, int]] = {}
    for call in before.calls():
        if isinstance(call, Grad):
            kept = [i for i, ref in enumerate(call.inputs) if rewire(ref) is not None]
            if len(kept) < len(call.inputs):
                moved[call.id] = {old: new for new, old in enumerate(kept)}
    if not moved:
        return None

    def follow(ref: Ref) -> Ref | None:
        if ref.source not in moved:
            return ref
        out = moved[ref.source].get(ref.out)
        return None if out is None else replace(ref, out=out)

    return follow
