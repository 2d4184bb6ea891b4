"""Contractions: inner, tensordot and einsum, each by permuting, reshaping and one matrix product, as PyTorch does. Category matrix."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.matrix import CATEGORY

Shape = tuple[int, ...]
ELLIPSIS = "..."


# Two tensors, dims paired by their places.
def pairs_of(x: Any, y: Any, dims: Any) -> tuple[list[int], list[int]]:
    """Return the contracted dims of both. Raise RuntimeError in PyTorch's words for what does not fit."""
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(len(x.sizes), len(y.sizes)):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = list(range(-dims, 0)), list(range(dims))
    left, right = [[d] if isinstance(d, int) else list(d) for d in dims]
    if len(left) != len(right):
        raise RuntimeError("both dimension lists should have same length")
    for a, b in zip(left, right, strict=True):
        m, n = x.sizes[dim_of(a, len(x.sizes))], y.sizes[dim_of(b, len(y.sizes))]
        if m != n and 1 not in (m, n):
            raise RuntimeError(f"contracted dimensions need to match, but first has size {m} in dim {a} and second has size {n} in dim {b}")
    return [dim_of(a, len(x.sizes)) for a in left], [dim_of(b, len(y.sizes)) for b in right]


def squashed(x: Any, y: Any, mine: Sequence[int], theirs: Sequence[int]) -> Any:
    """Return x summed over the dims that meet a dim of size 1."""
    for a, b in zip(mine, theirs, strict=True):
        if y.sizes[b] == 1 and x.sizes[a] != 1:
            x = ops.sum(x, (a,), True)
    return x


def tensordot(x: Any, y: Any, dims: Any = 2) -> Any:
    if x.scalar_type != y.scalar_type:
        raise RuntimeError("both inputs should have same dtype")
    left, right = pairs_of(x, y, dims)
    x, y = squashed(x, y, left, right), squashed(y, x, right, left)
    free_x, free_y = [[d for d in range(len(t.sizes)) if d not in gone] for t, gone in ((x, left), (y, right))]
    shape = (*[x.sizes[d] for d in free_x], *[y.sizes[d] for d in free_y])
    rows, inner, columns = [math.prod([t.sizes[d] for d in some]) for t, some in ((x, free_x), (x, left), (y, free_y))]
    a, b = ops.permute(x, (*free_x, *left)), ops.permute(y, (*right, *free_y))
    if rows == columns == 1:
        if a.array.flags.c_contiguous and b.array.flags.c_contiguous:
            return ops.view(ops.dot(ops.flatten(a, 0, -1), ops.flatten(b, 0, -1)), shape)
        return ops.view(ops.sum(ops.squeeze(a) * ops.squeeze(b)), shape)
    return ops.view(ops.mm(ops.reshape(a, (rows, inner)), ops.reshape(b, (inner, columns))), shape)


def inner(x: Any, y: Any) -> Any:
    if not x.sizes or not y.sizes:
        return x * y
    if x.sizes[-1] != y.sizes[-1]:
        raise RuntimeError("inner() the last dimension must match on both input tensors but got shapes "
                           f"{errors.size(x.sizes)} and {errors.size(y.sizes)}")
    return tensordot(x, y, ([-1], [-1]))


# Einstein's notation.
def subscripts(text: str, where: str) -> list[str]:
    """Return the labels of one operand, the ellipsis as one of them. Raise RuntimeError for what is no letter."""
    head, dots, tail = text.replace(" ", "").partition(ELLIPSIS)
    if "." in head + tail:
        raise RuntimeError(f"einsum(): found '.' for {where} that is not part of any ellipsis")
    return [*head, *([ELLIPSIS] if dots else []), *tail]


def parsed(equation: str, count: int) -> tuple[list[list[str]], list[str] | None]:
    """Return the labels of each operand and those of the output, None where the equation leaves them out."""
    for i, letter in enumerate(equation.replace("->", "  ")):
        if letter not in " ,." and not (letter.isascii() and letter.isalpha()):
            raise RuntimeError(f"einsum(): invalid subscript given at index {i} in the equation string, subscripts must be in [a-zA-Z]")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != count:
        raise RuntimeError(f"einsum(): {'fewer' if len(terms) > count else 'more'} operands were provided than specified in the equation")
    return [subscripts(t, f"operand {i}") for i, t in enumerate(terms)], subscripts(right, "the output") if arrow else None


def spelled_out(labels: list[str], rank: int, i: int, widest: int) -> list[str]:
    """Return one label a dim: those of an ellipsis are numbers, aligned at the end."""
    named = len(labels) - (ELLIPSIS in labels)
    if rank < named or (rank > named and ELLIPSIS not in labels):
        reason, note = ("is more than", "") if ELLIPSIS in labels else ("does not match", " and no ellipsis was given")
        raise RuntimeError(f"einsum(): the number of subscripts in the equation ({named}) {reason} the number of dimensions ({rank}) "
                           f"for operand {i}{note}")
    numbers = [str(n) for n in range(widest - (rank - named), widest)]
    return [d for label in labels for d in (numbers if label == ELLIPSIS else [label])]


def result_labels(terms: list[list[str]], asked: list[str] | None, widest: int) -> list[str]:
    """Return the labels of the output, by default the ellipsis and those that occur once, in order of the alphabet."""
    numbers, seen = [str(n) for n in range(widest)], Counter([label for term in terms for label in term if label.isalpha()])
    if asked is None:
        return [*numbers, *sorted(label for label, n in seen.items() if n == 1)]
    for label in asked:
        if label != ELLIPSIS and label not in seen:
            raise RuntimeError(f"einsum(): output subscript {label} does not appear in the equation for any input operand")
        if asked.count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
    return [d for label in asked for d in (numbers if label == ELLIPSIS else [label])]


def on_diagonal(x: Any, labels: list[str], i: int) -> tuple[Any, list[str]]:
    """Return the operand with each repeated label as one dim, its diagonal."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first, again = [at for at, name in enumerate(labels) if name == label][:2]
            if x.sizes[first] != x.sizes[again]:
                raise RuntimeError(f"einsum(): subscript {label} is repeated for operand {i} but the sizes don't match, "
                                   f"{x.sizes[again]} != {x.sizes[first]}")
            last = len(x.sizes) - 2  # where the diagonal comes out
            x = ops.permute(ops.diagonal(x, 0, first, again), (*range(first), last, *range(first, last)))
            del labels[again]
    return x, labels


def aligned(x: Any, labels: list[str], order: list[str]) -> Any:
    """Return the operand with a dim for every label of all operands, of size 1 where it has none."""
    missing = [label for label in order if label not in labels]
    for _ in missing:
        x = ops.unsqueeze(x, -1)
    have = [*labels, *missing]
    return ops.permute(x, tuple([have.index(label) for label in order]))


def check_sizes(operands: Sequence[Any], order: list[str]) -> None:
    """Raise RuntimeError if a label has two sizes, neither of them 1."""
    for d, label in enumerate(order):
        known = 1
        for i, x in enumerate(operands):
            if x.sizes[d] != 1 and known not in (1, x.sizes[d]):
                raise RuntimeError(f"einsum(): subscript {label} has size {x.sizes[d]} for operand {i} which does not broadcast with "
                                   f"previously seen size {known}")
            known = x.sizes[d] if x.sizes[d] != 1 else known


def batched_product(x: Any, y: Any, gone: Sequence[int]) -> Any:
    """Return the sum of x y over dims that both have, as one bmm, with those dims kept at size 1."""
    rank = len(x.sizes)
    kept = [d for d in range(rank) if d not in gone]
    shared = [d for d in kept if x.sizes[d] != 1 and y.sizes[d] != 1]
    right = [d for d in kept if d not in shared and x.sizes[d] == 1 and y.sizes[d] != 1]
    left = [d for d in kept if d not in shared and d not in right]
    summed = list(gone)
    batch, rows, inside, columns = [math.prod([max(x.sizes[d], y.sizes[d]) if x.sizes[d] and y.sizes[d] else 0 for d in some])
                                    for some in (shared, left, summed, right)]
    a = ops.reshape(ops.permute(x, (*shared, *left, *summed, *right)), (batch, rows, inside))
    b = ops.reshape(ops.permute(y, (*shared, *summed, *right, *left)), (batch, inside, columns))
    order = [*shared, *left, *summed, *right]
    shape = [1 if d in summed else x.sizes[d] if d in left or d in shared else y.sizes[d] for d in order]
    return ops.permute(ops.view(ops.bmm(a, b), tuple(shape)), tuple([order.index(d) for d in range(rank)]))


def contracted(x: Any, y: Any, dims: Sequence[int], left: list[int]) -> Any:
    """Return the product of two operands, summed over those dims that no later one has; left counts who still has each."""
    alone: tuple[list[int], list[int]] = ([], [])
    both = []
    for d in dims:
        if x.sizes[d] != 1 and y.sizes[d] != 1:
            left[d] -= 1
            if left[d] == 1:
                both.append(d)
                left[d] = 0
        elif left[d] == 1 and (x.sizes[d] != 1 or y.sizes[d] != 1):
            alone[x.sizes[d] == 1].append(d)
            left[d] = 0
    x, y = [ops.sum(t, tuple(some), True) if some else t for t, some in ((x, alone[0]), (y, alone[1]))]
    return batched_product(x, y, both) if both else x * y


def einsum(tensors: Sequence[Any], equation: str) -> Any:
    """Multiply operands with labelled dims, pair by pair from the left, and sum over the labels that the output lacks."""
    if not tensors:
        raise ValueError("einsum(): must specify the equation string and at least one operand, or at least one operand and its subscripts "
                         "list")
    terms, asked = parsed(equation, len(tensors))
    widest = max([len(x.sizes) - len(term) + 1 for x, term in zip(tensors, terms, strict=True) if ELLIPSIS in term], default=0)
    terms = [spelled_out(term, len(x.sizes), i, widest) for i, (x, term) in enumerate(zip(tensors, terms, strict=True))]
    out = result_labels(terms, asked, widest)
    order = [*out, *[label for label in sorted({label for term in terms for label in term}) if label not in out]]
    line = [aligned(*on_diagonal(x, term, i), order) for i, (x, term) in enumerate(zip(tensors, terms, strict=True))]
    check_sizes(line, order)
    dims = range(len(out), len(order))
    left = [sum(x.sizes[d] != 1 for x in line) for d in range(len(order))]
    result = line[0]
    for x in line[1:]:
        result = contracted(result, x, dims, left)
    if not dims:
        return result
    return ops.view(result, result.sizes[:len(out)]) if len(line) > 1 else ops.sum(result, tuple(dims))


A23, A34, A233, V3 = samples.array(2, 3), samples.array(3, 4, start=0.4), samples.array(2, 3, 3), samples.array(3, start=0.8)
register(
    Op("inner", (Input("x", formula="{y}"), Input("y", formula="{x}")), composite=inner, kernel=np.inner, category=CATEGORY, symbol="·",
       torch=("torch.inner({x}, {y})", "{x}.inner({y})"), latex=r"{x} \cdot {y}", doc="Inner products along the last dim of both.",
       samples=(Sample((V3, samples.array(3))), Sample((A23, V3)), Sample((samples.SCALAR, A23))),
       bad_samples=(Sample((V3, samples.array(4)), error="inner() the last dimension must match on both input tensors"),)),
    Op("tensordot", (Input("x", formula="·{y}", torch="a"), Input("y", formula="{x}·", torch="b")), composite=tensordot,
       attrs=(Attr("dims", "pairs", 2, "How many dims, or two lists of them."),), category=CATEGORY, symbol="⋅ₙ",
       torch=("torch.tensordot({x}, {y}, {dims})",), latex=r"{x} \cdot {y}", doc="Sum of products over pairs of dims.",
       samples=(Sample((A23, A34), {"dims": 1}), Sample((A233, samples.array(3, 3, start=0.3))), Sample((A23, V3), {"dims": ([1], [0])}),
                Sample((V3, samples.array(2)), {"dims": 0})),
       bad_samples=(Sample((A23, A23), {"dims": 1}, "contracted dimensions need to match, but first has size 3 in dim -1"),)),
    Op("einsum", (Input("tensors", formula="products of the others", kind="tensors"),), composite=einsum,
       attrs=(Attr("equation", "str", "", "The labels of each operand's dims, and those of the output."),), category=CATEGORY,
       symbol="Σᵢⱼ", torch=("torch.einsum({equation}, *{tensors})",), latex=r"\sum {tensors}",
       doc="Products of elements with labelled dims, summed over the labels that the output lacks.",
       samples=tuple([Sample((given,), {"equation": equation}) for equation, given in (
           ("ij,jk->ik", (A23, A34)), ("i,j->ij", (V3, samples.array(2))), ("ij->ji", (A23,)), ("bij->b", (A233,)), ("ii", (A34[:, :3],)),
           ("bij,bj->bi", (A233, A23)), ("...j,j", (A233, V3)), ("ij,jk,kl->il", (A23, A34, samples.array(4, 2))))]),
       bad_samples=tuple([Sample((given,), {"equation": equation}, error) for equation, given, error in (
           ("ij,jk", (A23,), "einsum(): fewer operands were provided than specified in the equation"),
           ("ij->k", (A23,), "einsum(): output subscript k does not appear"), ("ij,jk", (A23, A23), "einsum(): subscript j has size 2"),
           ("i1", (A23,), "einsum(): invalid subscript given at index 1"), ("ijk", (A23,), "einsum(): the number of subscripts"))])),
)
