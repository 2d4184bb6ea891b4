"""Verbs of groups: make one, enter it, leave it, use it again, and what it takes and gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradstudio.document.commands.boundary import AddGroupInput, AddGroupOutput, RemoveGroupOutput
from gradstudio.document.commands.command import Refused
from gradstudio.document.commands.cut import inputs_needed
from gradstudio.document.commands.groups import GroupNodes, MakeUnique, Ungroup, ids_of, ids_to_renew, is_used_elsewhere
from gradstudio.document.graph import INPUT, INSTANCE, GroupId, NodePath, Ref
from gradstudio.document.groups import Group

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

GROUP = "group"


def selected_group(w: MainWindow) -> Group | None:
    """Return the group that the selected instance uses."""
    node = w.studio.graph.nodes.get(w.studio.primary or "")
    return w.studio.document.groups.get(node.group) if node is not None and node.op == INSTANCE and node.group else None


def way_in(w: MainWindow) -> NodePath | None:
    """Return the instance to enter: the selected one, else the one on the canvas that the step on show lies in."""
    studio = w.studio
    if selected_group(w) is not None:
        return (*studio.scope, studio.primary or "")
    current = w.canvas.canvas.context.current
    node = studio.graph.nodes.get(current or "")
    return (*studio.scope, node.id) if node is not None and node.op == INSTANCE and studio.primary is None else None


def has_way_in(w: MainWindow) -> bool:
    return way_in(w) is not None


def has_instance(w: MainWindow) -> bool:
    return selected_group(w) is not None


def is_inside(w: MainWindow) -> bool:
    return bool(w.studio.scope)


def is_outside(w: MainWindow) -> bool:
    return not w.studio.scope


def is_shared(w: MainWindow) -> bool:
    group = selected_group(w)
    return group is not None and is_used_elsewhere(w.studio.document, group.id, w.studio.primary or "")


def free_name(w: MainWindow, wanted: str) -> str:
    """Return a name that no group has."""
    taken = {group.name for group in w.studio.document.groups.values()}
    return next(name for i in range(1, len(taken) + 2) if (name := wanted if i == 1 else f"{wanted}_{i}") not in taken)


def group(w: MainWindow) -> None:
    """Make the selection a group, select it, and let its name be typed."""
    studio, ids = w.studio, w.studio.selected_nodes
    try:
        count = inputs_needed(studio.document, ids)
    except Refused as why:
        studio.notify(str(why))
        return
    instance = studio.new_id("n")
    inputs = tuple(studio.new_id("n") for _ in range(count))
    if studio.do(GroupNodes(ids, free_name(w, GROUP), studio.new_id("g"), instance, inputs)):
        studio.select((instance,))
        w.canvas.edit_group_name(instance)


def ungroup(w: MainWindow) -> None:
    studio, instance, made = w.studio, w.studio.primary, selected_group(w)
    if instance is None or made is None:
        return
    ids = {old: studio.new_id(old[0]) for old in ids_to_renew(studio.document, instance)}
    inside = [ids.get(n, n) for n in made.graph.nodes if n not in made.inputs]
    if studio.do(Ungroup(instance, ids)):
        studio.select(inside)


def enter(w: MainWindow) -> None:
    path = way_in(w)
    if path is not None:
        w.studio.enter(path)


def leave(w: MainWindow) -> None:
    w.studio.enter(w.studio.scope[:-1])


def rename_group(w: MainWindow) -> None:
    if w.studio.primary is not None and has_instance(w):
        w.canvas.edit_group_name(w.studio.primary)


def make_unique(w: MainWindow) -> None:
    studio, made = w.studio, selected_group(w)
    if made is not None and studio.primary is not None:
        studio.do(MakeUnique(studio.primary, {old: studio.new_id(old[0]) for old in ids_of(made)}, free_name(w, made.name)))


def _home(w: MainWindow) -> GroupId:
    return w.studio.home or ""


def add_input(w: MainWindow) -> None:
    """Let the group on the canvas take one tensor more."""
    studio, positions = w.studio, w.studio.document.layout.positions
    taken = [positions[n] for n in studio.document.groups[_home(w)].inputs if n in positions]
    at = (min(x for x, _ in taken), max(y for _, y in taken) + 140) if taken else (-220, 0)
    node = studio.new_id("n")
    if studio.do(AddGroupInput(_home(w), node, None, at)):
        studio.select((node,))


def is_output(w: MainWindow) -> bool:
    """Say whether the group on the canvas gives out what is selected."""
    home = w.studio.document.groups.get(_home(w))
    return home is not None and Ref(w.studio.primary or "") in home.outputs


def can_be_output(w: MainWindow) -> bool:
    return is_inside(w) and w.studio.primary is not None and w.studio.graph.nodes[w.studio.primary].op != INPUT


def toggle_output(w: MainWindow) -> None:
    """Let the group on the canvas give out what is selected, or no longer."""
    ref = Ref(w.studio.primary or "")
    outputs = w.studio.document.groups[_home(w)].outputs
    w.studio.do(RemoveGroupOutput(_home(w), outputs.index(ref)) if ref in outputs else AddGroupOutput(_home(w), ref))
