"""Verbs of the playhead that look where to go: to a node, a write, a bad number, a breakpoint, past a group, to another turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradstudio.document.graph import INSTANCE, NodePath
from gradstudio.explain.flow import resolve
from gradstudio.session import navigation
from gradstudio.session.navigation import Breakpoint, Stops
from gradstudio.session.trace import TensorKey

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]


def selected_path(w: MainWindow) -> NodePath | None:
    """Return the path of the one selected node, in the graph on the canvas."""
    primary = w.studio.primary
    return None if primary is None else (*w.studio.scope, primary)


def _named(w: MainWindow, path: NodePath) -> str:
    return w.studio.labels.label(path)


def _go(w: MainWindow, stop: int | None, otherwise: str) -> None:
    w.studio.player.pause()
    if stop is None:
        w.studio.notify(otherwise)
    else:
        w.studio.player.go_to(stop)


# ---- to a node


def run_to_here(w: MainWindow) -> None:
    """To the next step of the selected node; past its last one, to its first."""
    path = selected_path(w)
    if path is not None:
        stops = navigation.steps_of(w.studio.shown.trace, path)
        ahead = navigation.onward(stops, w.studio.player.k, 1)
        _go(w, stops[0] if ahead is None and stops else ahead, f"{_named(w, path)} has no step in this run")


def back_to_here(w: MainWindow) -> None:
    """To the step of the selected node before this one."""
    path = selected_path(w)
    if path is not None:
        stops = navigation.steps_of(w.studio.shown.trace, path)
        _go(w, navigation.onward(stops, w.studio.player.k, -1), f"{_named(w, path)} has no step before this one")


# ---- to a write


def write(grad: bool, delta: int) -> Verb:
    """Return the verb that goes to the next write of the selected tensor, or of its `.grad`, or to the one that set it."""

    def go(w: MainWindow) -> None:
        path = selected_path(w)
        if path is None:
            return
        key = tensor_of(w, path)
        find = navigation.grad_writes_of if grad else navigation.writes_of
        player = w.studio.player
        here = player.k + (1 if delta < 0 and player.at_end else 0)  # at the end, the last write lies behind
        stop = navigation.onward(find(w.studio.shown.trace, key), here, delta)
        name = f"{_named(w, path)}.grad" if grad else _named(w, path)
        _go(w, stop, f"Nothing writes {name} after this step" if delta > 0 else f"Nothing wrote {name} before this step")

    return go


def tensor_of(w: MainWindow, path: NodePath) -> TensorKey:
    """Return the tensor of a node: of an instance the one inside that it gives out."""
    document = w.studio.document
    instance = document.node(path).op == INSTANCE
    return (resolve(document, (path, 0)) if instance else None) or (path, 0)


# ---- to a number, a breakpoint


def nonfinite(delta: int) -> Verb:
    """Return the verb that goes to the next, or previous, step that makes a NaN or an infinity."""

    def go(w: MainWindow) -> None:
        stop = navigation.onward(navigation.nonfinite_steps(w.studio.shown.trace), w.studio.player.k, delta)
        _go(w, stop, f"Every number {'after' if delta > 0 else 'before'} this step is finite")

    return go


def breakpoint_(delta: int) -> Verb:
    """Return the verb that goes to the next, or previous, breakpoint; past the last one to the end, or the start."""

    def go(w: MainWindow) -> None:
        stops: Stops = w.studio.markers.hits()
        stop = navigation.onward(stops, w.studio.player.k, delta)
        if stop is None:
            _go(w, w.studio.shown.trace.end if delta > 0 else 0, "")
            w.studio.notify(f"No breakpoint {'after' if delta > 0 else 'before'} that: at the {'end' if delta > 0 else 'start'}")
        else:
            _go(w, stop, "")

    return go


def toggle_breakpoint(w: MainWindow) -> None:
    """On the selected wire, else on the selected nodes."""
    scope, wire = w.studio.scope, w.studio.selected_wire
    if wire is not None:
        w.studio.markers.toggle_breakpoint(Breakpoint("wire", (*scope, wire.target), wire.path))
        return
    for node in w.studio.selected_nodes:
        w.studio.markers.toggle_breakpoint(Breakpoint("node", (*scope, node)))


def toggle_grad_breakpoint(w: MainWindow) -> None:
    """On the `.grad` of the selected nodes."""
    for node in w.studio.selected_nodes:
        path, out = tensor_of(w, (*w.studio.scope, node))
        w.studio.markers.toggle_breakpoint(Breakpoint("grad", path, out=out))


def clear_breakpoints(w: MainWindow) -> None:
    w.studio.markers.clear_breakpoints()


# ---- past ops, groups, turns


def op(delta: int) -> Verb:
    """Return the verb that goes on, or back, by ops: without stopping at accumulations and further parts of an op."""

    def go(w: MainWindow) -> None:
        trace = w.studio.shown.trace
        stop = navigation.onward((0, *navigation.op_steps(trace)), w.studio.player.k, delta)
        _go(w, trace.end if stop is None and delta > 0 else stop, "This is the start")

    return go


def into(delta: int) -> Verb:
    """Return the verb that goes to the next step inside a group, or into the one just passed."""

    def go(w: MainWindow) -> None:
        stop = navigation.into(w.studio.shown.trace, w.studio.player.k, delta)
        _go(w, stop, f"No group is entered {'after' if delta > 0 else 'before'} this step")

    return go


def over(delta: int) -> Verb:
    """Return the verb that steps without entering a group."""
    return lambda w: _go(w, navigation.over(w.studio.shown.trace, w.studio.player.k, delta), "")


def out(delta: int) -> Verb:
    """Return the verb that leaves the group that the step is in."""
    return lambda w: _go(w, navigation.out(w.studio.shown.trace, w.studio.player.k, delta), "This step is in no group")


def turn(delta: int) -> Verb:
    """Return the verb that goes to the same step in the next, or previous, turn of the loop."""

    def go(w: MainWindow) -> None:
        stop = navigation.onward(navigation.turns_of(w.studio.shown.trace, w.studio.player.k), w.studio.player.k, delta)
        _go(w, stop, f"This step has no like in {'a later' if delta > 0 else 'an earlier'} turn")

    return go
