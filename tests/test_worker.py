"""The worker process answers as a run in process does, keeps its frames clean, and dies with its window."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random

import msgspec
import numpy as np
import pytest

from gradstudio.document import codec
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.document import Document
from gradstudio.session import messages
from gradstudio.session.delta import applied
from gradstudio.session.messages import PREFIX, Check, RunDocument, SendArray, SendState, ShowState
from gradstudio.session.patch import patch
from gradstudio.session.run import run
from gradstudio.session.state import View
from tests.code.documents import random_document
from tests.document.making import array
from tests.session.test_random_runs import CREATE_GRAPH, DOCUMENTS, some_steps, whole
from tests.session.test_run import example, product


class Talk:
    """A worker, spoken to over its pipes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gradstudio.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def send(self, request: messages.Request) -> None:
        head = messages.encode(request)
        self.process.stdin.write(PREFIX.pack(len(head), 0) + head)
        self.process.stdin.flush()

    def receive(self) -> tuple[messages.Answer, bytes]:
        head, body = PREFIX.unpack(self.process.stdout.read(PREFIX.size))
        return messages.decode_answer(self.process.stdout.read(head)), self.process.stdout.read(body)

    def ask(self, request: messages.Request) -> tuple[messages.Answer, bytes]:
        self.send(request)
        return self.receive()

    def run(self, document: Document, number: int = 1) -> messages.Ran:
        tree = msgspec.Raw(msgspec.msgpack.encode(codec.tree(document)))
        return self.ask(RunDocument(number, tree, True, None, View()))[0]


@pytest.fixture
def worker() -> Iterator[Talk]:
    yield from talking()


@pytest.fixture(scope="module")
def warm_worker() -> Iterator[Talk]:
    yield from talking()


def talking() -> Iterator[Talk]:
    talk = Talk()
    yield talk
    talk.process.stdin.close()
    talk.process.wait(5)
    talk.process.stdout.close()


def test_a_run_in_the_worker_equals_one_in_process(worker):
    document = example("accumulation")
    here, there = run(document), worker.run(document)
    assert there.state == here.state_at(63)
    assert msgspec.structs.replace(there.trace, elapsed=0.0) == msgspec.structs.replace(here.trace, elapsed=0.0)


def test_steps_come_as_differences_and_lead_to_the_same_states(worker):
    document = example("accumulation")
    here, state = run(document), worker.run(document).state
    for k in [*range(62, -1, -1), *range(1, 64)]:
        answer, _ = worker.ask(ShowState(1, k, View(), state.k))
        assert answer.state is None
        state = applied(state, answer.delta)
        assert state == here.state_at(k)


@pytest.mark.filterwarnings(CREATE_GRAPH)
@pytest.mark.parametrize("seeds", DOCUMENTS, ids=str)
def test_runs_show_in_the_worker_what_they_show_step_by_step_in_process(warm_worker, seeds):
    """Asked in any order, as whole states and as differences from the one before."""
    for number, seed in enumerate(seeds, 1):
        document, draw = random_document(seed, rich=True), Random(seed)
        tree = msgspec.Raw(msgspec.msgpack.encode(codec.tree(document)))
        warm_worker.send(RunDocument(number, tree, draw.random() < 0.5, None, View()))
        here = run(document, number)  # meanwhile
        states = {k: whole(here.state_at(k)) for k in some_steps(draw, here.trace.end)}
        state = warm_worker.receive()[0].state
        assert whole(state) == states[state.k], (seed, state.k)
        asked = draw.choices([*states], k=len(states))
        for k in asked:
            base = draw.choice((None, state.k, state.k, state.k))
            answer = warm_worker.ask(ShowState(number, k, View(), base))[0]
            state = answer.state if answer.delta is None else applied(state, answer.delta)
            assert whole(state) == states[k], (seed, k, base)


def test_a_rerun_with_the_same_steps_does_not_send_them_again(worker):
    assert not worker.run(product()).kept
    again = worker.run(product(), 2)
    assert again.kept
    assert again.trace.steps == ()


def test_a_patch_of_the_document_held_runs_as_the_whole_does(worker):
    before = example("accumulation")
    after = SetLeafValue("n1", array(3.0)).apply(before)
    first = worker.run(before, 1)
    trees = patch(before, after)
    assert list(trees) == ["n1"]
    there = worker.ask(RunDocument(2, msgspec.Raw(msgspec.msgpack.encode(trees)), True, None, View(), base=1))[0]
    assert there.state is None
    assert there.after((first.trace, first.state))[1] == run(after, 2).state_at(63)
    assert worker.ask(RunDocument(4, msgspec.Raw(msgspec.msgpack.encode(trees)), True, None, View(), base=3))[0] == messages.Gone(4)


def test_whole_arrays_come_on_request(worker):
    worker.run(example("accumulation"))
    answer, body = worker.ask(SendArray(7, 1, (("n3",), 0), 63, True))
    found = np.frombuffer(body, answer.dtype).reshape(answer.shape)
    np.testing.assert_array_equal(found, run(example("accumulation")).array((("n3",), 0), 63, True))


def test_a_state_beside_the_one_on_show_is_sent_whole_and_is_no_base(worker):
    worker.run(example("accumulation"))
    answer = worker.ask(SendState(7, 1, 20, View(detail=())))[0]
    assert answer == messages.StateSent(7, run(example("accumulation")).state_at(20, View(detail=())))
    assert worker.ask(ShowState(1, 21, View(), 20))[0].delta is None


def test_of_a_run_that_is_no_longer_held_the_answer_is_gone(worker):
    worker.run(product(), 2)
    assert worker.ask(ShowState(1, 0, View(), None))[0] == messages.Gone(1)
    assert worker.ask(SendState(7, 1, 0, View()))[0] == messages.Gone(1, 7)


def test_a_check_answers_in_pytorchs_words(worker):
    good, _ = worker.ask(Check(1, "matmul", ((2, 3), (3, 4)), ("float32", "float32"), (None, None), {}))
    assert (good.shapes, good.dtypes, good.error) == (((2, 4),), ("float32",), None)
    bad, _ = worker.ask(Check(2, "matmul", ((2, 3), (4, 5)), ("float32", "float32"), (None, None), {}))
    assert bad.message == "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"


@pytest.mark.timed
def test_the_worker_ends_when_its_window_does(worker):
    worker.run(product())
    worker.process.stdin.close()
    started = time.monotonic()
    worker.process.wait(5)
    assert time.monotonic() - started < 2
    worker.process.stdin = subprocess.DEVNULL and open("/dev/null", "wb")  # noqa: SIM115 (closed by the fixture)
