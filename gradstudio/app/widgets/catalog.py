"""What can be added to a graph: the kinds of leaf, the rows of the op table, and the gradient controls, as people look for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, count

import numpy as np
from msgspec import Struct

from gradstudio.app.widgets.fuzzy import Entry, rank
from gradstudio.code.sections import FIRST, of_palette, titles
from gradstudio.document.graph import LEAF, Graph, Literal, Node, NodeId, Operand, Recipe
from gradstudio.engine import TABLE
from gradstudio.engine.op import Input, Op

MIME = "application/x-gradstudio-op"  # a tile's key, in UTF-8, while it is dragged
CONSTANT, RANDOM, NO_GRAD, RETAIN = "constant", "random", "no_grad", "retain"
VERBS = frozenset({NO_GRAD, RETAIN})  # tiles that change nodes, and are none

LEAVES = frozenset({LEAF, CONSTANT, RANDOM})
BEYOND_OPS = {"Tensors": (LEAF, CONSTANT, RANDOM), "Gradient control": (NO_GRAD, RETAIN)}  # tiles that are no rows, by section
OPEN = ("Tensors", *(title for title, _ in FIRST))  # the sections that are open from the start
ICONS = {
    RANDOM: "shuffle", "add": "plus", "sub": "minus", "mul": "x", "div": "divide", "pow": "superscript",
    "sqrt": "radical", "matmul": "at-sign",
    "transpose": "move-diagonal-2", "reshape": "grid-2x2", "sum": "sigma", "mean": "equal-approximately", "max": "chevrons-up",
    "relu": "trending-up", "sigmoid": "spline", "tanh": "waves", "exp": "chart-spline", "log": "chart-no-axes-column-increasing",
    "softmax": "chart-column", "detach": "scissors", NO_GRAD: "snowflake", RETAIN: "pin", "clone": "copy",
}  # fmt: skip
SYNONYMS = {
    LEAF: ("parameter", "variable", "tensor", "weight", "input"), CONSTANT: ("tensor", "number", "data", "target"),
    RANDOM: ("randn", "rand", "noise", "init"), NO_GRAD: ("freeze", "inference", "frame"), RETAIN: ("retain_grad", "keep grad", "pin"),
    "add": ("plus", "sum of two"), "sub": ("minus", "subtract", "difference"), "mul": ("times", "multiply", "product"),
    "div": ("divide", "quotient"), "pow": ("power", "square", "exponent", "**"), "sqrt": ("root",), "neg": ("minus", "negate"),
    "matmul": ("mm", "dot", "matrix product", "linear"), "transpose": ("swap axes",), "reshape": ("view",), "sum": ("total", "add up"),
    "mean": ("average",), "log": ("ln", "logarithm"), "exp": ("e to the",), "relu": ("rectifier",), "sigmoid": ("logistic",),
    "detach": ("stop gradient", "cut"), "mse_loss": ("mean squared error", "square loss"), "l1_loss": ("mean absolute error", "mae"),
    "cross_entropy": ("softmax loss", "nll", "ce loss"), "nll_loss": ("negative log likelihood", "cross entropy of log_softmax"),
    "binary_cross_entropy": ("bce", "log loss"), "binary_cross_entropy_with_logits": ("bce", "log loss", "sigmoid loss"),
    "kl_div": ("kullback leibler", "divergence"), "smooth_l1_loss": ("huber",), "cosine_similarity": ("angle",),
    "cat": ("concatenate", "join"), "stack": ("join", "new axis"), "unsqueeze": ("new axis", "add dim"), "squeeze": ("drop axis",),
    "flatten": ("ravel",), "permute": ("reorder dims", "swap axes"), "expand": ("broadcast",), "repeat": ("tile",),
    "where": ("if", "select", "mask"), "masked_fill": ("mask", "causal"), "tril": ("triangle", "causal mask"), "triu": ("triangle", "mask"),
    "clone": ("copy",), "index": ("getitem", "slice"), "gather": ("pick",), "embedding": ("lookup", "word vectors"),
    "abs": ("absolute value", "magnitude"), "norm": ("length", "magnitude", "l2"), "var": ("variance", "spread"),
    "std": ("standard deviation", "spread"), "prod": ("product",), "cumsum": ("running total",), "argmax": ("index of the largest",),
    "argmin": ("index of the smallest",), "topk": ("largest k",), "sort": ("order",), "eq": ("equal",), "ne": ("not equal",),
    "mm": ("matrix product",), "bmm": ("batched matrix product",), "einsum": ("contraction", "sum of products"),
    "softmax": ("probabilities",), "log_softmax": ("log probabilities",), "silu": ("swish",), "elu": ("exponential linear",),
    "conv2d": ("convolution", "filter"), "conv1d": ("convolution", "filter"), "max_pool2d": ("downsample",),
    "interpolate": ("resize", "upsample"), "scaled_dot_product_attention": ("sdpa", "transformer", "qkv"),
    "linalg_inv": ("invert",), "linalg_solve": ("linear equations", "system"), "linalg_det": ("determinant",),
    "linalg_slogdet": ("log determinant",), "logdet": ("log determinant",), "linalg_solve_triangular": ("substitution",),
    "linalg_eigh": ("eigenvalues", "eigenvectors"), "eigvalsh": ("eigenvalues",), "linalg_svd": ("singular values",),
    "svdvals": ("singular values",), "pinverse": ("pseudo inverse", "least squares"), "linear": ("dense", "fully connected", "affine"),
    "clamp": ("clip",), "max": ("maximum", "largest"), "min": ("minimum", "smallest"), "to": ("cast", "dtype"),
}  # fmt: skip
STARTS = {("pow", 1): Literal(2)}  # literals that a new node begins with
NAMES = ("x", "y", "w", "b", "a", "c", "u", "v")


class Item(Struct, frozen=True):
    """A tile: its key, what it says, and how it looks. What is told and found of it is read from its row, once that is wanted."""

    key: str
    title: str
    icon: str

    @property
    def symbol(self) -> str:
        """The sign of an op."""
        return "" if self.key in _TIPS else TABLE[self.key].symbol

    @property
    def tip(self) -> str:
        """What it is, in a sentence."""
        return _TIPS.get(self.key) or TABLE[self.key].doc

    @property
    def entry(self) -> Entry:
        """The item as the search ranks it."""
        return entry_of(self)


TITLES = ("Tensors", *titles())
ORDINARY: dict[str, tuple[str, ...]] = {"Tensors": (), **dict(FIRST)}  # sections for which the table need not be looked through


@cache
def section(title: str) -> tuple[Item, ...]:
    """Return the items of one section of the palette."""
    names = ORDINARY[title] if title in ORDINARY else dict(of_palette())[title]
    return tuple(item(key) for key in (*names, *BEYOND_OPS.get(title, ())))


@cache
def items() -> dict[str, Item]:
    """Return every item by its key, in palette order."""
    return {each.key: each for title in TITLES for each in section(title)}


def node_keys() -> frozenset[str]:
    """Return the items that are nodes; the others are verbs on what is selected."""
    return frozenset(key for key in items() if key in TABLE or key in LEAVES)


def find(query: str, limit: int = 30) -> list[Item]:
    """Return the items that a query may mean, best first."""
    return [items()[entry.key] for entry in rank(query, (each.entry for each in items().values()), limit)]


@cache
def item(key: str) -> Item:
    """Return the item of a kind of leaf, of a verb or of an op."""
    return Item(key, _TITLES.get(key, key), ICONS.get(key, ""))


@cache
def entry_of(item: Item) -> Entry:
    """Return an item as the search ranks it: with its synonyms, and as Python spells it."""
    spelt = () if item.key in _TIPS else spellings(TABLE[item.key])
    return Entry(item.key, item.title, (*SYNONYMS.get(item.key, ()), *spelt))


def spellings(row: Op) -> tuple[str, ...]:
    """Return the words and signs in which Python spells an op: `matmul`, `@`, `-=`."""
    words = chain.from_iterable(re.findall(r"[A-Za-z_]\w*|[^\w\s{}().,]+", re.sub(r"\{\w+\}", " ", each)) for each in row.torch)
    return tuple(dict.fromkeys(word for word in words if word not in ("torch", "F", "nn", "=", row.name)))


def node_of(key: str, node_id: NodeId, graph: Graph) -> Node:
    """Return a new node for an item that is one: a leaf with a name that is free, or an op with empty ports. Raises KeyError."""
    if key in (LEAF, CONSTANT, RANDOM):
        value = Recipe("randn", (3, 4), "float32") if key == RANDOM else _one()
        return Node(node_id, LEAF, names=(free_name(graph),), value=value, requires_grad=key != CONSTANT)
    row = TABLE[key]
    return Node(node_id, key, tuple(_port(key, i, each) for i, each in enumerate(row.inputs)))


def free_name(graph: Graph) -> str:
    """Return a variable name that no output has."""
    taken = {name for node in graph.nodes.values() for name in node.names}
    return next(name for name in _names() if name not in taken)


def _names() -> Iterator[str]:
    yield from NAMES
    yield from (f"x{i}" for i in count(1))


def _port(op: str, i: int, each: Input) -> Operand:
    if (op, i) in STARTS:
        return STARTS[op, i]
    if each.kind == "tensors":
        return (None, None)
    return Literal(1) if each.kind == "number" else Literal(0) if each.kind == "index" else None


def _one() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    value = np.array(1.0, np.float32)
    value.setflags(write=False)
    return value


_TITLES = {LEAF: "Leaf", CONSTANT: "Constant", RANDOM: "Random"}
_TIPS = {
    LEAF: "A tensor that you set, and that gathers a gradient in .grad.",
    CONSTANT: "A tensor that you set, with requires_grad off.",
    RANDOM: "A tensor drawn by torch.randn when its block first runs.",
    NO_GRAD: "Put the selected nodes under torch.no_grad().",
    RETAIN: "Keep the .grad of the selected nodes: retain_grad().",
}
