"""A row of the op table: what an op is called, takes, gives, computes, saves and shows. Rows live in ops/<category>.py.

The parameter names of a vjp say what it reads, and so what is saved: `g` (cotangent; a tuple where several outputs have one), `out` or
the name of an output, names of inputs, names of attrs, `x_shape` (shape of input x; `shapes` for a list of tensors). What no needed vjp
reads is not saved, as in PyTorch. A vjp sees `ops`: raw kernels during a plain backward, the recorded ops under create_graph. It is
written once, against `ops` and Python's operators.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType
from typing import Any

Texts = Sequence[str | None]
Formula = str | Callable[..., str]


def JOINT(*_: Any) -> Any:  # noqa: N802
    """Stand for the vjp of an input whose gradient comes from its row's `joint`."""
    raise TypeError("the row's joint gives this gradient")


@dataclass(frozen=True, slots=True)
class Input:
    """An operand. `vjp=None`: not differentiable; JOINT: `joint` of the row gives its gradient.

    `kind`: tensor, operand (tensor or number), tensors (a sequence), number, index. `formula`: the local derivative as plain text with
    the operands' texts in braces, or a function (texts, attrs, operands) -> text. `torch`: PyTorch's name for what is saved of it.
    """

    name: str
    vjp: Callable[..., Any] | None = None
    formula: Formula | None = None
    kind: str = "tensor"
    torch: str = ""
    optional: bool = False
    promote: bool = True

    @property
    def saved_name(self) -> str:
        return self.torch or {"x": "self", "y": "other"}.get(self.name, self.name)

    @property
    def argument(self) -> str:
        """What PyTorch's function calls the operand: `input`, `other`."""
        return {"self": "input"}.get(self.saved_name, self.saved_name)


@dataclass(frozen=True, slots=True)
class Attr:
    """A setting that is no tensor.

    `kind`: int, float, bool, str, number, dim, dims, shape, sizes, split (a size or sizes), pairs (how many
    dims, or two lists of them), dtype, choice. `required`: PyTorch's functions have no default for it. `torch`: what
    PyTorch's functions call it, where that is another name.
    """

    name: str
    kind: str
    default: object = None
    doc: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    torch: str = ""

    @property
    def argument(self) -> str:
        """What PyTorch's function calls the attr."""
        return self.torch or self.name


@dataclass(frozen=True, slots=True)
class Sample:
    """Operands and attrs for tests and docs: arrays stand for tensors, everything else is passed as it is."""

    operands: tuple[Any, ...]
    attrs: Mapping[str, Any] | None = None
    error: str = ""  # of a bad sample: how its message begins


@dataclass(frozen=True, slots=True)
class Op:
    """One row.

    `forward` computes on arrays; `composite` is an expression in other rows, which records their nodes. `kernel`: what vjps and
    closures call on arrays, attrs at their defaults, if the expression itself will not do, or does and checks more than they need.
    `fast` names a row whose closure is tried before the composite. `joint`, of a row whose backward is one op to PyTorch, gives all its
    gradients: `joint(g, mask, ...)` reads as a vjp does and returns a cotangent, or None, for each input that is marked JOINT.
    `promotes`: "" (operands as they are), "same" (PyTorch's result type, broadcasting), "float" (at least float). `lacks`, of a row that
    promotes: the kinds of dtype that PyTorch has no kernel for, and the kernel's name or its whole message. `strict`: the kernel takes
    bfloat16 as it is, to refuse it; others are given float32, and their result is rounded. `mutates`: the input it writes.
    `averages`: the attr under which it writes its running averages too, without a new version, as PyTorch does. `views`: outputs share the
    first input's storage. `many`: any number of outputs. `differentiable`: which outputs have a gradient. `hidden`
    rows serve other rows and are in no palette.
    """

    name: str
    inputs: tuple[Input, ...]
    forward: Callable[..., Any] | None = None
    composite: Callable[..., Any] | None = None
    kernel: Callable[..., Any] | None = None
    fast: str = ""
    joint: Callable[..., Any] | None = None
    node_name: str = ""
    category: str = ""
    symbol: str = ""
    torch: tuple[str, ...] = ()
    attrs: tuple[Attr, ...] = ()
    outputs: tuple[str, ...] = ("out",)
    many: bool = False
    differentiable: tuple[int, ...] = (0,)
    promotes: str = ""
    lacks: tuple[str, str] = ("", "")
    strict: bool = False
    mutates: str = ""
    averages: str = ""
    views: bool = False
    meta: Callable[..., Any] | None = None
    latex: str = ""
    doc: str = ""
    samples: tuple[Sample, ...] = ()
    bad_samples: tuple[Sample, ...] = ()
    hidden: bool = False

    def updated(self, attrs: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the numbers of the inputs that are running averages and that it writes."""
        if not self.averages or not attrs.get(self.averages, next(a.default for a in self.attrs if a.name == self.averages)):
            return ()
        return tuple([i for i, each in enumerate(self.inputs) if each.name.startswith("running_")])

    def __post_init__(self) -> None:
        if (self.forward is None) == (self.composite is None):
            raise TypeError(f"{self.name}: a row has either forward or composite")
        if len(self.outputs) == 1 and self.outputs != ("out",) and not self.many:
            raise TypeError(f"{self.name}: a row's only output is called out, not {self.outputs[0]}")
        names = {i.name for i in self.inputs}
        known = {*names, *[f"{n}_shape" for n in names], "shapes", *self.outputs, *[a.name for a in self.attrs]}
        for of, vjp, first in (*[(f"vjp of {i.name}", i.vjp, 1) for i in self.inputs], ("joint", self.joint, 2)):
            code = getattr(vjp, "__code__", None) if vjp is not JOINT else None
            unknown = [] if code is None else [n for n in code.co_varnames[first:code.co_argcount] if n not in known]
            if unknown:
                raise TypeError(f"{self.name}: the {of} reads {unknown[0]}, which the row does not have")

    @property
    def several(self) -> bool:
        """Whether its node has several outputs, as PyTorch counts them: those that have a gradient."""
        return self.many or len(self.differentiable) > 1

    def input(self, name: str) -> Input:
        """Return the input of that name."""
        return next(i for i in self.inputs if i.name == name)


class Namespace:
    """Functions by name, each made when it is first asked for: most of the table's rows are never run.

    `ops` has the recorded ops (tensors in, tensors out), `kernels` the raw ones (arrays in, arrays out). `apply` says how they are made.
    """

    def __init__(self) -> None:
        self.made: Mapping[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            function = self.made[name]
        except KeyError:
            if name in vars(self):  # a helper, which came with the rows
                return vars(self)[name]
            raise AttributeError(f"no op is called {name}") from None
        setattr(self, name, function)
        return function


class Rows(dict[str, Op]):
    """Rows by name."""

    __slots__ = ()


NO_OPS: set[str] = set()  # what a graph calls its nodes that are no ops: to say that they are none, nothing is loaded
MANY = 2000  # questions from which on all are loaded: a large graph asks for each of its nodes, and `Rows` answer faster
_questions = 0


class Unread(Rows):
    """The rows that are loaded so far: kind by kind until one has what is asked for, for a window shows few. All loaded, it is `Rows`."""

    __slots__ = ()

    def __missing__(self, name: str) -> Op:
        found: Op | None = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        self._find(name)
        return dict.__contains__(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        self._find(name)
        return dict.get(self, name, default)

    def __iter__(self) -> Iterator[str]:
        load()
        return iter(self)

    def __len__(self) -> int:
        load()
        return len(self)

    def keys(self) -> Any:
        load()
        return self.keys()

    def values(self) -> Any:
        load()
        return self.values()

    def items(self) -> Any:
        load()
        return self.items()

    def _find(self, name: object) -> None:
        global _questions
        _questions += 1
        if _questions > MANY:
            load()
        while self.__class__ is Unread and name not in NO_OPS and not dict.__contains__(self, name):
            _load_next()


def load() -> None:
    """Load all rows, if that has not been done, and give tensors their operators."""
    while TABLE.__class__ is Unread:
        _load_next()


def _load_next() -> None:
    kinds = import_module("gradstudio.engine.ops").KINDS
    kind = next((kind for kind in kinds if kind not in _begun), None)
    if kind is not None:
        _begun.add(kind)
        import_module(f"gradstudio.engine.ops.{kind}")
        return
    for table in (TABLE, ROWS):
        table.__class__ = Rows
        rows = sorted(table.items(), key=lambda row: kinds.index(_kinds[row[0]]))  # any of them may have been imported first
        table.clear()
        table.update(rows)
    import_module("gradstudio.engine.operators").install()


def register(*rows: Op) -> None:
    """Enter rows in the table; called by the file that they stand in."""
    kind = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]  # noqa: SLF001 (a row is in the order of its file)
    for op in rows:
        ROWS[op.name], _kinds[op.name] = op, kind
        if not op.hidden:
            TABLE[op.name] = op


ops = Namespace()
kernels = Namespace()
TABLE: dict[str, Op] = Unread()  # what people see, in palette order
ROWS: dict[str, Op] = Unread()  # the hidden ones too
_kinds: dict[str, str] = {}  # the file that a row stands in
_begun: set[str] = set()  # files that are imported, or being imported


_spaces: dict[str, dict[str, Any]] = {}  # per module: its globals with `ops` replaced; grows as the module goes on


def rebound(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same code with `ops` meaning the raw kernels."""
    if not isinstance(function, FunctionType):
        return function
    space = _spaces.setdefault(function.__module__, {})
    space.update(function.__globals__)
    space["ops"] = kernels
    return FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function written against `ops` in both namespaces, so that vjps can call it as ops.name."""
    setattr(ops, function.__name__, function)
    setattr(kernels, function.__name__, rebound(function))
    return function

