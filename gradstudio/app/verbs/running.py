"""Verbs of the script: run, backward, start over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gradstudio.document.calls import Backward, Forward
from gradstudio.document.commands.script import AppendCall, BackwardFrom, ClearScript, EditCall
from gradstudio.document.graph import Ref

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def run(w: MainWindow) -> None:
    w.studio.run()


def stop(w: MainWindow) -> None:
    w.studio.stop()


def toggle_live(w: MainWindow) -> None:
    w.studio.set_live(not w.studio.live)


def backward(w: MainWindow) -> None:
    """From the selected node where it is one that requires grad, else as the last backward did, else automatic."""
    studio = w.studio
    last = next((c for c in reversed(list(studio.document.calls())) if isinstance(c, Backward)), None)
    if last is None:
        studio.do(AppendCall(Backward(id=studio.new_id("c"), automatic=True)))
    elif last.automatic:
        backward_from(w) if studio.primary else studio.notify("The script already ends with a backward that finds its root by itself")
    else:
        studio.do(AppendCall(replace(last, id=studio.new_id("c"))))


def backward_from(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.studio.do(BackwardFrom(Ref(w.studio.primary), w.studio.new_id("c")))


def backward_again(w: MainWindow) -> None:
    """Append the last backward again, just as it is: on a freed graph PyTorch refuses, and says why."""
    studio = w.studio
    last = next((c for c in reversed(list(studio.document.calls())) if isinstance(c, Backward)), None)
    if last is None:
        backward(w)
        return
    roots = last.roots
    if last.automatic:
        passes = [p for p in studio.shown.trace.passes if p.call == last.id]
        roots = tuple(Ref(path[0], out) for path, out in passes[-1].roots) if passes else ()
        if not roots:
            studio.notify("Nothing was differentiated yet: connect a node first")
            return
        gesture = studio.new_gesture()
        studio.do(EditCall(replace(last, automatic=False, roots=roots), gesture))
        studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=roots), gesture=gesture))
        return
    studio.do(AppendCall(replace(last, id=studio.new_id("c"))))


def forward_again(w: MainWindow) -> None:
    studio = w.studio
    last = next((c for c in reversed(list(studio.document.calls())) if isinstance(c, Forward)), None)
    block = last.block if last else next(iter(studio.document.graph.blocks))
    studio.do(AppendCall(Forward(id=studio.new_id("c"), block=block)))


def start_over(w: MainWindow) -> None:
    w.studio.do(ClearScript())
