"""Products of batches: what PyTorch composes of views and one product, computed in one frame and recorded as one node.

The node holds what the views and the product would hold, and becomes them as soon as somebody looks at the graph (`target`). A plain
backward does not look: it runs the whole as what it is, two products between changes of sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, ClassVar

import numpy as np

from gradstudio.engine import dtypes, modes
from gradstudio.engine.apply import COMPILED, Made
from gradstudio.engine.gradnode import EMPTY, GradNode, next_seq, receive
from gradstudio.engine.plan import Plan
from gradstudio.engine.promote import F32, F64
from gradstudio.engine.tensor import INFERENCE, Tensor, make

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]
Rows = tuple[str, ...]  # rows that give one tensor other sizes, in the order in which they are called
Factor = tuple[Array, list[int], Rows]  # a factor's matrices, the counter of their storage, and what made them


def is_plain(x: Tensor, y: Tensor) -> bool:
    """Tell whether two factors are floats of one dtype, neither empty nor of inference mode, and are recorded as they are."""
    dtype = x.scalar_type
    return ((dtype is F32 or dtype is F64) and y.scalar_type is dtype and not dtypes.rare_seen and modes.grad is not modes.PACKED
            and not modes.inference and x.version is not INFERENCE and y.version is not INFERENCE and x.array.size > 0 < y.array.size)


def folded(x: Tensor, y: Tensor) -> Tensor:
    """Return the product of a batch of matrices with one matrix: the batch's rows times it. Both factors are plain."""
    left = matrices(x, (prod(x.sizes[:-1]), x.sizes[-1]), ())
    return product("mm", x, y, left, (y.array, y.version, ()), (*x.sizes[:-1], y.sizes[1]))


def batched(x: Tensor, y: Tensor) -> Tensor:
    """Return the products of two batches of the same sizes. Both factors are plain."""
    batch, (n, m), k = x.sizes[:-2], x.sizes[-2:], y.sizes[-1]
    size = prod(batch)
    return product("bmm", x, y, matrices(x, (size, n, m), EXPANDED), matrices(y, (size, m, k), EXPANDED), (*batch, n, k))


EXPANDED: Rows = ("expand",)


def matrices(x: Tensor, full: Sizes, before: Rows) -> Factor:
    """Return a factor in the sizes that the product takes, as `expand` (of a batch that has its size) and `reshape` give it."""
    array, counter = x.array, x.version
    shaped = array.reshape(full)
    if array.flags.c_contiguous:
        return shaped, counter, (*before, "view")
    if np.may_share_memory(shaped, array):
        return shaped, counter, (*before, "reshape_alias")
    return shaped, [0], (*before, "clone", "unsafe_view")  # the strides allow no view


def product(row: str, x: Tensor, y: Tensor, left: Factor, right: Factor, sizes: Sizes) -> Tensor:
    """Multiply, and give the result its sizes."""
    (a, v, before), (b, w, beside) = left, right
    out = a.dot(b) if row == "mm" else np.matmul(a, b)
    e, f = (x.node, y.node) if modes.grad else (None, None)
    if e is None and f is None:
        return make(out.reshape(sizes), None)
    made = FOLDED[row][e is not None, f is not None]
    n = made()
    if e is None:
        n.into, n.kept, before = (None, (y.sizes, b.dtype)), (a, v, v[0]), ()
    elif f is None:
        n.into, n.kept, beside = ((x.sizes, a.dtype), None), (b, w, w[0]), ()
    else:
        n.into, n.kept = ((x.sizes, a.dtype), (y.sizes, b.dtype)), (a, b, v, w, v[0], w[0])
    n.edges, n.g, n.rest = (e, f), None, (out.shape, a.shape, b.shape, before, beside)
    for _ in before + beside:
        next_seq()
    next_seq()
    n.seq = next_seq()  # that of the last node; those before it are kept free
    return make(out.reshape(sizes), n)


class Folded(GradNode):
    """The nodes of views and of one product, as long as nobody looks. `rest`: sizes of product and factors, the rows of their views."""

    __slots__ = ()

    product: ClassVar[Plan]

    @property
    def target(self) -> GradNode:
        """The node of the last view, which this one becomes, with the others behind it."""
        sizes, a, b, left, right = self.rest
        seq = iter(range(int(self.seq) - len(left + right) - 1, int(self.seq) + 1))
        n = self.product.node_type()
        n.edges = tuple([None if e is None else viewed(rows, e, into, seq)
                         for rows, e, into in zip((left, right), self.edges, self.into, strict=True)])
        dtype = next(into[1] for into in self.into if into)
        n.seq, n.g, n.kept, n.rest = next(seq), None, self.kept, ()
        n.into = tuple([e and (shape, dtype) for e, shape in zip(n.edges, (a, b), strict=True)])
        self.edges, self.kept, self.rest, self.into = (n,), (), (sizes,), ((sizes, dtype),)
        self.__class__ = VIEWS["unsafe_view"]  # type: ignore[assignment]
        return self

    def name(self) -> str:
        return self.target.name()

    def check_saved(self) -> None:
        """Have the product of a twin say what is wrong: in the middle of a backward this node stays what it is."""
        twin = type(self)()
        twin.seq, twin.edges, twin.into, twin.kept, twin.rest = self.seq, self.edges, self.into, self.kept, self.rest
        product = twin.target.edges[0]
        assert product is not None
        product.check_saved()


def viewed(rows: Rows, node: GradNode, into: tuple[Sizes, Any], seq: Iterator[int]) -> GradNode:
    """Return the last of the nodes of rows that give one tensor other sizes."""
    for row in rows:
        made = VIEWS[row]()
        made.seq, made.edges, made.g, made.into, made.kept, made.rest = next(seq), (node,), None, (into,), (), (into[0],)
        node = made
    return node


def folded_type(plan: Plan) -> type[Folded]:
    """Return the type of the one node in whose middle a product stands."""
    saved, backwards = len(plan.saved), list(zip(plan.active, plan.raw, plan.picks, strict=True))[::-1]  # the right factor's views ran last
    items: Sequence[tuple[int, Callable[..., Any], int]] = [(i, vjp, picks[0]) for i, vjp, picks in backwards]
    counters = range(saved, 2 * saved)

    def run(n: Any, g: Any) -> None:
        kept = n.kept
        if kept is None:
            n.check_saved()
        for i in counters:
            if kept[i][0] != kept[i + saved]:
                n.check_saved()
        g = g.reshape(n.rest[0])
        edges, into = n.edges, n.into
        for i, vjp, read in items:
            c, shape = vjp(g, kept[read]), into[i][0]
            if c.shape != shape:
                c = c.reshape(shape)
            e = edges[i]
            if e.g is EMPTY:
                e.g = c
            else:
                receive(e, c)

    return type("Folded", (Folded,), {"__slots__": (), "product": plan, "run": run})


NEEDS = ((True, True), (True, False), (False, True))
FOLDED = Made(lambda op: {needs: folded_type(COMPILED[op.name].plan(needs, True)) for needs in NEEDS})
VIEWS = Made(lambda op: COMPILED[op.name].plan((True,), True).node_type)  # the node types of rows that give one tensor other sizes
