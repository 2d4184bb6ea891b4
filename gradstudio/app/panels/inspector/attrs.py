"""The editors of attrs: which row an attr of the op table gets, and how what is typed is read."""

from __future__ import annotations

import ast

from gradstudio.app import text
from gradstudio.app.panels.inspector import edits
from gradstudio.app.panels.inspector.rows import Choice, Edit, Row, Scrub, Toggle
from gradstudio.app.panels.inspector.subject import Subject
from gradstudio.document.graph import Literal, Operand, OperandPath
from gradstudio.document.rules import DTYPES
from gradstudio.engine import TABLE
from gradstudio.engine.op import Attr

SEVERAL = frozenset({"dims", "shape", "sizes"})
LITERAL = "literal"  # the kind of a number that may stand in an empty port
HINTS = {LITERAL: "a number", "dim": "a number, or None", "dims": "0, 1 or None", "shape": "3, 4", "sizes": "2, 1"}


def setting_rows(subject: Subject) -> tuple[Row, ...]:
    """Return the editors of a node's literals, then of its attrs."""
    row = TABLE.get(subject.node.op)
    if row is None:
        return ()
    names = [each.argument for each in row.inputs]
    literals = [
        literal_row(subject, path, operand, names[path[0]] if path[0] < len(names) else "")
        for path, operand in literals_in(subject.node.inputs)
    ]
    free = [
        Choice(names[i], None, (), Edit(edits.literal, (subject.node.id, (i,))), LITERAL)
        for i, (each, operand) in enumerate(zip(row.inputs, subject.node.inputs, strict=False))
        if operand is None and each.kind in ("operand", "number") and not each.optional
    ]
    return (*(each for each in literals if each), *free, *(attr_row(subject, each) for each in row.attrs))


def literals_in(operands: tuple[Operand, ...], above: OperandPath = ()) -> list[tuple[OperandPath, Literal]]:
    """Return every literal in a nest of operands, with its path."""
    found: list[tuple[OperandPath, Literal]] = []
    for i, operand in enumerate(operands):
        if isinstance(operand, Literal):
            found.append(((*above, i), operand))
        elif isinstance(operand, tuple):
            found += literals_in(operand, (*above, i))
    return found


def literal_row(subject: Subject, path: OperandPath, literal: Literal, name: str) -> Row | None:
    """Return the editor of a literal; None where it is no number (a slice, None, ...)."""
    edit, value = Edit(edits.literal, (subject.node.id, path)), literal.value
    if isinstance(value, bool):
        return Toggle(name, value, edit)
    if isinstance(value, int | float):
        return Scrub(name, value, dtype_of(value), edit)
    return None


def attr_row(subject: Subject, attr: Attr) -> Row:
    """Return the editor of an attr."""
    value = subject.node.attrs.get(attr.name, attr.default)
    edit = Edit(edits.attr, (subject.node.id, attr.name))
    if attr.kind == "bool" and isinstance(value, bool):
        return Toggle(attr.name, value, edit)
    if attr.kind in ("int", "float", "number", "dim") and isinstance(value, int | float) and not isinstance(value, bool):
        return Scrub(
            attr.name, float(value) if attr.kind == "float" else value, "float64" if attr.kind == "float" else dtype_of(value), edit
        )
    if attr.kind == "choice":
        return Choice(attr.name, value, tuple(attr.choices), edit)
    if attr.kind == "dtype":
        return Choice(attr.name, value, (attr.default, *(each for each in DTYPES if each != attr.default)), edit)
    return Choice(attr.name, value, (), edit, attr.kind)


def dtype_of(value: float | int) -> str:
    """Return the dtype in which a Python number is dragged and typed."""
    return "float64" if isinstance(value, float) else "int64"


def written(value: object) -> str:
    """Return an attr as one types it: `0, 1`, `None`, `mean`."""
    return ", ".join(str(each) for each in value) if isinstance(value, tuple) else str(value)


def read(words: str, kind: str) -> object:
    """Return what was typed as an attr of a kind. Raises ValueError where it is none."""
    plain = words.strip().strip("()[]").replace("−", "-")
    if kind == LITERAL:
        return _number(plain)
    if plain in ("None", "") and kind not in ("shape", "sizes"):
        return None
    if kind in SEVERAL:
        return tuple(int(each) for each in plain.replace("×", ",").split(",") if each.strip())
    if kind == "bool":
        return {"True": True, "False": False}[plain] if plain in ("True", "False") else _bad(plain)
    value = ast.literal_eval(plain)
    return value if isinstance(value, int | float | str) else _bad(plain)


def _number(words: str) -> object:
    value = text.parse_number(words)
    return None if not words else _bad(words) if value is None else value


def _bad(words: str) -> object:
    raise ValueError(words)
