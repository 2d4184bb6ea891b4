"""The op table for readers: as JSON, as a page of Markdown, as lines of text."""

from __future__ import annotations

from typing import Any

from gradstudio.code import sections
from gradstudio.engine import TABLE, Attr, Op


def as_json() -> dict[str, Any]:
    """Return every op of the palette by name."""
    return {op.name: _row(op) for op in _rows()}


def _rows() -> list[Op]:
    return [TABLE[name] for _, names in sections.of_table() for name in names]


def _row(op: Op) -> dict[str, Any]:
    return {
        "category": op.category,
        "symbol": op.symbol,
        "torch": list(op.torch),
        "inputs": [{"name": i.name, "kind": i.kind, "optional": i.optional} for i in op.inputs],
        "attrs": [_attr(attr) for attr in op.attrs],
        "outputs": None if op.many else list(op.outputs),
        "mutates": op.mutates or None,
        "views": op.views,
        "latex": op.latex,
        "doc": op.doc,
    }


def _attr(attr: Attr) -> dict[str, Any]:
    default = attr.default if attr.default is None or isinstance(attr.default, bool | int | float | str) else str(attr.default)
    return {"name": attr.name, "kind": attr.kind, "default": default, "choices": list(attr.choices), "doc": attr.doc}


def as_text() -> str:
    """Return one line an op: name, how PyTorch spells it, what it does."""
    width = max(map(len, TABLE))
    return "\n".join(f"{op.name:{width}}  {spelled(op):40}  {op.doc}" for op in _rows())


def as_markdown() -> str:
    """Return a page with a table for each category."""
    lines = ["# Ops", ""]
    for category, names in sections.of_table():
        rows = [TABLE[name] for name in names]
        lines += [f"## {category.capitalize()}", "", "| op | PyTorch | settings | what it does |", "|---|---|---|---|"]
        lines += [f"| `{op.name}` | {_code(op)} | {', '.join(f'`{a.name}`' for a in op.attrs)} | {_cell(op.doc)} |" for op in rows]
        lines.append("")
    return "\n".join(lines).rstrip()


def spelled(op: Op) -> str:
    """Return the first spelling of an op, with the names of its operands."""
    return op.torch[0].replace("{", "").replace("}", "") if op.torch else ""


def _code(op: Op) -> str:
    return f"`{_cell(spelled(op))}`" if op.torch else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
