"""PyTorch's names of every row: functions, methods and `F.` functions, made from the `torch` spellings of the op table.

A spelling (`torch.transpose({x}, {dim0}, {dim1})`) gives a place, a name and the order of arguments; what it does not name follows in the
row's order. Arguments come by position or by PyTorch's keywords; sizes may come one by one (`x.view(2, 3)`), and so may the tensors of
a spelling that has a star (`torch.einsum({equation}, *{tensors})`).
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.apply import FUNCTIONS
from gradstudio.engine.op import TABLE, Attr, Op
from gradstudio.engine.runs import taker
from gradstudio.engine.tensor import Tensor
from gradstudio.torch.implicit import NAMES, dim_chosen
from gradstudio.torch.missing import Words
from gradstudio.torch.out import into
from gradstudio.torch.return_types import named, type_of

Function = Callable[..., Any]
INTS = {int}
PACKED = ("shape", "sizes", "dims")  # kinds of attr that may be written as several integers
ALIASES = {"axis": "dim", "axes": "dims", "dims": "dim", "self": "input", "value": "src", "rcond": "rtol",
           "indices": "indices_or_sections", "sections": "indices_or_sections", "tensor_indices_or_sections": "indices_or_sections"}


NO = type(None)
TAKEN: dict[str, frozenset[type]] = {  # kinds of attr, and the types of what is taken as it is
    "int": frozenset({int, NO}), "dim": frozenset({int, NO}), "number": frozenset({int, float, complex, bool, NO}),
    "float": frozenset({int, float, bool, NO}), "bool": frozenset({bool, NO}), "dims": frozenset({int, tuple, list, NO}),
    "shape": frozenset({int, tuple, list, NO}), "sizes": frozenset({int, tuple, list, NO}), "split": frozenset({int, tuple, list, NO}),
    "dtype": frozenset({NO}),
}  # fmt: skip
PLAIN = frozenset({int, float, str, bool})  # types of settings that are handed on unread
WORDS = {"int": "int", "dim": "int", "bool": "bool", "float": "float", "number": "Number"}  # what a setting has to be


class Setting:
    """How one attr is read. `plain`: types that need no reading; `must_be`: how a refusal begins."""

    def __init__(self, attr: Attr, must_be: str) -> None:
        self.kind, self.must_be = attr.kind, must_be
        self.plain = TAKEN[attr.kind] if attr.default is None and not attr.required else TAKEN[attr.kind] - {NO}

    def read(self, value: Any) -> Any:
        """Return a dtype as numpy's, and a tensor of one number, or a number of numpy, as Python's. Raises TypeError for other kinds."""
        if self.kind == "dtype":
            return dtypes.as_numpy(value)
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Tensor) and not value.sizes and (value.scalar_type.kind in "iu" or self.kind in ("number", "float")):
            return value.array.item()
        wanted = WORDS.get(self.kind)
        if wanted and (wanted in ("int", "bool") or value is None or isinstance(value, tuple | list | (str if wanted == "float" else NO))):
            raise TypeError(f"{self.must_be} {wanted}, not {errors.type_name(value).removeprefix('torch.')}")
        return value


Route = tuple[Callable[[Any], Any], list[tuple[int, Setting]]]


class Signature:
    """The parameters of one spelling: operands and attrs of a row in PyTorch's order. `words`: of its messages."""

    def __init__(self, op: Op, order: Sequence[str], words: Words | None = None) -> None:
        self.op = op
        self.words = words or Words(op.name)
        self.called = self.words.function
        operands = [i.name for i in op.inputs]
        attrs = [a.name for a in op.attrs]
        self.names = [*order, *[n for n in (*operands, *attrs) if n not in order]]
        self.positions = [(*operands, *attrs).index(n) for n in self.names]
        self.straight = self.positions == list(range(len(self.names)))
        self.defaults = [None] * len(operands) + [a.default for a in op.attrs]
        self.kinds = {a.name: a.kind for a in op.attrs}
        needed = {i.name: i.argument for i in op.inputs if not i.optional} | {a.name: a.argument for a in op.attrs if a.required}
        self.required = {n: needed[n] for n in self.names if n in needed}
        last = self.kinds.get(self.names[-1]) if self.names else ""
        self.packs = len(self.names) - 1 if self.straight and last in PACKED else 0  # where integers begin that stand by themselves
        self.fewest = self.packs + (1 if last == "shape" else 2)  # one alone may be a size for all dims
        self.star = next((i for i, n in enumerate(self.names) if any(f"*{{{n}}}" in text for text in op.torch)), None)
        self.keywords = {n: n for n in self.names} | {i.saved_name: i.name for i in op.inputs} | {a.argument: a.name for a in op.attrs}
        self.keywords["input"] = operands[0] if operands else ""
        self.routes: dict[tuple[Any, ...], Route] = {}  # by number of arguments and names of others

    def bind(self, args: Sequence[Any], named: dict[str, Any]) -> Sequence[Any]:
        """Return the arguments in the row's order. Raise TypeError for one too many, unknown or missing."""
        n = len(args)
        if self.star is not None and n > self.star and not isinstance(args[self.star], list | tuple):
            args = (*args[:self.star], args[self.star:])
        elif n > len(self.names) or (n and isinstance(args[-1], int) and self.kinds.get(self.names[n - 1]) == "shape"):  # x.view(6)
            args = self.packed(args)
        key = (len(args), *named)
        if key not in self.routes:
            self.routes[key] = self.route(len(args), list(named))
        taken, given = self.routes[key]
        found: Sequence[Any] = taken((*args, *named.values(), *self.defaults))
        for i, setting in given:
            if type(found[i]) not in setting.plain:
                found = [*found[:i], setting.read(found[i]), *found[i + 1:]]
        return found

    def route(self, count: int, keys: Sequence[str]) -> Route:
        """Return what puts arguments, then those given by name, then the defaults into the row's order, and the settings that are given.

        Raise TypeError as `bind`.
        """
        sources = {name: i for i, name in enumerate(self.names[:count])}
        for key in keys:
            name = self.keywords.get(key) or self.keywords.get(ALIASES.get(key, ""))
            if name is None or name in sources:
                reason = "got an unexpected keyword argument" if name is None else "received multiple values for argument"
                raise TypeError(f"{self.called}() {reason} '{key}'")
            sources[name] = len(sources)
        if any(name not in sources for name in self.required):
            given = sources if self.words.python else self.names[:count]  # torch's C++ counts those by position only
            raise TypeError(self.words.missing([argument for name, argument in self.required.items() if name not in given]))
        order = dict(zip(self.positions, self.names, strict=True))
        picks = [sources.get(order[i], len(sources) + i) for i in range(len(self.defaults))]
        settings = [i for i, p in enumerate(picks) if p < len(sources) and self.kinds.get(order[i]) in TAKEN]
        return taker(picks), [(i, self.setting(order[i], picks[i] + 1 if picks[i] < count else 0)) for i in settings]

    def setting(self, name: str, position: int) -> Setting:
        """Return how an attr is read that stands at a position, from 1; 0 for one that is given by name."""
        attr = next(a for a in self.op.attrs if a.name == name)
        if self.words.python:  # it hands all on, in the row's order
            position = self.positions[self.names.index(name)] + 1
        where = f" (position {position - self.words.method})" if position else ""
        return Setting(attr, f"{self.called}(): argument '{attr.argument}'{where} must be")

    def packed(self, args: Sequence[Any]) -> Sequence[Any]:
        """Return the arguments with trailing integers as one tuple."""
        for i, name in enumerate(self.names[:len(args)]):
            if self.kinds.get(name) in PACKED:
                rest = args[i:]
                if set(map(type, rest)) == {int}:
                    return (*args[:i], tuple(rest))
                if all(isinstance(a, int | Tensor) for a in rest):
                    return (*args[:i], tuple([int(a) for a in rest]))
        raise TypeError(f"{self.called}() takes {len(self.names)} positional arguments but {len(args)} were given")


def function_of(op: Op, name: str, order: Sequence[str], words: Words) -> Function:
    """Return a row's function with PyTorch's parameters, under one of its names."""
    signature, row = Signature(op, order, words), op.name
    count = max([len(op.inputs), *[signature.names.index(a.name) + 1 for a in op.attrs if a.required]])
    kind = type_of(op, name)
    simple = signature.straight and signature.star is None and not any(k in (*PACKED, "dtype") for k in signature.kinds.values())
    operands, packs, fewest = len(op.inputs), signature.packs, signature.fewest
    taken: set[tuple[type, ...]] = set()  # types of settings, by position, that were read once and need no reading

    def function(*args: Any, out: Any = None, **given: Any) -> Any:
        if simple and not given and len(args) >= count and (types := tuple(map(type, args[operands:]))) in taken:
            result = FUNCTIONS[row](*args)
        elif packs and not given and len(args) >= fewest and set(map(type, args[packs:])) == INTS:
            result = FUNCTIONS[row](*args[:packs], args[packs:])
        else:
            bound = signature.bind(args, given)
            if simple and not given and len(args) >= count and PLAIN.issuperset(types):
                taken.add(types)
            result = FUNCTIONS[row](*bound)
        if kind is not None:
            result = named(kind, result)
        return result if out is None else into(out, result, op.name)

    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = op.doc
    return function


def spelled(op: Op) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield (place, name, order of arguments) for the spellings that are calls; place is torch, F, method or property."""
    for text in op.torch:
        head, call, rest = text.partition("(")
        place, _, name = head.partition(".")
        if not name.replace(".", "_").isidentifier() or (call and not rest.endswith(")")):
            continue
        order = [part.partition("}")[0] for part in rest.split("{")[1:]]
        if place.startswith("{"):
            yield ("method" if call else "property"), name, [place.strip("{}"), *order]
        elif place in ("torch", "F") and call:
            yield place, name, order


def place_all() -> tuple[dict[str, Function], dict[str, Function], dict[str, Function], dict[str, Function]]:
    """Return the functions of `torch`, of `F`, the methods and the properties, by name; the first row with a name has it."""
    found: dict[str, dict[str, Function]] = {"torch": {}, "F": {}, "method": {}, "property": {}}
    for op in TABLE.values():
        made: dict[tuple[Words, str, tuple[str, ...]], Function] = {}
        for place, name, order in spelled(op):
            key = (Words.of(place, name), name, tuple(order))
            if key not in made:
                made[key] = function_of(op, name, order, key[0])
            found[place].setdefault(name, made[key])
    found["F"] |= {name: dim_chosen(name, found["F"][name]) for name in NAMES}
    return found["torch"], found["F"], found["method"], found["property"]


TORCH, FUNCTIONAL, METHODS, PROPERTIES = place_all()
