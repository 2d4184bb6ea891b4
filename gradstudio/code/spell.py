"""Spelling: one op as a Python expression, from the templates of its row, with just the parentheses that it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gradstudio.code.literals import index_text, literal
from gradstudio.document.graph import Literal, Operand, OperandPath, Ref, operand_refs
from gradstudio.engine import TABLE, Op

PLACEHOLDER = re.compile(r"\{(\w+)\}")
BINARY = re.compile(r"\{(\w+)\} (\*\*|//|<<|>>|<=|>=|==|!=|[-+*/@%&|^<>]) \{(\w+)\}")
UNARY = re.compile(r"([-~])\{(\w+)\}")
INDEX = re.compile(r"\{(\w+)\}\[\{(\w+)\}\]")
AUGMENTED = re.compile(r"[-+*/]= ")  # a statement, no expression
CALL = re.compile(r"(.*?)\((.*)\)", re.DOTALL)

ANY, COMPARISON, UNARY_LEVEL, NUMBER, PRIMARY, ATOM = 0, 4, 11, 13, 14, 15
LEVELS = {"|": 5, "^": 6, "&": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "//": 10, "%": 10, "@": 10, "**": 12}


@dataclass(frozen=True, slots=True)
class Text:
    """An expression and how tightly it binds."""

    text: str
    level: int = ATOM

    def at(self, level: int) -> str:
        """Return the text, in parentheses if it binds less tightly than its place asks for."""
        return self.text if self.level >= level else f"({self.text})"


Writer = Callable[[Ref], Text]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A template of a row, chosen for the operands and attrs of one node."""

    row: Op
    template: str
    operands: tuple[Operand, ...]
    attrs: Mapping[str, object]

    def refs(self) -> Iterator[tuple[OperandPath, Ref]]:
        """Yield the tensors that the expression reads, in the order in which Python evaluates them."""
        index = {spec.name: i for i, spec in enumerate(self.row.inputs)}
        for name in PLACEHOLDER.findall(self.template):
            if name in index and index[name] < len(self.operands):
                yield from (((index[name], *path[1:]), ref) for path, ref in operand_refs((self.operands[index[name]],)))

    def write(self, writer: Writer) -> Text:
        """Return the expression."""
        values = {spec.name: self._operand(i, spec.kind, writer) for i, spec in enumerate(self.row.inputs)}
        if match := BINARY.fullmatch(self.template):
            return _binary(values[match[1]], match[2], values[match[3]])
        if match := UNARY.fullmatch(self.template):
            return Text(match[1] + values[match[2]].at(UNARY_LEVEL), UNARY_LEVEL)
        if match := INDEX.fullmatch(self.template):
            return Text(f"{values[match[1]].at(PRIMARY)}[{values[match[2]].text}]")
        return Text(self._call(values))

    def _operand(self, i: int, kind: str, writer: Writer) -> Text:
        operand = self.operands[i] if i < len(self.operands) else None
        if kind == "index":
            return Text(_index(operand, writer))
        return operand_text(operand, writer, "[]" if kind == "tensors" else "()")

    def _call(self, values: Mapping[str, Text]) -> str:
        """Fill a template that is a call: operands that are None drop out at its end, attrs that it does not name follow as keywords."""
        match = CALL.fullmatch(self.template)
        if match is None:
            return PLACEHOLDER.sub(lambda m: self._filled(m[1], values, PRIMARY), self.template)
        function = PLACEHOLDER.sub(lambda m: self._filled(m[1], values, PRIMARY), match[1])
        arguments = [argument for argument in _split(match[2]) if not ("=" in argument and self._silent(argument))]
        while arguments and self._silent(arguments[-1]):
            arguments.pop()
        texts = [PLACEHOLDER.sub(lambda m: self._filled(m[1], values, ANY), argument) for argument in arguments]
        named = set(PLACEHOLDER.findall(self.template))
        texts += [f"{attr.name}={self._attr(attr.name)}" for attr in self.row.attrs if attr.name not in named and self._is_set(attr.name)]
        return f"{function}({', '.join(texts)})"

    def _filled(self, name: str, values: Mapping[str, Text], level: int) -> str:
        return values[name].at(level) if name in values else self._attr(name)

    def _silent(self, argument: str) -> bool:
        """Say whether an argument holds only operands that are None."""
        operands = {spec.name for spec in self.row.inputs}
        names = PLACEHOLDER.findall(argument)
        return bool(names) and all(name in operands and not self._is_set(name) for name in names)

    def _is_set(self, name: str) -> bool:
        return _is_set(self.row, self.operands, self.attrs, name)

    def _attr(self, name: str) -> str:
        spec = next(attr for attr in self.row.attrs if attr.name == name)
        value = self.attrs.get(name, spec.default)
        return f"torch.{np.dtype(str(value)).name}" if spec.kind == "dtype" and value is not None else literal(value)


def spelling(op: str, operands: tuple[Operand, ...], attrs: Mapping[str, object]) -> Spelling | None:
    """Return how an op is written; None for an op that is not in the table or has no spelling that fits."""
    row = TABLE.get(op)
    if row is None:
        return None
    fitting = [template for template in row.torch if _fits(row, template, operands, attrs)]
    return Spelling(row, min(fitting, key=_rank), operands, attrs) if fitting else None


def _rank(template: str) -> int:
    if BINARY.fullmatch(template) or UNARY.fullmatch(template) or INDEX.fullmatch(template):
        return 0
    return 1 if template.startswith("{") else 2 if template.startswith("F.") else 3


def _fits(row: Op, template: str, operands: tuple[Operand, ...], attrs: Mapping[str, object]) -> bool:
    named = set(PLACEHOLDER.findall(template))
    if AUGMENTED.search(template):
        return False
    if template.startswith("{") and _rank(template) == 1 and not isinstance(_receiver(row, template, operands), Ref):
        return False
    if any(_is_set(row, operands, attrs, spec.name) and spec.name not in named for spec in row.inputs):
        return False
    return CALL.fullmatch(template) is not None or not any(_is_set(row, operands, attrs, a.name) and a.name not in named for a in row.attrs)


def _receiver(row: Op, template: str, operands: tuple[Operand, ...]) -> Operand:
    name = template[1 : template.index("}")]
    index = next((i for i, spec in enumerate(row.inputs) if spec.name == name), len(operands))
    return operands[index] if index < len(operands) else None


def _is_set(row: Op, operands: tuple[Operand, ...], attrs: Mapping[str, object], name: str) -> bool:
    """Say whether an operand is there, or an attr differs from its default."""
    for i, spec in enumerate(row.inputs):
        if spec.name == name:
            return i < len(operands) and operands[i] is not None
    return any(name in attrs and attrs[name] != attr.default for attr in row.attrs if attr.name == name)


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
