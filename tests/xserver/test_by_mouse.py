"""From an empty canvas to a loss with gradients, a frame and a detach; a step back; save and reopen: by mouse alone."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from gradstudio.app.studio import Studio
from gradstudio.document import codec
from gradstudio.document.document import new_document
from gradstudio.document.graph import NodeId
from gradstudio.io import reader
from gradstudio.session.run import run
from tests.xserver.desktop import Desktop, wait_until
from tests.xserver.hand import Hand, name_file
from tests.xserver.pictures import differing
from tests.xserver.twin import Twin

pytestmark = [pytest.mark.xserver, pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)]
LEAVES = (("leaf", "x", "2", (300, 140)), ("leaf", "w", "0.5", (300, 290)), ("leaf", "b", "1", (300, 440)), ("leaf", "y", "3", (300, 590)))
OPS = (("mul", (480, 200)), ("add", (660, 300)), ("sub", (840, 400)), ("pow", (1060, 330)), ("exp", (1060, 160)))
WIRES = (
    ("x", "mul", 0), ("w", "mul", 1), ("mul", "add", 0), ("b", "add", 1),
    ("add", "sub", 0), ("y", "sub", 1), ("sub", "pow", 0), ("sub", "exp", 0),
)  # fmt: skip


CANVAS, INSPECTOR, TIMELINE = QRect(209, 49, 1074, 690), QRect(1285, 49, 315, 600), QRect(209, 744, 1074, 228)
NOTHING = 800, 680  # a point of the canvas with nothing on it


@pytest.fixture
def twin(qtbot: QtBot, studio: Studio, tmp_path: Path) -> Twin:
    empty = tmp_path / "empty.grad"
    empty.write_bytes(codec.dumps(new_document()))
    return Twin(qtbot, studio, empty)


def ids(file: Path) -> dict[str, NodeId]:
    """The nodes of a file by name, else by op."""
    nodes = json.loads(file.read_text())["graph"]["nodes"]
    return {(node.get("names") or [None])[0] or node["op"]: node_id for node_id, node in nodes.items()}


def look(hand: Hand, file: Path) -> dict[str, NodeId]:
    """Save by the menu; look at the same in the twin, all of it in view in both."""
    hand.window.wait(lambda: hand.window.title == f"{file.name}* — GradStudio", "the title marks a change")
    hand.choose("File", "save")
    hand.window.wait(lambda: hand.window.title == f"{file.name} — GradStudio", "the title says that all is saved")
    hand.twin.open(file)
    hand.fit()
    return ids(file)


def same(hand: Hand, desktop: Desktop, *areas: QRect) -> bool:
    """Whether areas of the window look as in the twin."""
    shot, twin = desktop.screenshot(desktop.folder / "shot.bmp"), hand.twin.window
    return all(differing(shot.copy(area), twin.grab(area).toImage()) < 0.005 for area in areas)


def test_a_loss_is_built_and_stepped_through_by_mouse_alone(desktop: Desktop, twin: Twin, tmp_path: Path) -> None:
    file = tmp_path / "loss.grad"
    with desktop.gradstudio() as window:
        hand = Hand(window, twin)
        window.wait(lambda: window.title == "tutorial.grad — GradStudio", "the tutorial is open")
        hand.choose("File", "new")
        window.wait(lambda: window.title == "untitled.grad — GradStudio", "the canvas is empty")

        for key, name, value, at in LEAVES:
            hand.drop_leaf(key, at, name, value)
        for key, at in OPS:
            hand.drop(key, at)
        hand.choose("File", "save")
        name_file(window, "Save", file)
        twin.open(file)
        hand.fit()
        made = ids(file)
        assert set(made) == {"x", "w", "b", "y", "mul", "add", "sub", "pow", "exp"}

        for source, target, i in WIRES:
            window.drag(twin.output(made[source]), twin.input(made[target], (i,)))
        look(hand, file)
        assert wired(file) == {(made[source], made[target], i) for source, target, i in WIRES}

        window.click(*hand.on_node(made["pow"]))
        hand.choose("Edit", "rename")
        window.type("loss")
        window.key("Return")
        window.click(*hand.on_node(made["exp"]))
        hand.choose("Graph", "no_grad")
        twin.studio.select((("wire", made["sub"], (1,)),))
        hand.choose_at(hand.on_wire(made["sub"], (1,)), "wire", "detach")
        window.click(*hand.middle(twin.window.toolbar.backward))
        made = look(hand, file)
        assert {"loss", "detach"} <= set(made)

        window.click(*NOTHING)
        hand.press("Step back")
        twin.studio.player.step(-1)
        twin.qtbot.waitUntil(lambda: twin.studio.shown.state.k == twin.studio.player.k)
        window.wait(lambda: same(hand, desktop, INSPECTOR, TIMELINE), "the window shows the step before the last")
        hand.press("Step")

        hand.choose("File", "new")
        window.wait(lambda: window.title == "untitled.grad — GradStudio", "the canvas is empty again")
        hand.choose("File", "open")
        name_file(window, "Open", file)
        twin.open(file)
        hand.fit()
        window.wait(lambda: same(hand, desktop, CANVAS, INSPECTOR, TIMELINE), "the window shows what was saved")

        hand.choose("File", "quit")
        wait_until(lambda: window.running.poll() is not None, "the program ends")
        assert window.log.read_text() == ""
    check(file)


def wired(file: Path) -> set[tuple[NodeId, NodeId, int]]:
    """The wires of a file: source, target, input."""
    nodes = json.loads(file.read_text())["graph"]["nodes"]
    return {
        (operand["ref"], target, i)
        for target, node in nodes.items()
        for i, operand in enumerate(node.get("inputs", []))
        if operand is not None and "ref" in operand
    }


def check(file: Path) -> None:
    """Hold the file to what was meant: loss = ((x * w + b) - y.detach()) ** 2 with its gradients, exp under no_grad."""
    document = reader.read(file)
    done = run(document)
    state = done.state_at(done.trace.end)
    made = ids(file)
    grads = {name: state.grads.get(((made[name],), 0)) for name in "xwby"}
    assert {name: None if grad is None else grad.item for name, grad in grads.items()} == {"x": -1.0, "w": -4.0, "b": -2.0, "y": None}
    assert state.tensors[(made["loss"],), 0].item == 1.0
    frame = document.graph.nodes[made["exp"]].frame
    assert frame is not None
    assert document.graph.frames[frame].kind == "no_grad"
