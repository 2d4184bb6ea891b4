"""Systems of linear equations, inverses and powers of square matrices, in batches. Category linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.dtypes import BFLOAT16
from gradstudio.engine.inplace import mutating
from gradstudio.engine.numerics.lu import factored, solved, substituted
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.tensor import make

Array = np.ndarray[Any, Any]
CATEGORY = "linear algebra"
Shape = tuple[int, ...]


# What PyTorch refuses.
def refuse_unsquare(name: str, shape: Shape) -> None:
    """Raise RuntimeError unless a shape is that of square matrices."""
    if len(shape) < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if shape[-1] != shape[-2]:
        raise RuntimeError(f"{name}: A must be batches of square matrices, but they are {shape[-2]} by {shape[-1]} matrices")


def refuse_whole(name: str, dtype: np.dtype[Any], low: bool = False) -> None:
    """Raise unless a dtype is one that LAPACK solves in, in the words of a function that checks for low precision, or of its kernel."""
    if dtype.kind not in "fc":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {errors.dtype_name(dtype)}")
    if dtype.char == "e" or dtype == BFLOAT16:
        words = f"{name}: Low precision dtypes not supported. Got {errors.dtype_name(dtype)}"
        raise RuntimeError(words) if low else errors.lacking("lu_cpu", dtype)


def dtype_of(x: Any) -> np.dtype[Any]:
    """Return the dtype of an array or a tensor, bfloat16 too; kernels are given that as float32."""
    dtype: np.dtype[Any] = getattr(x, "array", x).dtype
    return dtype


def refuse_unfit(name: str, a: Shape, b: Shape, left: bool) -> None:
    """Raise RuntimeError unless two shapes, the first one square, are those of the sides of an equation."""
    if len(b) < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    if b[-2 if left else -1] != a[-1]:
        raise RuntimeError(f"{name}: Incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B "
                           f"({a[-2]}x{a[-1]} and {b[-2]}x{b[-1]})")
    broadcast_shape(b[:-2], a[:-2])


def refuse_singular(name: str, info: Any, words: str) -> None:
    """Raise LinAlgError if a matrix of a batch has a zero among the pivots; `{}` in the words stands for its place."""
    zero_at = getattr(info, "array", info)
    if not zero_at.any():
        return
    at = int(np.flatnonzero(zero_at)[0])
    batch = f"(Batch element {at}): " if zero_at.ndim else ""
    raise errors.LinAlgError(f"{name}: {batch}{words.format(zero_at.flat[at])}")


# Equations.
def of_vectors(a: Shape, b: Shape) -> bool:
    """Return whether a right-hand side of shape b is one vector, or one for each matrix of shape a."""
    return len(b) == 1 or b == a[:-1]


def column_major(x: Array) -> Array:
    """Return matrices whose columns lie together in memory, as LAPACK leaves them."""
    return np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)


def solve_of(a: Array, b: Array, left: bool) -> tuple[Array, ...]:
    name = "linalg.solve"
    if a.dtype.kind not in "fc":
        refuse_whole(name, a.dtype)
    if a.dtype != b.dtype:
        raise RuntimeError(f"{name}: Expected A and B to have the same dtype, but found A of type {errors.dtype_name(a.dtype)} and B of "
                           f"type {errors.dtype_name(b.dtype)} instead")
    refuse_unsquare(name, a.shape)
    vectors = of_vectors(a.shape, b.shape)
    columns = b[..., None] if vectors else b
    refuse_unfit(name, a.shape, columns.shape, left)
    if vectors and not left:
        raise RuntimeError(f"{name}: Vector broadcasting of the left hand side is not supported for left=False. In this case linalg.solve "
                           "is equivalent to B / A.squeeze(-1)")
    refuse_whole(name, a.dtype)
    lu, pivots, info = factored(a)
    out = solved(lu, pivots, columns, left)[..., 0] if vectors else solved(lu, pivots, columns, left)
    return column_major(out) if left and out.ndim > 1 else np.ascontiguousarray(out), lu, pivots, info


def solve(a: Any, b: Any, left: bool = True) -> Any:
    result, info = ops.linalg_solve_ex(a, b, left, False)
    refuse_singular("torch.linalg.solve", info, UNSOLVED)
    return result


def solve_ex(a: Any, b: Any, left: bool = True, check_errors: bool = False) -> Any:
    result, _, _, info = ops.linalg_solve_of(a, b, left)
    refuse_whole("linalg.solve", dtype_of(a))
    if check_errors:
        refuse_singular("torch.linalg.solve_ex", info, UNSOLVED)
    return result, info


def solve_turned(a: Array, lu: Array, pivots: Array, b: Array, left: bool = True, of_turned: bool = False) -> Array:
    """Solve with the transposes of matrices, by their factors or, if of_turned, the factors of the transposes."""
    return solved(lu, pivots, b, left, not of_turned)


@helper
def turned(x: Any) -> Any:
    """Return the transposes of a batch of matrices."""
    return ops.transpose(x, -2, -1)


@helper
def solve_backward(g: Any, a: Any, lu: Any, pivots: Any, left: bool) -> Any:
    """Return the cotangent of B in AX = B (XA = B): what solves the equation with Aᵗ and g."""
    if of_vectors(ops.shape_of(a), ops.shape_of(g)):
        return ops.squeeze(ops.linalg_solve_turned(a, lu, pivots, ops.unsqueeze(g, -1), left), -1)
    return ops.linalg_solve_turned(a, lu, pivots, g, left)


@helper
def solve_backward_matrix(g: Any, a: Any, result: Any, lu: Any, pivots: Any, left: bool) -> Any:
    """Return the cotangent of A in AX = B (XA = B): −GXᵗ (−XᵗG) with the cotangent G of B. M. Giles, "Collected matrix derivative
    results for forward and reverse mode algorithmic differentiation", 2008."""
    if of_vectors(ops.shape_of(a), ops.shape_of(g)):
        g, result = ops.unsqueeze(g, -1), ops.unsqueeze(result, -1)
    return ops.product_backward(ops.linalg_solve_turned(a, lu, pivots, g, left), result, left)


@helper
def product_backward(of_b: Any, result: Any, left: bool) -> Any:
    """Return minus the cotangent of B times the transposed solution, in the order of the sides."""
    return -(ops.matmul(of_b, ops.turned(result)) if left else ops.matmul(ops.turned(result), of_b))


# Triangular matrices.
def triangular_of(a: Array, b: Array, upper: bool, left: bool, unitriangular: bool) -> Array:
    name = "linalg.solve_triangular"
    refuse_unsquare(name, a.shape)
    refuse_unfit(name, a.shape, b.shape, left)
    if a.dtype.char not in "fdFD":
        raise errors.lacking("triangular_solve_cpu", a.dtype)
    if left:
        return column_major(substituted(a, b, upper, unitriangular))
    return column_major(substituted(a.swapaxes(-1, -2), b.swapaxes(-1, -2), not upper, unitriangular).swapaxes(-1, -2))


def solve_triangular(a: Any, b: Any, upper: bool = False, left: bool = True, unitriangular: bool = False) -> Any:
    out = ops.linalg_solve_triangular_of(a, b, upper, left, unitriangular)
    if dtype_of(a) == BFLOAT16:
        raise errors.lacking("triangular_solve_cpu", BFLOAT16)
    return out


@helper
def triangular_backward(g: Any, a: Any, upper: bool, left: bool, unitriangular: bool) -> Any:
    """Return the cotangent of B: what solves the equation with the transposed triangle and g."""
    return ops.linalg_solve_triangular_of(ops.turned(a), g, not upper, left, unitriangular)


@helper
def triangular_backward_matrix(g: Any, a: Any, out: Any, upper: bool, left: bool, unitriangular: bool) -> Any:
    """Return the cotangent of the triangle that is read."""
    whole = ops.product_backward(ops.triangular_backward(g, a, upper, left, unitriangular), out, left)
    return ops.triu(whole, int(unitriangular)) if upper else ops.tril(whole, -int(unitriangular))


# Inverses.
def inv_of(a: Array) -> tuple[Array, Array]:
    refuse_unsquare("linalg.inv", a.shape)
    refuse_whole("linalg.inv", a.dtype, low=True)
    lu, pivots, info = factored(a)
    return column_major(solved(lu, pivots, np.eye(a.shape[-1], dtype=a.dtype))), info


def inv(a: Any) -> Any:
    inverse, info = ops.linalg_inv_ex(a, False)
    refuse_singular("linalg.inv", info, UNINVERTED)
    return inverse


def inv_ex(a: Any, check_errors: bool = False) -> Any:
    inverse, info = ops.linalg_inv_of(a)
    refuse_whole("linalg.inv", dtype_of(a), low=True)
    if check_errors:
        refuse_singular("linalg.inv_ex", info, UNINVERTED)
    return inverse, info


@helper
def inv_backward(g: Any, inverse: Any) -> Any:
    """Return −A⁻ᵗ g A⁻ᵗ."""
    return -ops.matmul(ops.turned(inverse), ops.matmul(g, ops.turned(inverse)))


# Powers.
def matrix_power(a: Any, n: int = 2) -> Any:
    """As PyTorch: a copy of the identity, a copy, a square times the matrix, else by squaring, from the lowest bit on."""
    if type(n) is not int:
        raise TypeError(f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {errors.type_name(n)}")
    refuse_unsquare("linalg.matrix_power", a.sizes)
    if n == 0:
        return mutating("copy")(ops.clone(a), make(np.eye(a.sizes[-1], dtype=a.scalar_type), None))
    if n == 1:
        return ops.clone(a)
    square, rest, out = (ops.linalg_inv(a) if n < 0 else a), abs(n), None
    if rest == 3:
        return ops.matmul(ops.matmul(square, square), square)
    while True:
        if rest % 2:
            out = square if out is None else ops.matmul(out, square)
        rest //= 2
        if not rest:
            return out
        square = ops.matmul(square, square)


UNSOLVED = "The solver failed because the input matrix is singular."
UNINVERTED = "The diagonal element {} is zero, the inversion could not be completed because the input matrix is singular."
LEFT = Attr("left", "bool", True, "Whether the matrix stands left of what is sought: AX = B, or XA = B.")
CHECK = Attr("check_errors", "bool", False, "Whether a singular matrix is an error.")
TRIANGLE = (Attr("upper", "bool", False, "Whether the upper triangle is read, or the lower one.", required=True), LEFT,
            Attr("unitriangular", "bool", False, "Whether the diagonal is read as ones."))
SOLUTION = ("result", "LU", "pivots", "info")
M2 = np.array([[0.9, 0.3], [-0.4, 0.7]])
M3 = np.array([[0.8, 0.3, -0.2], [0.1, -0.9, 0.4], [0.5, 0.2, 0.7]])
MATRICES = np.stack([M2, M2.T + 0.3])
SINGULAR = np.ones((2, 2))
UNSQUARE = samples.array(2, 3)
OF_A, OF_B = "−({a}⁻ᵗ g)·resultᵗ", "{a}⁻ᵗ·"
EQUATIONS = (Sample((M3, samples.array(3, 2))), Sample((M3, samples.array(3))), Sample((MATRICES, samples.array(2, 2))),
             Sample((MATRICES, samples.array(2, 2, 3))), Sample((MATRICES, samples.array(2))), Sample((M3, samples.array(2, 3, 1))),
             Sample((M3, samples.array(2, 2, 3)), {"left": False}))
NOT_EQUATIONS = (Sample((M3, M2), error="linalg.solve: Incompatible shapes of A and B for the equation AX = B (3x3 and 2x2)"),
                 Sample((UNSQUARE, M2), error="linalg.solve: A must be batches of square matrices, but they are 2 by 3 matrices"),
                 Sample((samples.array(3), M3), error="linalg.solve: The input tensor A must have at least 2 dimensions."),
                 Sample((M3, samples.SCALAR), error="linalg.solve: The input tensor B must have at least 2 dimensions."),
                 Sample((MATRICES, samples.array(3, 2, 1)), error="The size of tensor a (3) must match the size of tensor b (2)"),
                 Sample((np.ones((1, 1)), np.ones(1)), {"left": False}, "linalg.solve: Vector broadcasting of the left hand side"))
INVERTED = (Sample((M3,)), Sample((MATRICES,)), Sample((np.stack([MATRICES, MATRICES + 0.1]),)), Sample((np.zeros((2, 0, 0)),)))
NOT_INVERTED = (Sample((UNSQUARE,), error="linalg.inv: A must be batches of square matrices, but they are 2 by 3 matrices"),
                Sample((samples.array(3),), error="linalg.inv: The input tensor A must have at least 2 dimensions."))
register(
    Op("linalg_inv_of", (Input("a", lambda g, inverse: ops.inv_backward(g, inverse), torch="A"),), inv_of,
       node_name="LinalgInvExBackward0", outputs=("inverse", "info"), hidden=True),
    Op("linalg_inv", (Input("a", formula="−{a}⁻ᵗ·{a}⁻ᵗ", torch="A"),), composite=inv, category=CATEGORY, symbol="A⁻¹",
       torch=("torch.linalg.inv({a})", "torch.inverse({a})", "{a}.inverse()"), latex="{a}^{-1}",
       doc="The inverses of square matrices; of a singular one an error.", samples=INVERTED,
       bad_samples=(*NOT_INVERTED, Sample((SINGULAR,), error="linalg.inv: The diagonal element 2 is zero, the inversion could not be"),
                    Sample((np.array([[0.0, 1.0], [0.0, 1.0]]),), error="linalg.inv: The diagonal element 1 is zero"),
                    Sample((np.stack([M2, SINGULAR]),), error="linalg.inv: (Batch element 1): The diagonal element 2 is zero"))),
    Op("linalg_inv_ex", (Input("a", formula="−{a}⁻ᵗ·{a}⁻ᵗ", torch="A"),), composite=inv_ex, attrs=(CHECK,), outputs=("inverse", "info"),
       category=CATEGORY, symbol="A⁻¹?", torch=("torch.linalg.inv_ex({a})",), latex="{a}^{-1}",
       doc="The inverses of square matrices, and which pivot is zero (from 1) in a singular one, else 0.",
       samples=(*INVERTED, Sample((MATRICES,), {"check_errors": True})),
       bad_samples=(*NOT_INVERTED, Sample((SINGULAR,), {"check_errors": True}, "linalg.inv_ex: The diagonal element 2 is zero"))),
    Op("linalg_solve_turned", (Input("a"), Input("lu"), Input("pivots"), Input("b")), hidden=True, kernel=solve_turned,
       composite=lambda a, lu, pivots, b, left=True, of_turned=False: ops.linalg_solve(ops.turned(a), b, left)),
    Op("linalg_solve_of", (
        Input("a", lambda g, a, result, LU, pivots, left: ops.solve_backward_matrix(g, a, result, LU, pivots, left),  # noqa: N803
              torch="A"),
        Input("b", lambda g, a, result, LU, pivots, left: ops.solve_backward(g, a, LU, pivots, left), torch="B")),  # noqa: N803
       solve_of, node_name="LinalgSolveExBackward0", attrs=(LEFT,), outputs=SOLUTION, hidden=True),
    Op("linalg_solve", (Input("a", formula=OF_A, torch="A"), Input("b", formula=OF_B, torch="B")), composite=solve, attrs=(LEFT,),
       category=CATEGORY, symbol="A⁻¹B", torch=("torch.linalg.solve({a}, {b})",), latex="{a}^{-1} {b}",
       doc="What solves AX = B for square matrices A; B has matrices, or vectors. A singular A is an error.", samples=EQUATIONS,
       bad_samples=(*NOT_EQUATIONS, Sample((SINGULAR, M2), error="torch.linalg.solve: The solver failed because the input matrix is"),
                    Sample((np.stack([M2, SINGULAR]), M2), error="torch.linalg.solve: (Batch element 1): The solver failed"))),
    Op("linalg_solve_ex", (Input("a", formula=OF_A, torch="A"), Input("b", formula=OF_B, torch="B")), composite=solve_ex,
       attrs=(LEFT, CHECK), outputs=("result", "info"), category=CATEGORY, symbol="A⁻¹B?", torch=("torch.linalg.solve_ex({a}, {b})",),
       latex="{a}^{-1} {b}", doc="What solves AX = B, and which pivot is zero (from 1) in a singular A, else 0.", samples=EQUATIONS,
       bad_samples=(*NOT_EQUATIONS, Sample((SINGULAR, M2), {"check_errors": True}, "torch.linalg.solve_ex: The solver failed"))),
    Op("linalg_solve_triangular_of", (
        Input("a", lambda g, a, out, upper, left, unitriangular: ops.triangular_backward_matrix(g, a, out, upper, left, unitriangular),
              torch="self"),
        Input("b", lambda g, a, out, upper, left, unitriangular: ops.triangular_backward(g, a, upper, left, unitriangular), torch="B")),
       triangular_of, node_name="LinalgSolveTriangularBackward0", attrs=TRIANGLE, hidden=True),
    Op("linalg_solve_triangular", (Input("a", formula="triangle of −({a}⁻ᵗ g)·resultᵗ", torch="self"), Input("b", formula=OF_B, torch="B")),
       composite=solve_triangular, attrs=TRIANGLE, category=CATEGORY, symbol="◺⁻¹B",
       torch=("torch.linalg.solve_triangular({a}, {b}, upper={upper})",), latex="{a}^{-1} {b}",
       doc="What solves AX = B for triangular matrices A, of which only the triangle is read.",
       samples=(Sample((M3, samples.array(3, 2))), Sample((M3, samples.array(3, 2)), {"upper": True}),
                Sample((MATRICES, samples.array(2, 3))), Sample((M3, samples.array(2, 2, 3)), {"left": False, "upper": True}),
                Sample((MATRICES, samples.array(2, 3, 2)), {"left": False}), Sample((MATRICES, M2), {"left": False}),
                Sample((M3, samples.array(3, 2)), {"upper": True, "unitriangular": True}),
                Sample((M3, samples.array(3, 2)), {"unitriangular": True})),
       bad_samples=(Sample((M3, M2), error="linalg.solve_triangular: Incompatible shapes of A and B for the equation AX = B"),
                    Sample((UNSQUARE, M2), error="linalg.solve_triangular: A must be batches of square matrices"),
                    Sample((samples.array(3), M3), error="linalg.solve_triangular: The input tensor A must have at least 2 dimensions."),
                    Sample((M3, samples.array(3)), error="linalg.solve_triangular: The input tensor B must have at least 2 dimensions."))),
    Op("linalg_matrix_power", (Input("a", formula="Σ {a}ᵏ·{a}ⁿ⁻¹⁻ᵏ", torch="self"),), composite=matrix_power, kernel=np.linalg.matrix_power,
       attrs=(Attr("n", "int", 2, "The exponent; a negative one is that of the inverse.", required=True),), category=CATEGORY, symbol="Aⁿ",
       torch=("torch.linalg.matrix_power({a}, {n})", "torch.matrix_power({a}, {n})", "{a}.matrix_power({n})"), latex="{a}^n",
       doc="A square matrix times itself, n times in all.",
       samples=(Sample((M3,)), *[Sample((M3,), {"n": n}) for n in (-3, -1, 0, 1, 3, 5, 6)],
                *[Sample((MATRICES,), {"n": n}) for n in (-2, 0, 2, 3, 7)]),
       bad_samples=(Sample((UNSQUARE,), error="linalg.matrix_power: A must be batches of square matrices, but they are 2 by 3 matrices"),
                    Sample((samples.array(3),), error="linalg.matrix_power: The input tensor A must have at least 2 dimensions."),
                    Sample((SINGULAR,), {"n": -1}, "linalg.inv: The diagonal element 2 is zero"),
                    Sample((M2,), {"n": 1.5}, "linalg_matrix_power(): argument 'n' (position 2) must be int, not float"))),
)
