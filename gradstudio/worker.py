"""The worker process (`python -m gradstudio.worker`): runs documents for the window. No Qt; frames on stdin and stdout."""

from __future__ import annotations

import gc
import os
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import msgspec
import numpy as np

from gradstudio.document import codec
from gradstudio.document.document import Document
from gradstudio.document.graph import Array
from gradstudio.engine import check
from gradstudio.engine.op import load
from gradstudio.engine.reduced import wide
from gradstudio.session import again, messages, playhead
from gradstudio.session.delta import delta
from gradstudio.session.limits import limit_memory
from gradstudio.session.messages import PREFIX, ArraySent, Check, Checked, Gone, LookCloser, Looked, Ran, RunDocument, SendArray, ShowState
from gradstudio.session.patch import patched
from gradstudio.session.retake import retake
from gradstudio.session.run import Run, run
from gradstudio.session.state import InputKey, Local, State, View

MOST_WAITING = 500_000  # objects made and not freed since the collector of cycles walked: a run of a thousand nodes makes 70,000
Reply = tuple[messages.Answer, Array | None]


class Worker:
    """Holds the last run and answers what is asked about it."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self._came: tuple[int, View] = 0, View()  # step and view of the state that came with the run
        self._sent: dict[int, tuple[View, State | None]] = {}  # the states that the window may name as a base, as far as they are made
        self._locals: Mapping[InputKey, Local] = {}  # of the state that came with the run

    def answer(self, request: messages.Request) -> Reply:
        """Return the answer to a request, and the body that goes with it."""
        handlers: dict[type, Callable[[Any], Reply]] = {
            RunDocument: self._run,
            ShowState: self._show,
            messages.SendState: self._beside,
            SendArray: self._array,
            Check: self._check,
            LookCloser: self._look,
        }
        return handlers[type(request)](request)

    def _run(self, request: RunDocument) -> Reply:
        tree = msgspec.msgpack.decode(request.document)
        if request.base == 0:
            return self._ran(request, codec.document_from(tree)), None
        if self.run is None or self.run.trace.run != request.base:
            return Gone(request.run), None
        document = patched(self.run.document, tree)
        taken = retake(self.run, document, request.run, request.view.detail or ())
        return (self._ran(request, document) if taken is None else self._retaken(request, taken)), None

    def _ran(self, request: RunDocument, document: Document) -> Ran:
        """Run a document and answer with what differs from the run before, as far as the window has that."""
        before, last = self.run, self._state(*self._came) if request.base else None
        self.run = made = run(document, request.run)
        self._sent.clear()
        state = self._state(*self._stands(request, made))
        self._locals = state.locals
        if before is None or not again.same_steps(before.trace, made.trace):
            return Ran(made.trace, state, kept=False)
        values = again.values(last, state) if last is not None else None
        return Ran(again.without_steps(made.trace), state if values is None else None, True, values)

    def _retaken(self, request: RunDocument, taken: Run) -> Ran:
        """Answer for a run of the same steps; only for another step, or view, with its whole state."""
        self.run, came = taken, self._came
        k, view = self._stands(request, taken)
        trace = again.without_steps(taken.trace)
        self._sent.clear()
        if (k, view) != came:
            state = self._state(k, view)
            self._locals = state.locals
            return Ran(trace, state, True)
        values, self._locals = taken.renewed_at(k, view, self._locals)
        self._sent[k] = view, None
        return Ran(trace, None, True, values)

    def _stands(self, request: RunDocument, made: Run) -> tuple[int, View]:
        """Return the step at which the asker stands in a run, and the view, which are those of the state that comes with it."""
        self._came = playhead.find(made.trace, messages.edge_or_anchor(request)), request.view
        return self._came

    def _state(self, k: int, view: View) -> State:
        """Return the state of a step; the window has it from now on."""
        made = self._base(k) if k in self._sent and self._sent[k][0] == view else None
        if made is None:
            assert self.run is not None
            made = self.run.state_at(k, view)
        self._sent[k] = view, made
        while len(self._sent) > 4:
            self._sent.pop(next(iter(self._sent)))
        return made

    def _base(self, k: int) -> State | None:
        """Return the state of a step that the window has; None where it has none, or one too old."""
        view, made = self._sent.get(k, (None, None))
        if made is None and view is not None and self.run is not None:
            made = self.run.state_at(k, view)
        return made

    def _show(self, request: ShowState) -> Reply:
        if self.run is None or self.run.trace.run != request.run:
            return Gone(request.run), None
        base = self._base(request.base) if request.base is not None else None
        made = self._state(request.k, request.view)
        return messages.Shown(None, delta(base, made)) if base is not None else messages.Shown(made, None), None

    def _beside(self, request: messages.SendState) -> Reply:
        if self.run is None or self.run.trace.run != request.run:
            return Gone(request.run, request.request), None
        return messages.StateSent(request.request, self.run.state_at(request.k, request.view)), None

    def _array(self, request: SendArray) -> Reply:
        if self.run is None or self.run.trace.run != request.run:
            return Gone(request.run, request.request), None
        found = wide(self.run.array(request.key, request.k, request.grad))
        if found is None:
            return ArraySent(request.request, (), None), None
        return ArraySent(request.request, found.shape, found.dtype.name), np.ascontiguousarray(found)

    def _look(self, request: LookCloser) -> Reply:
        if self.run is None or self.run.trace.run != request.run:
            return Gone(request.run, request.request), None
        return Looked(request.request, self.run.look(request.path, request.operand, request.k, request.cell)), None

    def _check(self, request: Check) -> Reply:
        dtypes = [None if name is None else np.dtype(name) for name in request.dtypes]
        try:
            shapes, kinds = check(request.op, request.shapes, dtypes, request.operands, request.attrs)
        except Exception as error:  # PyTorch's refusal is the answer
            return Checked(request.request, error=type(error).__name__, message=str(error)), None
        return Checked(request.request, tuple(shapes), tuple(np.dtype(d).name for d in kinds)), None


def read_frames(source: BinaryIO, requests: queue.SimpleQueue[messages.Request]) -> None:
    """Read requests until the window goes; then end the process, in the middle of a numpy call too."""
    while len(prefix := source.read(PREFIX.size)) == PREFIX.size:
        head_length, body_length = PREFIX.unpack(prefix)
        head = source.read(head_length)
        source.read(body_length)
        if len(head) < head_length:
            break
        requests.put(messages.decode_request(head))
    os._exit(0)


def write_frame(target: int, head: bytes, body: Array | None) -> None:
    """Write a frame whole."""
    raw = b"" if body is None else body.tobytes()
    for part in (PREFIX.pack(len(head), len(raw)) + head, raw):
        view = memoryview(part)
        while view:
            view = view[os.write(target, view) :]


def tidy(worker: Worker) -> None:
    """Let go of what a run left behind, now that nobody waits."""
    if worker.run is not None:
        worker.run.left = None
    collect_cycles()


def collect_cycles() -> None:
    """Free what only cycles hold (as hooks do): during a run the collector would walk all that is alive."""
    if gc.get_count()[0] > MOST_WAITING:
        gc.collect()


def main() -> None:
    """Answer requests until stdin ends."""
    gc.disable()
    limit_memory()
    source, target = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what anything prints goes to stderr, never into a frame
    requests: queue.SimpleQueue[messages.Request] = queue.SimpleQueue()
    threading.Thread(target=read_frames, args=(source, requests), daemon=True).start()
    load()
    worker = Worker()
    while True:
        request, former = requests.get(), worker.run
        answer, body = worker.answer(request)
        write_frame(target, messages.encode(answer), body)
        del former  # not before
        tidy(worker)


if __name__ == "__main__":
    main()
