"""Through a run by keyboard alone: every way of stepping leads where its command leads in the twin, and the position in words shows it."""

from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from gradstudio.app import menus
from gradstudio.app.studio import Studio
from gradstudio.document import codec
from gradstudio.document.commands.nodes import AddNode
from gradstudio.document.commands.script import WrapRepeat
from gradstudio.document.document import MAIN
from tests.document.making import example, leaf, op
from tests.xserver.desktop import Desktop, Window, wait_until
from tests.xserver.pictures import differing
from tests.xserver.test_by_keyboard import find
from tests.xserver.twin import Twin

pytestmark = pytest.mark.xserver
POSITION = QRect(390, 746, 400, 36)  # "Step 17 of 63", and the step in a chip
# Keys as X calls them, and the commands of the table that they are to do; `find NAME` is a search for a node.
RUN = (
    "first", "step", "step", "back", "call_on", "call_on", "call_back", "op_on", "op_back", "into", "out", "into", "over_back", "over",
    "into_back", "out_back", "last", "find z", "run_to", "run_to", "back_to", "next_write", "who_set", "breakpoint", "next_breakpoint",
    "last_breakpoint", "clear_breakpoints", "find W", "next_grad_write", "who_set_grad", "breakpoint_grad", "first", "next_breakpoint",
    "turn_on", "turn_back", "next_nonfinite", "last_nonfinite", "last",
)  # fmt: skip
NAMES = {"PgDown": "Next", "PgUp": "Prior"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The example in a loop of two turns, beside it a logarithm of zero."""
    document = AddNode(leaf("n90", 0.0), MAIN, (0, 640)).apply(example("accumulation"))
    document = AddNode(op("n91", "log", "n90"), MAIN, (240, 640)).apply(document)
    document = WrapRepeat(tuple(call.id for call in document.calls()), 2, "c99").apply(document)
    made = tmp_path / "turns.grad"
    made.write_bytes(codec.dumps(document))
    return made


@pytest.fixture
def twin(qtbot: QtBot, studio: Studio, file: Path) -> Twin:
    return Twin(qtbot, studio, file)


def pressed(command: str) -> str:
    """The key of a command as xdotool writes it: `ctrl+shift+Right`."""
    *held, key = menus.BY_ID[command].keys[0].split("+")
    return "+".join([*(each.lower() for each in held), NAMES.get(key, key.lower() if len(key) == 1 else key)])


def do(window: Window, twin: Twin, deed: str) -> None:
    """Do one thing by keys here, by command in the twin."""
    word, _, name = deed.partition(" ")
    if word != "find":
        window.key(pressed(word))
        twin.window.do(word)
        return
    find(window, name)
    path = twin.studio.labels.by_label(name)
    twin.studio.select((path[0][0],))


def same_position(desktop: Desktop, twin: Twin) -> bool:
    """Whether the transport says the same of where the playhead is as in the twin."""
    shot = desktop.screenshot(desktop.folder / "position.bmp", POSITION)
    return differing(shot, twin.window.grab(POSITION).toImage()) == 0


def test_every_way_of_stepping_has_keys_that_lead_there(desktop: Desktop, twin: Twin, file: Path) -> None:
    studio, seen = twin.studio, set()
    with desktop.gradstudio(file) as window:
        window.wait(lambda: window.title == "turns.grad — GradStudio", "the file is open")
        window.wait(lambda: same_position(desktop, twin), "it has run")
        for deed in RUN:
            do(window, twin, deed)
            twin.qtbot.waitUntil(lambda: studio.shown.state.k == studio.player.k)
            window.wait(lambda: same_position(desktop, twin), f"{deed} leads to step {studio.player.k}")
            seen.add(studio.player.k)
        window.key("ctrl+q")
        wait_until(lambda: window.running.poll() is not None, "the program ends")
        assert window.log.read_text() == ""
    assert len(seen) > 15
