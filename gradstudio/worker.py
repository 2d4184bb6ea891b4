"""The worker process (`python -m gradstudio.worker`): runs documents for the window. No Qt; frames on stdin and stdout."""

from __future__ import annotations

import gc
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec
import numpy as np

from gradstudio.document import codec
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
from gradstudio.session.state import State, View

MOST_WAITING = 500_000  # objects made and not freed since the collector of cycles walked: a run of a thousand nodes makes 70,000
Reply = tuple[messages.Answer, Array | None]


class Worker:
    """Holds the last run and answers what is asked about it."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self._last: State | None = None  # the state that came with the run
        self._sent: dict[int, State] = {}  # the states that the window may name as a base

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
        held, before = self.run, self.run.trace if self.run is not None else None
        last = self._last if request.base else None
        tree = msgspec.msgpack.decode(request.document)
        if request.base == 0:
            document = codec.document_from(tree)
        elif held is not None and held.trace.run == request.base:
            document = patched(held.document, tree)
        else:
            return Gone(request.run), None
        self.run = (retake(held, document, request.run) if held is not None and request.base else None) or run(document, request.run)
        trace = self.run.trace
        k = playhead.find(trace, messages.edge_or_anchor(request))
        kept = before is not None and again.same_steps(before, trace)
        sent = again.without_steps(trace) if kept else trace
        self._last = made = self._state(k, request.view, new_run=True)
        values = again.values(last, made) if kept and last is not None else None
        return Ran(sent, made if values is None else None, kept, values), None

    def _state(self, k: int, view: View, new_run: bool = False) -> State:
        assert self.run is not None
        if new_run:
            self._sent.clear()
        made = self.run.state_at(k, view)
        self._sent[k] = made
        while len(self._sent) > 4:
            self._sent.pop(next(iter(self._sent)))
        return made

    def _show(self, request: ShowState) -> Reply:
        if self.run is None or self.run.trace.run != request.run:
            return Gone(request.run), None
        base = self._sent.get(request.base) if request.base is not None else None
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


def collect_cycles() -> None:
    """Free what only cycles hold (as hooks do), now that nobody waits: during a run the collector would walk all that is alive."""
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
        answer, body = worker.answer(requests.get())
        write_frame(target, messages.encode(answer), body)
        collect_cycles()


if __name__ == "__main__":
    main()
