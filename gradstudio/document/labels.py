"""Labels: what an output is called in JSON, on the command line and in lists. Ids identify, names label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from gradstudio.document.calls.grad import Grad
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, Graph, Naming, Node, NodePath

OUT = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)  # the number of an output behind the first, as it is written


class Scope:
    """The labels within one graph. `prefixes`: what stands before the labels inside each instance."""

    def __init__(self, document: Document, graph: Graph, grads: tuple[Grad, ...] = ()) -> None:
        outputs = [*_named_outputs(document, graph), *_grad_outputs(grads)]
        labels = _numbered([base for _, base in outputs])
        self.labels: dict[tuple[str, int], str] = {key: label for (key, _), label in zip(outputs, labels, strict=True)}
        self.by_label: dict[str, tuple[str, int]] = {label: key for key, label in self.labels.items()}
        self.groups: dict[str, str] = {n: graph.nodes[n].group or "" for n in graph.order if _is_use(document, graph.nodes[n])}
        uses: Counter[str] = Counter()
        self.prefixes: dict[str, str] = {}
        for instance, group in self.groups.items():
            name = document.groups[group].name
            uses[name] += 1
            self.prefixes[instance] = name if uses[name] == 1 else f"{name}#{uses[name]}"
        self.by_prefix: dict[str, str] = {prefix: instance for instance, prefix in self.prefixes.items()}

    def label(self, source: str, out: int) -> str:
        """Return the label of an output of a node of this graph. Raises KeyError."""
        return self.labels[source, out] if (source, out) in self.labels else f"{self.labels[source, 0]}.{out}"

    def find(self, text: str) -> tuple[str, int] | None:
        """Return the output that a label means."""
        if text in self.by_label:
            return self.by_label[text]
        base, dot, out = text.rpartition(".")
        if not dot or not OUT.fullmatch(out) or base not in self.by_label:
            return None
        source, first = self.by_label[base]
        return (source, int(out)) if first == 0 and (source, int(out)) not in self.labels else None


class Labels:
    """The labels of a document. A path is the instances from outside in, then the node; a Grad call is a path of one."""

    def __init__(self, document: Document) -> None:
        # Only parts are kept: a reference to the document itself would keep it alive as a key of the table of labels.
        self._parts = Document(graph=document.graph, groups=document.groups, script=document.script)
        self._scopes: dict[str | None, Scope] = {}

    def label(self, path: NodePath, out: int = 0) -> str:
        """Return the label of an output: `z`, `y#2`, `max.1`, `l2_penalty/pow`. Raises KeyError if there is no such node."""
        scope, texts = self._scope(None), []
        for instance in path[:-1]:
            texts.append(scope.prefixes[instance])
            scope = self._scope(scope.groups[instance])
        return "/".join([*texts, scope.label(path[-1], out)])

    def by_label(self, text: str) -> tuple[NodePath, int] | None:
        """Return (path, output) of a label, or None."""
        *prefixes, last = text.split("/")
        scope, path = self._scope(None), []
        for prefix in prefixes:
            instance = scope.by_prefix.get(prefix)
            if instance is None:
                return None
            path.append(instance)
            scope = self._scope(scope.groups[instance])
        found = scope.find(last)
        return ((*path, found[0]), found[1]) if found else None

    def title(self, path: NodePath) -> str:
        """Return op and name, as titles and cards say them: `mul z`, `leaf x`, `pow`, `l2_penalty reg`."""
        try:
            node = self._parts.node(path)
        except KeyError:
            return self.label(path)
        op = base_op(self._parts, node)
        return f"{op} {node.name}" if node.name else op

    def _scope(self, group: str | None) -> Scope:
        if group not in self._scopes:
            self._scopes[group] = self._found_scope(group)
        return self._scopes[group]

    def _found_scope(self, group: str | None) -> Scope:
        """Return the scope of a graph: from another document where all that it is made from is the same (a drag of a value)."""
        graph = self._parts.graph if group is None else self._parts.groups[group].graph
        grads = tuple(c for c in self._parts.calls() if isinstance(c, Grad)) if group is None else ()
        key = (tuple((g.id, g.name) for g in self._parts.groups.values()), tuple((c.id, c.names, len(c.inputs)) for c in grads))
        kept = _SCOPES.get(graph.naming)
        if kept is None or kept[0] != key:
            kept = _SCOPES[graph.naming] = key, Scope(self._parts, graph, grads)
        return kept[1]


_KNOWN: WeakKeyDictionary[Document, Labels] = WeakKeyDictionary()
_SCOPES: WeakKeyDictionary[Naming, tuple[object, Scope]] = WeakKeyDictionary()


def of(document: Document) -> Labels:
    """Return the labels of a document; made once per document, scope by scope as they are asked for."""
    found = _KNOWN.get(document)
    if found is None:
        found = _KNOWN[document] = Labels(document)
    return found


def base_op(document: Document, node: Node) -> str:
    """Return what a node is called without a name: its op, or its group's name."""
    return document.groups[node.group or ""].name if _is_use(document, node) else node.op


def _is_use(document: Document, node: Node) -> bool:
    return node.op == INSTANCE and node.group in document.groups


def _named_outputs(document: Document, graph: Graph) -> Iterator[tuple[tuple[str, int], str]]:
    """Yield ((node, out), name or op) for output 0 of each node and for further outputs that have a name."""
    for node_id in graph.order:
        node = graph.nodes[node_id]
        yield (node_id, 0), node.name or base_op(document, node)
        for out, name in enumerate(node.names[1:], 1):
            if name:
                yield (node_id, out), name


def _grad_outputs(grads: tuple[Grad, ...]) -> Iterator[tuple[tuple[str, int], str]]:
    for call in grads:
        names = call.names + (None,) * (len(call.inputs) - len(call.names))
        yield from (((call.id, out), name or "grad") for out, name in enumerate(names) if name or out == 0)


def _numbered(bases: list[str]) -> list[str]:
    """Return the texts, those that occur more than once as `y#1`, `y#2`, ..."""
    shared, seen, labels = Counter(bases), Counter[str](), []
    for base in bases:
        seen[base] += 1
        labels.append(f"{base}#{seen[base]}" if shared[base] > 1 else base)
    return labels
