"""Goals: each kind holds where it should, and says what is there where it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from gradstudio.document.calls import Backward, Forward, SetGradNone, ZeroGrad
from gradstudio.document.document import Document
from gradstudio.document.graph import Ref
from gradstudio.document.script import Repeat, Section
from gradstudio.document.strict import CodecError, Place
from gradstudio.lessons.ended import Ended, ended
from gradstudio.lessons.goals import KINDS, read_goal
from gradstudio.lessons.mark import complaint
from gradstudio.session.run import run
from tests.document.making import document, leaf, op


def small() -> Document:
    """x = [1, 2] tracked, c = 3, y = x * c, s = y.sum(), s.backward(); then the name y again, and a backward that raises."""
    return document(
        leaf("n1", [1.0, 2.0], names=("x",), requires_grad=True),
        leaf("n2", 3.0, names=("c",)),
        op("n3", "mul", "n1", "n2", names=("y",)),
        op("n4", "sum", "n3", names=("s",)),
        op("n5", "exp", "n2", names=("y",)),
        calls=(Backward(id="c2", roots=(Ref("n4"),)), Backward(id="c3", roots=(Ref("n3"),))),
    )


END = ended(run(small()), small())
CASES: list[tuple[dict[str, Any], str | None]] = [
    ({"kind": "grad", "of": "x", "equals": [3, 3]}, None),
    ({"kind": "grad", "of": "x", "equals": [3, 4]}, "x.grad is [3.0, 3.0], not [3.0, 4.0]"),
    ({"kind": "grad", "of": "x", "equals": 3}, "x.grad is of the shape (2,), not ()"),
    ({"kind": "grad", "of": "x", "equals": None}, "x.grad is [3.0, 3.0], not None"),
    ({"kind": "grad", "of": "c", "equals": None}, None),
    ({"kind": "grad", "of": "c", "equals": 1}, "c.grad is None (requires_grad is off), not 1.0"),
    ({"kind": "grad", "of": "q", "equals": 1}, "there is no q"),
    ({"kind": "grad", "of": "x", "equals": [3.1, 2.9], "within": 0.11}, None),
    ({"kind": "grad", "of": "x", "equals": [3.2, 2.9], "within": 0.11}, "x.grad is [3.0, 3.0], not [3.2, 2.9]"),
    ({"kind": "value", "of": "s", "equals": 9}, None),
    ({"kind": "value", "of": "s", "equals": 9.0001}, "s is 9.0, not 9.0001"),
    ({"kind": "value", "of": "y#1", "equals": [3, 6]}, None),
    ({"kind": "value", "of": "y", "equals": 20.085537}, None),  # the last y, as in Python
    ({"kind": "shape", "of": "y#1", "equals": [2]}, None),
    ({"kind": "shape", "of": "s", "equals": [1]}, "s has the shape ()"),
    ({"kind": "requires_grad", "of": "s"}, None),
    ({"kind": "requires_grad", "of": "s", "equals": False}, "s requires grad"),
    ({"kind": "requires_grad", "of": "c"}, "c does not require grad"),
    ({"kind": "is_leaf", "of": "c"}, None),
    ({"kind": "is_leaf", "of": "s"}, "s is no leaf: its grad_fn is SumBackward0"),
    ({"kind": "is_leaf", "of": "x", "equals": False}, "x is a leaf"),
    ({"kind": "grad_fn", "of": "s", "equals": "SumBackward0"}, None),
    ({"kind": "grad_fn", "of": "s", "equals": "MulBackward0"}, "s.grad_fn is SumBackward0, not MulBackward0"),
    ({"kind": "grad_fn", "of": "x", "equals": None}, None),
    ({"kind": "quiet"}, "backward raises RuntimeError: grad can be implicitly created only for scalar outputs"),
    ({"kind": "raises", "call": "backward"}, None),
    ({"kind": "raises", "call": "backward", "says": "scalar outputs"}, None),
    ({"kind": "raises", "call": "forward"}, "no forward raises"),
    (
        {"kind": "raises", "call": "backward", "error": "TypeError"},
        "backward raises RuntimeError: grad can be implicitly created only for scalar outputs",
    ),
    ({"kind": "times", "call": "backward", "times": 1}, None),  # the one that raised does not count
    ({"kind": "times", "call": "backward", "times": 2}, "backward runs once, not twice"),
    ({"kind": "times", "call": "zero_grad", "times": 0}, None),
    ({"kind": "times", "call": "zero_grad", "times": 1}, "zero_() does not run"),
    ({"kind": "sequence", "calls": ["forward", "backward"]}, None),
    ({"kind": "sequence", "calls": ["backward", "forward"]}, "they run in this order: forward, backward"),
    ({"kind": "sequence", "calls": ["print"]}, "none of them runs"),
    ({"kind": "between", "two": "backward", "calls": ["zero_grad"]}, "backward runs once"),
    ({"kind": "visits", "names": ["SumBackward0", "MulBackward0", "AccumulateGrad"]}, None),
    ({"kind": "visits", "names": ["SumBackward0"]}, "it visits SumBackward0, MulBackward0, AccumulateGrad"),
    ({"kind": "ran", "op": "sum"}, None),
    ({"kind": "ran", "op": "mean"}, "no mean ran"),
    ({"kind": "kept", "nodes": ["x", "s"]}, None),
]


@pytest.mark.parametrize(("tree", "told"), CASES, ids=str)
def test_a_goal_holds_or_says_what_is_there(tree: dict[str, Any], told: str | None) -> None:
    goal = read_goal(Place(tree))
    assert goal.words
    found = complaint(goal, END)
    assert found == told if told is None else found is not None and found.startswith(told[:60]), found


def test_every_kind_of_goal_has_a_case_that_holds_and_one_that_does_not() -> None:
    held = {tree["kind"] for tree, told in CASES if told is None}
    missed = {tree["kind"] for tree, told in CASES if told is not None}
    assert held == set(KINDS) - {"quiet", "between"}
    assert missed == set(KINDS) - {"kept"}


@pytest.mark.parametrize(("wanted", "told"), [(0.3334, "x is 0.3333, not 0.3334"), (0.33331, "x is 0.33333334, not 0.33331")])
def test_numbers_that_look_alike_are_told_with_all_their_digits(wanted: float, told: str) -> None:
    third = document(leaf("n1", 1 / 3, names=("x",)))
    assert complaint(read_goal(Place({"kind": "value", "of": "x", "equals": wanted})), ended(run(third), third)) == told


def with_calls(*calls: Any) -> Ended:
    """Return the end of a loop of three turns over x ** 2."""
    made = document(leaf("n1", 2.0, names=("x",), requires_grad=True), op("n2", "pow", "n1", 2, names=("y",)))
    made = replace(made, script=(Section("", (Repeat("c9", 3, calls),)),))
    return ended(run(made), made)


FORWARD, BACKWARD = Forward(id="c1", block="main"), Backward(id="c2", roots=(Ref("n2"),))
ZERO, FORGET = ZeroGrad(id="c3", targets=(Ref("n1"),)), SetGradNone(id="c4", targets=(Ref("n1"),))
BETWEEN = read_goal(Place({"kind": "between", "two": "backward", "calls": ["zero_grad", "set_grad_none"]}))


@pytest.mark.parametrize("clear", [ZERO, FORGET])
def test_between_counts_the_turns_of_a_repeat(clear: Any) -> None:
    assert complaint(BETWEEN, with_calls(FORWARD, BACKWARD, clear)) is None
    assert complaint(BETWEEN, with_calls(FORWARD, BACKWARD)) == "backward runs again with none of them in between"
    assert complaint(BETWEEN, with_calls(FORWARD, BACKWARD, replace(clear, enabled=False))) == (
        "backward runs again with none of them in between"
    )


def test_quiet_holds_where_nothing_raises_and_nothing_waits() -> None:
    quiet = read_goal(Place({"kind": "quiet"}))
    assert complaint(quiet, with_calls(FORWARD, BACKWARD)) is None
    waits = replace(small(), script=(Section("", (Forward(id="c1", block="main"), Backward(id="c2"))),))
    assert complaint(quiet, ended(run(waits), waits)) == "backward waits: choose what to start from"


def test_kept_tells_a_change_a_new_name_and_a_deletion() -> None:
    kept = read_goal(Place({"kind": "kept", "nodes": ["c"]}))
    start = small()
    graph = start.graph

    def now(document: Document) -> str | None:
        return complaint(kept, ended(run(document), start))

    assert now(start.with_graph(graph.with_node(leaf("n2", 3.0, names=("c",))))) is None
    assert now(start.with_graph(graph.with_node(leaf("n2", 3.5, names=("c",))))) == "c was changed"
    assert now(start.with_graph(graph.with_node(leaf("n2", 3.0, names=("k",))))) == "c was changed"
    assert now(document(leaf("n1", 1.0, names=("x",)))) == "c is no longer there"


def test_what_was_computed_past_a_failure_does_not_count() -> None:
    made = document(leaf("n1", [1.0, 2.0]), leaf("n2", [1.0, 2.0, 3.0]), op("n3", "add", "n1", "n2", names=("bad",)), op("n4", "exp", "n1"))
    end = ended(run(made), made)
    assert complaint(read_goal(Place({"kind": "value", "of": "bad", "equals": 1})), end) == "bad was not computed"
    assert complaint(read_goal(Place({"kind": "shape", "of": "exp", "equals": [2]})), end) == "exp was not computed"


def test_one_number_stands_for_a_tensor_of_one_element_but_a_large_one_is_never_equal() -> None:
    made = document(leaf("n1", [[2.0]], names=("x",)), leaf("n2", np.zeros(100), names=("big",)))
    end = ended(run(made), made)
    assert complaint(read_goal(Place({"kind": "value", "of": "x", "equals": 2})), end) is None
    assert complaint(read_goal(Place({"kind": "value", "of": "x", "equals": [2]})), end) == "x is of the shape (1, 1), not (1,)"
    assert complaint(read_goal(Place({"kind": "value", "of": "big", "equals": [0.0]})), end) == "big is of the shape (100,), not (1,)"
    assert complaint(read_goal(Place({"kind": "grad", "of": "big", "equals": 0})), end) is not None


REFUSED: list[tuple[Any, str, str]] = [
    ([], "", "an object stands here"),
    ({}, "", "None is no kind of goal"),
    ({"kind": "eval", "code": "1"}, "", "'eval' is no kind of goal"),
    ({"kind": "grad", "of": "x"}, "", "the key equals is missing"),
    ({"kind": "grad", "of": "x", "equals": 1, "extra": 1}, "", "the key 'extra' is not known here"),
    ({"kind": "grad", "of": 1, "equals": 1}, "of", "a text stands here"),
    ({"kind": "grad", "of": "x", "equals": "1"}, "equals", "a number stands here, not '1'"),
    ({"kind": "grad", "of": "x", "equals": True}, "equals", "a number stands here, not True"),
    ({"kind": "grad", "of": "x", "equals": []}, "equals", "of one length, and not empty"),
    ({"kind": "grad", "of": "x", "equals": [1, [2]]}, "equals", "of one length"),
    ({"kind": "grad", "of": "x", "equals": [[1, 2], [3]]}, "equals", "of one length"),
    ({"kind": "grad", "of": "x", "equals": [[0] * 13] * 5}, "equals", "at most 64 numbers"),
    ({"kind": "grad", "of": "x", "equals": [[[[[1]]]]]}, "equals[0][0][0][0]", "a number stands here"),
    ({"kind": "value", "of": "x", "equals": None}, "equals", "a number stands here, not None"),
    ({"kind": "value", "of": "x", "equals": 1, "within": -1}, "within", "at least 0"),
    ({"kind": "shape", "of": "x", "equals": [-1]}, "equals[0]", "outside 0"),
    ({"kind": "raises", "call": "open"}, "call", "'open' is no kind of call"),
    ({"kind": "sequence", "calls": []}, "calls", "at least one"),
    ({"kind": "times", "call": "backward", "times": 1.5}, "times", "a whole number"),
    ({"kind": "requires_grad", "of": "x", "equals": 1}, "equals", "true or false"),
]


@pytest.mark.parametrize(("tree", "place", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_no_goal_is_refused_with_place_and_reason(tree: Any, place: str, words: str) -> None:
    with pytest.raises(CodecError) as refused:
        read_goal(Place(tree))
    assert refused.value.path == place
    assert words in refused.value.words
