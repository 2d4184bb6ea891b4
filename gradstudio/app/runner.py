"""Runner: keeps one worker at work and a warm spare beside it. The window's process never runs the engine."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QObject, QTimer, Signal

from gradstudio.app.process import Process
from gradstudio.document.graph import Array
from gradstudio.session import messages
from gradstudio.session.messages import RunDocument, ShowState

SPARE_AFTER_MS = 1000
MOST_DEATHS = 4  # in a row: then it dies at every start, and waits for Stop or an edit


class Runner(QObject):
    """Sends requests one at a time. Of queued documents, and of queued states, only the newest is kept; a run that began is shown."""

    answered = Signal(object, object)
    idle = Signal()
    lost = Signal(str)

    def __init__(self, parent: QObject | None = None, spare: bool = True) -> None:
        super().__init__(parent)
        self._keeps_spare, self._deaths = spare, 0
        self._worker: Process | None = None
        self._spare: Process | None = None
        self.held = 0  # number of the run that the worker holds once it has done what was sent; 0: none
        self._asked: messages.Request | None = None
        self._document: RunDocument | None = None
        self._state: ShowState | None = None
        self._others: deque[messages.Request] = deque()
        self._spare_timer = QTimer(self)
        self._spare_timer.setSingleShot(True)
        self._spare_timer.setInterval(SPARE_AFTER_MS)
        self._spare_timer.timeout.connect(self._make_spare)

    @property
    def busy(self) -> bool:
        """Whether a request is being answered or waits."""
        return self._asked is not None or self._document is not None

    @property
    def running(self) -> bool:
        """Whether a document is being run."""
        return isinstance(self._asked, RunDocument)

    @property
    def gave_up(self) -> bool:
        """Whether workers died so often in a row that none is started until something new is asked."""
        return self._deaths >= MOST_DEATHS

    @property
    def pid(self) -> int:
        """The process id of the worker; 0 where there is none."""
        return self._worker.pid if self._worker else 0

    def start(self) -> None:
        """Start the worker, so that it is warm when the first document comes."""
        if self._worker is None:
            self._take_worker()

    def hasten(self) -> None:
        """Let a worker that has begun by now have what it was asked."""
        if self._worker is not None:
            self._worker.hasten()

    def ask(self, request: messages.Request) -> None:
        """Queue a request and send it as soon as the worker is free."""
        if isinstance(request, RunDocument):
            self._document, self._state = request, None
        elif isinstance(request, ShowState):
            self._state = request
        else:
            self._others.append(request)
        self.start()
        self._feed()

    def stop(self) -> None:
        """End what runs, now. The spare takes over; nothing is sent until the next request."""
        self._forget()
        self._deaths = 0
        if self._worker is not None:
            self._drop(self._worker)
        self._take_worker()
        self.idle.emit()

    def close(self, milliseconds: int = 1000) -> bool:
        """End all processes and wait for them. Return whether none is left."""
        self._forget()
        self._worker = self._spare = None
        alive = self.findChildren(Process)
        for process in alive:
            process.retire()
        return all([process.wait(milliseconds) for process in alive])

    def _feed(self) -> None:
        if self._asked is not None or self._worker is None:
            return
        if self._document is not None:
            self._asked, self._document = self._document, None
            self.held = self._asked.run
        elif self._others:
            self._asked = self._others.popleft()
        elif self._state is not None:
            self._asked, self._state = self._state, None
        else:
            return
        self._worker.send(self._asked)

    def _answered(self, answer: messages.Answer, body: Array) -> None:
        self._asked, self._deaths = None, 0
        self._feed()  # first feed the worker, then show
        self.answered.emit(answer, body)
        if not self.busy:
            self.idle.emit()

    def _died(self, why: str) -> None:
        self._worker, self._asked = None, None
        self._deaths += 1
        if self.gave_up:
            self._forget()
        else:
            self._take_worker()
            self._feed()
        self.lost.emit(why)

    def _forget(self) -> None:
        self._spare_timer.stop()
        self._document = self._state = self._asked = None
        self._others.clear()

    def _take_worker(self) -> None:
        self._worker, self._spare, self.held = self._spare or self._made(), None, 0
        self._worker.answered.connect(self._answered)
        self._worker.died.connect(self._died)
        if self._keeps_spare:
            self._spare_timer.start()

    def _make_spare(self) -> None:
        if self._spare is None and self._worker is not None:
            self._spare = self._made()

    def _made(self) -> Process:
        process = Process(self)
        process.died.connect(self._spare_died)
        return process

    def _spare_died(self) -> None:
        if self.sender() is self._spare:
            self._spare = None

    def _drop(self, process: Process) -> None:
        process.answered.disconnect(self._answered)
        process.died.disconnect(self._died)
        process.retire()
