"""pyqtgraph without copies of all names of Qt: what it uses is Qt's own, and nothing of Qt is changed."""

import json
import subprocess
import sys

CODE = """
import json, sys
import numpy, PySide6.QtWidgets as W, PySide6.QtGui as G, PySide6.QtCore as C
before = [set(dir(m)) for m in (C, G, W)]
from gradstudio.app.panels.timeline import graphing
pg = graphing.load()
print(json.dumps({
    "same": [pg.QtWidgets.QLabel is W.QLabel, pg.QtGui.QColor is G.QColor, pg.QtCore.QTimer is C.QTimer, pg.QtCore.Signal is C.Signal],
    "unknown": hasattr(pg.QtWidgets, "QNoSuch"),
    "whole": [set(dir(m)) for m in (C, G, W)] == before,
    "copied": sum(len(vars(m)) for m in (pg.QtCore, pg.QtGui, pg.QtWidgets)),
    "again": graphing.load() is sys.modules["pyqtgraph"],
    "curve": issubclass(pg.PlotCurveItem, W.QGraphicsObject),
}))
"""


def test_names_of_qt_are_looked_up_when_they_are_needed():
    told = json.loads(subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60).stdout)
    assert told["copied"] < 60
    assert told == {"same": [True] * 4, "unknown": False, "whole": True, "copied": told["copied"], "again": True, "curve": True}
