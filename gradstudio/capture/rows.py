"""Which row of the op table a call of PyTorch means, and what it gives to it. Made from the rows' own spellings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from gradstudio.capture.seen import tensors_in
from gradstudio.document.rules import literal_fault
from gradstudio.engine import TABLE, Op
from gradstudio.torch.aliases import SECOND, SHARED
from gradstudio.torch.operators import BINARY, COMPARISON, UNARY
from gradstudio.torch.special import SHARED as SPECIAL
from gradstudio.torch.spellings import Signature, spelled

PLACES = {"torch": "torch.", "F": "F.", "method": "Tensor."}
OTHER_PLACES = ("Tensor.", "torch.", "F.")  # where else a name is looked for
# Where a tensor lies, and how: nothing that a document tells.
IDLE = frozenset({"device", "layout", "memory_format", "non_blocking", "pin_memory", "generator", "inplace", "_stacklevel"})


class Use(Struct, frozen=True):
    """A row with the arguments of one call: operands as they were told, and the attrs that are not at their defaults."""

    row: Op
    operands: tuple[object, ...]
    attrs: Mapping[str, object]


def _operators(row: Op) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield (method, order of arguments) for each operator that a row spells."""
    for text in row.torch:
        words = text.split(" ")
        if text == "{x}[{index}]":
            yield "__getitem__", ["x", "index"]
        elif len(words) == 1 and text[:1] in UNARY:
            yield f"__{UNARY[text[0]]}__", ["x"]
        elif len(words) == 3 and words[1] in COMPARISON:
            yield f"__{COMPARISON[words[1]]}__", ["x", "y"]
        elif len(words) == 3 and words[1] in BINARY:
            yield f"__{BINARY[words[1]]}__", ["x", "y"]
            yield f"__r{BINARY[words[1]]}__", ["y", "x"]
        elif len(words) == 3 and words[1].removesuffix("=") in BINARY:
            yield f"__i{BINARY[words[1].removesuffix('=')]}__", ["x", "y"]


def _table() -> dict[str, tuple[Op, Signature]]:
    """Return (row, parameters) by PyTorch's name: functions, `F.` functions, methods, operators, second names."""
    found: dict[str, tuple[Op, Signature]] = {}
    for row in TABLE.values():
        for place, name, order in spelled(row):
            if place in PLACES:
                found.setdefault(PLACES[place] + name, (row, Signature(row, order)))
        for name, order in _operators(row):
            found.setdefault(f"Tensor.{name}", (row, Signature(row, order)))
    found["Tensor.__div__"] = found["Tensor.div"]
    found |= {f"Tensor.__{sign}div__": found[f"Tensor.__{sign}truediv__"] for sign in "ri"}
    found |= {f"F.{name}": found[f"torch.{name}"] for name in SHARED if f"torch.{name}" in found and f"F.{name}" not in found}
    found |= {f"torch.special.{name}": found[f"torch.{there}"] for name, there in SPECIAL.items() if f"torch.{there}" in found}
    for second, first in SECOND.items():
        for place in ("torch.", "Tensor."):
            if place + first in found:
                found.setdefault(place + second, found[place + first])
    return found


NAMES = _table()


def use(name: str, args: Sequence[object], named: Mapping[str, object]) -> Use | None:
    """Return the row that a call means, with its arguments; None where no row says all of it."""
    known = _named(name)
    if known is None:
        return None
    row, signature = known
    kept = {key: value for key, value in named.items() if key not in IDLE and not (value is None and key not in signature.keywords)}
    try:
        found = signature.bind(args, kept)
    except TypeError:
        return None
    attrs = {attr.name: _setting(value, attr.kind) for attr, value in zip(row.attrs, found[len(row.inputs) :], strict=True)}
    if any(next(tensors_in(value), None) is not None or literal_fault(value) for value in attrs.values()):
        return None
    different = {attr.name: attrs[attr.name] for attr in row.attrs if repr(attrs[attr.name]) != repr(attr.default)}
    return Use(row, tuple(found[: len(row.inputs)]), different)


def row_use(op: str, *operands: object, **attrs: object) -> Use:
    """Return a use of a row by its own name."""
    return Use(TABLE[op], operands, attrs)


def _named(name: str) -> tuple[Op, Signature] | None:
    last = name.partition(".")[2]
    names = [name, *(place + last for place in OTHER_PLACES)]
    return next((NAMES[each] for each in names if each in NAMES), None)


def _setting(value: object, kind: str) -> object:
    """Return the value of an attr as documents hold it."""
    if kind == "dtype" and value is not None:
        return getattr(value, "name", value)
    return tuple(value) if isinstance(value, tuple | list) else value
