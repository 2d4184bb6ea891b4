"""Reader: the bytes of a `.grad` file as a document, or a refusal that names the place. Nothing is repaired."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gradstudio.document.codec import CodecError, document_from, dumps
from gradstudio.document.document import Document
from gradstudio.document.limits import MAX_NODES
from gradstudio.document.rules import expanded_counts
from gradstudio.io.files import load, save
from gradstudio.io.json_text import Fault, parse
from gradstudio.io.limits import DOCUMENT_BYTES
from gradstudio.io.migrations import migrated
from gradstudio.io.place import JsonPath, line_of, spelled
from gradstudio.io.refusal import Refusal

T = TypeVar("T")
STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]']+)")


def read(path: str | Path, most: int = DOCUMENT_BYTES) -> Document:
    """Return the document in a file. Raises Refusal with file, place, reason and code; the file is not touched."""
    path = Path(path)
    return document_in(load(path, most), path)


def document_in(data: bytes, path: Path) -> Document:
    """Return the document that bytes describe; `path` is what a refusal calls them. Raises Refusal."""
    return understood(data, path, _document)


def _document(value: object) -> Document:
    document = document_from(migrated(value))
    nodes, _ = expanded_counts(document)
    if nodes > MAX_NODES:
        raise Fault(f"its groups hold {nodes:,} nodes where they are used, the limit is {MAX_NODES:,}", "GS-F119", ("groups",))
    return document


def understood(data: bytes, path: Path, read: Callable[[object], T]) -> T:
    """Return what `read` makes of strict JSON. What it raises as Fault or CodecError becomes a Refusal with the place and its line."""
    text = ""
    try:
        value, text = parse(data)
        return read(value)
    except Fault as fault:
        line = fault.line or (line_of(text, fault.path) if fault.path else None)
        raise Refusal(path, fault.reason, fault.code, spelled(fault.path), line) from fault
    except CodecError as fault:
        raise Refusal(path, fault.words, "GS-F122", fault.path, line_of(text, steps(fault.path))) from fault
    except MemoryError as error:
        raise Refusal(path, "it needs more memory than there is", "GS-F118") from error


def write(path: str | Path, document: Document) -> str | None:
    """Save a document. Returns a warning where the save could not be confirmed. Raises NotSaved: the file is as it was."""
    return save(path, dumps(document))


def steps(path: str) -> JsonPath:
    """Return the keys and indices of a path as the codec spells it, as far as they are plain."""
    found: list[str | int] = []
    for match in STEP.finditer(path.split("'")[0]):
        found.append(int(match[1]) if match[1] else match[2])
    return tuple(found)
