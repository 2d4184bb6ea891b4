"""Goals of any form: read or refused, and looked at on any run without a fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.document import labels
from gradstudio.document.calls import KINDS as CALLS
from gradstudio.document.strict import CodecError, Place
from gradstudio.lessons.ended import Ended, ended
from gradstudio.lessons.goals import KINDS, Goal, read_goal
from gradstudio.lessons.mark import complaint
from gradstudio.session.run import run
from tests.code.documents import random_document

LABELS = st.one_of(st.sampled_from(("x", "y", "loss", "w", "grad", "mul#1", "x.1", "a/b", "#", "", "x#", ".1")), st.text(max_size=5))
NUMBERS = st.recursive(st.one_of(st.integers(-9, 9), st.floats(-1e30, 1e30)), lambda inner: st.lists(inner, max_size=3), max_leaves=5)
VALUES = st.one_of(st.none(), st.booleans(), NUMBERS, LABELS, st.lists(LABELS, max_size=3), st.sampled_from(sorted(CALLS)))
KIND = st.sampled_from(sorted(CALLS))
FITTING = {
    "of": LABELS, "equals": st.one_of(st.none(), st.booleans(), NUMBERS, LABELS), "within": st.floats(0, 1), "op": LABELS,
    "call": KIND, "two": KIND, "calls": st.lists(KIND, min_size=1, max_size=3), "times": st.integers(0, 9),
    "names": st.lists(LABELS, min_size=1, max_size=2), "nodes": st.lists(LABELS, min_size=1, max_size=2),
}  # fmt: skip
ANY = st.dictionaries(st.sampled_from((*FITTING, "error", "says", "other")), VALUES, max_size=4)
ENDS = [ended(run(random_document(seed)), random_document(seed)) for seed in range(20)]


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the tree of a goal: of one kind, with fields that may fit."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    own = [name for name in KINDS[kind].__struct_fields__ if name in FITTING]
    return {"kind": kind, **{name: draw(FITTING[name]) for name in own}, **(draw(ANY) if draw(st.integers(0, 4)) == 0 else {})}


def goal_of(tree: dict[str, Any]) -> Goal | CodecError:
    """Return the goal, or why it is refused; nothing else may come of a tree."""
    try:
        return read_goal(Place(tree))
    except CodecError as refused:
        return refused


@settings(max_examples=400, deadline=None)
@given(trees(), st.sampled_from(ENDS))
def test_a_goal_of_any_form_is_refused_or_held_to_any_run(tree: dict[str, Any], end: Ended) -> None:
    goal = goal_of(tree)
    if isinstance(goal, Goal):
        assert goal.words
        assert complaint(goal, end) != ""
    else:
        assert goal.words


def test_a_label_beyond_all_measure_is_refused() -> None:
    with pytest.raises(CodecError, match="of: a label has at most 500 characters"):
        read_goal(Place({"kind": "shape", "of": f"x.{'1' * 5000}", "equals": []}))


def test_of_every_tensor_of_a_run_a_goal_can_say_what_is_there() -> None:
    for end in ENDS:
        for label in labels_of(end):
            for kind in ("grad", "value"):
                for equals in (1e-30, [7.0, 7.0]):
                    found = complaint(read_goal(Place({"kind": kind, "of": label, "equals": equals})), end)
                    assert found is None or found.startswith(label)


def labels_of(end: Ended) -> list[str]:
    return [labels.of(end.document).label(*key) for key in end.state.tensors]
