"""pyqtgraph, loaded in half of the time. It copies every name of Qt, and PySide makes a type of each name that is asked for: a thousand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

COPIED = "QtCore", "QtGui", "QtWidgets"


def load() -> Any:
    """Return pyqtgraph. Its copies of Qt's modules look a name up when it is needed; what lies in them is Qt's own."""
    if "pyqtgraph" not in sys.modules:
        with _without_names():
            for name in COPIED:
                _seed(f"pyqtgraph.Qt.{name}", sys.modules[f"PySide6.{name}"])
            import_module("pyqtgraph")
    return sys.modules["pyqtgraph"]


@contextmanager
def _without_names() -> Iterator[None]:
    """Have Qt's modules tell of no names, so that none is copied."""
    spaces = [vars(import_module(f"PySide6.{name}")) for name in COPIED]
    former = [space.get("__dir__") for space in spaces]  # PySide's own, which tells of names that no type was made for
    for space in spaces:
        space["__dir__"] = list
    try:
        yield
    finally:
        for space, listing in zip(spaces, former, strict=True):
            if listing is None:
                del space["__dir__"]
            else:
                space["__dir__"] = listing


def _seed(name: str, source: ModuleType) -> None:
    """Put a module in place that hands on what another one has."""
    made = ModuleType(name, f"{source.__name__}, each name when it is asked for.")
    vars(made)["__getattr__"] = lambda attribute: getattr(source, attribute)
    sys.modules[name] = made
