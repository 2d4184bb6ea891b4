"""Finding: which nodes a few typed words mean: by name and op, by shape, and by what has become of them."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.drawers import drawer_of
from gradstudio.app.widgets.fuzzy import INSIDE, Entry, fold, rank
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, LEAF, Node, NodePath
from gradstudio.session.state import Flow, TensorView

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

MOST_NODES = 20_000  # that are searched: groups within groups hold more nodes than anyone looks through
SHAPE = re.compile(r"\(\s*(?P<listed>(?:[\d*]+\s*(?:,\s*|(?=\))|$))*)(?P<end>\)|$)|(?<![\w.])(?P<crossed>[\d*]+(?:[x×][\d*]+)+)(?!\w)")
ANY = "*"


class Shape(Struct, frozen=True):
    """A shape to look for: `*` is any size; an open one, `(3,` while it is typed, begins so."""

    dims: tuple[str, ...]
    open: bool = False

    def fits(self, dims: tuple[int, ...]) -> bool:
        """Say whether a tensor has this shape."""
        length = len(dims) >= len(self.dims) if self.open else len(dims) == len(self.dims)
        return length and all(wanted in (ANY, str(size)) for wanted, size in zip(self.dims, dims, strict=False))


class Query(Struct, frozen=True):
    """What was typed: shapes, filters, and the other words, which are looked for in names and ops."""

    words: str = ""
    shapes: tuple[Shape, ...] = ()
    filters: tuple[str, ...] = ()


def parse(text: str) -> Query:
    """Read a query: `(3, 4)`, `64x64`, `nan`, `relu none`."""
    shapes = tuple(_shape(match) for match in SHAPE.finditer(text))
    words = SHAPE.sub(" ", text).split()
    filters = tuple(dict.fromkeys(fold(word) for word in words if fold(word) in FILTERS))
    return Query(" ".join(word for word in words if fold(word) not in FILTERS), shapes, filters)


def _shape(match: re.Match[str]) -> Shape:
    crossed = match["crossed"]
    dims = re.split("[x×]", crossed) if crossed else re.findall(r"[\d*]+", match["listed"])
    return Shape(tuple(dims), not crossed and match["end"] != ")")


# ---- what has become of a node


def _views(context: Context, node: Node) -> Iterator[TensorView]:
    path, out = context.path(node.id), 0
    while (view := context.state.tensors.get((path, out))) is not None:
        yield view
        grad = context.state.grads.get((path, out))
        if grad is not None:
            yield grad
        out += 1


def _strange(context: Context, node: Node, nan: bool) -> bool:
    """Say whether a tensor of a node, its `.grad` or the gradient that passed through it has NaN (or an infinity)."""
    if any(view.nan if nan else view.nonfinite > view.nan for view in _views(context, node)):
        return True
    passed = context.state.cotangents.get((context.path(node.id), 0))
    return passed is not None and passed.nonfinite > 0 and _is_nan(passed) == nan


def _is_nan(flow: Flow) -> bool:
    """Say which of the two a flow with numbers that are not finite is called, as its norm would be."""
    strange = [cell for cell in flow.cells if not math.isfinite(cell)]
    return not (strange and all(math.isinf(cell) for cell in strange))


def _is_none(context: Context, node: Node) -> bool:
    """Say whether a node shows a gradient that is None."""
    if (node.op != LEAF and not context.requires_grad(node.id)) or (node.op == LEAF and not node.requires_grad):
        return False
    drawer = drawer_of(context, node, 0)
    return drawer is not None and drawer.words == "None"


def _has_failed(context: Context, node: Node) -> bool:
    return node.id in context.failures


FILTERS: dict[str, Callable[[Context, Node], bool]] = {
    "nan": partial(_strange, nan=True),
    "inf": partial(_strange, nan=False),
    "none": _is_none,
    "leaf": lambda context, node: node.op == LEAF,
    "error": _has_failed,
}


# ---- the nodes


class Candidate(Struct, frozen=True):
    """A node that can be found."""

    entry: Entry
    path: NodePath
    node: Node


def candidates(studio: Studio) -> list[Candidate]:
    """Return the nodes of the document and those in its instances."""
    document, labels = studio.document, studio.labels
    found = []
    for path, node in islice(nodes_in(document), MOST_NODES):
        group = document.groups.get(node.group or "")
        words = (node.op, *((group.name,) if group else ()))
        found.append(Candidate(Entry("/".join(path), labels.label(path), words), path, node))
    return found


def nodes_in(document: Document) -> Iterator[tuple[NodePath, Node]]:
    """Yield every node with its path: those of the document's graph first, then those in its instances, level by level."""
    waiting: deque[NodePath] = deque([()])
    while waiting:
        scope = waiting.popleft()
        for node in document.graph_at((*scope, "")).nodes.values():
            yield (*scope, node.id), node
            if node.op == INSTANCE:
                waiting.append((*scope, node.id))


def find(text: str, among: Iterable[Candidate], studio: Studio) -> list[Candidate]:
    """Return the nodes that a query means, best first, equal ones in stored order; all of them for an empty one.

    A word that is a filter also finds what is called so.
    """
    query = parse(text)
    contexts: dict[NodePath, Context] = {}
    left = [each for each in among if _fits(query, each, contexts, studio)]
    if not query.words:
        return left
    by_entry = {id(each.entry): each for each in left}
    return [by_entry[id(entry)] for entry in rank(query.words, (each.entry for each in left), len(left), INSIDE)]


def _fits(query: Query, each: Candidate, contexts: dict[NodePath, Context], studio: Studio) -> bool:
    if not query.shapes and not query.filters:
        return True
    scope = each.path[:-1]
    if scope not in contexts:
        contexts[scope] = Context(studio, scope)
    context = contexts[scope]
    start = [each.node.value.shape] if each.node.value is not None else []  # of a leaf that no run has made yet
    made = [view.shape for view in _views(context, each.node)] or start
    if not all(any(shape.fits(dims) for dims in made) for shape in query.shapes):
        return False
    return all(FILTERS[word](context, each.node) or fold(each.entry.title) == word for word in query.filters)
