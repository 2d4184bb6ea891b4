"""What draws curves of pyqtgraph: only that is loaded, what it uses is Qt's own, nothing of Qt is changed, and other parts can be had."""

import json
import os
import subprocess
import sys

CODE = """
import json, sys
import numpy, PySide6.QtWidgets as W, PySide6.QtGui as G, PySide6.QtCore as C
before = [set(dir(m)) for m in (C, G, W)]
from gradstudio.app.panels.timeline import graphing
pg = graphing.load()
loaded = sum(name.startswith("pyqtgraph") for name in sys.modules)
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
told = {
    "same": [QtWidgets.QLabel is W.QLabel, QtGui.QColor is G.QColor, QtCore.QTimer is C.QTimer, QtCore.Signal is C.Signal],
    "unknown": hasattr(QtWidgets, "QNoSuch"),
    "whole": [set(dir(m)) for m in (C, G, W)] == before,
    "copied": sum(len(vars(m)) for m in (QtCore, QtGui, QtWidgets)),
    "loaded": loaded,
    "again": graphing.load() is sys.modules["pyqtgraph"],
    "drawn": [issubclass(pg.PlotCurveItem, W.QGraphicsObject), issubclass(pg.GraphicsView, W.QGraphicsView)],
}
app = W.QApplication([])
view = pg.GraphicsView()
view.addItem(pg.PlotCurveItem())
from pyqtgraph.graphicsItems.BarGraphItem import BarGraphItem
told["another"] = issubclass(BarGraphItem, W.QGraphicsObject)
print(json.dumps(told))
"""


def test_only_what_draws_curves_is_loaded_and_names_of_qt_are_looked_up_when_they_are_needed():
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60, env=environment)
    told = json.loads(done.stdout)
    assert done.stderr.replace("This plugin does not support propagateSizeHints()", "").strip() == ""  # it ends without a word
    assert told.pop("copied") < 60
    assert told.pop("loaded") < 32
    assert told == {"same": [True] * 4, "unknown": False, "whole": True, "again": True, "drawn": [True] * 2, "another": True}
