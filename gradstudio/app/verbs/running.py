"""Verbs of the script: run, backward, start over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gradstudio.document.calls import Backward, Forward
from gradstudio.document.commands.script import AppendCall, BackwardFrom, ClearScript, EditCall
from gradstudio.document.graph import INPUT, LEAF, Ref

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def run(w: MainWindow) -> None:
    w.studio.notice = ""  # what was said of the run before
    w.studio.runs.run()


def stop(w: MainWindow) -> None:
    w.studio.runs.stop()


def toggle_live(w: MainWindow) -> None:
    w.studio.runs.set_live(not w.studio.runs.live)


def backward(w: MainWindow) -> None:
    """From the root: what an automatic backward would take, else what the last one took."""
    studio = w.studio
    roots = _root(w) or tuple(Ref(path[0], out) for each in studio.shown.trace.passes[-1:] for path, out in each.roots)
    if len(roots) == 1:
        found_itself = any(isinstance(call, Backward) and call.automatic for call in studio.document.calls())
        if studio.do(BackwardFrom(roots[0], studio.new_id("c"))) and found_itself:
            root = studio.labels.label((roots[0].source,), roots[0].out)
            studio.notify(f"The script's backward is {root}.backward() from now on. Again: once more")
    elif roots:
        studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=roots)))
    else:
        studio.notify("Nothing to run backward from yet: no op reads a leaf that requires grad")


def _root(w: MainWindow) -> tuple[Ref, ...]:
    """Return the last output of an op that requires grad and feeds nothing that does; nothing where the end is not on show."""
    studio, graph = w.studio, w.studio.document.graph
    found = {(path[0], out) for (path, out), view in studio.shown.state.tensors.items() if len(path) == 1 and view.requires_grad}
    if not studio.player.at_end:
        return ()
    asking = {node for node, _ in found}
    for node in reversed(tuple(graph.order)):
        feeds = any(wire.target in asking for wire in graph.consumers.get(node, ()))
        if graph.nodes[node].op not in (LEAF, INPUT) and not feeds:
            outs = sorted(out for each, out in found if each == node)
            if outs:
                return (Ref(node, outs[-1]),)
    return ()


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
