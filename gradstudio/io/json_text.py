"""JSON, read strictly: one text of UTF-8, no key twice, no number beyond JSON's own, bounded before anything is built."""

from __future__ import annotations

import json
import re
from typing import NoReturn

import numpy as np

from gradstudio.io.limits import JSON_CONTAINERS, JSON_DEPTH, NUMBER_CHARACTERS, STRING_CHARACTERS
from gradstudio.io.place import JsonPath, twice

CHUNK = 4 << 20
ESCAPED = re.compile(rb"\\.", re.DOTALL)
SUSPECT_NUMBER = re.compile(rf"[\d.eE+-]{{{NUMBER_CHARACTERS + 1}}}|\d[eE]\+?\d{{3}}")
SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')


class Fault(Exception):
    """What is wrong with a JSON text: the words, a stable code, and where."""

    def __init__(self, reason: str, code: str, path: JsonPath = (), line: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.code, self.path, self.line = reason, code, path, line


def parse(data: bytes) -> tuple[object, str]:
    """Return (value, text) of strict JSON. Raises Fault."""
    text = _text(data)
    measure(data)
    careful = SUSPECT_NUMBER.search(text) is not None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer if careful else None,
            parse_float=_real if careful else None,
        )
    except json.JSONDecodeError as error:
        raise Fault(_syntax(error), "GS-F111", line=error.lineno) from error
    except RecursionError as error:
        raise Fault(f"it is nested more than {JSON_DEPTH} deep", "GS-F112") from error
    except _Twice as error:
        path, line = twice(text) or ((), None)
        raise Fault("this key stands here twice", "GS-F113", path, line) from error
    _whole_characters(text)
    return value, text


def _text(data: bytes) -> str:
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Fault("this is no text in UTF-8", "GS-F110", line=line) from error


def measure(data: bytes) -> None:
    """Refuse what is nested too deep, or has too many objects and lists, before any of it is built."""
    plain = ESCAPED.sub(b"__", data) if b"\\" in data else data
    inside, depth, containers = 0, 0, 0
    for start in range(0, len(plain), CHUNK):
        codes = np.frombuffer(plain, np.uint8, min(CHUNK, len(plain) - start), start)
        quoted = (np.cumsum(codes == ord('"'), dtype=np.int32) + inside) & 1
        inside = int(quoted[-1])
        folded = codes | 0x20  # `[` and `{`, `]` and `}` fall together
        opened = (folded == ord("{")) & (quoted == 0)
        closed = (folded == ord("}")) & (quoted == 0)
        level = np.cumsum(opened.astype(np.int8) - closed.astype(np.int8), dtype=np.int32)
        containers += int(np.count_nonzero(opened))
        if depth + int(level.max()) > JSON_DEPTH:
            raise Fault(f"it is nested more than {JSON_DEPTH} deep", "GS-F112")
        if containers > JSON_CONTAINERS:
            raise Fault(f"it has more than {JSON_CONTAINERS:,} objects and lists", "GS-F115")
        depth += int(level[-1])


def _whole_characters(text: str) -> None:
    """Refuse strings of a well-formed text that no file can hold again: with NUL, or half of a character (a lone surrogate)."""
    if not SUSPECT_ESCAPE.search(text):
        return
    for string in STRING.finditer(text):
        if "\\u" in string.group() and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in json.loads(string.group())):
            raise Fault("a text holds a NUL or half a character", "GS-F116", line=text.count("\n", 0, string.start()) + 1)


class _Twice(Exception):
    pass


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    for key, value in pairs:
        if len(key) > STRING_CHARACTERS or (isinstance(value, str) and len(value) > STRING_CHARACTERS and key != "base64"):
            raise Fault(f"a text has more than {STRING_CHARACTERS:,} characters", "GS-F117")
    return found


def _constant(word: str) -> NoReturn:
    raise Fault(f"{word} is no number of JSON; a file has it in quotes", "GS-F114")


def _integer(digits: str) -> int:
    if len(digits) > NUMBER_CHARACTERS:
        raise Fault(f"a number has more than {NUMBER_CHARACTERS} characters", "GS-F114")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if len(digits) > NUMBER_CHARACTERS or value in (float("inf"), float("-inf")):
        raise Fault(f"a number is too large or has more than {NUMBER_CHARACTERS} characters", "GS-F114")
    return value


def _syntax(error: json.JSONDecodeError) -> str:
    words = {
        "Expecting value": "a value is missing here",
        "Extra data": "the document ends here, but the file goes on",
        "Expecting ',' delimiter": "a comma is missing here",
        "Expecting ':' delimiter": "a colon is missing here",
        "Unterminated string starting at": "a text that starts here does not end",
        "Expecting property name enclosed in double quotes": "a key in double quotes is missing here",
        "Illegal trailing comma before end of object": "there is a comma too many here",
        "Illegal trailing comma before end of array": "there is a comma too many here",
    }
    return words.get(error.msg, "this is not JSON")
