"""What the document alone says about gradients: which nodes can require grad, which run frozen, which wires are cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from gradstudio.document.calls.optimizer_step import OptimizerStep
from gradstudio.document.calls.set_value import SetValue
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, LEAF, Graph, Node, NodeId, Recipe, Wire
from gradstudio.document.storage import written_index
from gradstudio.engine import TABLE
from gradstudio.engine.dtypes import name_of

DETACH = "detach"


def frozen_nodes(graph: Graph) -> frozenset[NodeId]:
    """Return the nodes that run without recording: their innermost frame is no_grad or inference_mode."""
    off = frozenset(frame.id for frame in graph.frames.values() if frame.kind != "enable_grad")
    return graph.remembered(("in frames", off), lambda: frozenset(n.id for n in graph.nodes.values() if n.frame in off))


def requiring_grad(graph: Graph) -> frozenset[NodeId]:
    """Return the nodes whose output can require grad, as far as it is known before a run."""
    flagged, frozen = frozenset(n.id for n in graph.nodes.values() if n.op == LEAF and n.requires_grad), frozen_nodes(graph)
    return graph.remembered(("require grad", flagged, frozen), lambda: _requiring_grad(graph, flagged, frozen))


def _requiring_grad(graph: Graph, flagged: frozenset[NodeId], frozen: frozenset[NodeId]) -> frozenset[NodeId]:
    found: set[NodeId] = set()
    for node_id in graph.order:
        node = graph.nodes[node_id]
        if node.op == LEAF:
            if node_id in flagged:
                found.add(node_id)
        elif node_id not in frozen and any(passes_grad(node, path[0]) for path, ref in node.refs() if ref.source in found and not ref.grad):
            found.add(node_id)
    return frozenset(found)


def passes_grad(node: Node, index: int) -> bool:
    """Say whether an op's operand is differentiable, by its row of the table; an op that is not known passes."""
    if node.op == DETACH:
        return False
    row = TABLE.get(node.op)
    if row is None or node.op == INSTANCE:
        return True
    return bool(row.differentiable) and (row.composite is not None or index >= len(row.inputs) or row.inputs[index].vjp is not None)


def upstream(graph: Graph, nodes: Iterable[NodeId]) -> frozenset[NodeId]:
    """Return nodes and all of the graph that they read, at any distance."""
    start = frozenset(nodes)
    return graph.remembered(
        ("read", start), lambda: _spread(start, lambda n: (ref.source for _, ref in graph.nodes[n].refs()), graph)
    )


def downstream(graph: Graph, nodes: Iterable[NodeId]) -> frozenset[NodeId]:
    """Return nodes and all of the graph that reads them, at any distance."""
    start = frozenset(nodes)
    return graph.remembered(
        ("reading", start), lambda: _spread(start, lambda n: (wire.target for wire in graph.consumers.get(n, ())), graph)
    )


def _spread(nodes: Iterable[NodeId], beside: Callable[[NodeId], Iterable[NodeId]], graph: Graph) -> frozenset[NodeId]:
    """Return what is reached from nodes; each is visited once."""
    found = {n for n in nodes if n in graph.nodes}
    todo = list(found)
    while todo:
        fresh = {n for n in beside(todo.pop()) if n in graph.nodes} - found
        found |= fresh
        todo.extend(fresh)
    return frozenset(found)


def scissors(graph: Graph) -> dict[NodeId, tuple[Wire, Wire]]:
    """Return the detach nodes drawn as scissors: unnamed, wired, one consumer. With the wire in and the wire out.

    Scissors lie on a wire between nodes: a detach of what scissors give is a node.
    """
    return graph.remembered(("scissors",), lambda: _scissors(graph))


def _scissors(graph: Graph) -> dict[NodeId, tuple[Wire, Wire]]:
    found: dict[NodeId, tuple[Wire, Wire]] = {}
    for node in graph.nodes.values():
        if node.op != DETACH or any(node.names):
            continue
        into = [Wire(ref, node.id, path) for path, ref in node.refs()]
        out = graph.consumers.get(node.id, ())
        if len(into) == 1 and len(out) == 1 and not out[0].source.grad and into[0].source.source in graph.nodes:
            found[node.id] = (into[0], out[0])
    return {node: wires for node, wires in found.items() if wires[0].source.source not in found}


@lru_cache(maxsize=8)
def rewritten_leaves(document: Document) -> frozenset[NodeId]:
    """Return the leaves whose number a call, an optimizer or an op in place may change during the run."""
    stepped = [document.optimizers.get(call.optimizer) for call in document.calls() if isinstance(call, OptimizerStep)]
    found = {ref.source for optimizer in stepped if optimizer for ref in optimizer.params}
    found |= {call.target.source for call in document.calls() if isinstance(call, SetValue) and call.target}
    for node in document.graph.nodes.values():
        index = written_index(node.op)
        if index is not None:
            found |= {ref.source for path, ref in node.refs() if path[0] == index}
    return frozenset(n for n in found if n in document.graph.nodes and document.graph.nodes[n].op == LEAF)


def leaf_dtype(node: Node) -> str:
    """Return the dtype of a leaf's start value."""
    return node.value.dtype if isinstance(node.value, Recipe) else name_of(node.value.dtype) if node.value is not None else "float32"
