"""Sections: the order in which people see the op table, in the palette, on the page and in the list. The common ops come first."""

from __future__ import annotations

from functools import cache

from gradstudio.engine import TABLE

FIRST = (  # what the palette shows before anything is opened
    ("Arithmetic", ("add", "sub", "mul", "div", "pow", "sqrt")),
    ("Matrix", ("matmul", "transpose", "reshape", "sum", "mean", "max")),
    ("Activation", ("relu", "sigmoid", "tanh", "exp", "log", "softmax")),
    ("Gradient control", ("detach",)),
)
COMMON = (  # with those above, the sixty that tutorials use
    "neg", "abs", "square", "sin", "cos", "clamp", "where", "maximum", "minimum",
    "mm", "bmm", "dot", "linear", "einsum", "view", "flatten", "squeeze", "unsqueeze", "permute", "t", "expand", "cat", "stack",
    "index", "embedding", "min", "argmax", "norm", "var", "std", "prod", "cumsum",
    "log_softmax", "leaky_relu", "gelu", "conv2d", "max_pool2d",
    "mse_loss", "cross_entropy", "nll_loss", "binary_cross_entropy_with_logits",
)  # fmt: skip
ORDER = (
    "arithmetic", "matrix", "activation", "gradient control", "loss", "reduction", "shape", "indexing", "convolution and pooling",
    "linear algebra", "comparison", "in place", "other",
)  # fmt: skip


@cache
def of_table() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (category, names of its ops, the common ones first) for the whole table."""
    rank = {name: i for i, name in enumerate([*(name for _, names in FIRST for name in names), *COMMON])}
    found: dict[str, list[str]] = {category: [] for category in ORDER}
    for name, row in TABLE.items():
        found.setdefault(row.category or "other", []).append(name)
    return tuple((category, tuple(sorted(names, key=lambda n: rank.get(n, len(rank))))) for category, names in found.items() if names)


@cache
def titles() -> tuple[str, ...]:
    """Return the titles of the palette's sections, without looking at the table."""
    known = {title.lower() for title, _ in FIRST}
    others = [f"More {category}" if category in known else category.capitalize() for category in ORDER]
    return (*[title for title, _ in FIRST], *sorted(others, key=lambda title: (title.startswith("More"), title == "Other")))


@cache
def of_palette() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (title, names of its ops): the first sections, then what remains of each category."""
    chosen = {name for _, names in FIRST for name in names}
    rest = {category.capitalize(): tuple(n for n in names if n not in chosen) for category, names in of_table()}
    first = dict(FIRST)
    return tuple((title, first.get(title) or rest[title.removeprefix("More ").capitalize()]) for title in titles())
