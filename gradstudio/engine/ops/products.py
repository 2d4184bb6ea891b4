"""More products of vectors, matrices and batches: vdot, addmv, addbmm, baddbmm, addr, kron, multi_dot, vecdot. Category matrix."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import expanded
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.linear import ALPHA, BETA
from gradstudio.engine.ops.matrix import CATEGORY, bmm, dot, mv
from gradstudio.engine.promote import Number

Array = np.ndarray[Any, Any]
Order = tuple[Any, ...]


# A product added to something.
def plus(x: Array, product: Any, beta: Number, alpha: Number, words: str = "") -> Any:
    """Return beta x + alpha product; a beta of 0 leaves out x, nan included. Raise RuntimeError with these words if the dtypes differ."""
    if words and x.dtype != product.dtype:
        names = [errors.dtype_name(a.dtype) for a in (x, product)]
        raise RuntimeError(words.format(*names, *[n.lower() for n in names]))
    expanded(x.shape, product.shape)
    scaled = product if alpha == 1 else product * alpha
    return scaled + (x if beta == 1 else x * beta) if beta else scaled


def addmv(x: Array, mat: Array, vec: Array, beta: Number, alpha: Number) -> Any:
    product = mv(mat, vec)
    if x.ndim > 1 or x.size not in (1, product.size):
        raise RuntimeError(f"size mismatch, got input ({x.shape[0]}), mat ({mat.shape[0]}x{mat.shape[1]}), vec ({vec.size})")
    return plus(x, product, beta, alpha, "addmv input tensors must have the same dtype, but got {0}, {1}, and {1}")


def baddbmm(x: Array, batch1: Array, batch2: Array, beta: Number, alpha: Number) -> Any:
    return plus(x, bmm(batch1, batch2), beta, alpha, "Input dtypes must be the same, got: input {2}, batch1: {3}, batch2: {3}")


def addbmm(x: Array, batch1: Array, batch2: Array, beta: Number, alpha: Number) -> Any:
    if batch1.ndim == batch2.ndim == 3:
        if batch1.shape[0] != batch2.shape[0]:
            raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {batch1.shape[0]} and {batch2.shape[0]}")
        if batch1.shape[2] != batch2.shape[1]:
            sizes = [f"{b.shape[1]}x{b.shape[2]}" for b in (batch1, batch2)]
            raise RuntimeError(f"Incompatible matrix sizes for bmm ({sizes[0]} and {sizes[1]})")
    return plus(x, bmm(batch1, batch2).sum(0), beta, alpha, "self and mat2 must have the same dtype, but got {0} and {1}")


def addr(x: Array, vec1: Array, vec2: Array, beta: Number, alpha: Number) -> Any:
    for name, v in (("vec1", vec1), ("vec2", vec2)):
        if v.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {v.ndim}-D")
    return plus(x, np.multiply.outer(vec1, vec2), beta, alpha)



def added(name: str, node: str, factors: tuple[Input, Input], forward: Any, latex: str, doc: str, given: tuple[Sample, ...],
          bad: tuple[Sample, ...]) -> Op:
    """Return the row of a product that is added to something."""
    a, b = [f.name for f in factors]
    return Op(name, (Input("x", lambda g, beta: ops.times(g, beta), "1"), *factors), forward, node_name=node, attrs=(BETA, ALPHA),
              category=CATEGORY, symbol=f"+{name[3:] if name != 'baddbmm' else 'bmm'}",
              torch=(f"torch.{name}({{x}}, {{{a}}}, {{{b}}})", f"{{x}}.{name}({{{a}}}, {{{b}}})"), latex=latex, doc=doc,
              samples=(*given, Sample(given[0].operands, {"beta": 0.2, "alpha": 0.6})), bad_samples=bad)


# Products that are expressions in other rows.
def vecdot(x: Any, y: Any, dim: int = -1) -> Any:
    if x.scalar_type.kind not in "fc":
        raise RuntimeError(f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {errors.dtype_name(x.scalar_type)}")
    return ops.vdot(x, y) if len(x.sizes) == len(y.sizes) == 1 else ops.sum(x * y, dim)


def kron(x: Any, y: Any) -> Any:
    """As PyTorch: one product of x's elements with y, in a shape where the dims of both alternate."""
    rank = max(len(x.sizes), len(y.sizes))
    a, b = [(1,) * (rank - len(t.sizes)) + t.sizes for t in (x, y)]
    left = ops.unsafe_view(x, tuple([n for size in a for n in (size, 1)]))
    right = ops.unsafe_view(y, tuple([n for size in b for n in (1, size)]))
    return ops.unsafe_view(left * right, tuple([m * n for m, n in zip(a, b, strict=True)]))


# Chains.
def cheapest(sizes: Sequence[int]) -> Order:
    """Return how to multiply matrices of sizes[i] x sizes[i + 1] with the fewest products of numbers, as nested pairs of places.

    Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", matrix-chain multiplication; of equal costs the first
    split, for three matrices the last, as in PyTorch.
    """
    n = len(sizes) - 1
    best: dict[tuple[int, int], tuple[int, Any]] = {(i, i): (0, i) for i in range(n)}
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            costs = [best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)]
            k = j - 1 if n == 3 and costs[-1] == min(costs) else i + costs.index(min(costs))
            best[i, j] = (costs[k - i], (best[i, k][1], best[k + 1, j][1]))
    found: Order = best[0, n - 1][1]
    return found


def chain_refusal(tensors: Sequence[Any]) -> str:
    """Return why these cannot be multiplied in a chain, in PyTorch's words; nothing if they can."""
    if len(tensors) < 2:
        return f"expected at least 2 tensors but got {len(tensors)}"
    for i, name in ((0, "the first"), (len(tensors) - 1, "the last")):
        if len(tensors[i].sizes) not in (1, 2):
            return f"{name} tensor must be 1D or 2D but got {len(tensors[i].sizes)}D"
    for i, t in enumerate(tensors[1:-1], 1):
        if len(t.sizes) != 2:
            return f"tensor {i} must be 2D but got {len(t.sizes)}D"
    return ""


def multi_dot(tensors: Sequence[Any]) -> Any:
    reason = chain_refusal(tensors)
    if reason:
        raise RuntimeError(f"multi_dot(): {reason}")
    first, last = tensors[0], tensors[-1]
    shape = (*first.sizes[:-1], *last.sizes[1:])
    line = [ops.unsqueeze(first, 0) if len(first.sizes) == 1 else first, *tensors[1:-1],
            ops.unsqueeze(last, -1) if len(last.sizes) == 1 else last]
    for i, (a, b) in enumerate(pairwise(line)):
        if a.sizes[1] != b.sizes[0]:
            raise RuntimeError(f"multi_dot(): tensors {i} and {i + 1} with shapes {errors.size(a.sizes)} and {errors.size(b.sizes)} "
                               "cannot be multiplied")

    def product(order: Any) -> Any:
        return line[order] if isinstance(order, int) else ops.mm(product(order[0]), product(order[1]))

    return ops.view(product(cheapest([line[0].sizes[0], *[t.sizes[1] for t in line]])), shape)


def vdot(x: Array, y: Array) -> Any:
    return dot(np.conj(x), y)


V3, W3, V2, A23 = samples.array(3), samples.array(3, start=0.8), samples.array(2, start=0.4), samples.array(2, 3)
B1, B2 = samples.array(2, 2, 3), samples.array(2, 3, 2, start=0.3)
CHAIN = tuple([samples.array(*shape, start=0.4 - i / 5) for i, shape in enumerate(((2, 4), (4, 3), (3, 5), (5, 3), (3, 2)))])
register(
    Op("vdot", (Input("x", lambda g, y: g * y, "{y}"), Input("y", lambda g, x: g * x, "{x}")), vdot, node_name="VdotBackward0",
       category=CATEGORY, symbol="⟨,⟩", torch=("torch.vdot({x}, {y})", "{x}.vdot({y})"), latex=r"\langle {x}, {y} \rangle",
       doc="Inner product of two vectors.", samples=(Sample((V3, W3)),),
       bad_samples=(Sample((V3, samples.array(4)), error="inconsistent tensor size, expected tensor [3] and src [4]"),)),
    added("addmv", "AddmvBackward0", (
        Input("mat", lambda g, vec, alpha: ops.times(ops.outer(g, vec), alpha), "⊗{vec}"),
        Input("vec", lambda g, mat, alpha: ops.times(ops.mv(ops.t(mat), g), alpha), "{mat}ᵗ·")),
        addmv, "{x} + {mat}{vec}",
        "A matrix times a vector, added to something.", (Sample((V2, A23, V3)), Sample((samples.SCALAR, A23, V3))),
        (Sample((V2, A23, V2), error="size mismatch, got input (2), mat (2x3), vec (2)"),)),
    added("addr", "AddrBackward0", (
        Input("vec1", lambda g, vec2, alpha: ops.times(ops.mv(g, vec2), alpha), "·{vec2}"),
        Input("vec2", lambda g, vec1, alpha: ops.times(ops.mv(ops.t(g), vec1), alpha), "ᵗ·{vec1}")), addr, r"{x} + {vec1} \otimes {vec2}",
        "An outer product, added to something.", (Sample((A23, V2, V3)), Sample((samples.SCALAR, V2, V3))),
        (Sample((A23, A23, V3), error="addr: Expected 1-D argument vec1, but got 2-D"),)),
    added("baddbmm", "BaddbmmBackward0", (
        Input("batch1", lambda g, batch2, alpha: ops.times(ops.bmm(g, ops.transpose(batch2, 1, 2)), alpha), "·{batch2}ᵗ"),
        Input("batch2", lambda g, batch1, alpha: ops.times(ops.bmm(ops.transpose(batch1, 1, 2), g), alpha), "{batch1}ᵗ·")),
        baddbmm, "{x} + {batch1}{batch2}",
        "A batch of matrix products, added to something.", (Sample((samples.array(2, 2), B1, B2)), Sample((V2, B1, B2))),
        (Sample((samples.SCALAR, B1, B1), error="Expected size for first two dimensions of batch2 tensor"),)),
    added("addbmm", "AddbmmBackward0", (
        Input("batch1", lambda g, batch1_shape, batch2, alpha: ops.times(ops.bmm(
            ops.expand(ops.unsqueeze(g, 0), (batch1_shape[0], *ops.shape_of(g))), ops.transpose(batch2, 1, 2)), alpha), "·{batch2}ᵗ"),
        Input("batch2", lambda g, batch1, batch2_shape, alpha: ops.times(ops.bmm(
            ops.transpose(batch1, 1, 2), ops.expand(ops.unsqueeze(g, 0), (batch2_shape[0], *ops.shape_of(g)))), alpha), "{batch1}ᵗ·")),
        addbmm, r"{x} + \sum {batch1}{batch2}",
        "The sum of a batch of matrix products, added to something.", (Sample((samples.array(2, 2), B1, B2)), Sample((V2, B1, B2))),
        (Sample((samples.SCALAR, B1, B1), error="Incompatible matrix sizes for bmm (2x3 and 2x3)"),)),
    Op("linalg_vecdot", (Input("x", formula="{y}", torch="x"), Input("y", formula="{x}", torch="y")), composite=vecdot,
       attrs=(Attr("dim", "dim", -1, "Along which dim."),), category=CATEGORY, symbol="⟨,⟩ᵢ",
       torch=("torch.linalg.vecdot({x}, {y})",), latex=r"\langle {x}, {y} \rangle", doc="Inner products along a dim.",
       samples=(Sample((V3, W3)), Sample((A23, samples.array(2, 3, start=0.6))), Sample((A23, V2.reshape(2, 1)), {"dim": 0})),
       bad_samples=(Sample((A23, V2), error="The size of tensor a (3) must match the size of tensor b (2)"),)),
    Op("kron", (Input("x", formula="·{y}"), Input("y", formula="{x}·")), composite=kron, kernel=np.kron, category=CATEGORY, symbol="⊗",
       torch=("torch.kron({x}, {y})", "{x}.kron({y})"), latex=r"{x} \otimes {y}",
       doc="Kronecker product: each element of one times the whole of the other.",
       samples=(Sample((A23, samples.array(2, 2, start=0.3))), Sample((V2, A23)), Sample((samples.SCALAR, V3)))),
    Op("linalg_multi_dot", (Input("tensors", formula="products of the others", kind="tensors"),), composite=multi_dot, category=CATEGORY,
       symbol="@…@", torch=("torch.linalg.multi_dot({tensors})",), latex=r"\prod {tensors}",
       doc="A chain of matrix products, in the order that takes the fewest multiplications.",
       samples=(Sample((CHAIN[:2],)), Sample((CHAIN[:3],)), Sample((CHAIN,)), Sample(((V2, A23, V3),)), Sample(((V2, A23),))),
       bad_samples=(Sample(((V2,),), error="multi_dot(): expected at least 2 tensors but got 1"),)),
)
