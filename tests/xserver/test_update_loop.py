"""`w -= lr * w.grad` in a loop of ten turns, drawn with the mouse: it computes what PyTorch does, and all of it can be taken back."""

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gradstudio.app.studio import Studio
from gradstudio.document import codec
from gradstudio.io import reader
from gradstudio.session.run import run
from tests.document.making import line
from tests.xserver.desktop import Desktop, Window, wait_until
from tests.xserver.hand import Hand
from tests.xserver.pictures import differing, farthest
from tests.xserver.test_by_mouse import CANVAS, ids
from tests.xserver.twin import Twin

pytestmark = [pytest.mark.xserver, pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)]
TURNS = json.loads((Path(__file__).parents[1] / "data" / "update_loop.json").read_text())
W, LOSS = "n1", "n5"
ROUNDING = 1  # of 255: ports are blended with the canvas from a picture of their node, or drawn on it
INSPECTOR = 1450, 500  # a point beside the canvas


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "line.grad"
    made.write_bytes(codec.dumps(line()))
    return made


@pytest.fixture
def twin(qtbot: QtBot, studio: Studio, file: Path) -> Twin:
    return Twin(qtbot, studio, file)


def enter(window: Window, words: str) -> None:
    """Type words and press Return."""
    window.type(words)
    window.key("Return")


def look(hand: Hand, file: Path) -> None:
    """Save, and look at the same in the twin, all of it in view in both."""
    hand.window.wait(lambda: hand.window.title == f"{file.name}* — GradStudio", "the title marks a change")
    hand.window.key("ctrl+s")
    hand.window.wait(lambda: hand.window.title == f"{file.name} — GradStudio", "the title says that all is saved")
    hand.twin.open(file)
    hand.fit()


def draw(hand: Hand, file: Path) -> None:
    """Draw the update in a block of its own, from the gradient drawer on, under no_grad."""
    window, twin = hand.window, hand.twin
    region = twin.view.canvas.frames.blocks.items["update"].rect
    window.drag(twin.gradient(W), INSPECTOR)  # let go beside the canvas, and given up half-way: nothing comes of either
    hand.fit()  # it scrolled at the edge
    window.drag(twin.gradient(W), twin.point(region.center()), key="Escape")
    window.drag(twin.gradient(W), twin.point(region.center()))
    enter(window, "mul")
    look(hand, file)

    scaled = next(node for node, each in nodes(file).items() if each.get("inputs", [None])[0] == {"ref": W, "grad": True})
    window.click(*twin.row(scaled, (1,)), times=2)
    enter(window, "0.02")
    x, y = twin.point(twin.view.canvas.nodes[scaled].body.bottomRight())
    window.drag(twin.output(W), (x + 90, y))
    enter(window, "-=")
    look(hand, file)

    written = ids(file)["sub_"]
    around = twin.view.canvas.nodes[scaled].body.united(twin.view.canvas.nodes[written].body).adjusted(-20, -20, 20, 20)
    window.drag(twin.point(around.topRight()), twin.point(around.bottomLeft()))
    twin.studio.select((scaled, written))
    hand.choose_at(hand.on_node(written), "node", "no_grad")
    window.drag(twin.output(scaled), twin.input(written, (1,)))
    twin.studio.select((W,))
    hand.choose_at(hand.on_node(W), "node", "zero")
    look(hand, file)


def nodes(file: Path) -> dict[str, dict]:
    return json.loads(file.read_text())["graph"]["nodes"]


def repeat(hand: Hand, file: Path) -> None:
    """Run all four calls ten times."""
    hand.choose_for_calls(0, 3, "Repeat these 4")
    look(hand, file)
    hand.window.click(*hand.on_call(0), times=2)
    enter(hand.window, "10")


def test_an_update_in_a_loop_is_drawn_computes_what_pytorch_does_and_is_taken_back(desktop: Desktop, twin: Twin, file: Path) -> None:
    start = file.read_bytes()
    with desktop.gradstudio(file) as window:
        hand = Hand(window, twin)
        window.wait(lambda: window.title == "line.grad — GradStudio", "the file is open")
        window.wait(lambda: differing(canvas(hand), twin.window.grab(CANVAS).toImage()) < 0.002, "the canvas shows the file")
        before = canvas(hand)

        hand.choose("Add", "add_block")
        look(hand, file)
        draw(hand, file)
        repeat(hand, file)
        look(hand, file)
        check(file)

        window.click(*hand.middle(twin.window.toolbar.undo), times=20)
        window.wait(lambda: window.title == "line.grad* — GradStudio", "the file is no longer what is on show")
        window.wait(lambda: farthest(canvas(hand), before) <= ROUNDING, "the canvas shows what it did at the start, pixel by pixel")
        window.key("ctrl+s")
        window.wait(lambda: file.read_bytes() == start, "the file is what it was at the start")
        window.key("ctrl+q")
        wait_until(lambda: window.running.poll() is not None, "the program ends")
        assert window.log.read_text() == ""


def canvas(hand: Hand) -> QImage:
    """What the canvas shows when all is fitted into it: a run that came back may have made a node wider."""
    hand.fit()
    desktop = hand.window.desktop
    return desktop.screenshot(desktop.folder / "canvas.bmp", CANVAS)


def check(file: Path) -> None:
    """Hold every turn to what PyTorch computed."""
    result, written = run(reader.read(file)), ids(file)["sub_"]
    steps = [k for k, step in enumerate(result.trace.steps, 1) if step.kind == "op" and step.node == (written,)]
    seen = [result.state_at(k) for k in steps]
    found = [{"loss": s.tensors[(LOSS,), 0].item, "w": s.tensors[(W,), 0].item, "grad": s.grads[(W,), 0].item} for s in seen]
    assert found == TURNS
