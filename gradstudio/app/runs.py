"""Runs: documents go to the worker, and the run that came back last is on show."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer

from gradstudio.app.change import Change, Shown, difference
from gradstudio.app.questions import Questions
from gradstudio.app.runner import Runner
from gradstudio.document import codec, labels
from gradstudio.document.diff import diff
from gradstudio.document.document import Document
from gradstudio.document.graph import Array, NodeId, NodePath
from gradstudio.session import messages, state, trace
from gradstudio.session.delta import MAPS, applied
from gradstudio.session.keyed import Keyed
from gradstudio.session.messages import Gone, Ran, RunDocument, ShowState
from gradstudio.session.patch import patch
from gradstudio.session.playhead import Playhead
from gradstudio.session.stale import stale
from gradstudio.session.state import View
from gradstudio.session.trace import TensorKey

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

STALE_AFTER_MS = 150
QUICK = 0.012  # seconds of a run, of the 16 ms of a frame
FEW_NODES = 100  # of a graph whose local derivatives are all sent; of a larger one those that a view has looked at
MOST_DETAIL = 400  # nodes that local derivatives are sent for then; those that were looked at longest ago are forgotten


def nothing_shown() -> Shown:
    """Return what is on show before the first answer: the empty document and the empty trace."""
    empty = Document()
    return Shown(empty, trace.EMPTY, state.EMPTY, labels.of(empty))


class Runs(QObject):
    """Sends documents, takes answers, and tells of them through the studio's signal. A run that began is shown."""

    def __init__(self, studio: Studio, runner: Runner | None) -> None:
        super().__init__(studio)
        self._studio = studio
        self.runner = runner if runner is not None else Runner(self)
        self.runner.answered.connect(self._answered)
        self.runner.lost.connect(self._worker_lost)
        self.questions = Questions(studio, self.runner)
        self.live = studio.settings.flag("live", True)
        self.shown = nothing_shown()
        self.stale: frozenset[NodeId] = frozenset()
        self._run = 0
        self._sent: dict[int, tuple[Document, Playhead, View]] = {}  # and the playhead, and what was watched, then
        self._last = trace.EMPTY, state.EMPTY  # of the worker's last run, wanted or not: it tells what differs from them
        self._former: Shown | None = None  # until the next is seen everywhere: to let go of a thousand numbers takes time too
        self._began = 0.0
        self._large: tuple[TensorKey, ...] = ()
        self._detail: dict[NodePath, None] = {}
        self._detail_timer = QTimer(self)
        self._detail_timer.setSingleShot(True)
        self._detail_timer.setInterval(0)
        self._detail_timer.timeout.connect(self.ask_state)
        self._stale_timer = QTimer(self)
        self._stale_timer.setSingleShot(True)
        self._stale_timer.setInterval(STALE_AFTER_MS)
        self._stale_timer.timeout.connect(self.mark_stale)
        studio.followed.connect(self._tidy)

    @property
    def running(self) -> bool:
        """Whether a document is being run."""
        return bool(self._sent)

    @property
    def busy_for(self) -> float:
        """Seconds since the run in hand began; 0 where there is none."""
        return time.monotonic() - self._began if self._sent else 0.0

    @property
    def quick(self) -> bool:
        """Whether the run on show took so little that the numbers of the next are there within a frame."""
        return self.shown.trace.elapsed < QUICK

    # ---- asking

    def run(self) -> None:
        """Run the document that is being edited."""
        self.send()
        self._studio.tell(Change(running=True))

    def send(self) -> None:
        """Feed the worker the document that is being edited; as a patch where it holds the one before."""
        self._run += 1
        player = self._studio.player
        held = self._held()
        difference = patch(held, self._studio.document) if held is not None else None
        tree = codec.tree(self._studio.document) if difference is None else difference
        raw, base = msgspec.Raw(msgspec.msgpack.encode(tree)), 0 if difference is None else self.runner.held
        if not self._sent:
            self._began = time.monotonic()
        view = self._view()
        self._sent[self._run] = self._studio.document, player.playhead, view
        self.runner.ask(RunDocument(self._run, raw, player.at_end, player.anchor, view, base))
        self._stale_timer.start()

    def _held(self) -> Document | None:
        """The document of the run that the worker holds, or will hold when this is asked of it."""
        held = self.runner.held
        if held in self._sent:
            return self._sent[held][0]
        return self.shown.document if held and held == self.shown.trace.run else None

    def stop(self) -> None:
        """End the run in hand. The document is untouched; nothing runs until the next edit or Run."""
        self._sent.clear()
        self._studio.player.pause()
        self.runner.stop()
        self.mark_stale()
        self._studio.notice = "Stopped. The graph is untouched: edit it, or press Ctrl+Enter to run it again"
        self._studio.tell(Change(running=True))

    def set_live(self, live: bool) -> None:
        """Run after every edit, or wait for Run."""
        if live != self.live:
            self.live = live
            self._studio.settings.set("live", live)
            self._studio.tell(Change(mode=True))
            if live and self.shown.document is not self._studio.document:
                self.run()

    def watch_large(self, keys: Iterable[TensorKey]) -> None:
        """Ask for more cells of these tensors from now on."""
        wanted = tuple(sorted(keys))
        if wanted != self._large:
            self._large = wanted
            self.ask_state(whole=True)

    def watch_locals(self, path: NodePath) -> None:
        """Ask for the local derivatives of a node from now on, in a graph too large to send those of all."""
        if path not in self._detail:
            self._detail[path] = None
            if not self._detail_is_whole():
                self._detail_timer.start()
            while len(self._detail) > MOST_DETAIL:
                del self._detail[next(iter(self._detail))]

    def _detail_is_whole(self) -> bool:
        return len(self._studio.document.graph.nodes) <= FEW_NODES

    def _view(self) -> View:
        return View(self._large, None if self._detail_is_whole() else tuple(self._detail))

    def ask_state(self, whole: bool = False) -> None:
        """Ask for the state where the playhead is: what differs from the one on show, or the whole of it."""
        base = None if whole else self.shown.state.k
        self.runner.ask(ShowState(self.shown.trace.run, self._studio.player.k, self._view(), base))

    # ---- what comes back

    def _answered(self, answer: messages.Answer, body: Array) -> None:
        if isinstance(answer, Ran):
            self._ran(answer)
        elif isinstance(answer, messages.Shown):
            self._state_came(answer)
        elif isinstance(answer, Gone) and answer.run in self._sent:
            del self._sent[answer.run]
            self.run()  # another worker took over before it was sent: now whole
        else:
            self.questions.answered(answer, body)

    def _ran(self, answer: Ran) -> None:
        self._last = made, numbers = answer.after(self._last)
        if answer.trace.run not in self._sent:
            return
        document, stood, watched = self._sent[answer.trace.run]
        self._sent = {run: sent for run, sent in self._sent.items() if run > answer.trace.run}
        self._began = time.monotonic()
        self._former = before = self.shown
        if document is not self._studio.document and diff(document, self._studio.document).only_looks:
            document = self._studio.document
        self.shown = Shown(document, made, numbers, labels.of(document))
        if self._studio.player.moved(stood):
            self.ask_state()  # the playhead moved while the run was in hand
        else:
            self._studio.player.land(numbers.k)
            if self._view() != watched:
                self.ask_state(whole=True)  # more was asked for while the run was in hand
        stale = self._set_stale()
        new_skeleton = made.steps != before.trace.steps
        change = difference(before.state, numbers)
        self._studio.clock.tell_numbers(replace(change, everything=new_skeleton, trace=True, stale=stale, running=True, playhead=True))

    def _tidy(self) -> None:
        """Read what nobody has asked for, which the next run builds on, and let go of what was on show before."""
        self._former = None
        for name in MAPS:
            table = getattr(self.shown.state, name)
            if isinstance(table, Keyed):
                table.settle()

    def _worker_lost(self, why: str) -> None:
        self.questions.forget()
        self._sent.clear()
        if self.runner.gave_up:
            words = f"The worker ends at every start ({why}). The graph is untouched: edit it, or press Ctrl+Enter to try again"
            self.mark_stale()
        else:
            words = f"The worker ended ({why}). A new one has taken over; the graph is untouched"
            self.run()
        self._studio.notice = words
        self._studio.tell(Change(running=True))

    def mark_stale(self) -> None:
        """Tell which nodes the numbers on show no longer fit."""
        flipped = self._set_stale()
        if flipped:
            self._studio.tell(Change(stale=flipped))

    def _set_stale(self) -> frozenset[tuple[NodeId, ...]]:
        before = self.stale
        self.stale = stale(self.shown.document, self._studio.document) if self.shown.trace.run else frozenset()
        self._stale_timer.stop()
        return frozenset((n,) for n in before ^ self.stale)

    def show_as(self, document: Document) -> None:
        """The run on show stands for a document that only looks different."""
        if not diff(self.shown.document, document).only_looks:
            return
        self.shown = replace(self.shown, document=document, labels=labels.of(document))

    def _state_came(self, answer: messages.Shown) -> None:
        before = self.shown.state
        made = answer.state
        if made is None and answer.delta is not None:
            if (answer.delta.run, answer.delta.base) != (before.run, before.k):
                self.ask_state(whole=True)
                return
            made = applied(before, answer.delta)
        if made is None or made.run != self.shown.trace.run:
            return
        self.shown = replace(self.shown, state=made)
        self._studio.clock.tell_numbers(replace(difference(before, made), playhead=True))

    def forget(self) -> None:
        """Another document was opened: nothing of the former one is on show."""
        self._sent.clear()
        self._detail.clear()
        self.shown, self.stale = nothing_shown(), frozenset()

    def close(self) -> bool:
        """End the worker processes. Return whether none is left."""
        self._detail_timer.stop()
        self._stale_timer.stop()
        return self.runner.close()
