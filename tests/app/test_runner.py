"""The runner: one request at a time, the newest document, a worker that can be stopped, killed and replaced."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from gradstudio.app.process import Process
from gradstudio.app.runner import MOST_DEATHS, Runner
from gradstudio.document import codec
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, Node, Recipe
from gradstudio.session import messages
from gradstudio.session.messages import Check, Checked, Ran, RunDocument
from gradstudio.session.state import View
from tests.document.making import document, example, op


@pytest.fixture
def own(qapp) -> Iterator[Runner]:
    """A runner with a worker of its own, which a test may kill."""
    made = Runner()
    yield made
    assert made.close(5000)


@pytest.fixture
def answers(own: Runner) -> list[messages.Answer]:
    """What was answered so far."""
    made: list[messages.Answer] = []
    own.answered.connect(lambda answer, body: made.append(answer))
    return made


def request(number: int, doc: Document) -> RunDocument:
    return RunDocument(number, msgspec.Raw(msgspec.msgpack.encode(codec.tree(doc))), True, None, View())


def products(count: int, size: int = 3000) -> Document:
    """Matrix products one after the other; one of 3000 by 3000 takes most of a second in one call of numpy."""
    factor = Node("n1", LEAF, value=Recipe("ones", (size, size), "float32"))
    return document(factor, *(op(f"n{i + 2}", "matmul", "n1", "n1") for i in range(count)))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def runs(answers: list[messages.Answer]) -> list[int]:
    return [answer.trace.run for answer in answers if isinstance(answer, Ran)]


def idle(runner: Runner) -> Callable[[], bool]:
    return lambda: not runner.busy


def test_of_queued_documents_only_the_newest_runs_and_one_that_began_is_shown(qtbot, own, answers):
    own.ask(request(1, products(1, 1000)))
    for number in (2, 3, 4):
        own.ask(request(number, example("tutorial")))
    qtbot.waitUntil(idle(own), timeout=20000)
    assert runs(answers) == [1, 4]


@pytest.mark.timed
def test_stop_ends_one_long_call_of_numpy_and_the_spare_takes_over(qtbot, own, answers):
    own.ask(request(1, example("tutorial")))
    qtbot.waitUntil(lambda: own._spare is not None and bool(answers), timeout=20000)
    own.ask(request(2, products(20)))
    before = time.monotonic()
    qtbot.waitUntil(lambda: time.monotonic() - before > 0.5)  # well inside the products
    assert own.running
    pid, spare = own.pid, own._spare
    began = time.monotonic()
    own.stop()
    qtbot.waitUntil(lambda: not alive(pid), timeout=5000)
    assert time.monotonic() - began < 0.2
    assert own._worker is spare
    own.ask(Check(1, "add", ((), ()), ("float32", "float32"), (None, None), {}))
    qtbot.waitUntil(lambda: isinstance(answers[-1], Checked), timeout=20000)
    assert runs(answers) == [1]  # documents go first: had one been left in the queue, it would have run


def test_a_worker_killed_from_outside_is_replaced(qtbot, own, answers):
    own.ask(request(1, example("tutorial")))
    qtbot.waitUntil(idle(own), timeout=20000)
    pid = own.pid
    with qtbot.waitSignal(own.lost, timeout=5000):
        os.kill(pid, signal.SIGKILL)
    own.ask(request(2, example("tutorial")))
    qtbot.waitUntil(lambda: runs(answers) == [1, 2], timeout=20000)
    assert own.pid not in (0, pid)


@pytest.mark.parametrize("program", [shutil.which("false"), "/nowhere/python"])
def test_a_worker_that_dies_at_every_start_is_not_started_again_and_again(qtbot, own, answers, monkeypatch, program):
    python, deaths = sys.executable, []
    own.lost.connect(deaths.append)
    monkeypatch.setattr(sys, "executable", program)
    own.ask(request(1, example("tutorial")))
    qtbot.waitUntil(lambda: own.gave_up, timeout=20000)
    assert (len(deaths), own.pid, own._spare_timer.isActive()) == (MOST_DEATHS, 0, False)
    qtbot.waitUntil(lambda: not own.findChildren(Process), timeout=5000)
    monkeypatch.setattr(sys, "executable", python)
    own.ask(request(2, example("tutorial")))
    qtbot.waitUntil(lambda: runs(answers) == [2], timeout=20000)
    assert not own.gave_up
