"""Studio: the only door from widgets to the core. One signal, `changed`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from gradstudio.app import theme
from gradstudio.app.answers import Answers
from gradstudio.app.change import EVERYTHING, Change, Shown, difference
from gradstudio.app.markers import Markers
from gradstudio.app.player import Player, Unit
from gradstudio.app.runner import Runner
from gradstudio.app.settings import Settings
from gradstudio.document import codec, labels
from gradstudio.document.commands.command import Command, Refused
from gradstudio.document.diff import diff
from gradstudio.document.document import Document, new_document
from gradstudio.document.graph import INSTANCE, Array, Graph, GroupId, NodeId, NodePath, OperandPath, Wire
from gradstudio.io import reader
from gradstudio.io.refusal import NotSaved
from gradstudio.session import messages, playhead, state, trace
from gradstudio.session.delta import applied
from gradstudio.session.messages import ArraySent, Checked, Gone, LookCloser, Looked, Ran, RunDocument, SendArray, ShowState
from gradstudio.session.microscope import Look
from gradstudio.session.patch import patch
from gradstudio.session.playhead import END, Anchor, Playhead
from gradstudio.session.session import Session
from gradstudio.session.stale import stale
from gradstudio.session.state import InputKey, View
from gradstudio.session.trace import TensorKey, Trace

WireKey: TypeAlias = tuple[Literal["wire"], NodeId, OperandPath]
Selected: TypeAlias = NodeId | WireKey
STALE_AFTER_MS = 150
QUICK, LINGER_MS = 0.005, 6  # seconds of a run whose numbers are shown in the frame of the edit; how long an edit waits for them
UNTITLED = "untitled"


class Studio(QObject):
    """The session's Qt face: edits go in by `do`, numbers come back from the worker, views are told by `changed`."""

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None, document: Document | None = None, runner: Runner | None = None) -> None:
        super().__init__(parent)
        self.settings = Settings()
        self._session = Session(document)
        self.runner = runner if runner is not None else Runner(self)
        self.runner.answered.connect(self._answered)
        self.runner.lost.connect(self._worker_lost)
        empty = Document()
        self.shown = Shown(empty, trace.EMPTY, state.EMPTY, labels.of(empty))
        self.selection: frozenset[Selected] = frozenset()
        self.scope: NodePath = ()  # the instances that were entered, from outside in
        self.stale: frozenset[NodeId] = frozenset()
        self.path: Path | None = None
        self._name = UNTITLED
        self.notice = ""
        self.live = self.settings.flag("live", True)
        self.theme_mode = self.settings.text("theme", "system")
        self.full_precision = self.settings.flag("full_precision")
        self._k = 0
        self._playhead: Playhead = END
        self._run = 0
        self._sent: dict[int, tuple[Document, Playhead, tuple[TensorKey, ...]]] = {}  # and the playhead, and what was watched, then
        self._steps = trace.EMPTY.steps  # of the worker's last run
        self._began = 0.0
        self._large: tuple[TensorKey, ...] = ()
        self._answers = Answers()
        self.player = Player(self)
        self.markers = Markers(self)
        self._stale_timer = self._timer(STALE_AFTER_MS, self._mark_stale)

    def _timer(self, milliseconds: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        return timer

    # ---- reading

    @property
    def document(self) -> Document:
        """The document being edited."""
        return self._session.document

    @property
    def labels(self) -> labels.Labels:
        """The labels of the document being edited."""
        return labels.of(self.document)

    @property
    def k(self) -> int:
        """The step that the playhead was last sent to; `shown.state.k` is the one on show."""
        return self._k

    @property
    def at_end(self) -> bool:
        """Whether the playhead follows the end of the run."""
        return self._playhead == END

    @property
    def stepping(self) -> bool:
        """Whether the viewer stands inside the run."""
        return not self.at_end

    @property
    def running(self) -> bool:
        """Whether a document is being run."""
        return bool(self._sent)

    @property
    def busy_for(self) -> float:
        """Seconds since the run in hand began; 0 where there is none."""
        return time.monotonic() - self._began if self._sent else 0.0

    @property
    def dirty(self) -> bool:
        """Whether there are unsaved changes."""
        return self._session.dirty

    @property
    def title(self) -> str:
        """The name of the file, without its ending."""
        return self.path.stem if self.path else self._name

    @property
    def can_undo(self) -> bool:
        """Whether there is a moment to take back."""
        return bool(self._session.history.done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a moment to do again."""
        return bool(self._session.history.undone)

    @property
    def undo_text(self) -> str:
        """What undo would take back."""
        return self._session.history.done[-1].label if self.can_undo else ""

    @property
    def redo_text(self) -> str:
        """What redo would do again."""
        return self._session.history.undone[-1].label if self.can_redo else ""

    @property
    def theme(self) -> str:
        """The theme on show: dark or light."""
        return theme.resolved(self.theme_mode)

    @property
    def graph(self) -> Graph:
        """The graph on the canvas: the document's own, or that of the group whose instance was entered."""
        return self.document.graph_at((*self.scope, ""))

    @property
    def home(self) -> GroupId | None:
        """The group whose graph is on the canvas; None for the document's own."""
        return self.document.node(self.scope).group if self.scope else None

    @property
    def selected_nodes(self) -> tuple[NodeId, ...]:
        """The selected nodes in stored order."""
        order = self.graph.order
        return tuple(sorted((s for s in self.selection if isinstance(s, str) and s in order), key=order.__getitem__))

    @property
    def selected_wire(self) -> Wire | None:
        """The selected wire, if it is the only one."""
        keys = [s for s in self.selection if not isinstance(s, str)]
        wires = (w for w in self.graph.wires if ("wire", w.target, w.path) in keys)
        return next(wires, None) if len(keys) == 1 else None

    @property
    def primary(self) -> NodeId | None:
        """The one selected node; None where there is none, or several."""
        nodes = self.selected_nodes
        return nodes[0] if len(nodes) == 1 else None

    # ---- editing

    def new_id(self, letter: str) -> str:
        """Return an id that was never given out in this session."""
        return self._session.new_id(letter)

    def new_gesture(self) -> int:
        """Return a number under which commands merge into one moment."""
        return self._session.new_gesture()

    def do(self, command: Command) -> bool:
        """Apply a command. Return whether the document changed; a refusal becomes the notice."""
        before = self.document
        try:
            done = self._session.do(command, frozenset(self.selection))
        except Refused as why:
            self.notify(str(why))
            return False
        if done:
            self._document_changed(before)
        if command.gesture and self.shown.trace.elapsed < QUICK:
            self.runner.linger(LINGER_MS)
        return done

    def undo(self) -> None:
        """Make the document before the last moment current, with the selection it began with."""
        before = self.document
        moment = self._session.undo()
        if moment is not None:
            self.selection = moment.selection  # type: ignore[assignment]
            self._document_changed(before, selection=True)

    def redo(self) -> None:
        """Do the last undone moment again."""
        before = self.document
        if self._session.redo() is not None:
            self._document_changed(before)

    def notify(self, words: str) -> None:
        """Say something to the person, in the status bar."""
        self.notice = words
        self.changed.emit(Change(running=True))

    def select(self, items: Iterable[Selected], add: bool = False) -> None:
        """Select nodes and wires; with add, those that are selected are let go."""
        chosen = frozenset(items)
        chosen = self.selection ^ chosen if add else chosen
        if chosen != self.selection:
            self.selection = chosen
            self.changed.emit(Change(selection=True))

    def enter(self, scope: NodePath) -> None:
        """Put the inside of an instance on the canvas, by the path of instances from outside in; () for the document's own graph."""
        scope = self._known_scope(scope)
        if scope != self.scope:
            self.selection = frozenset(self.scope[len(scope) : len(scope) + 1]) if self.scope[: len(scope)] == scope else frozenset()
            self.scope = scope
            self.changed.emit(Change(scope=True, selection=True))

    def _known_scope(self, scope: NodePath) -> NodePath:
        """Return as much of a path of instances as there is in the document."""
        graph = self.document.graph
        for depth, instance in enumerate(scope):
            node = graph.nodes.get(instance)
            if node is None or node.op != INSTANCE or node.group not in self.document.groups:
                return scope[:depth]
            graph = self.document.graph_at((*scope[: depth + 1], ""))
        return scope

    def _document_changed(self, before: Document, selection: bool = False) -> None:
        edit = diff(before, self.document)
        scope, self.scope = self.scope, self._known_scope(self.scope)
        nodes = self.graph.nodes
        kept = frozenset(s for s in self.selection if (s if isinstance(s, str) else s[1]) in nodes)
        selection, self.selection = selection or kept != self.selection, kept
        self.notice = ""
        runs = self.live and not edit.only_looks
        if runs:
            self._send()  # first feed the worker, then show
        if edit.only_looks:
            self._show_as(self.document)
        self.changed.emit(Change(document=edit, history=True, selection=selection, running=runs, scope=scope != self.scope))
        if not (runs or edit.only_looks):
            self._mark_stale()

    def _show_as(self, document: Document) -> None:
        """The run on show stands for a document that only looks different."""
        if not diff(self.shown.document, document).only_looks:
            return
        self.shown = replace(self.shown, document=document, labels=labels.of(document))

    # ---- running

    def run(self) -> None:
        """Run the document that is being edited."""
        self._send()
        self.changed.emit(Change(running=True))

    def _send(self) -> None:
        self._run += 1
        anchor = self._playhead if isinstance(self._playhead, Anchor) else None
        held = self._held()
        difference = patch(held, self.document) if held is not None else None
        tree = codec.tree(self.document) if difference is None else difference
        raw, base = msgspec.Raw(msgspec.msgpack.encode(tree)), 0 if difference is None else self.runner.held
        if not self._sent:
            self._began = time.monotonic()
        self._sent[self._run] = self.document, self._playhead, self._large
        self.runner.ask(RunDocument(self._run, raw, self._playhead == END, anchor, View(self._large), base))
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
        self.player.pause()
        self.runner.stop()
        self._mark_stale()
        self.notice = "Stopped. The graph is untouched: edit it, or press Ctrl+Enter to run it again"
        self.changed.emit(Change(running=True))

    def set_live(self, live: bool) -> None:
        """Run after every edit, or wait for Run."""
        if live != self.live:
            self.live = live
            self.settings.set("live", live)
            self.changed.emit(Change(mode=True))
            if live and self.shown.document is not self.document:
                self.run()

    def watch_large(self, keys: Iterable[TensorKey]) -> None:
        """Ask for more cells of these tensors from now on."""
        wanted = tuple(sorted(keys))
        if wanted != self._large:
            self._large = wanted
            self._ask_state(None)

    def array(self, key: TensorKey, grad: bool, answer: Callable[[Array | None], None]) -> None:
        """Ask for a whole tensor, or its `.grad`, as it is at the step on show."""
        self.runner.ask(SendArray(self._answers.expect(answer), self.shown.trace.run, key, self.shown.state.k, grad))

    def check(
        self,
        op: str,
        shapes: Iterable[tuple[int, ...] | None],
        dtypes: Iterable[str | None],
        operands: Iterable[object],
        attrs: dict[str, object],
        answer: Callable[[Checked], None],
    ) -> None:
        """Ask whether an op takes operands of these shapes and dtypes."""
        self.runner.ask(messages.Check(self._answers.expect(answer), op, tuple(shapes), tuple(dtypes), tuple(operands), attrs))

    def look_closer(self, wire: InputKey, cell: int, answer: Callable[[Look | None], None]) -> None:
        """Ask what made one cell of the contribution along a wire, at the step on show."""
        state = self.shown.state
        self.runner.ask(LookCloser(self._answers.expect(answer), state.run, *wire, state.k, cell))

    def _answered(self, answer: messages.Answer, body: Array) -> None:
        if isinstance(answer, Ran):
            self._ran(answer)
        elif isinstance(answer, messages.Shown):
            self._state_came(answer)
        elif isinstance(answer, ArraySent):
            found = None if answer.dtype is None else body.view(answer.dtype).reshape(answer.shape)
            self._answers.tell(answer.request, found)
        elif isinstance(answer, Checked):
            self._answers.tell(answer.request, answer)
        elif isinstance(answer, Looked):
            self._answers.tell(answer.request, answer.look)
        elif isinstance(answer, Gone) and answer.request:
            self._answers.tell(answer.request, None)
        elif isinstance(answer, Gone) and answer.run in self._sent:
            del self._sent[answer.run]
            self.run()  # another worker took over before it was sent: now whole

    def _ran(self, answer: Ran) -> None:
        self._steps = self._steps if answer.kept else answer.trace.steps  # the worker tells them once, wanted or not
        if answer.trace.run not in self._sent:
            return
        document, stood, watched = self._sent[answer.trace.run]
        self._sent = {run: sent for run, sent in self._sent.items() if run > answer.trace.run}
        self._began = time.monotonic()
        before = self.shown
        made: Trace = msgspec.structs.replace(answer.trace, steps=self._steps)
        if document is not self.document and diff(document, self.document).only_looks:
            document = self.document
        self.shown = Shown(document, made, answer.state, labels.of(document))
        if self._playhead != stood:
            self._ask_state(playhead.find(made, self._playhead))  # it moved while the run was in hand
        else:
            self._k = answer.state.k
            self._playhead = playhead.playhead_at(made, self._k) if self.stepping else END
            if self._large != watched:
                self._ask_state(None)  # more cells were asked for while the run was in hand
        stale = self._set_stale()
        new_skeleton = made.steps != before.trace.steps
        change = difference(before.state, answer.state)
        self.changed.emit(replace(change, everything=new_skeleton, trace=True, stale=stale, running=True, playhead=True))

    def _worker_lost(self, why: str) -> None:
        self._answers.forget()
        self._sent.clear()
        if self.runner.gave_up:
            self.notice = f"The worker ends at every start ({why}). The graph is untouched: edit it, or press Ctrl+Enter to try again"
            self._mark_stale()
        else:
            self.notice = f"The worker ended ({why}). A new one has taken over; the graph is untouched"
            self.run()
        self.changed.emit(Change(running=True))

    def _mark_stale(self) -> None:
        flipped = self._set_stale()
        if flipped:
            self.changed.emit(Change(stale=flipped))

    def _set_stale(self) -> frozenset[tuple[NodeId, ...]]:
        before = self.stale
        self.stale = stale(self.shown.document, self.document) if self.shown.trace.run else frozenset()
        self._stale_timer.stop()
        return frozenset((n,) for n in before ^ self.stale)

    # ---- the playhead

    def go_to(self, k: int) -> None:
        """Send the playhead to a step."""
        k = max(0, min(k, self.shown.trace.end))
        self._playhead = playhead.playhead_at(self.shown.trace, k)
        self._ask_state(k)

    def step(self, delta: int, unit: Unit | None = None) -> None:
        """Send the playhead forth or back by steps, or by calls."""
        if (unit or self.player.unit) == "step":
            self.go_to(self._k + delta)
            return
        self.go_to(playhead.by_call(self.shown.trace, self._k, delta))

    def first(self) -> None:
        """Send the playhead before the first step."""
        self.player.pause()
        self.go_to(0)

    def last(self) -> None:
        """Send the playhead to the end, where it follows."""
        self.player.pause()
        self.go_to(self.shown.trace.end)

    leave_step_mode = last

    def _ask_state(self, k: int | None) -> None:
        self._k = self._k if k is None else k
        base = self.shown.state.k if k is not None else None
        self.runner.ask(ShowState(self.shown.trace.run, self._k, View(self._large), base))

    def _state_came(self, answer: messages.Shown) -> None:
        before = self.shown.state
        made = answer.state
        if made is None and answer.delta is not None:
            if (answer.delta.run, answer.delta.base) != (before.run, before.k):
                self._ask_state(None)
                return
            made = applied(before, answer.delta)
        if made is None or made.run != self.shown.trace.run:
            return
        self.shown = replace(self.shown, state=made)
        self.changed.emit(replace(difference(before, made), playhead=True))

    # ---- files

    def new(self) -> None:
        """Begin an empty document."""
        self._open(new_document(), None)

    def open(self, path: Path) -> None:
        """Open a file. Raises io.refusal.Refusal with file, place and reason; the open document stays then."""
        self._open(reader.read(path), path)
        self.settings.add_recent(str(path))

    def show_example(self, document: Document, name: str) -> None:
        """Open a document that has no file yet under a name."""
        self._open(document, None, name)

    def _open(self, document: Document, path: Path | None, name: str = UNTITLED) -> None:
        self._session = Session(document)
        self._name = name
        self.path, self.selection, self._playhead = path, frozenset(), END
        self.scope = ()
        self._sent.clear()
        self.markers.forget()
        empty = Document()
        self.shown = Shown(empty, trace.EMPTY, state.EMPTY, labels.of(empty))
        self.stale, self.notice = frozenset(), ""
        self.changed.emit(EVERYTHING)
        self.run()

    def save(self) -> None:
        """Save to the document's file, which there must be. Raises io.refusal.NotSaved; the file is then as it was."""
        assert self.path is not None
        warning = reader.write(self.path, self.document)
        self.notice = warning or ""
        self._session.saved = self.document
        self.settings.add_recent(str(self.path))
        self.changed.emit(Change(file=True))

    def save_as(self, path: Path) -> None:
        """Save to another file, which becomes the document's."""
        before, self.path = self.path, path
        try:
            self.save()
        except NotSaved:
            self.path = before
            raise

    # ---- looks

    def set_theme(self, mode: str) -> None:
        """Follow the system, or be dark or light."""
        self.theme_mode = mode
        self.settings.set("theme", mode)
        self.changed.emit(Change(theme=True))

    def set_full_precision(self, on: bool) -> None:
        """Show every digit of numbers, or four."""
        self.full_precision = on
        self.settings.set("full_precision", on)
        self.changed.emit(Change(theme=True))

    def close(self) -> bool:
        """End the worker processes. Return whether none is left."""
        self._stale_timer.stop()
        return self.runner.close()
