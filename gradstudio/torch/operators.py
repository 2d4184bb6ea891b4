"""Python's operators from the spellings of the rows (`{x} // {y}`, `{x} += {y}`, `-{x}`), assignment to indices, in-place methods."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gradstudio.engine.apply import COMPILED, FUNCTIONS
from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import TABLE, ops
from gradstudio.engine.ops import indexing
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import creation

Function = Callable[..., Any]
BINARY = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul", "&": "and",
          "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift"}
COMPARISON = {"==": "eq", "!=": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
UNARY = {"-": "neg", "~": "invert"}


def reflected(function: Function) -> Function:
    return lambda x, y: function(y, x)


def comparison(function: Function) -> Function:
    """Return a comparison that leaves what is neither tensor nor number to Python: `t == None` is False."""
    return lambda x, y: function(x, y) if isinstance(y, Tensor | int | float | complex) else NotImplemented


def dunders() -> Iterator[tuple[str, Function]]:
    """Yield (method name, function) for every operator that a row spells."""
    for op in TABLE.values():
        function = FUNCTIONS[op.name]
        for text in op.torch:
            words = text.split(" ")
            if len(words) == 1 and text[:1] in UNARY and text[1:2] == "{":
                yield f"__{UNARY[text[0]]}__", function
            if len(words) != 3:
                continue
            sign = words[1]
            if sign in COMPARISON:
                yield f"__{COMPARISON[sign]}__", comparison(function)
            elif sign in BINARY:
                yield f"__{BINARY[sign]}__", function
                yield f"__r{BINARY[sign]}__", reflected(function)
            elif sign.removesuffix("=") in BINARY:
                yield f"__i{BINARY[sign.removesuffix('=')]}__", function


def set_item(x: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`: a copy into the view that the index gives, or index_put_ where tensors index."""
    source = value if isinstance(value, Tensor) else make(creation.array_of(value, x.scalar_type).astype(x.scalar_type), None)
    if not isinstance(index, tuple) and (index is None or index is Ellipsis or isinstance(index, int | slice)):
        FUNCTIONS["copy_"](ops.index(x, index), source)
        return
    view, tensors = indexing.walk(x, index if isinstance(index, tuple) else (index,))
    if all(t is None for t in tensors):
        FUNCTIONS["copy_"](ops.alias(view) if view is x else view, source)
    else:
        FUNCTIONS["index_put_"](view, tuple([slice(None) if t is None else t for t in tensors]), source)


def in_place_methods() -> Iterator[tuple[str, Function]]:
    """Yield (`exp_`, function) for the element-wise rows: what they compute, written into the first operand."""
    for op in TABLE.values():
        row = COMPILED.get(op.name) or COMPILED.get(op.fast)
        if row is not None and row.op.promotes and not op.mutates and len(op.outputs) == 1 and not op.name.endswith("_"):
            yield f"{op.name}_", mutating(row.op.name)


def install() -> None:
    """Give Tensor the operators that the engine has not given it."""
    for name, function in dunders():
        if name not in vars(Tensor) or name in ("__eq__", "__ne__"):
            setattr(Tensor, name, function)
    for name, function in in_place_methods():
        if name not in vars(Tensor):
            setattr(Tensor, name, function)
    setattr(Tensor, "__setitem__", set_item)  # noqa: B010 (mypy: the class is not ours)
    setattr(Tensor, "__pos__", lambda x: x)  # noqa: B010
    setattr(Tensor, "__abs__", FUNCTIONS["abs"])  # noqa: B010


