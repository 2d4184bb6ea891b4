"""What draws curves in pyqtgraph, without the rest: its package imports 140 modules and copies all names of Qt, a thousand types."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

COPIED = "QtCore", "QtGui", "QtWidgets"
OPTIONS = {  # of pyqtgraph's, those that its parts ask for
    "antialias": False,
    "background": None,
    "crashWarning": False,
    "enableExperimental": False,
    "leftButtonPan": True,
    "mouseRateLimit": 100,
    "segmentedLineMode": "auto",
    "useOpenGL": False,
}


def load() -> Any:
    """Return pyqtgraph with `PlotCurveItem` and `GraphicsView`. Another part of it is there once its own module is imported."""
    if "pyqtgraph" not in sys.modules:
        package = _package()
        with _without_names():
            for name in COPIED:
                _seed(f"pyqtgraph.Qt.{name}", sys.modules[f"PySide6.{name}"])
            from pyqtgraph.graphicsItems.PlotCurveItem import PlotCurveItem
            from pyqtgraph.widgets.GraphicsView import GraphicsView
        vars(package).update(PlotCurveItem=PlotCurveItem, GraphicsView=GraphicsView)
    return sys.modules["pyqtgraph"]


def _package() -> ModuleType:
    """Put pyqtgraph in place, so that modules are found in it, with what these ask of it, but without all that it imports by itself."""
    spec = find_spec("pyqtgraph")
    assert spec is not None
    package = ModuleType("pyqtgraph", "The parts of pyqtgraph that draw curves.")
    package.__spec__, package.__path__ = spec, list(spec.submodule_search_locations or ())
    vars(package).update(getConfigOption=OPTIONS.__getitem__, _connectCleanup=lambda: None)
    sys.modules["pyqtgraph"] = package
    return package


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
