"""The window before anything is in it: a sketch that is on the screen while the program is loaded."""

import os
import subprocess
import sys

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent

from gradstudio.app import theme
from gradstudio.app.main_window import MainWindow


def test_a_sketch_has_the_lines_of_the_window_that_follows(qapp, qtbot, studio):
    theme.apply(qapp, theme.named("dark"))
    frame = MainWindow()
    qtbot.addWidget(frame)
    frame.show()
    empty = frame.grab().toImage()
    studio.theme_mode = "dark"
    frame.furnish(studio)
    qapp.processEvents()
    full = frame.grab().toImage()
    line = theme.named("dark").color("line").rgb()
    canvas, bar = frame.canvas.geometry(), frame.toolbar.height()
    edges = (700, bar - 1), (frame.palette_panel.width() - 1, bar + 40), (700, bar + canvas.height() + 1)
    assert [empty.pixelColor(*at).rgb() for at in edges[:2]] == [full.pixelColor(*at).rgb() for at in edges[:2]] == [line, line]
    inside = frame.canvas.mapTo(frame, canvas.center())
    assert empty.pixelColor(inside.x(), inside.y() - 40) == theme.named("dark").color("canvas")


def test_the_paint_of_the_sketch_is_told_and_then_that_of_the_whole(qapp, qtbot, studio):
    frame = MainWindow()
    qtbot.addWidget(frame)
    with qtbot.waitSignal(frame.painted):
        frame.show()
    frame.furnish(studio)
    with qtbot.waitSignal(frame.painted):
        frame.update()


def test_what_is_put_into_a_window_on_the_screen_is_there_before_its_next_paint(qapp, qtbot, studio):
    frame = MainWindow()
    qtbot.addWidget(frame)
    frame.show()
    qapp.processEvents()
    frame.furnish(studio)
    parts = frame.toolbar, frame.canvas, frame.timeline, frame.inspector, frame.status
    assert all(part.isVisible() for part in parts)
    assert frame.toolbar.width() == frame.status.width() == frame.width()
    assert frame.timeline.mapTo(frame, QPoint(0, frame.timeline.height())).y() == frame.height() - frame.status.height()


def test_keys_and_closing_are_harmless_before_anything_is_there(qapp, qtbot):
    frame = MainWindow()
    qtbot.addWidget(frame)
    frame.show()
    for kind in (QKeyEvent.Type.ShortcutOverride, QKeyEvent.Type.KeyPress):
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Alt, Qt.Key.Key_Z):
            qapp.sendEvent(frame, QKeyEvent(kind, key, Qt.KeyboardModifier.ControlModifier))
    assert frame.close()


def test_the_sketch_needs_neither_numpy_nor_the_rest_of_the_program():
    program = "import sys, gradstudio.app.application; print(*sorted(m for m in sys.modules if m.startswith(('numpy', 'gradstudio.'))))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    ours = "app", "app.application", "app.main_window", "app.metrics", "app.settings", "app.theme", "resources"
    assert set(loaded) == {f"gradstudio.{module}" for module in ours}


def test_a_start_loads_the_ops_of_its_document_only():
    program = """
import os, sys
os.environ["GRADSTUDIO_STARTUP_MARKS"] = "1"
from gradstudio.app import application
application.main()
print(*(m.rpartition(".")[2] for m in sys.modules if m.startswith("gradstudio.engine.ops.")))
"""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": os.devnull}
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, timeout=60).stdout
    assert "arithmetic" in told.splitlines()[-1].split()
    assert len(told.splitlines()[-1].split()) < 10
