"""Where in a JSON text something stands: looked up only once something is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeAlias

JsonPath: TypeAlias = tuple[str | int, ...]

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def places(text: str) -> Iterator[tuple[JsonPath, int]]:
    """Yield (path, offset) of every key and list item of a well-formed JSON text, in order. An object's value stands where its key does."""
    path: list[str | int] = []
    objects: list[bool] = []
    key_next = False
    for token in TOKEN.finditer(text):
        mark = token.group()
        if mark in ("}", "]"):
            objects.pop()
            path.pop()
            key_next = False
        elif mark == ",":
            key_next = objects[-1]
            if not key_next:
                path[-1] = int(path[-1]) + 1
        elif mark != ":":
            if key_next:
                path[-1] = json.loads(mark)
                key_next = False
                yield tuple(path), token.start()
                continue
            if objects and not objects[-1]:
                yield tuple(path), token.start()
            if mark in ("{", "["):
                objects.append(mark == "{")
                path.append("" if mark == "{" else 0)
                key_next = mark == "{"


def line_of(text: str, path: JsonPath) -> int | None:
    """Return the line of the deepest place on a path that is there; None for the top."""
    best, deepest = None, 0
    for found, offset in places(text):
        if len(found) > deepest and found == path[: len(found)]:
            best, deepest = offset, len(found)
            if deepest == len(path):
                break
    return None if best is None else text.count("\n", 0, best) + 1


def twice(text: str) -> tuple[JsonPath, int] | None:
    """Return (path, line) of the first key that an object has twice."""
    seen: dict[JsonPath, int] = {}
    for path, offset in places(text):
        if isinstance(path[-1], str):
            if path in seen:
                return path, text.count("\n", 0, offset) + 1
            seen[path] = offset
    return None


def spelled(path: JsonPath) -> str:
    """Return a path as people read it: `graph.nodes.n3.inputs[0]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
