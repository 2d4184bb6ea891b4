"""What every test stands on: no screen, bundled fonts, settings in a temporary folder, no process left behind."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Chosen before Qt is imported anywhere.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HOME = Path(tempfile.mkdtemp(prefix="gradstudio-tests-"))
for name in ("CONFIG", "DATA", "STATE", "CACHE"):
    os.environ[f"XDG_{name}_HOME"] = str(HOME / name.lower())
# One folder for all processes of a run: those that pytest-xdist starts inherit it.
TURNS = Path(os.environ.setdefault("GRADSTUDIO_TEST_TURNS", str(HOME)))

import shiboken6
from hypothesis import HealthCheck, settings
from PySide6.QtCore import QSettings, QStandardPaths
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradstudio.resources import resource
from tests.turns import turn

if TYPE_CHECKING:  # tests of the core load nothing of the app
    from gradstudio.app.runner import Runner
    from gradstudio.app.studio import Studio

# How fast a machine makes examples says nothing about the program.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

SLOW_MS = 30_000  # what a worker may take to start and to answer where a machine has much else to do
TASKS = "/proc/self/task"
SHARED = ("gradstudio.worker", "Xvfb", "openbox")  # one of each may outlive a test, none outlives the session


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Run a test in its turn; waiting for it is no part of the test's time."""
    with turn(TURNS, alone=item.get_closest_marker("timed") is not None):
        return (yield)


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


def children() -> dict[int, str]:
    """Command lines of this process's children that still run, by process id (Linux; elsewhere empty)."""
    tasks = os.listdir(TASKS) if os.path.isdir(TASKS) else ()  # twice a test: pathlib takes three times as long
    pids = b" ".join(read(f"{TASKS}/{task}/children") for task in tasks).split()
    commands = {int(pid): read(f"/proc/{pid.decode()}/cmdline") for pid in pids}
    return {pid: command.replace(b"\0", b" ").decode(errors="replace") for pid, command in commands.items() if command}


def read(path: str) -> bytes:
    """What /proc tells; nothing of a thread or process that is gone or waits to be reaped."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def wait_for_the_end_of(left: set[int], seconds: float) -> dict[int, str]:
    """Those of `left` that still run after `seconds`, with their command lines."""
    until = time.monotonic() + seconds
    while True:
        still = {pid: command for pid, command in children().items() if pid in left}
        if not still or time.monotonic() > until:
            return still
        time.sleep(0.02)


@pytest.fixture(autouse=True, scope="session")
def _no_process_outlives_the_session() -> Iterator[None]:
    before = set(children())
    yield
    assert not wait_for_the_end_of(set(children()) - before, 5), "processes left running by the tests"


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test() -> Iterator[None]:
    before = set(children())
    yield
    left = {pid for pid, command in children().items() if pid not in before and not any(name in command for name in SHARED)}
    assert not (left and wait_for_the_end_of(left, 5)), "processes left running by this test"


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application with the bundled fonts: text has the same size on every machine."""
    assert Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation)).is_relative_to(HOME)
    for path in sorted(resource("fonts").glob("*.ttf")):
        assert QFontDatabase.addApplicationFont(str(path)) >= 0, path
    font = QFont("Inter")
    font.setPixelSize(12)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    qapp.setStyle("Fusion")
    qapp.setFont(font)
    return qapp


@pytest.fixture(scope="session")
def runner(qapp: QApplication) -> Iterator["Runner"]:
    """One warm worker for all tests of the app."""
    from gradstudio.app.runner import Runner

    made = Runner(spare=False)
    made.start()
    yield made
    assert made.close(5000), "a worker is left running"


@pytest.fixture
def studio(qtbot: QtBot, runner: "Runner") -> Iterator["Studio"]:
    """A studio with fresh settings over the shared worker, which is at rest and holds the run of the empty document, as the studio does."""
    from gradstudio.app.studio import Studio

    def at_rest() -> bool:
        return not (runner.busy or runner._others or runner._state)

    QSettings("GradStudio", "GradStudio").clear()
    qtbot.waitUntil(at_rest, timeout=SLOW_MS)
    blank = Studio(runner=runner)
    blank.runs.run()
    qtbot.waitUntil(at_rest, timeout=SLOW_MS)
    shiboken6.delete(blank)
    made = Studio(runner=runner)
    yield made
    shiboken6.delete(made)
