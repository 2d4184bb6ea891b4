"""The whole tutorial in one document: each cell's numbers, and the names that are used again."""

from __future__ import annotations

import json

from msgspec.structs import replace

from gradstudio.document import codec
from gradstudio.document.calls import Backward, Forward
from gradstudio.document.commands.blocks import NewBlock
from gradstudio.document.commands.frames import WrapInFrame
from gradstudio.document.commands.nodes import AddNode
from gradstudio.document.commands.script import AppendCall, EditCall
from gradstudio.document.document import Document
from gradstudio.document.graph import Literal, Node, Ref
from gradstudio.session.run import Run, run
from tests.session.test_run import example, leaf


def whole_tutorial() -> Document:
    """Cells 5 and 6 in a block of their own, the last cell in another."""
    commands = (
        NewBlock("cells", "c3"),
        AddNode(Node("n5", "detach", (Ref("n1"),), names=("detached_x",)), "cells", (0, 400)),
        AddNode(Node("n6", "mul", (Ref("n1"), Literal(2)), names=("y",)), "cells", (220, 400)),
        WrapInFrame(("n6",), "no_grad", ("f1",)),
        NewBlock("last", "c4"),
        AddNode(leaf("n7", "x", [3.0]), "last", (0, 600)),
        AddNode(Node("n8", "pow", (Ref("n7"), Literal(2)), names=("y",)), "last", (220, 600)),
        AppendCall(Backward(id="c5", roots=(Ref("n8"),))),
    )
    document = example("tutorial")
    for command in commands:
        document = command.apply(document)
    return document


def view(result: Run, label: str):
    return result.state_at(result.trace.end).tensors[result.labels.by_label(label)]


def test_each_name_that_is_used_again_has_a_label_of_its_own():
    labels = run(whole_tutorial()).labels
    assert [labels.label((n,)) for n in ("n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8")] == [
        "x#1",
        "y#1",
        "a",
        "z",
        "detached_x",
        "y#2",
        "x#2",
        "y#3",
    ]


def test_each_cell_gives_what_the_tutorial_prints():
    result = run(whole_tutorial())
    assert all(o.kind == "ok" for o in result.trace.outcomes.values())
    grads = result.state_at(result.trace.end).grads
    assert {result.labels.label(*key): v.item for key, v in grads.items()} == {"x#1": 12.0, "y#1": 4.0, "x#2": 6.0}
    assert not view(result, "detached_x").requires_grad
    assert not view(result, "y#2").requires_grad
    assert view(result, "y#2").item == 4.0


def test_nothing_flows_through_the_detach_or_out_of_the_frame():
    flows = run(whole_tutorial()).state_at(9).flows
    assert not [key for key in flows if key[0] in (("n5",), ("n6",))]


def test_the_second_cell_of_the_tutorial_as_it_stands_raises_and_its_mistake_is_the_lesson():
    document = example("tutorial")
    twice = AppendCall(Backward(id="c3", roots=(Ref("n4"),), retain_graph=True)).apply(document)
    assert run(twice).trace.outcomes["c3"].error.type == "RuntimeError"
    first = twice.call("c2")
    mended = EditCall(replace(first, retain_graph=True)).apply(twice)
    result = run(mended)
    assert {result.labels.label(*k): v.item for k, v in result.state_at(result.trace.end).grads.items()} == {"x": 24.0, "y": 8.0}


def test_the_document_keeps_its_bytes():
    document = whole_tutorial()
    assert [c.block for c in document.calls() if isinstance(c, Forward)] == ["main", "cells", "last"]
    again = codec.document_from(json.loads(codec.dumps(document)))
    assert codec.dumps(again) == codec.dumps(document)
