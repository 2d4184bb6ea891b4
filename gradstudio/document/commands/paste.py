"""Paste a fragment: duplicate, copy and paste, drag from the palette."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.check import check_nesting, grad_results
from gradstudio.document.commands.command import graph_of, kept_positions, refusing, with_graph
from gradstudio.document.document import Document
from gradstudio.document.fragment import Fragment, renamed_graph, renamed_group, signatures
from gradstudio.document.graph import BlockId, Graph, GroupId, Ref
from gradstudio.document.map import Map
from gradstudio.document.order import settled
from gradstudio.document.rules import Refused, inner_first


class Paste(Struct, frozen=True):
    """Put a fragment into the document under new ids; a group that the document has already is used as it is.

    `ids`: a new id for each of `fragment.ids()`. `block`: where all goes; None: to the block of the same name, else to the first.
    `keep_outside`: operands from outside the fragment stay (the same document), else they become None. `home`: the group into whose graph.
    """

    fragment: Fragment
    ids: Mapping[str, str]
    offset: tuple[int, int] = (0, 0)
    block: BlockId | None = None
    keep_outside: bool = True
    verb: str = "Paste"
    gesture: int = 0
    home: GroupId | None = None

    @property
    def label(self) -> str:
        return self.verb

    def apply(self, doc: Document) -> Document:
        ids, doc = self._with_groups(doc)
        outside = self._outside(doc)

        def follow(ref: Ref) -> Ref | None:
            if ref.source in self.fragment.graph.nodes:
                return replace(ref, source=ids[ref.source])
            return ref if ref in outside else None

        part = renamed_graph(self.fragment.graph, ids, follow)
        doc = with_graph(doc, self.home, self._joined(doc, part))
        if self.home is not None:
            with refusing():
                check_nesting(doc.groups)
        moved = {ids[n]: (x + self.offset[0], y + self.offset[1]) for n, (x, y) in self.fragment.positions.items() if ids[n] in part.nodes}
        inside = {n for group in doc.groups.values() for n in group.graph.nodes if n not in doc.layout.positions}
        within = {ids[n]: at for n, at in self.fragment.positions.items() if ids[n] in inside}
        return replace(doc, layout=replace(doc.layout, positions=kept_positions(doc.layout.positions, {**moved, **within})))

    def _with_groups(self, doc: Document) -> tuple[dict[str, str], Document]:
        """Return the ids to use and the document with the groups that it lacks."""
        ids = dict(self.ids)
        if any(n not in ids for n in self.fragment.ids()):
            raise Refused("each part of a fragment needs a new id")
        known = {text: group for group, text in signatures(doc.groups).items()}
        texts = signatures(self.fragment.groups)
        ids.update({group: known[text] for group, text in texts.items() if text in known})
        new = [group for group in inner_first(self.fragment.groups) if texts[group] not in known]
        added = [renamed_group(self.fragment.groups[group], ids) for group in new]
        return ids, replace(doc, groups=doc.groups.update([(group.id, group) for group in added])) if added else doc

    def _outside(self, doc: Document) -> set[Ref]:
        """Return the references to what is outside that stay."""
        if not self.keep_outside:
            return set()
        graph = graph_of(doc, self.home)
        results = grad_results(doc) if self.home is None else {}
        refs = {ref for node in self.fragment.graph.nodes.values() for _, ref in node.refs()}
        return {ref for ref in refs if ref.source in graph.nodes or ref.out < results.get(ref.source, 0)}

    def _joined(self, doc: Document, part: Graph) -> Graph:
        graph = graph_of(doc, self.home)
        first = next(iter(graph.blocks), None)
        if first is None:
            raise Refused("the document has no block")
        graph = replace(graph, nodes=graph.nodes.update(part.nodes), frames=graph.frames.update(part.frames))
        for name, members in part.blocks.items():
            block = self.block or (name if name in graph.blocks else first)
            if block not in graph.blocks:
                raise Refused(f"there is no block {block}")
            graph = replace(graph, blocks=graph.blocks.set(block, (*graph.blocks[block], *members)))
        return settled_wires(graph, doc, part)


def settled_wires(graph: Graph, doc: Document, part: Graph) -> Graph:
    """Return the graph with each wire into the new nodes in order: blocks that were apart may have become one."""
    for node in part.nodes.values():
        for _, ref in node.refs():
            if ref.source in graph.nodes:
                graph = settled(graph, doc.groups, ref.source, node.id)
    return graph


def duplicate(fragment: Fragment, ids: Mapping[str, str], offset: tuple[int, int] = (40, 40)) -> Paste:
    """Return the command that puts a fragment beside what it was copied from."""
    return Paste(fragment, Map(ids), offset, verb="Duplicate")
