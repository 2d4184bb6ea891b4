"""What must hold within a document that was read: every reference leads somewhere, ids are one of a kind, the order is valid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.call import Call
from gradstudio.document.calls.forward import Forward
from gradstudio.document.calls.grad import Grad
from gradstudio.document.calls.hook import Hook
from gradstudio.document.calls.optimizer_step import OptimizerStep
from gradstudio.document.calls.optimizer_zero import OptimizerZero
from gradstudio.document.document import Document
from gradstudio.document.fragment import Fragment
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, Graph, GroupId, Node, NodeId, Ref
from gradstudio.document.groups import BODY, Group
from gradstudio.document.ids import all_ids
from gradstudio.document.limits import MAX_CALLS, MAX_GROUPS_DEEP, MAX_NODES, MAX_WIRES
from gradstudio.document.order import first_fault, frames_round, split_frame
from gradstudio.document.rules import Groups, Refused, inner_first, output_count, uses
from gradstudio.document.script import Repeat, Statement
from gradstudio.document.strict import CodecError

Results = dict[str, int]  # Grad call -> how many tensors it gives
HOOKS = ("tensor", "grad_fn", "post_accumulate")


def check_document(document: Document) -> None:
    """Raise CodecError, with place and reason, where a document does not hold together."""
    _check_ids(all_ids(document))
    results = grad_results(document)
    if not document.graph.blocks:
        raise CodecError("graph.blocks", "a document has at least one block")
    _check_graphs(document.graph, document.groups, results)
    places = [*script_places(document)]
    if len(places) > MAX_CALLS:
        raise CodecError("script", f"there are more than {MAX_CALLS:,} calls")
    for place, statement in places:
        if not isinstance(statement, Repeat):
            check_call(document, statement, place, results)
    for key, optimizer in document.optimizers.items():
        check_refs(document.graph, document.groups, optimizer.params, results, f"optimizers.{key}.params")
    _check_layout(document)


def check_fragment(fragment: Fragment) -> None:
    """Raise CodecError where a fragment does not hold together. Its operands may lead outside."""
    graphs = [fragment.graph, *(group.graph for group in fragment.groups.values())]
    _check_ids([*fragment.groups, *(i for graph in graphs for i in (*graph.nodes, *graph.frames))])
    _check_graphs(fragment.graph, fragment.groups, None)


def grad_results(document: Document) -> Results:
    """Return how many results each Grad call has."""
    return {call.id: len(call.inputs) for call in document.calls() if isinstance(call, Grad)}


def script_places(document: Document) -> Iterator[tuple[str, Statement]]:
    """Yield each call and repeat with its place in the tree."""
    waiting = [
        (f"script[{i}].body[{j}]", statement)
        for i, section in reversed([*enumerate(document.script)])
        for j, statement in reversed([*enumerate(section.body)])
    ]
    while waiting:
        place, statement = waiting.pop()
        yield place, statement
        if isinstance(statement, Repeat):
            waiting += [(f"{place}.body[{j}]", inner) for j, inner in reversed([*enumerate(statement.body)])]


def _check_ids(ids: Iterable[str]) -> None:
    twice = next((identity for identity, count in Counter(ids).items() if count > 1), None)
    if twice:
        raise CodecError("", f"the id {twice} occurs twice")


def _check_graphs(graph: Graph, groups: Groups, results: Results | None) -> None:
    graphs = [("graph", graph, None), *((f"groups.{g.id}.graph", g.graph, g) for g in groups.values())]
    if sum(len(each.nodes) for _, each, _ in graphs) > MAX_NODES:
        raise CodecError("graph.nodes", f"there are more than {MAX_NODES:,} nodes")
    check_nesting(groups)
    wires = 0
    for place, each, group in graphs:
        _check_blocks(each, place)
        _check_frames(each, place)
        for node in each.nodes.values():
            where = f"{place}.nodes.{node.id}"
            check_node(node, groups, group, where)
            wires += check_operands(each, node, groups, {} if group else results, where)
        _check_order(each, place)
        if group:
            _check_group(group, groups)
    if wires > MAX_WIRES:
        raise CodecError("graph.nodes", f"there are more than {MAX_WIRES:,} wires")


def check_nesting(groups: Groups) -> None:
    """Raise CodecError where a group uses one that is not there, contains itself, or lies too deep."""
    for group in groups.values():
        missing = next((g for g in uses(group.graph) if g not in groups), None)
        if missing:
            raise CodecError(f"groups.{group.id}", f"there is no group {missing}")
    try:
        order = inner_first(groups)
    except Refused as refused:
        raise CodecError("groups", str(refused)) from None
    depth: dict[GroupId, int] = {}
    for key in order:
        depth[key] = 1 + max((depth[g] for g in uses(groups[key].graph)), default=0)
    if any(d > MAX_GROUPS_DEEP for d in depth.values()):
        raise CodecError("groups", f"instances lie in at most {MAX_GROUPS_DEEP} others")


def _check_blocks(graph: Graph, place: str) -> None:
    seen: set[NodeId] = set()
    for block, ids in graph.blocks.items():
        for i, node in enumerate(ids):
            where = f"{place}.blocks.{block}[{i}]"
            if node not in graph.nodes:
                raise CodecError(where, f"there is no node {node}")
            if node in seen:
                raise CodecError(where, f"the node {node} stands in blocks twice")
            seen.add(node)
    lost = next((node for node in graph.nodes if node not in seen), None)
    if lost:
        raise CodecError(f"{place}.nodes.{lost}", "the node is in no block")


def _check_frames(graph: Graph, place: str) -> None:
    rooted: set[str] = set()
    for frame in graph.frames.values():
        chain: list[str] = []
        at: str | None = frame.id
        while at is not None and at not in rooted:
            if at in chain:
                raise CodecError(f"{place}.frames.{at}", "the frame lies in itself")
            chain.append(at)
            if at not in graph.frames:
                raise CodecError(f"{place}.frames.{chain[-2]}.parent", f"there is no frame {at}")
            at = graph.frames[at].parent
        rooted.update(chain)
    for node in graph.nodes.values():
        if node.frame is not None and node.frame not in graph.frames:
            raise CodecError(f"{place}.nodes.{node.id}.frame", f"there is no frame {node.frame}")
    if any(len(frames_round(graph, frame)) > MAX_GROUPS_DEEP for frame in graph.frames):
        raise CodecError(f"{place}.frames", f"frames lie in at most {MAX_GROUPS_DEEP} others")


def check_node(node: Node, groups: Groups, group: Group | None, where: str = "") -> None:
    """Raise CodecError where the fields of a node do not go together. `group`: whose graph it is in."""
    if (node.op == LEAF) != (node.value is not None):
        raise CodecError(f"{where}.value", "a leaf needs a start value, and only a leaf has one")
    if node.op != LEAF and (node.requires_grad or node.fresh):
        raise CodecError(where, "requires_grad and fresh are switches on leaves")
    if node.op in (LEAF, INPUT) and (node.inputs or node.retain_grad):
        raise CodecError(where, "a leaf or an input reads nothing, and has no retain_grad")
    if (node.op == INSTANCE) != (node.group is not None):
        raise CodecError(f"{where}.group", "an instance needs its group, and only an instance has one")
    if node.group is not None and node.group not in groups:
        raise CodecError(f"{where}.group", f"there is no group {node.group}")
    if node.op == INPUT and (group is None or node.id not in group.inputs):
        raise CodecError(where, "an input stands in a group, and among its inputs")
    count = output_count(node, groups)
    if count is not None and (len(node.names) > max(count, 1) or (node.retain_grad and max(node.retain_grad) >= count)):
        raise CodecError(where, f"{node.op} does not have so many outputs")


def check_operands(graph: Graph, node: Node, groups: Groups, results: Results | None, where: str = "") -> int:
    """Return how many wires lead into a node. Raises CodecError where one comes from nowhere (results None: it may)."""
    if not node.inputs:
        return 0
    wires = 0
    for path, ref in node.refs():
        wires += 1
        fault = None if results is None and ref.source not in graph.nodes else ref_fault(graph, groups, ref, results or {})
        if fault:
            raise CodecError(f"{where}.inputs{''.join(f'[{i}]' for i in path)}", fault)
    if node.op == INSTANCE and node.group and len(node.inputs) > len(groups[node.group].inputs):
        raise CodecError(f"{where}.inputs", "the group has fewer inputs")
    return wires


def ref_fault(graph: Graph, groups: Groups, ref: Ref, results: Results) -> str | None:
    """Return why a reference leads nowhere; None if it leads to an output of a node or a result of a Grad call."""
    node = graph.nodes.get(ref.source)
    count = output_count(node, groups) if node else results.get(ref.source, 0)
    if node is None and ref.source not in results:
        return f"there is no {'call with results' if ref.source.startswith('c') else 'node'} {ref.source} here"
    return None if count is None or ref.out < count else f"{ref.source} has no output {ref.out}"


def check_refs(graph: Graph, groups: Groups, refs: Iterable[Ref], results: Results, where: str = "") -> None:
    """Raise CodecError where a reference leads nowhere."""
    for ref in refs:
        fault = ref_fault(graph, groups, ref, results)
        if fault:
            raise CodecError(where, fault)


def _check_order(graph: Graph, place: str) -> None:
    for block in graph.blocks:
        fault = first_fault(graph, block)
        if fault:
            raise CodecError(f"{place}.blocks.{block}", f"{fault[0]} reads {fault[1]}, which does not stand before it")
        torn = split_frame(graph, block)
        if torn:
            raise CodecError(f"{place}.blocks.{block}", f"the nodes of the frame {torn} do not lie together")
    homes: dict[str, str] = {}
    for node, block in graph.block_of.items() if graph.frames else ():
        for frame in frames_round(graph, graph.nodes[node].frame):
            if homes.setdefault(frame, block) != block:
                raise CodecError(f"{place}.frames.{frame}", "the frame lies in two blocks")


def _check_group(group: Group, groups: Groups) -> None:
    place = f"groups.{group.id}"
    if tuple(group.graph.blocks) != (BODY,):
        raise CodecError(f"{place}.graph.blocks", f"a group has one block, {BODY}")
    if group.graph.blocks[BODY][: len(group.inputs)] != group.inputs or len(set(group.inputs)) < len(group.inputs):
        raise CodecError(f"{place}.inputs", "the inputs of a group stand first in its block, in their order")
    if any(group.graph.nodes[n].op != INPUT for n in group.inputs):
        raise CodecError(f"{place}.inputs", "an input of a group is a node of the kind input")
    check_refs(group.graph, groups, group.outputs, {}, f"{place}.outputs")
    if group.backward is not None and group.backward not in groups:
        raise CodecError(f"{place}.backward", f"there is no group {group.backward}")


def check_call(document: Document, call: Call, place: str = "", results: Results | None = None) -> None:
    """Raise CodecError where a call names what is not there."""
    results = grad_results(document) if results is None else results
    check_refs(document.graph, document.groups, call.refs(), results, place)
    if isinstance(call, Forward) and call.block not in document.graph.blocks:
        raise CodecError(f"{place}.block", f"there is no block {call.block}")
    if isinstance(call, OptimizerStep | OptimizerZero) and call.optimizer and call.optimizer not in document.optimizers:
        raise CodecError(f"{place}.optimizer", f"there is no optimizer {call.optimizer[:40]}")
    if isinstance(call, Hook) and ((call.group and call.group not in document.groups) or call.on not in HOOKS):
        raise CodecError(place, f"a hook names a group, and one of {', '.join(HOOKS)}")
    if isinstance(call, Backward) and call.automatic and call.roots:
        raise CodecError(f"{place}.roots", "an automatic backward stores no roots")
    for leader, follower in call.beside:
        if len(getattr(call, follower)) > len(getattr(call, leader)):
            raise CodecError(f"{place}.{follower}", f"there are more {follower} than {leader}")


def _check_layout(document: Document) -> None:
    known = {n for graph in (document.graph, *(g.graph for g in document.groups.values())) for n in graph.nodes}
    layout = document.layout
    named = {"positions": [*layout.positions], "collapsed": [*layout.collapsed], "reroutes": [r[0] for r in layout.reroutes]}
    for key, ids in named.items():
        lost = next((n for n in ids if n not in known), None)
        if lost:
            raise CodecError(f"layout.{key}", f"there is no node {lost}")
