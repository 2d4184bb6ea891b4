"""A worker in this process, and a window that lives on what it sends, tick after tick: all that is shown is what a run of its own shows."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from gradstudio.document import codec
from gradstudio.document.document import Document
from gradstudio.session import messages, state, trace
from gradstudio.session.delta import MAPS, applied
from gradstudio.session.messages import LookCloser, RunDocument, SendArray, SendState, ShowState
from gradstudio.session.patch import patch
from gradstudio.session.playhead import Anchor, playhead_at
from gradstudio.session.run import Run, run
from gradstudio.session.state import State, View
from gradstudio.worker import Worker, tidy
from tests.code.documents import random_document
from tests.long import share
from tests.session.test_retake import edited

SEEDS = [range(start, start + 25) for start in range(0, share(100, 1000), 25)]
CREATE_GRAPH = "ignore:Using backward.. with create_graph=True:UserWarning"
pytestmark = pytest.mark.filterwarnings(CREATE_GRAPH)
encode = msgspec.msgpack.encode


class Window:
    """What a window has of a worker's runs."""

    def __init__(self, draw: Random) -> None:
        self.draw, self.worker, self.number = draw, Worker(), 0
        self.held: Document | None = None
        self.last = trace.EMPTY, state.EMPTY
        self.anchor: Anchor | None = None
        self.view = View()

    def ask(self, request: messages.Request) -> messages.Answer:
        answer, _ = self.worker.answer(request)
        sent = messages.decode_answer(messages.encode(answer))
        tidy(self.worker)
        return sent

    def run(self, document: Document) -> None:
        edit = patch(self.held, document) if self.held is not None else None
        tree, base = (codec.tree(document), 0) if edit is None else (edit, self.number)
        self.number, self.held = self.number + 1, document
        self.last = self.ask(RunDocument(self.number, msgspec.Raw(encode(tree)), True, self.anchor, self.view, base)).after(self.last)

    def go_elsewhere(self, own: Run) -> None:
        """Look at other steps, or at other tensors, from now on."""
        draw, keys = self.draw, [*own.log.tensors]
        if draw.random() < 0.2:
            place = playhead_at(own.trace, draw.randrange(own.trace.end + 1))
            self.anchor = place if isinstance(place, Anchor) else None
        if draw.random() < 0.2:
            ops = [*own.log.ops]
            self.view = View(tuple(draw.sample(keys, min(1, len(keys)))), draw.choice((None, (), (*draw.sample(ops, len(ops) // 2),))))

    def look_around(self, own: Run) -> None:
        """Ask for other states and numbers of the run on show, and assert that they are its own."""
        draw, shown, keys = self.draw, self.last[1], [*own.log.tensors]
        for _ in range(draw.randrange(4)):
            k, view = draw.randrange(own.trace.end + 1), draw.choice((self.view, View(tuple(keys[:1]), ()), View()))
            came = self.ask(ShowState(self.number, k, view, shown.k))
            shown = came.state if came.state is not None else applied(shown, came.delta)
            assert told(shown) == told(own.state_at(k, view))
            assert told(self.ask(SendState(1, self.number, k, view)).state) == told(own.state_at(k, view))
        if keys:
            key, k, grad = draw.choice(keys), draw.randrange(own.trace.end + 1), draw.random() < 0.5
            _, body = self.worker.answer(SendArray(1, self.number, key, k, grad))
            whole = own.array(key, k, grad)
            assert (body is None, body is None or body.tobytes()) == (whole is None, whole is None or whole.tobytes())
        for path, operand in [*own.log.flows][:1]:
            look = self.ask(LookCloser(1, self.number, path, operand, own.trace.end, 0)).look
            assert encode(look) == encode(own.look(path, operand, own.trace.end, 0))


def told(shown: State) -> list[bytes]:
    return [encode(dict(getattr(shown, f)) if f in MAPS else getattr(shown, f)) for f in shown.__struct_fields__]


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
@pytest.mark.parametrize("rich", [False, True], ids=["plain", "rich"])
def test_what_a_window_shows_is_what_a_run_of_its_own_shows(seeds, rich):
    for seed in seeds:
        draw = Random(seed)
        document, window = random_document(seed, rich), Window(draw)
        for number in range(1, 7):
            window.run(document)
            own = run(document, number)
            assert encode(replace(window.last[0], elapsed=0.0)) == encode(replace(own.trace, elapsed=0.0)), seed
            if draw.random() < 0.7:
                assert told(window.last[1]) == told(own.state_at(window.last[1].k, window.view)), seed
            window.look_around(own)
            window.go_elsewhere(own)
            document = edited(document, draw)
