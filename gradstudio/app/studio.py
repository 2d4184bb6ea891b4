"""Studio: the only door from widgets to the core. One signal, `changed`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias

from PySide6.QtCore import QObject, Signal

from gradstudio.app import theme
from gradstudio.app.change import EVERYTHING, Change, Shown
from gradstudio.app.frame_clock import FrameClock
from gradstudio.app.markers import Markers
from gradstudio.app.player import Player
from gradstudio.app.runner import Runner
from gradstudio.app.runs import Runs
from gradstudio.app.settings import Settings
from gradstudio.document import labels
from gradstudio.document.commands.command import Command, Refused
from gradstudio.document.diff import diff
from gradstudio.document.document import Document, new_document
from gradstudio.document.graph import INSTANCE, Graph, GroupId, NodeId, NodePath, OperandPath, Wire
from gradstudio.io import reader
from gradstudio.io.refusal import NotSaved
from gradstudio.session.session import Session

WireKey: TypeAlias = tuple[Literal["wire"], NodeId, OperandPath]
Selected: TypeAlias = NodeId | WireKey
UNTITLED = "untitled"


class Studio(QObject):
    """The session's Qt face: edits go in by `do`, numbers come back from the worker, views are told by `changed`.

    What stands round the canvas is told by `followed`: of the same, but while a hand is in motion only once the canvas has been painted.
    """

    changed = Signal(object)
    followed = Signal(object)

    def __init__(self, parent: QObject | None = None, document: Document | None = None, runner: Runner | None = None) -> None:
        super().__init__(parent)
        self.settings = Settings()
        self._session = Session(document)
        self.clock = FrameClock(self)
        self.player = Player(self)
        self.markers = Markers(self)
        self.runs = Runs(self, runner)
        self.questions = self.runs.questions
        self.selection: frozenset[Selected] = frozenset()
        self.scope: NodePath = ()  # the instances that were entered, from outside in
        self.path: Path | None = None
        self._name = UNTITLED
        self.notice = ""
        self.theme_mode = self.settings.text("theme", "system")
        self.full_precision = self.settings.flag("full_precision")

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
    def shown(self) -> Shown:
        """What is on show: the document of the run, its trace and a state."""
        return self.runs.shown

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
            self._document_changed(before, gesture=bool(command.gesture))
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

    def tell(self, change: Change) -> None:
        """Tell the views of a change."""
        self.clock.tell(change)

    def notify(self, words: str) -> None:
        """Say something to the person, in the status bar."""
        self.notice = words
        self.tell(Change(running=True))

    def select(self, items: Iterable[Selected], add: bool = False) -> None:
        """Select nodes and wires; with add, those that are selected are let go."""
        chosen = frozenset(items)
        chosen = self.selection ^ chosen if add else chosen
        if chosen != self.selection:
            self.selection = chosen
            self.tell(Change(selection=True))

    def enter(self, scope: NodePath) -> None:
        """Put the inside of an instance on the canvas, by the path of instances from outside in; () for the document's own graph."""
        scope = self._known_scope(scope)
        if scope != self.scope:
            self.selection = frozenset(self.scope[len(scope) : len(scope) + 1]) if self.scope[: len(scope)] == scope else frozenset()
            self.scope = scope
            self.tell(Change(scope=True, selection=True))

    def _known_scope(self, scope: NodePath) -> NodePath:
        """Return as much of a path of instances as there is in the document."""
        graph = self.document.graph
        for depth, instance in enumerate(scope):
            node = graph.nodes.get(instance)
            if node is None or node.op != INSTANCE or node.group not in self.document.groups:
                return scope[:depth]
            graph = self.document.graph_at((*scope[: depth + 1], ""))
        return scope

    def _stands(self, selected: Selected) -> bool:
        """Say whether a node or wire is in the graph on the canvas."""
        nodes = self.graph.nodes
        if isinstance(selected, str):
            return selected in nodes
        target, path = selected[1:]
        return target in nodes and any(operand == path for operand, _ in nodes[target].refs())

    def _document_changed(self, before: Document, selection: bool = False, gesture: bool = False) -> None:
        edit = diff(before, self.document)
        scope, self.scope = self.scope, self._known_scope(self.scope)
        kept = frozenset(s for s in self.selection if self._stands(s))
        selection, self.selection = selection or kept != self.selection, kept
        self.notice = ""
        runs = self.runs.live and not edit.only_looks
        if runs:
            self.runs.send()  # first feed the worker, then show
        if edit.only_looks:
            self.runs.show_as(self.document)
        change = Change(document=edit, history=True, selection=selection, running=runs, scope=scope != self.scope)
        if gesture:
            self.clock.hand_moved()
        if runs and gesture and not edit.script and self.runs.quick:
            self.clock.hold(before, change)
        else:
            self.tell(change)
        if not (runs or edit.only_looks):
            self.runs.mark_stale()

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
        self.path, self.selection, self.scope, self.notice = path, frozenset(), (), ""
        for each in (self.clock, self.player, self.markers, self.runs):
            each.forget()
        self.tell(EVERYTHING)
        self.runs.run()

    def save(self) -> None:
        """Save to the document's file, which there must be. Raises io.refusal.NotSaved; the file is then as it was."""
        assert self.path is not None
        warning = reader.write(self.path, self.document)
        self.notice = warning or ""
        self._session.saved = self.document
        self.settings.add_recent(str(self.path))
        self.tell(Change(file=True))

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
        self.tell(Change(theme=True))

    def set_full_precision(self, on: bool) -> None:
        """Show every digit of numbers, or four."""
        self.full_precision = on
        self.settings.set("full_precision", on)
        self.tell(Change(theme=True))

    def close(self) -> bool:
        """End the worker processes. Return whether none is left."""
        return self.runs.close()
