"""What PyTorch refuses of writes in place."""

from __future__ import annotations

import re

from gradstudio.document.commands.frames import WrapInFrame
from gradstudio.document.commands.nodes import AddNode, SetRequiresGrad
from gradstudio.document.commands.script import MoveCall
from gradstudio.document.graph import Node, NodePath, OperandPath
from gradstudio.engine import TABLE
from gradstudio.explain.explanation import Explanation, Fix, NewId, one
from gradstudio.explain.failed import Failed
from gradstudio.explain.flow import resolve
from gradstudio.explain.script import place_of
from gradstudio.explain.wording import call_name
from gradstudio.session.state import SavedTensor
from gradstudio.session.trace import Step, TensorKey


def leaf_in_place(failed: Failed, found: re.Match[str]) -> Explanation:
    """A leaf that requires grad, or a view of one, is written to while grad mode is on."""
    leaf = _base(failed, _written(failed)) if failed.at else None
    label = failed.label(leaf) if leaf else "the leaf"
    what = f"a view of {label}" if found[0].startswith("a view") else label
    words = (
        f"{failed.op} would change {what} in place. {label} is a leaf that requires grad: autograd would lose what its gradient belongs to."
    )
    return failed.explain(
        "leaf_in_place", f"{label} is a leaf, so it is locked", words, _no_grad(failed), _off(failed, leaf), failed.show()
    )


def _no_grad(failed: Failed) -> Fix | None:
    if not failed.at:
        return None
    return Fix(
        f"Put {failed.op} under no_grad", "The write is not recorded, as in an update of weights",
        one(lambda new: WrapInFrame((failed.at[-1],), "no_grad", (new("f"),))),
    )  # fmt: skip


def _off(failed: Failed, leaf: TensorKey | None) -> Fix | None:
    if leaf is None:
        return None
    return Fix(f"Stop tracking {failed.label(leaf)}", "Turns its requires_grad off", one(lambda _: SetRequiresGrad((leaf[0][-1],), False)))


def _written(failed: Failed) -> TensorKey | None:
    return failed.flow.sources.get((failed.at, written_operand(failed.node.op)))


def written_operand(op: str) -> OperandPath:
    """Return the operand that an in-place op writes to."""
    row = TABLE.get(op)
    names = [each.name for each in row.inputs] if row else []
    return (names.index(row.mutates),) if row and row.mutates in names else (0,)


def _base(failed: Failed, key: TensorKey | None) -> TensorKey | None:
    """Follow views and writes in place back to the tensor whose storage it is, out of groups too."""
    while key is not None and (key := resolve(failed.document, key)) is not None:
        op = failed.document.node(key[0]).op
        row = TABLE.get(op)
        if row is None or not (row.views or row.mutates or op == "detach"):
            return key
        key = failed.flow.sources.get((key[0], written_operand(op)))
    return None


def changed_after_saving(failed: Failed, found: re.Match[str]) -> Explanation:
    """A tensor that a node saved was written to before its backward ran."""
    saved = _spoilt(failed)
    label = failed.label(saved.source) if saved and saved.source else f"a tensor of shape {found[1] or '()'}"
    k, writer = _writer(failed, saved)
    who = _writer_name(failed, writer)
    words = (
        f"{failed.op} saved {label} at version {found[3]} and needs it as it was, but {who} changed it in place: "
        f"it is at version {found[2]} now. Its gradient would come out wrong, so PyTorch stops."
    )
    go = Fix("Go to the write", f"Step {k}", go_to=k, focus=writer.node) if writer else None
    title = f"{label} was changed in place"
    return failed.explain(
        "changed_in_place",
        title,
        words,
        _clone_first(failed, writer.node if writer and writer.kind == "op" else ()),
        _write_later(failed, writer),
        go,
        failed.go_back(),
    )


def _spoilt(failed: Failed) -> SavedTensor | None:
    return next((saved for saved in failed.state.saved.values() if saved.node == failed.at and saved.version != saved.version_now), None)


def _writer(failed: Failed, saved: SavedTensor | None) -> tuple[int, Step | None]:
    """Return the last step before the failed call that wrote to the storage of a saved tensor."""
    base = _base(failed, saved.source if saved else None)
    outcome = failed.trace.outcomes.get(failed.call.id) if failed.call else None
    last = (outcome.first - 1) if outcome and outcome.first else failed.trace.end
    for k in range(last, 0, -1):
        step = failed.trace.steps[k - 1]
        if _writes(failed, step, base):
            return k, step
    return 0, None


def _writes(failed: Failed, step: Step, base: TensorKey | None) -> bool:
    if step.kind == "call":
        kind = failed.document.call(step.call).kind
        return kind == "optimizer_step" or (kind == "set_value" and (base is None or step.node == base[0]))
    node = failed.document.node(step.node) if step.node in failed.flow.paths else None
    row = TABLE.get(node.op) if node and step.kind == "op" else None
    if row is None or not row.mutates:
        return False
    return base is None or _base(failed, (step.node, 0)) == base


def _writer_name(failed: Failed, writer: Step | None) -> str:
    if writer is None:
        return "a later line"
    return failed.case.op(writer.node) if writer.kind == "op" else call_name(failed.document, failed.trace, writer.call)


def _clone_first(failed: Failed, path: NodePath) -> Fix | None:
    """Let an op that writes do so to a copy."""
    operand = written_operand(failed.document.node(path).op) if path else (0,)
    source = next((ref for each, ref in failed.document.node(path).refs() if each == operand), None) if path else None
    if source is None:
        return None
    node_id, (block, home) = path[-1], failed.home(path)
    x, y = failed.document.layout.positions.get(node_id, (0, 0))

    def build(new_id: NewId) -> tuple[AddNode]:
        clone = Node(id=new_id("n"), op="clone", inputs=(source,))
        return (AddNode(clone, block, (x - 180, y + 60), ((node_id, operand),), home),)

    return Fix(f"Let {failed.case.op(path)} change a copy", "A clone() in front of it keeps what is there", build)


def _write_later(failed: Failed, writer: Step | None) -> Fix | None:
    """Move a call that writes behind the one that failed."""
    if writer is None or writer.kind != "call" or failed.call is None:
        return None
    place, goal = place_of(failed.document, writer.call), place_of(failed.document, failed.call.id)
    if place is None or goal is None or place[0] != goal[0]:
        return None
    name = call_name(failed.document, failed.trace, writer.call)
    return Fix(
        f"Move {name} behind {failed.call_name}", "First the gradients, then the update", one(lambda _: MoveCall(writer.call, goal[1]))
    )


def shared_memory(failed: Failed, _: re.Match[str]) -> Explanation:
    """A write to memory that several elements, or several views, share."""
    words = f"{failed.op} would write to memory that more than one element or view shares, so what came out would depend on their order."
    return failed.explain("shared_memory", f"{failed.op} writes to shared memory", words, _clone_first(failed, failed.at), failed.show())


def view_across_modes(failed: Failed, _: re.Match[str]) -> Explanation:
    """A view made under no_grad is written to outside."""
    words = f"The view was made under no_grad, {failed.op} writes to it where grad mode is on. Put both inside the frame, or both outside."
    return failed.explain(
        "view_across_modes", "A view from under no_grad", words, _no_grad(failed), _clone_first(failed, failed.at), failed.show()
    )


def inference(failed: Failed, found: re.Match[str]) -> Explanation:
    """A tensor made under inference_mode is needed outside."""
    words = "A tensor made under inference_mode() has no version counter, so autograd cannot use it. no_grad() only stops recording."
    return failed.explain("inference", "A tensor from inference mode", words, failed.show(), failed.go_back())


RULES = (
    (r"is a view and is being modified inplace|more than one element of the written-to tensor", shared_memory),
    (r"A view was created in no_grad mode", view_across_modes),
    (r"[Ii]nference tensor", inference),
    (r"a (view of a )?leaf Variable that requires grad is being used in an in-place operation", leaf_in_place),
    (r"modified by an inplace operation: \[torch\.\w+ \[(.*?)\]\].*? is at version (\d+); expected version (\d+)", changed_after_saving),
)
