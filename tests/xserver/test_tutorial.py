"""A person's first minutes, on a real X server: open the tutorial, type a number, drag a wire, undo, save, leave."""

import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gradstudio.app.studio import Studio
from gradstudio.resources import resource
from tests.xserver.desktop import SIZE, Desktop, Window, wait_until
from tests.xserver.pictures import differing
from tests.xserver.twin import Twin

pytestmark = pytest.mark.xserver
BETWEEN_BARS = QRect(0, 48, SIZE[0], SIZE[1] - 48 - 26)
X, Y, POW, MUL = "n1", "n2", "n3", "n4"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(resource("examples", "tutorial.grad"), tmp_path / "tutorial.grad"))


@pytest.fixture
def twin(qtbot: QtBot, studio: Studio, file: Path) -> Twin:
    return Twin(qtbot, studio, file)


def saved(file: Path, node: str) -> dict:
    return json.loads(file.read_text())["graph"]["nodes"][node]


def save(window: Window, file: Path) -> None:
    """Press Ctrl+S on changes, and wait until they are in the file and the title says so."""
    window.wait(lambda: window.title == f"{file.name}* — GradStudio", "the title marks a change")
    window.key("ctrl+s")
    window.wait(lambda: window.title == f"{file.name} — GradStudio", "the title says that all is saved")


def opened(desktop: Desktop, window: Window, twin: Twin) -> QImage:
    """A screenshot of the window once it shows what its twin shows between the bars: these light up, and tell the time."""
    shots: list[QImage] = []
    window.wait(lambda: window.title == "tutorial.grad — GradStudio", "the file is open")

    def same() -> bool:
        window.key("shift+f")  # again where the first run made a node larger
        shots.append(desktop.screenshot(desktop.folder / "opened.bmp", BETWEEN_BARS))
        return differing(shots[-1], twin.window.grab(BETWEEN_BARS).toImage()) < 0.002

    window.wait(same, "the screen shows what the same window shows off-screen")
    return shots[-1]


def test_a_number_is_typed_a_wire_dragged_and_the_file_saved(desktop: Desktop, twin: Twin, file: Path) -> None:
    with desktop.gradstudio(file) as window:
        before = opened(desktop, window, twin)

        window.click(*twin.number(X), times=2)
        window.type("5")
        window.key("Return")
        save(window, file)
        assert saved(file, X)["value"]["data"] == [5.0]

        window.drag(twin.output(X), twin.input(MUL, (1,)))
        save(window, file)
        assert saved(file, MUL)["inputs"] == [{"ref": POW}, {"ref": X}]
        assert differing(desktop.screenshot(desktop.folder / "wired.bmp", BETWEEN_BARS), before) > 0.01

        window.key("ctrl+z")
        save(window, file)
        assert saved(file, MUL)["inputs"] == [{"ref": POW}, {"ref": Y}]

        window.key("ctrl+q")
        wait_until(lambda: window.running.poll() is not None, "the program ends")
        assert window.running.returncode == 0
        assert window.log.read_text() == ""


def test_a_number_is_dragged_and_one_undo_takes_the_drag_back(desktop: Desktop, twin: Twin, file: Path) -> None:
    with desktop.gradstudio(file) as window:
        opened(desktop, window, twin)
        x, y = twin.number(Y)
        window.drag((x, y), (x + 60, y), steps=30)
        save(window, file)
        assert saved(file, Y)["value"]["data"][0] > 3.0

        window.key("ctrl+z")
        save(window, file)
        assert saved(file, Y)["value"]["data"] == [3.0]
