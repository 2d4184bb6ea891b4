"""The codec: a document as a plain tree and back, strict; and the one canonical form of a file's bytes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gradstudio.document.canonical import text_of
from gradstudio.document.check import check_document, check_fragment
from gradstudio.document.document import Comment, Document, Layout, Optimizer
from gradstudio.document.fragment import Fragment
from gradstudio.document.frames import KINDS as FRAME_KINDS
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Graph, Node
from gradstudio.document.groups import Group
from gradstudio.document.ids import number
from gradstudio.document.limits import MAX_FAN_IN, MAX_NODES, MAX_OUTPUTS, MAX_POSITION
from gradstudio.document.map import EMPTY, Map
from gradstudio.document.operands import operand_tree, read_operand, read_ref, ref_tree
from gradstudio.document.statements import read_script, section_tree
from gradstudio.document.strict import CodecError, Place, shown
from gradstudio.document.values import literal_tree, read_literal, read_value, value_tree
from gradstudio.engine import TABLE

FORMAT = 1
Tree = dict[str, Any]

__all__ = ["FORMAT", "CodecError", "Tree", "document_from", "dumps", "fragment_from", "fragment_tree", "tree"]


def tree(document: Document) -> Tree:
    """Return a document as a plain tree: dicts, lists, texts, numbers, in canonical order."""
    return {
        "format": FORMAT,
        "seed": document.seed,
        "graph": graph_tree(document.graph),
        "groups": groups_tree(document.groups),
        "script": [section_tree(section) for section in document.script],
        "optimizers": {key: optimizer_tree(document.optimizers[key]) for key in by_number(document.optimizers)},
        "layout": layout_tree(document.layout),
    }


def dumps(document: Document) -> bytes:
    """Return the bytes of a document's file. Equal documents give equal bytes."""
    return text_of(tree(document)).encode("utf-8")


def by_number(keys: Iterable[str]) -> list[str]:
    """Return ids sorted by their numbers."""
    return sorted(keys, key=number)


def graph_tree(graph: Graph) -> Tree:
    """Return a graph as a plain tree."""
    return {
        "nodes": {n: node_tree(graph.nodes[n]) for n in graph.order},
        "blocks": {block: list(ids) for block, ids in graph.blocks.items()},
        "frames": {f: frame_tree(graph.frames[f]) for f in by_number(graph.frames)},
    }


def node_tree(node: Node) -> Tree:
    """Return a node as a plain tree; what is at its default is left out."""
    fields: Tree = {
        "op": node.op,
        "inputs": [operand_tree(operand) for operand in node.inputs],
        "attrs": attrs_tree(node),
        "names": list(node.names) if any(node.names) else None,
        "frame": node.frame,
        "value": None if node.value is None else value_tree(node.value),
        "requires_grad": node.requires_grad,
        "fresh": node.fresh,
        "retain_grad": list(node.retain_grad),
        "group": node.group,
    }
    return {key: value for key, value in fields.items() if value}


def attrs_tree(node: Node) -> Tree:
    """Return attrs in the row's order without defaults; as they are where the op is not in the table."""
    if not node.attrs:
        return {}
    row = TABLE.get(node.op)
    defaults = {attr.name: attr.default for attr in row.attrs} if row else {}
    names = [*(name for name in defaults if name in node.attrs), *(name for name in node.attrs if name not in defaults)]
    kept = [name for name in names if name not in defaults or repr(defaults[name]) != repr(node.attrs[name])]
    return {name: literal_tree(node.attrs[name]) for name in kept}


def frame_tree(frame: Frame) -> Tree:
    """Return a frame as a plain tree."""
    return {"kind": frame.kind, **({"parent": frame.parent} if frame.parent else {})}


def groups_tree(groups: Mapping[str, Group]) -> Tree:
    """Return groups as a plain tree."""
    return {key: group_tree(groups[key]) for key in by_number(groups)}


def group_tree(group: Group) -> Tree:
    """Return a group as a plain tree."""
    fields: Tree = {
        "name": group.name,
        "graph": graph_tree(group.graph),
        "inputs": list(group.inputs),
        "outputs": [ref_tree(ref) for ref in group.outputs],
    }
    return {**fields, "backward": group.backward} if group.backward else fields


def optimizer_tree(optimizer: Optimizer) -> Tree:
    """Return an optimizer as a plain tree."""
    fields: Tree = {
        "kind": optimizer.kind,
        "params": [ref_tree(ref) for ref in optimizer.params],
        "options": {name: literal_tree(value) for name, value in optimizer.options.items()},
    }
    return {key: value for key, value in fields.items() if value}


def layout_tree(layout: Layout) -> Tree:
    """Return the layout as a plain tree."""
    comments = [{"rect": list(c.rect), "title": c.title, "text": c.text} for c in layout.comments]
    fields: Tree = {
        "positions": positions_tree(layout.positions),
        "collapsed": list(layout.collapsed),
        "comments": [{key: value for key, value in comment.items() if value} for comment in comments],
        "reroutes": [{"target": t, "path": list(path), "points": [list(p) for p in points]} for t, path, points in layout.reroutes],
        "bookmarks": [{"name": name, "x": x, "y": y, "zoom": zoom} for name, x, y, zoom in layout.bookmarks],
    }
    return {key: value for key, value in fields.items() if value}


def positions_tree(positions: Mapping[str, tuple[int, int]]) -> Tree:
    """Return positions as a plain tree."""
    return {n: list(positions[n]) for n in by_number(positions)}


def fragment_tree(fragment: Fragment) -> Tree:
    """Return a fragment as a plain tree: nodes, frames, the groups they need, positions; no calls."""
    return {
        "format": FORMAT,
        "graph": graph_tree(fragment.graph),
        "groups": groups_tree(fragment.groups),
        "positions": positions_tree(fragment.positions),
    }


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cycle collector from walking, again and again, the many small objects that reading makes: a fifth of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def document_from(tree: object) -> Document:
    """Return the document that a tree describes. Raises CodecError with the place and the reason; repairs nothing."""
    with collector_paused():
        return _document_from(Place(tree))


def _document_from(place: Place) -> Document:
    members = place.mapping(("format", "seed", "graph", "groups", "script", "optimizers", "layout"))
    members["format"].format_up_to(FORMAT)
    document = Document(
        seed=members["seed"].integer(),
        graph=_read_graph(members["graph"]),
        groups=_read_groups(members["groups"]),
        script=read_script(members["script"]),
        optimizers=Map((key, optimizer_from(key, item)) for key, item in members["optimizers"].table("o", MAX_OUTPUTS).items()),
        layout=_read_layout(members["layout"]),
    )
    check_document(document)
    return document


def fragment_from(tree: object) -> Fragment:
    """Return the fragment that a tree describes. Raises CodecError."""
    members = Place(tree).mapping(("format", "graph", "groups", "positions"))
    members["format"].format_up_to(FORMAT)
    fragment = Fragment(_read_graph(members["graph"]), _read_groups(members["groups"]), _read_positions(members["positions"]))
    check_fragment(fragment)
    return fragment


def _read_graph(place: Place) -> Graph:
    members = place.mapping(("nodes", "blocks", "frames"))
    nodes = Map((key, node_from(key, item)) for key, item in members["nodes"].table("n", MAX_NODES).items())
    blocks = members["blocks"].members()
    for item in blocks.values():
        item.check_key()
    return Graph(
        nodes,
        Map((name, item.each(lambda each: each.id("n"))) for name, item in blocks.items()),
        Map((key, _read_frame(key, item)) for key, item in members["frames"].table("f", MAX_NODES).items()),
    )


def node_from(node_id: str, place: Place) -> Node:
    """Return the node that a tree describes. Raises CodecError."""
    members = place.mapping(("op",), tuple(NODE_FIELDS))
    rest: dict[str, Any] = {key: NODE_FIELDS[key](members[key]) for key in place.value if key != "op"}
    return Node(node_id, members["op"].name(), **rest)


def _named(place: Place) -> dict[str, Place]:
    members = place.members()
    for item in members.values():
        item.check_key()
    return members


def _read_names(place: Place) -> tuple[str | None, ...]:
    names = place.each(lambda item: None if item.value is None else item.name(), MAX_OUTPUTS)
    return names if any(names) else ()


def _read_attrs(place: Place) -> Map[str, object]:
    return Map((name, read_literal(item)) for name, item in _named(place).items()) or EMPTY


NODE_FIELDS: dict[str, Callable[[Place], Any]] = {
    "inputs": lambda place: place.each(read_operand, MAX_FAN_IN),
    "attrs": _read_attrs,
    "names": _read_names,
    "frame": lambda place: place.id("f"),
    "value": read_value,
    "requires_grad": Place.boolean,
    "fresh": Place.boolean,
    "retain_grad": lambda place: tuple(sorted({*place.each(lambda item: item.integer(0, MAX_OUTPUTS), MAX_OUTPUTS)})),
    "group": lambda place: place.id("g"),
}


def _read_frame(frame_id: str, place: Place) -> Frame:
    members = place.mapping(("kind",), ("parent",))
    kind = next((kind for kind in FRAME_KINDS if kind == members["kind"].value), None)
    if kind is None:
        members["kind"].refuse(f"{shown(members['kind'].value)} is no kind of frame")
    return Frame(frame_id, kind, members["parent"].id("f") if "parent" in members else None)


def _read_groups(place: Place) -> Map[str, Group]:
    return Map((key, _read_group(key, item)) for key, item in place.table("g", MAX_NODES).items())


def _read_group(group_id: str, place: Place) -> Group:
    members = place.mapping(("name", "graph", "inputs", "outputs"), ("backward",))
    return Group(
        group_id,
        members["name"].name(),
        _read_graph(members["graph"]),
        members["inputs"].each(lambda item: item.id("n"), MAX_FAN_IN),
        members["outputs"].each(read_ref, MAX_OUTPUTS),
        members["backward"].id("g") if "backward" in members else None,
    )


def optimizer_from(optimizer_id: str, place: Place) -> Optimizer:
    """Return the optimizer that a tree describes. Raises CodecError."""
    members = place.mapping(("kind",), ("params", "options"))
    params = members["params"].each(read_ref, MAX_FAN_IN) if "params" in members else ()
    options = _named(members["options"]) if "options" in members else {}
    return Optimizer(optimizer_id, members["kind"].name(), params, Map((name, read_literal(item)) for name, item in options.items()))


def _read_layout(place: Place) -> Layout:
    members = place.mapping((), ("positions", "collapsed", "comments", "reroutes", "bookmarks"))
    get = members.get
    positions, collapsed, comments, reroutes, bookmarks = (
        get(key) for key in ("positions", "collapsed", "comments", "reroutes", "bookmarks")
    )
    return Layout(
        _read_positions(positions) if positions else Map(),
        collapsed.each(lambda item: item.id("n")) if collapsed else (),
        comments.each(_read_comment, MAX_OUTPUTS) if comments else (),
        reroutes.each(_read_reroute) if reroutes else (),
        bookmarks.each(_read_bookmark, MAX_OUTPUTS) if bookmarks else (),
    )


def _coordinate(place: Place) -> int:
    return place.integer(-MAX_POSITION, MAX_POSITION)


def _point(place: Place) -> tuple[int, int]:
    match place.value:
        case [int(x), int(y)] if abs(x) <= MAX_POSITION and abs(y) <= MAX_POSITION and bool not in (type(x), type(y)):
            return x, y
    found = place.each(_coordinate, 2)
    if len(found) != 2:
        place.refuse("a position is two whole numbers")
    return found[0], found[1]


def _read_positions(place: Place) -> Map[str, tuple[int, int]]:
    return Map((key, _point(item)) for key, item in place.table("n", MAX_NODES).items())


def _read_comment(place: Place) -> Comment:
    members = place.mapping(("rect",), ("title", "text"))
    rect = members["rect"].each(_coordinate, 4)
    if len(rect) != 4:
        members["rect"].refuse("a rectangle is x, y, width and height")
    texts = [members[key].text() if key in members else "" for key in ("title", "text")]
    return Comment((rect[0], rect[1], rect[2], rect[3]), texts[0], texts[1])


def _read_reroute(place: Place) -> tuple[str, tuple[int, ...], tuple[tuple[int, int], ...]]:
    members = place.mapping(("target", "path", "points"))
    path = members["path"].each(lambda item: item.integer(0, MAX_FAN_IN), 8)
    return members["target"].id("n"), path, members["points"].each(_point, MAX_OUTPUTS)


def _read_bookmark(place: Place) -> tuple[str, int, int, float]:
    members = place.mapping(("name", "x", "y", "zoom"))
    zoom = members["zoom"].value
    if isinstance(zoom, bool) or not isinstance(zoom, int | float) or not 0.001 <= zoom <= 1000:
        members["zoom"].refuse("a zoom is a number from 0.001 to 1000")
    return members["name"].text(), _coordinate(members["x"]), _coordinate(members["y"]), float(zoom)
