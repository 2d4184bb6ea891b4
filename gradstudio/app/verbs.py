"""Verbs: what each row of the menus' table does to a window and its studio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gradstudio.app.studio import SPEEDS
from gradstudio.document.calls import Backward, Forward, ZeroGrad
from gradstudio.document.commands.blocks import NewBlock
from gradstudio.document.commands.frames import UnwrapNodes, WrapInFrame, frames_needed
from gradstudio.document.commands.layout import Arrange, Collapse
from gradstudio.document.commands.nodes import Bypass, DeleteNodes, SetRequiresGrad, SetRetainGrad
from gradstudio.document.commands.script import AppendCall, BackwardFrom, ClearScript, EditCall, SetGradSwitch
from gradstudio.document.commands.wires import Connect, DetachWire, SwapInputs
from gradstudio.document.graph import INPUT, LEAF, Node, NodeId, Ref, operand_at
from gradstudio.document.rules import input_count

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def _nodes(w: MainWindow) -> tuple[Node, ...]:
    return tuple(w.studio.document.graph.nodes[n] for n in w.studio.selected_nodes)


def _leaves(w: MainWindow) -> tuple[NodeId, ...]:
    return tuple(n.id for n in _nodes(w) if n.op == LEAF)


def _ops(w: MainWindow) -> tuple[NodeId, ...]:
    return tuple(n.id for n in _nodes(w) if n.op not in (LEAF, INPUT))


# ---- when a verb makes sense


def can_undo(w: MainWindow) -> bool:
    return w.studio.can_undo


def can_redo(w: MainWindow) -> bool:
    return w.studio.can_redo


def has_selection(w: MainWindow) -> bool:
    return bool(w.studio.selection)


def has_nodes(w: MainWindow) -> bool:
    return bool(w.studio.selected_nodes)


def has_one_node(w: MainWindow) -> bool:
    return w.studio.primary is not None


def has_two_nodes(w: MainWindow) -> bool:
    return len(w.studio.selected_nodes) == 2


def has_wire(w: MainWindow) -> bool:
    return w.studio.selected_wire is not None


def has_leaves(w: MainWindow) -> bool:
    return bool(_leaves(w))


def has_ops(w: MainWindow) -> bool:
    return bool(_ops(w))


def all_require_grad(w: MainWindow) -> bool:
    return has_leaves(w) and all(n.requires_grad for n in _nodes(w) if n.op == LEAF)


def all_retain_grad(w: MainWindow) -> bool:
    return has_ops(w) and all(0 in n.retain_grad for n in _nodes(w) if n.op not in (LEAF, INPUT))


def in_frame(w: MainWindow) -> bool:
    return has_nodes(w) and all(n.frame is not None for n in _nodes(w))


def all_collapsed(w: MainWindow) -> bool:
    return has_nodes(w) and set(w.studio.selected_nodes) <= set(w.studio.document.layout.collapsed)


def grad_is_enabled(w: MainWindow) -> bool:
    from gradstudio.app.toolbar import grad_enabled

    return grad_enabled(w.studio)


def is_running(w: MainWindow) -> bool:
    return w.studio.running


def is_live(w: MainWindow) -> bool:
    return w.studio.live


def is_playing(w: MainWindow) -> bool:
    return w.studio.playing


def steps_by_op(w: MainWindow) -> bool:
    return w.studio.step_unit == "step"


def is_full_precision(w: MainWindow) -> bool:
    return w.studio.full_precision


def docks_hidden(w: MainWindow) -> bool:
    return w.docks_hidden


def is_theme(mode: str) -> Test:
    """Return the test whether a theme was chosen."""
    return lambda w: w.studio.theme_mode == mode


# ---- file


def new(w: MainWindow) -> None:
    if w.may_leave():
        w.studio.new()


def open_file(w: MainWindow) -> None:
    if w.may_leave() and (path := w.dialogs.ask_open()):
        w.open(path)


def save(w: MainWindow) -> None:
    w.save()


def save_as(w: MainWindow) -> None:
    w.save_as()


def export(w: MainWindow) -> None:
    w.export()


def copy_code(w: MainWindow) -> None:
    w.code.copy_text()


def quit_window(w: MainWindow) -> None:
    w.close()


def example(name: str) -> Verb:
    """Return the verb that opens an example."""

    def show(w: MainWindow) -> None:
        if w.may_leave():
            w.open_example(name)

    return show


# ---- edit


def undo(w: MainWindow) -> None:
    w.studio.undo()


def redo(w: MainWindow) -> None:
    w.studio.redo()


def copy(w: MainWindow) -> None:
    w.clipboard.copy()


def cut(w: MainWindow) -> None:
    w.clipboard.copy()
    delete(w)


def paste(w: MainWindow) -> None:
    w.clipboard.paste()


def duplicate(w: MainWindow) -> None:
    w.clipboard.duplicate()


def delete(w: MainWindow) -> None:
    studio = w.studio
    wires = tuple((s[1], s[2]) for s in studio.selection if not isinstance(s, str))
    studio.do(DeleteNodes(studio.selected_nodes, wires))


def select_all(w: MainWindow) -> None:
    w.studio.select(w.studio.document.graph.nodes)


def rename(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.canvas.edit_name(w.studio.primary)


# ---- add


def add(w: MainWindow) -> None:
    w.search_at_pointer()


def add_leaf(w: MainWindow) -> None:
    w.ask_leaf()


def add_assert(w: MainWindow) -> None:
    w.add_item("assert_close")


def add_block(w: MainWindow) -> None:
    studio = w.studio
    taken = studio.document.graph.blocks
    name = next(n for i in range(1, 1000) if (n := "update" if i == 1 else f"update_{i}") not in taken)
    studio.do(NewBlock(name, studio.new_id("c")))


# ---- graph


def toggle_requires_grad(w: MainWindow) -> None:
    w.studio.do(SetRequiresGrad(_leaves(w), not all_require_grad(w)))


def toggle_retain_grad(w: MainWindow) -> None:
    on, gesture = not all_retain_grad(w), w.studio.new_gesture()
    for node in _ops(w):
        w.studio.do(SetRetainGrad(node, 0, on, gesture))


def detach(w: MainWindow) -> None:
    wire = w.studio.selected_wire
    if wire is not None:
        w.studio.do(DetachWire(wire.target, wire.path, w.studio.new_id("n")))


def no_grad(w: MainWindow) -> None:
    studio, ids = w.studio, w.studio.selected_nodes
    if in_frame(w):
        studio.do(UnwrapNodes(ids))
    else:
        frames = tuple(studio.new_id("f") for _ in range(frames_needed(studio.document, ids)))
        studio.do(WrapInFrame(ids, "no_grad", frames))


def toggle_grad_enabled(w: MainWindow) -> None:
    w.studio.do(SetGradSwitch(not grad_is_enabled(w), w.studio.new_id("c")))


def zero_selected(w: MainWindow) -> None:
    _zero(w, _leaves(w))


def zero_all(w: MainWindow) -> None:
    nodes = w.studio.document.graph.nodes
    _zero(w, tuple(n for n in w.studio.document.graph.order if nodes[n].op == LEAF and nodes[n].requires_grad))


def _zero(w: MainWindow, leaves: tuple[NodeId, ...]) -> None:
    if leaves:
        w.studio.do(AppendCall(ZeroGrad(id=w.studio.new_id("c"), targets=tuple(Ref(n) for n in leaves))))


def swap_inputs(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.studio.do(SwapInputs(w.studio.primary))


def bypass(w: MainWindow) -> None:
    if w.studio.primary is not None:
        w.studio.do(Bypass(w.studio.primary))


def connect_selected(w: MainWindow) -> None:
    """Wire the first selected node's output to the first free operand of the second."""
    document = w.studio.document
    source, target = w.studio.selected_nodes
    node = document.graph.nodes[target]
    free = [i for i in range(input_count(node, document.groups)) if operand_at(node.inputs, (i,)) is None]
    if free:
        w.studio.do(Connect(Ref(source), target, (free[0],)))
    else:
        w.studio.notify(f"{w.studio.labels.label((target,))} has no free input: drag a wire onto the one to replace")


def collapse(w: MainWindow) -> None:
    w.studio.do(Collapse(w.studio.selected_nodes, not all_collapsed(w)))


def arrange(w: MainWindow) -> None:
    w.studio.do(Arrange(w.studio.selected_nodes))


def arrange_all(w: MainWindow) -> None:
    w.studio.do(Arrange())


# ---- run


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


# ---- time


def first(w: MainWindow) -> None:
    w.studio.first()


def last(w: MainWindow) -> None:
    w.studio.last()


def step(w: MainWindow) -> None:
    w.studio.step(1)


def step_back(w: MainWindow) -> None:
    w.studio.step(-1)


def call_on(w: MainWindow) -> None:
    w.studio.step(1, "call")


def call_back(w: MainWindow) -> None:
    w.studio.step(-1, "call")


def play(w: MainWindow) -> None:
    if w.studio.playing:
        w.studio.pause()
    else:
        w.studio.play()


def leave(w: MainWindow) -> None:
    """Leave the step; then let the selection go."""
    if w.studio.stepping:
        w.studio.leave_step_mode()
    elif w.studio.selection:
        w.studio.select(())


def toggle_unit(w: MainWindow) -> None:
    w.studio.set_step_unit("call" if w.studio.step_unit == "step" else "step")


def slower(w: MainWindow) -> None:
    w.studio.set_speed(max((s for s in SPEEDS if s < w.studio.speed), default=SPEEDS[0]))


def faster(w: MainWindow) -> None:
    w.studio.set_speed(min((s for s in SPEEDS if s > w.studio.speed), default=SPEEDS[-1]))


# ---- view


def search(w: MainWindow) -> None:
    w.search_everything()


def find(w: MainWindow) -> None:
    w.search_nodes()


def fit(w: MainWindow) -> None:
    w.canvas.fit_selection()


def fit_all(w: MainWindow) -> None:
    w.canvas.fit_all()


def zoom_reset(w: MainWindow) -> None:
    w.canvas.reset_zoom()


def zoom_in(w: MainWindow) -> None:
    w.canvas.zoom_by(1.25)


def zoom_out(w: MainWindow) -> None:
    w.canvas.zoom_by(0.8)


def theme(mode: str) -> Verb:
    """Return the verb that chooses a theme."""
    return lambda w: w.studio.set_theme(mode)


def toggle_precision(w: MainWindow) -> None:
    w.studio.set_full_precision(not w.studio.full_precision)


def toggle_docks(w: MainWindow) -> None:
    w.set_docks_hidden(not w.docks_hidden)


def next_dock(w: MainWindow) -> None:
    w.focus_next_dock()


def reset_layout(w: MainWindow) -> None:
    w.reset_layout()


def show_menu(w: MainWindow) -> None:
    w.show_menu()


def show_keys(w: MainWindow) -> None:
    w.dialogs.show_keys()


def about(w: MainWindow) -> None:
    w.dialogs.about()
