"""What a graph alone says about gradients: which operands can pass one back, and which nodes are recorded."""

from __future__ import annotations

from gradstudio.document.graph import Graph, Node, Wire
from gradstudio.document.order import frames_round
from gradstudio.engine import TABLE

DETACH = "detach"


def input_passes(node: Node, index: int) -> bool:
    """Say whether a gradient can come back to an operand, as far as the op's row says; of an op that is not known it can."""
    row = TABLE.get(node.op)
    if row is None or node.op == DETACH:
        return node.op != DETACH
    return bool(row.differentiable) and (row.composite is not None or index >= len(row.inputs) or row.inputs[index].vjp is not None)


def is_recorded(graph: Graph, node: Node) -> bool:
    """Say whether a node runs with grad mode on, as far as its frames say."""
    innermost = frames_round(graph, node.frame)[-1:]
    return all(graph.frames[frame].kind == "enable_grad" for frame in innermost)


def hands_on(graph: Graph, node: Node) -> bool:
    """Say whether what comes out of a node may require grad where its operands do: recorded, or its operand itself, written in place."""
    row = TABLE.get(node.op)
    return is_recorded(graph, node) or (row is not None and bool(row.mutates))


def goes_on(graph: Graph, wire: Wire) -> bool:
    """Say whether a gradient may come back along a wire: a tensor without such a reader may be the root of a backward."""
    reader = graph.nodes[wire.target]
    return not wire.source.grad and hands_on(graph, reader) and input_passes(reader, wire.path[0])
