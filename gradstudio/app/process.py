"""Process: one worker process and the frames that it speaks in."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from gradstudio.document.codec import collector_paused
from gradstudio.document.graph import Array
from gradstudio.session import messages
from gradstudio.session.messages import MAX_FRAME, PREFIX

DRAIN_SECONDS = 0.002  # of one turn of the event loop: it reads one pipe-full a turn, which large answers would wait for
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Frames:
    """Puts frames together from what arrives; a body is copied once, into its final array."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._body: Array | None = None
        self._filled = 0

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and is not complete."""
        return bool(self._head)

    def feed(self, data: bytes) -> Iterator[tuple[bytes, Array]]:
        """Yield each complete (head, body). Raises ValueError when the stream is out of step."""
        view = memoryview(data)
        while view.nbytes or (self._body is not None and self._filled == self._body.size):
            if self._body is None:
                view = self._take_head(view)
            else:
                view = self._take_body(view, self._body)
                if self._filled == self._body.size:
                    yield bytes(self._head[PREFIX.size :]), self._body
                    self._head, self._body, self._filled = bytearray(), None, 0

    def _take_head(self, view: memoryview) -> memoryview:
        wanted = PREFIX.size if len(self._head) < PREFIX.size else PREFIX.size + PREFIX.unpack_from(self._head)[0]
        taken = view[: wanted - len(self._head)]
        self._head += taken
        if len(self._head) >= PREFIX.size:
            head, body = PREFIX.unpack_from(self._head)
            if head + body > MAX_FRAME:
                raise ValueError("a frame is longer than frames can be")
            if len(self._head) == PREFIX.size + head:
                self._body = np.empty(body, np.uint8)
        return view[len(taken) :]

    def _take_body(self, view: memoryview, body: Array) -> memoryview:
        taken = view[: body.size - self._filled]
        body[self._filled : self._filled + len(taken)] = np.frombuffer(taken, np.uint8)
        self._filled += len(taken)
        return view[len(taken) :]


class Process(QObject):
    """A worker. `answered` gives each answer and its body; `died` says why it ended, unless it was retired."""

    answered = Signal(object, object)
    died = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.gone = False
        self.last_words: deque[str] = deque(maxlen=20)
        self._frames = Frames()
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        for key, value in ONE_THREAD.items():
            environment.insert(key, value)
        self._process.setProcessEnvironment(environment)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_errors)
        self._process.errorOccurred.connect(self._failed)
        self._process.finished.connect(self._finished)
        self._process.start(sys.executable, ["-m", "gradstudio.worker"])

    @property
    def pid(self) -> int:
        """The process id; 0 before it runs."""
        return self._process.processId()

    def send(self, request: messages.Request) -> None:
        """Send a request; until the process runs it is buffered."""
        head = messages.encode(request)
        self._process.write(PREFIX.pack(len(head), 0) + head)
        self._flush()

    def hasten(self) -> None:
        """Send what waits for the process to run, if it does by now: Qt would look at the next turn of the event loop only."""
        self._process.waitForStarted(0)
        self._flush()

    def _flush(self) -> None:
        if self._process.state() == QProcess.ProcessState.Running:
            self._process.waitForBytesWritten(0)  # now, not at the next turn of the event loop: it works while the window paints

    def retire(self) -> None:
        """End the process now, in the middle of a numpy call too. Nothing is told of it."""
        self.gone = True
        self._process.kill()

    def wait(self, milliseconds: int) -> bool:
        """Wait until the process has been reaped."""
        return self._process.state() == QProcess.ProcessState.NotRunning or self._process.waitForFinished(milliseconds)

    def _read(self) -> None:
        end = time.perf_counter() + DRAIN_SECONDS
        while not self.gone:
            data = self._process.readAllStandardOutput().data()
            try:
                for head, body in self._frames.feed(bytes(data)):
                    with collector_paused():
                        answer = messages.decode_answer(head)
                    self.answered.emit(answer, body)
            except ValueError as error:  # out of step, or a head that does not decode
                self._end(f"it sent what cannot be read: {error}")
                return
            if not self._frames.partial or time.perf_counter() > end or not self._process.waitForReadyRead(1):
                return

    def _read_errors(self) -> None:
        self.last_words.append(bytes(self._process.readAllStandardError().data())[-4000:].decode("utf-8", "replace"))

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end(self._process.errorString())
            self.deleteLater()

    def _finished(self, code: int) -> None:
        self._end(f"it ended with code {code}")
        self.deleteLater()

    def _end(self, why: str) -> None:
        if not self.gone:
            self.gone = True
            self._process.kill()
            self.died.emit(why)
