"""The one canonical text of a tree: indent 1, and one line for what people read as a line (a node, a call, a position, ...)."""

from __future__ import annotations

import json
from collections.abc import Iterator

# Paths of what stands on one line; * is any key or index. Everything else that is not empty is opened.
LINES = (
    ("graph", "nodes", "*"), ("graph", "blocks", "*"), ("graph", "frames", "*"),
    ("groups", "*", "graph", "nodes", "*"), ("groups", "*", "graph", "blocks", "*"), ("groups", "*", "graph", "frames", "*"),
    ("groups", "*", "inputs"), ("groups", "*", "outputs"),
    ("optimizers", "*"),
    ("positions", "*"), ("layout", "positions", "*"),
    ("layout", "collapsed"), ("layout", "comments", "*"), ("layout", "reroutes", "*"), ("layout", "bookmarks", "*"),
)  # fmt: skip
_PATTERNS = {len(pattern): [p for p in LINES if len(p) == len(pattern)] for pattern in LINES}


def text_of(tree: object) -> str:
    """Return a plain tree as text, with a final newline. Raises ValueError for a number that JSON cannot write."""
    return "".join(_opened(tree, ())) + "\n"


def _opened(value: object, path: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(value, dict | list) or not value or _on_one_line(value, path):
        yield json.dumps(value, ensure_ascii=False, allow_nan=False)
        return
    pad = "\n" + " " * (len(path) + 1)
    left, right = "{}" if isinstance(value, dict) else "[]"
    items = [(json.dumps(key, ensure_ascii=False) + ": ", key, item) for key, item in value.items()] if isinstance(value, dict) else [
        ("", "*", item) for item in value
    ]
    for i, (head, key, item) in enumerate(items):
        yield f"{',' if i else left}{pad}{head}"
        yield from _opened(item, (*path, key))
    yield f"{pad[:-1]}{right}"


def _on_one_line(value: object, path: tuple[str, ...]) -> bool:
    if isinstance(value, dict) and "kind" in value and path[:1] == ("script",):
        return "body" not in value
    return any(all(p in ("*", k) for p, k in zip(pattern, path, strict=True)) for pattern in _PATTERNS.get(len(path), ()))
