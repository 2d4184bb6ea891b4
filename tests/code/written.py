"""What tests of written programs share: the usual two leaves, and the program of a document as text or lines."""

from __future__ import annotations

from gradstudio.code.emit import emit
from gradstudio.document.calls import (
    Forward,
)
from gradstudio.document.document import Document
from gradstudio.session.run import run
from tests.code.compare import differences
from tests.code.make import leaf

FORWARD = Forward(id="c1", block="main")
X, Y = leaf("n1", "x"), leaf("n2", "y", 3.0)


def again(number: int, block: str = "main") -> Forward:
    return Forward(id=f"c{number}", block=block)


def text_of(made: Document, traced: bool = True) -> str:
    """Return the program, after it was run and did what the session did."""
    assert differences(made) == []
    return emit(made, trace=run(made).trace if traced else None).text


def lines(made: Document) -> list[str]:
    return text_of(made).splitlines()


def body(made: Document) -> list[str]:
    """Return the lines after the imports and the leaves of the usual two."""
    return [line for line in lines(made) if line and not line.startswith(("import", "x = ", "y = "))]
