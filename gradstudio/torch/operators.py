"""Python's operators from the spellings of the rows (`{x} // {y}`, `{x} += {y}`, `-{x}`), assignment to indices, in-place methods."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.apply import FUNCTIONS, operator_of
from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import ROWS, TABLE, ops
from gradstudio.engine.ops import indexing
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import creation
from gradstudio.torch.missing import Words
from gradstudio.torch.spellings import Signature

Function = Callable[..., Any]
Array = np.ndarray[Any, Any]
BINARY = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul", "&": "and",
          "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift"}
COMPARISON = {"==": "eq", "!=": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
ONLY_NEW = ("dist", "fmax", "fmin", "logaddexp", "logaddexp2", "logcumsumexp", "logsumexp", "maximum", "minimum", "where",
            "hardshrink")  # methods without an in-place form
WITH_SETTINGS = "tril", "triu", "cumsum", "cumprod", "addmm", "addmv", "addr", "addbmm", "baddbmm"
WRITTEN = {"//": "floor_divide_", "%": "remainder_", "&": "bitwise_and_", "|": "bitwise_or_", "^": "bitwise_xor_"}  # what `x //= y` calls
ABSENT = ("<<", ">>")
UNARY = {"-": "neg", "~": "invert"}


def dunders() -> Iterator[tuple[str, Function]]:
    """Yield (method name, function) for every operator that a row spells."""
    for op in TABLE.values():
        for text in op.torch:
            words = text.split(" ")
            if len(words) == 1 and text[:1] in UNARY and text[1:2] == "{":
                yield f"__{UNARY[text[0]]}__", FUNCTIONS[op.name]
            if len(words) != 3:
                continue
            sign = words[1]
            if sign in COMPARISON:
                yield f"__{COMPARISON[sign]}__", operator_of(op.name, arrays=False)
            elif sign in BINARY:
                yield f"__{BINARY[sign]}__", operator_of(op.name)
                yield f"__r{BINARY[sign]}__", operator_of(op.name, arrays=False, swapped=True)
            elif sign.removesuffix("=") in BINARY:
                yield f"__i{BINARY[sign.removesuffix('=')]}__", FUNCTIONS[op.name]


def invert(x: Tensor) -> Any:
    """`~x`. Raise TypeError for floats."""
    if x.scalar_type.kind in "fc":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return ops.bitwise_not(x)


number_less = operator_of("sub", arrays=False, swapped=True)


def subtracted_from(x: Tensor, y: Any) -> Any:
    """`y - x`; PyTorch has a node of its own for it where both are tensors."""
    return ops.rsub(x, y) if isinstance(y, Tensor) else number_less(x, y)


def divided_from(x: Tensor, y: Any) -> Any:
    """`y / x` as PyTorch computes it: the reciprocal, times y."""
    y = y.item() if isinstance(y, np.generic) else y
    return ops.mul(ops.reciprocal(x), y) if isinstance(y, Tensor | int | float | complex) else NotImplemented


def set_item(x: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`: a copy into the view that the index gives, or index_put_ where tensors index.

    Raises TypeError for what is neither tensor nor number, RuntimeError where the shapes do not fit.
    """
    source = value if isinstance(value, Tensor) else make(number_for(x, value), None)
    if index is False:
        return
    view, tensors = indexing.walk(x, index if isinstance(index, tuple) else (None if index is True else index,))
    if all(t is None for t in tensors):
        copy_into(view, source)
    else:
        FUNCTIONS["put_at_"](view, tuple([slice(None) if t is None else t for t in tensors]), without_ones(source))


def number_for(x: Tensor, value: Any) -> Array:
    """Return a number as a 0-d array of x's dtype."""
    if not isinstance(value, int | float | complex | np.integer):
        raise TypeError(f"can't assign a {errors.type_name(value)} to a torch.{errors.dtype_name(x.scalar_type)}Tensor")
    if isinstance(value, complex) and x.scalar_type.kind != "c":
        raise RuntimeError(f"value cannot be converted to type {errors.c_name(x.scalar_type)} without overflow")
    return dtypes.cast(creation.array_of(value, x.scalar_type), x.scalar_type)


def without_ones(source: Tensor) -> Any:
    """Return a view without the leading dims of size 1, which assignment does not count."""
    first = next((i for i, n in enumerate(source.sizes) if n != 1), len(source.sizes))
    return ops.view(source, source.sizes[first:]) if first else source


def copy_into(view: Tensor, source: Tensor) -> None:
    """Write source into view as PyTorch's assignment does: a number fills, other shapes are expanded first."""
    if not source.sizes and view.sizes:
        FUNCTIONS["fill_"](view, source)
        return
    if source.sizes != view.sizes:
        source = ops.view(source, without_ones(source).sizes)
        source = source if source.sizes == view.sizes else ops.expand(source, view.sizes)
    FUNCTIONS["copy_"](view, source)


def in_place_methods() -> Iterator[tuple[str, Function]]:
    """Yield (`exp_`, function) for the element-wise rows: what they compute, written into the first operand."""
    for op in TABLE.values():
        if op.name in ONLY_NEW or not any(text.startswith(f"{{x}}.{op.name}(") for text in op.torch):
            continue
        row = ROWS.get(f"{op.name}_in_place") or (op if op.composite is None else ROWS.get(op.fast))
        if row is not None and not any(i.vjp for i in row.inputs):  # what is written to x ends its gradient, if PyTorch says so
            row = None if f"{op.name}_tensor" in ROWS else row
        if row is not None and row.promotes and not op.mutates and len(op.outputs) == 1 and not op.name.endswith("_"):
            yield f"{op.name}_", mutating(row.name)
        elif row is None and f"{op.name}_tensor" in ROWS and f"{op.name}_number" in ROWS:
            yield f"{op.name}_", written_by_kind(op.name)
    for name in WITH_SETTINGS:
        yield f"{name}_", bound(name)


def bound(name: str) -> Function:
    """Return the in-place form of a row that takes more than operands, with PyTorch's arguments."""
    write, signature = mutating(name), Signature(TABLE[name], (), Words(f"{name}_", method=True))

    def change(x: Tensor, *args: Any, **named: Any) -> Tensor:
        return write(*signature.bind((x, *args), named))

    change.__name__ = f"{name}_"
    return change


def written_by_kind(name: str) -> Function:
    """Return the in-place form of an op that has a row for tensors and one for a number as the last operand."""
    tensors, number = mutating(f"{name}_tensor"), mutating(f"{name}_number")

    def write(x: Tensor, *rest: Any) -> Tensor:
        return (tensors if rest and isinstance(rest[-1], Tensor) else number)(x, *rest)

    return write


def refusal(sign: str) -> Function:
    """Return an operator that PyTorch has and that is not here."""
    def refuse(x: Tensor, y: Any) -> Any:
        raise NotImplementedError(f"{sign} of tensors is not here")

    return refuse


def install() -> None:
    """Give Tensor the operators that the engine has not given it."""
    for name, function in dunders():
        if name not in vars(Tensor) or name in ("__eq__", "__ne__"):
            setattr(Tensor, name, function)
    for name, function in in_place_methods():
        if name not in vars(Tensor):
            setattr(Tensor, name, function)
    for sign, method in WRITTEN.items():
        setattr(Tensor, f"__i{BINARY[sign]}__", getattr(Tensor, method))
    for sign in ABSENT:
        for kind in ("", "r", "i"):
            setattr(Tensor, f"__{kind}{BINARY[sign]}__", refusal(sign))
    setattr(Tensor, "__invert__", invert)  # noqa: B010
    setattr(Tensor, "__rsub__", subtracted_from)  # noqa: B010
    setattr(Tensor, "__rdiv__", divided_from)  # noqa: B010
    setattr(Tensor, "__setitem__", set_item)  # noqa: B010 (mypy: the class is not ours)
    setattr(Tensor, "__pos__", lambda x: x)  # noqa: B010
    setattr(Tensor, "__abs__", FUNCTIONS["abs"])  # noqa: B010


