"""The one canonical text of a tree: indent 1, and one line for what people read as a line (a node, a call, a position, ...)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

Lines: TypeAlias = "tuple[tuple[str, ...], ...]"

# The ways to what stands on one line; * is any key or index. Everything else that is not empty is opened.
LINES: Lines = (
    ("graph", "nodes", "*"), ("graph", "blocks", "*"), ("graph", "frames", "*"),
    ("groups", "*", "graph", "nodes", "*"), ("groups", "*", "graph", "blocks", "*"), ("groups", "*", "graph", "frames", "*"),
    ("groups", "*", "inputs"), ("groups", "*", "outputs"),
    ("optimizers", "*"),
    ("positions", "*"), ("layout", "positions", "*"),
    ("layout", "collapsed"), ("layout", "comments", "*"), ("layout", "reroutes", "*"), ("layout", "bookmarks", "*"),
)  # fmt: skip
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def text_of(tree: object) -> str:
    """Return a plain tree as text, with a final newline. Raises ValueError for a number that JSON cannot write."""
    return "".join(_opened(tree, 1, LINES)) + "\n"


def _opened(value: object, depth: int, lines: Lines) -> Iterator[str]:
    """Yield a value in pieces. `lines`: the ways from here to what stands on one line."""
    if not isinstance(value, dict | list) or not value or _is_call(value):
        yield _encode(value)
        return
    pad = "\n" + " " * depth
    whole = ("*",) in lines
    left, right = "{}" if isinstance(value, dict) else "[]"
    for i, key in enumerate(value):
        yield f"{',' if i else left}{pad}{_encode(key)}: " if isinstance(value, dict) else f"{',' if i else left}{pad}"
        item = value[key] if isinstance(value, dict) else key
        step = key if isinstance(value, dict) else "*"
        if whole or (step,) in lines:
            yield _encode(item)
        else:
            yield from _opened(item, depth + 1, tuple(way[1:] for way in lines if way[0] in ("*", step)))
    yield f"{pad[:-1]}{right}"


def _is_call(value: dict[str, object] | list[object]) -> bool:
    return isinstance(value, dict) and "kind" in value and "id" in value and "body" not in value
