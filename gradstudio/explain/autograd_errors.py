"""What PyTorch refuses in backward and autograd.grad."""

from __future__ import annotations

import re

import numpy as np
from msgspec.structs import replace

from gradstudio.document.calls import Backward, Forward, Grad
from gradstudio.document.commands.nodes import AddNode
from gradstudio.document.commands.script import EditCall
from gradstudio.document.graph import LEAF, Node
from gradstudio.explain.cuts import untracked
from gradstudio.explain.explanation import Explanation, Fix, NewId, one
from gradstudio.explain.failed import Failed
from gradstudio.explain.flow import resolve
from gradstudio.explain.wording import call_name, listed, shape_text
from gradstudio.session.trace import TensorKey


def second_backward(failed: Failed, _: re.Match[str]) -> Explanation:
    """The saved tensors of a node were freed by an earlier pass."""
    freed = [saved for saved in failed.state.saved.values() if saved.node == failed.at and saved.state == "freed"]
    names = listed(failed.label(saved.source) for saved in freed if saved.source)
    by = next((saved.freed_by for saved in freed if saved.freed_by), None)
    freer = call_name(failed.document, failed.trace, by) if by else "an earlier backward"
    words = (
        f"{failed.op} needs {names or 'what it saved'} to compute its gradient, but {freer} freed "
        f"{'them' if len(freed) != 1 else 'it'} when it finished. PyTorch does this to save memory."
    )
    forwards = [Forward(id="", block=block) for block in failed.blocks_behind()]
    again = failed.before("Run forward again", "Rebuilds the graph with fresh saved tensors", *forwards) if forwards else None
    return failed.explain("second_backward", "This graph was already used up", words, again, _keep_graph(failed, by), failed.go_back())


def _keep_graph(failed: Failed, freed_by: str | None) -> Fix | None:
    call = next((call for call in failed.document.calls() if call.id == freed_by), None)
    if not isinstance(call, (Backward, Grad)):
        return None
    name = "backward" if isinstance(call, Backward) else "grad"
    return Fix(
        "Keep the graph next time",
        f"{name}(retain_graph=True), uses more memory",
        one(lambda _: EditCall(replace(call, retain_graph=True))),
    )


def no_graph(failed: Failed, _: re.Match[str]) -> Explanation:
    """The root does not require grad."""
    untracked_root = next((key for key in failed.roots() if not _tracks(failed, key)), None)
    if untracked_root is None:
        return failed.explain(
            "no_graph", "There is no graph to go back through", "What backward starts from does not require grad.", failed.go_back()
        )
    label, found = failed.label(untracked_root), untracked(failed.about(untracked_root))
    words = f"{found.words} So {failed.call_name} has no graph to go back through."
    return failed.explain(
        "no_graph", f"{label} does not require grad", words, *found.fixes, failed.skip(), node=found.node, path=found.path
    )


def _tracks(failed: Failed, key: TensorKey) -> bool:
    view = failed.state.tensors.get(key)
    return view is None or view.requires_grad


def not_scalar(failed: Failed, _: re.Match[str]) -> Explanation:
    """A root with several elements has no seed."""
    views = failed.state.tensors
    seeds = failed.call.seeds if isinstance(failed.call, (Backward, Grad)) else ()
    bare = [
        key
        for i, key in enumerate(failed.roots())
        if (i >= len(seeds) or seeds[i] is None) and key in views and views[key].shape not in ((), (1,))
    ]
    if not bare:
        return failed.explain(
            "not_scalar",
            "backward starts from one number",
            "What it starts from has several elements: sum it, or give a seed.",
            failed.go_back(),
        )
    label, shape = failed.label(bare[0]), views[bare[0]].shape
    words = (
        f"{label} has shape {shape_text(shape)}, and backward starts from one number. Say how much each element counts, or sum them first."
    )
    return failed.explain(
        "not_scalar", f"{label} is not one number", words, _ones(failed, bare[0], shape), _sum_first(failed, bare[0]), failed.go_back()
    )


def _ones(failed: Failed, key: TensorKey, shape: tuple[int, ...]) -> Fix | None:
    call = failed.call
    if not isinstance(call, (Backward, Grad)):
        return None
    seed = np.ones(shape, failed.state.tensors[key].dtype)
    seed.flags.writeable = False
    at = failed.roots().index(key)
    seeds = tuple(seed if i == at else call.seeds[i] if i < len(call.seeds) else None for i in range(len(failed.roots())))
    label = failed.label(key)
    return Fix("Count every element once", f"{label}.backward(torch.ones{shape})", one(lambda _: EditCall(replace(call, seeds=seeds))))


def _sum_first(failed: Failed, key: TensorKey) -> Fix | None:
    call = failed.call
    if not isinstance(call, Backward) or len(key[0]) > 1 or len(call.roots) != 1 or call.automatic:
        return None
    x, y = failed.document.layout.positions.get(key[0][-1], (0, 0))
    block = failed.document.graph.block_of[key[0][-1]]

    def build(new_id: NewId) -> tuple[AddNode, EditCall]:
        node = Node(id=new_id("n"), op="sum", inputs=(failed.ref(key),))
        return AddNode(node, block, (x + 220, y)), EditCall(replace(call, roots=(failed.ref(((node.id,), 0)),), seeds=()))

    return Fix("Sum it first", f"{failed.label(key)}.sum().backward(), one more node", build)


def seed_shape(failed: Failed, found: re.Match[str]) -> Explanation:
    """A seed has another shape than its root."""
    index = int(found[1])
    roots = failed.roots()
    label = failed.label(roots[index]) if index < len(roots) else "the root"
    shapes = f"{_torch_shape(found[3])}, not {_torch_shape(found[2])}"
    words = f"A seed says how much each element of {label} counts, so it needs the same shape: {shapes}."
    fix = (
        _ones(failed, roots[index], failed.state.tensors[roots[index]].shape)
        if index < len(roots) and roots[index] in failed.state.tensors
        else None
    )
    return failed.explain("seed_shape", "The seed has another shape", words, fix, failed.go_back())


def _torch_shape(text: str) -> str:
    numbers = [int(each) for each in re.findall(r"\d+", text)]
    return shape_text(tuple(numbers))


def unused(failed: Failed, found: re.Match[str]) -> Explanation:
    """autograd.grad was asked for a tensor that the outputs do not depend on."""
    call = failed.call
    label = failed.label(key) if (key := _asked(failed, int(found[1]))) else "one of the inputs"
    outputs = listed(failed.label(root) for root in failed.roots()) or "the outputs"
    fix = (
        Fix("Allow it", "allow_unused=True: its gradient is None", one(lambda _: EditCall(replace(call, allow_unused=True))))
        if isinstance(call, Grad)
        else None
    )
    drop = _drop_input(failed, int(found[1]), label)
    return failed.explain(
        "unused",
        f"{label} was not used",
        f"{outputs} does not depend on {label}, so there is no gradient to return.",
        fix,
        drop,
        failed.go_back(),
    )


def _asked(failed: Failed, index: int) -> TensorKey | None:
    inputs = failed.call.inputs if isinstance(failed.call, (Backward, Grad)) else ()
    return resolve(failed.document, ((inputs[index].source,), inputs[index].out)) if index < len(inputs) else None


def _drop_input(failed: Failed, index: int, label: str) -> Fix | None:
    call = failed.call
    if not isinstance(call, Grad) or len(call.inputs) < 2 or index >= len(call.inputs):
        return None
    names = call.names[:index] + call.names[index + 1 :]
    rest = replace(call, inputs=call.inputs[:index] + call.inputs[index + 1 :], names=names)
    return Fix(f"Do not ask for {label}", "Takes it out of inputs", one(lambda _: EditCall(rest)))


def asked_untracked(failed: Failed, _: re.Match[str]) -> Explanation:
    """autograd.grad was asked for a tensor that does not require grad."""
    inputs = failed.call.inputs if isinstance(failed.call, (Backward, Grad)) else ()
    keys = [key for i in range(len(inputs)) if (key := _asked(failed, i))]
    key = next((key for key in keys if not _tracks(failed, key)), None)
    if key is None:
        return failed.explain(
            "asked_untracked",
            "One input does not require grad",
            "A gradient was asked for a tensor that does not require grad.",
            failed.go_back(),
        )
    found = untracked(failed.about(key))
    return failed.explain(
        "asked_untracked", f"{failed.label(key)} does not require grad", found.words, *found.fixes, failed.go_back(), node=found.node
    )


def hook_untracked(failed: Failed, _: re.Match[str]) -> Explanation:
    """A hook waits for a gradient of a tensor that gets none."""
    target = _target(failed)
    found = untracked(failed.about(target)) if target else None
    label = failed.label(target) if target else "the tensor"
    words = found.words if found else f"{label} does not require grad."
    title = f"{label} gets no gradient to hook"
    return failed.explain(
        "hook_untracked", title, words, failed.skip(), *(found.fixes if found else ()), node=target[0] if target else None
    )


def flag_of_computed(failed: Failed, _: re.Match[str]) -> Explanation:
    """requires_grad_() of a tensor that was computed."""
    target = _target(failed)
    label = failed.label(target) if target else "the tensor"
    words = f"{label} was computed, so it requires grad exactly when something that it was made from does. Only leaves have a switch."
    title = f"{label} has no switch of its own"
    return failed.explain("flag_of_computed", title, words, failed.skip(), failed.go_back(), node=target[0] if target else None)


def _target(failed: Failed) -> TensorKey | None:
    """Return the tensor that a call is about: of several the first that is no leaf."""
    refs = failed.call.refs() if failed.call else ()
    keys = [key for ref in refs if (key := resolve(failed.document, ((ref.source,), ref.out)))]
    return next((key for key in keys if failed.document.node(key[0]).op != LEAF), keys[0] if keys else None)


RULES = (
    (r"Trying to backward through the graph a second time", second_backward),
    (r"element \d+ of tensors does not require grad", no_graph),
    (r"grad can be implicitly created only for scalar outputs", not_scalar),
    (r"Mismatch in shape: grad_output\[(\d+)\] has a shape of (.*?) and output\[\d+\] has a shape of (.*?)\.?$", seed_shape),
    (r"The differentiated Tensor at index (\d+) appears to not have been used", unused),
    (r"One of the differentiated Tensors does not require grad", asked_untracked),
    (r"cannot register a hook on a tensor that doesn't require gradient", hook_untracked),
    (r"you can only change requires_grad flags of leaf variables", flag_of_computed),
)
