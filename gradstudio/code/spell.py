"""Spelling: one op as a Python expression, from the templates of its row, with just the parentheses that it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from msgspec import Struct

from gradstudio.document.graph import Literal, Operand, Ref, operand_refs
from gradstudio.document.literals import index_text, literal
from gradstudio.engine import TABLE, Attr, Op, dtypes

PLACEHOLDER = re.compile(r"\{(\w+)\}")
BINARY = re.compile(r"\{(\w+)\} (\*\*|//|<<|>>|<=|>=|==|!=|[-+*/@%&|^<>]) \{(\w+)\}")
UNARY = re.compile(r"([-~])\{(\w+)\}")
INDEX = re.compile(r"\{(\w+)\}\[\{(\w+)\}\]")
AUGMENTED = re.compile(r"[-+*/]= ")  # a statement, no expression
CALL = re.compile(r"(.*?)\((.*)\)", re.DOTALL)

ANY, COMPARISON, UNARY_LEVEL, NUMBER, PRIMARY, ATOM = 0, 4, 11, 13, 14, 15
LEVELS = {"|": 5, "^": 6, "&": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "//": 10, "%": 10, "@": 10, "**": 12}


class Text(Struct, frozen=True):
    """An expression and how tightly it binds."""

    text: str
    level: int = ATOM

    def at(self, level: int) -> str:
        """Return the text, in parentheses if it binds less tightly than its place asks for."""
        return self.text if self.level >= level else f"({self.text})"


Writer = Callable[[Ref], Text]


class Template(Struct, frozen=True):
    """One spelling of a row, taken apart: operator, unary, index or call."""

    text: str
    names: tuple[str, ...]  # inputs and attrs, in the order of evaluation
    rank: int  # what is chosen first: operator, method, F., torch.
    call: tuple[str, tuple[str, ...]] | None  # function and arguments
    receiver: str | None  # of a method

    def fits(self, row: Op, operands: tuple[Operand, ...], attrs: Mapping[str, object]) -> bool:
        """Say whether the template says all that is set, and its method is called on a tensor."""
        if self.receiver is not None and not isinstance(_operand(row, self.receiver, operands), Ref):
            return False
        if any(operands[i] is not None and spec.name not in self.names for i, spec in enumerate(row.inputs[: len(operands)])):
            return False
        return self.call is not None or not any(_differs(attr, attrs) and attr.name not in self.names for attr in row.attrs)


@cache
def templates(op: str) -> tuple[Template, ...]:
    """Return the spellings of a row, the one to choose first."""
    found = [_taken_apart(text) for text in TABLE[op].torch if not AUGMENTED.search(text)]
    return tuple(sorted(found, key=lambda template: template.rank))


def _taken_apart(text: str) -> Template:
    names = tuple(PLACEHOLDER.findall(text))
    operator = any(shape.fullmatch(text) for shape in (BINARY, UNARY, INDEX))
    call = CALL.fullmatch(text)
    method = text.startswith("{") and not operator
    rank = 0 if operator else 1 if method else 2 if text.startswith("F.") else 3
    parts = (call[1], tuple(_split(call[2]))) if call and not operator else None
    return Template(text, names, rank, parts, names[0] if method else None)


def _operand(row: Op, name: str, operands: tuple[Operand, ...]) -> Operand:
    return next((operand for spec, operand in zip(row.inputs, operands, strict=False) if spec.name == name), None)


def _differs(attr: Attr, attrs: Mapping[str, object]) -> bool:
    return attr.name in attrs and attrs[attr.name] != attr.default


class Spelling(Struct, frozen=True):
    """A template of a row, chosen for the operands and attrs of one node."""

    row: Op
    template: Template
    operands: tuple[Operand, ...]
    attrs: Mapping[str, object]

    def refs(self) -> list[Ref]:
        """Return the tensors that the expression reads, in the order in which Python evaluates them."""
        return [ref for name in self.template.names for _, ref in operand_refs((_operand(self.row, name, self.operands),))]

    def write(self, writer: Writer) -> Text:
        """Return the expression."""
        values = {spec.name: self._text(i, spec.kind, writer) for i, spec in enumerate(self.row.inputs)}
        if self.template.call is not None:
            return Text(self._call(*self.template.call, values))
        if match := BINARY.fullmatch(self.template.text):
            return _binary(values[match[1]], match[2], values[match[3]])
        if match := UNARY.fullmatch(self.template.text):
            return Text(match[1] + values[match[2]].at(UNARY_LEVEL), UNARY_LEVEL)
        if match := INDEX.fullmatch(self.template.text):
            return Text(f"{values[match[1]].at(PRIMARY)}[{values[match[2]].text}]")
        return Text(self._filled(self.template.text, values, PRIMARY))

    def _text(self, i: int, kind: str, writer: Writer) -> Text:
        operand = self.operands[i] if i < len(self.operands) else None
        if kind == "index":
            return Text(_index(operand, writer))
        return operand_text(operand, writer, "[]" if kind == "tensors" else "()")

    def _call(self, function: str, arguments: tuple[str, ...], values: Mapping[str, Text]) -> str:
        """Fill a template that is a call: operands that are None drop out at its end, attrs that it does not name follow as keywords."""
        kept = [argument for argument in arguments if not ("=" in argument and self._silent(argument))]
        while kept and self._silent(kept[-1]):
            kept.pop()
        texts = [self._filled(argument, values, ANY) for argument in kept]
        more = (attr for attr in self.row.attrs if attr.name not in self.template.names and _differs(attr, self.attrs))
        texts += [f"{attr.name}={self._attr(attr)}" for attr in more]
        return f"{self._filled(function, values, PRIMARY)}({', '.join(texts)})"

    def _filled(self, text: str, values: Mapping[str, Text], level: int) -> str:
        attrs = {attr.name: attr for attr in self.row.attrs}
        return PLACEHOLDER.sub(lambda m: values[m[1]].at(level) if m[1] in values else self._attr(attrs[m[1]]), text)

    def _silent(self, argument: str) -> bool:
        """Say whether an argument holds only operands that are None."""
        inputs = {spec.name for spec in self.row.inputs}
        names = PLACEHOLDER.findall(argument)
        return bool(names) and all(name in inputs and _operand(self.row, name, self.operands) is None for name in names)

    def _attr(self, attr: Attr) -> str:
        value = self.attrs.get(attr.name, attr.default)
        return f"torch.{dtypes.of(str(value)).name}" if attr.kind == "dtype" and value is not None else literal(value)


def spelling(op: str, operands: tuple[Operand, ...], attrs: Mapping[str, object]) -> Spelling | None:
    """Return how an op is written; None for an op that is not in the table or has no spelling that fits."""
    if op not in TABLE:
        return None
    row = TABLE[op]
    return next((Spelling(row, template, operands, attrs) for template in templates(op) if template.fits(row, operands, attrs)), None)


def operand_text(operand: Operand, writer: Writer, brackets: str = "()") -> Text:
    """Return an operand as an expression: a tensor, a literal, or several in brackets."""
    if isinstance(operand, Ref):
        return writer(operand)
    if isinstance(operand, tuple):
        comma = "," if len(operand) == 1 and brackets == "()" else ""
        return Text(f"{brackets[0]}{', '.join(operand_text(item, writer).text for item in operand)}{comma}{brackets[1]}")
    return literal_text(operand.value) if isinstance(operand, Literal) else Text("None")


def literal_text(value: object) -> Text:
    """Return a literal; a number binds like one, so that `(-2) ** x` and `(2).sum()` get their parentheses."""
    text = literal(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Text(text)
    return Text(text, UNARY_LEVEL if text.startswith("-") else ATOM if text.startswith("f") else NUMBER)


def _index(operand: Operand, writer: Writer) -> str:
    if isinstance(operand, tuple) and operand:
        return ", ".join(_index(item, writer) for item in operand) + "," * (len(operand) == 1)
    return index_text(operand.value) if isinstance(operand, Literal) else operand_text(operand, writer).text


def _binary(left: Text, operator: str, right: Text) -> Text:
    level = LEVELS.get(operator, COMPARISON)
    if operator == "**":
        return Text(f"{left.at(NUMBER)} ** {right.at(UNARY_LEVEL)}", level)
    return Text(f"{left.at(level + (level == COMPARISON))} {operator} {right.at(level + 1)}", level)


def _split(arguments: str) -> list[str]:
    """Return the arguments of a template's call, split at its own commas."""
    found, depth = [""], 0
    for c in arguments:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            found.append("")
        else:
            found[-1] += c
    return [argument.strip() for argument in found if argument.strip()]
