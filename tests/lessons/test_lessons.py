"""The lessons that ship: none is done at its start, each has its ways to be done, and the numbers are PyTorch's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradstudio.document.codec import dumps
from gradstudio.document.commands.command import Command
from gradstudio.document.commands.nodes import SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.script import AppendCall, BackwardFrom, MoveCall, RemoveCalls, SetCallEnabled
from gradstudio.document.commands.wires import DetachWire, SetLiteral
from gradstudio.document.graph import Literal, Ref
from gradstudio.lessons.ended import ended
from gradstudio.lessons.goals import Goal, GradFnIs, GradIs, RequiresGrad, ValueIs, Visits
from gradstudio.lessons.lesson import all_lessons, shipped
from gradstudio.lessons.mark import mark
from gradstudio.session.run import run
from tests.code.compare import differences
from tests.explain.build import failure, fixed
from tests.lessons.solving import SOLUTIONS, add, after, backward, end_of, kept_graph, lesson, marked, safe, seed, unmet

KEYS = json.loads(Path(__file__).parents[1].joinpath("data", "lesson_keys.json").read_text(encoding="utf-8"))
NAMES = sorted(shipped())


def asked(name: str, kind: type[Goal], of: str | None = None) -> Any:
    """Return what the first goal of a kind, about a tensor, wants."""
    return next(g for g in lesson(name).goals if isinstance(g, kind) and of in (None, getattr(g, "of", None)))


def test_the_lessons_follow_each_other() -> None:
    assert [each.number for each in all_lessons()] == [*range(1, len(NAMES) + 1)]
    assert set(NAMES) == set(SOLUTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_start_is_in_canonical_form_and_is_not_yet_the_solution(name: str) -> None:
    made = lesson(name)
    assert (shipped()[name] / "start.grad").read_bytes() == dumps(made.start)
    found = marked(name)
    assert not found.done
    assert found.hint == ""  # nothing was tried yet


@pytest.mark.parametrize(("name", "commands"), [(name, commands) for name in NAMES for commands in SOLUTIONS[name]])
def test_a_solution_is_accepted(name: str, commands: tuple[Command, ...]) -> None:
    assert unmet(marked(name, commands)) == []


# ---- PyTorch's numbers


def test_the_answers_are_what_torch_gives() -> None:
    assert asked("hidden-graph", ValueIs, "z").equals == KEYS["hidden-graph"]["z"]
    assert asked("hidden-graph", GradIs, "x").equals == KEYS["hidden-graph"]["x"]
    assert asked("hidden-graph", GradFnIs).equals == KEYS["hidden-graph"]["grad_fn"]
    assert asked("hidden-graph", Visits).names == (KEYS["hidden-graph"]["grad_fn"], *KEYS["hidden-graph"]["next"])
    assert {of: asked("backward", GradIs, of).equals for of in ("x", "y")} == KEYS["backward"]
    assert asked("accumulation", GradIs).equals == KEYS["accumulation"][-1]
    assert {asked("retain-graph", GradIs).equals} == {KEYS["retain-graph"][way] for way in ("retain", "joint", "sum")}
    assert asked("detach", GradIs).equals == KEYS["detach"]["detached"]
    assert asked("no-grad", ValueIs).equals == pytest.approx(KEYS["no-grad"][-1], rel=1e-6)
    assert list(asked("vector-roots", GradIs).equals) == KEYS["vector-roots"][-1][1]
    assert {of: asked("requires-grad", RequiresGrad, of).equals for of in "cde"} == {of: KEYS["requires-grad"][of] for of in "cde"}
    assert {f"{of}.grad": asked("requires-grad", GradIs, of).equals for of in "ab"}.items() <= KEYS["requires-grad"].items()
    assert [list(asked("straight-through", kind).equals) for kind in (ValueIs, GradIs)] == KEYS["straight-through"]["detached"]
    assert list(asked("nan-hunt", GradIs).equals) == KEYS["nan-hunt"]["double where"]


def test_the_starts_give_what_torch_gives() -> None:
    assert end_of(lesson("detach")).grad("x").item == KEYS["detach"]["full"]
    assert end_of(lesson("retain-graph")).grad("x").item == KEYS["retain-graph"]["none"]
    assert end_of(lesson("zero-grad")).tensor("w").item == KEYS["zero-grad"]["without"][-1]
    assert end_of(lesson("zero-grad"), SOLUTIONS["zero-grad"][0]).tensor("w").item == KEYS["zero-grad"]["with"][-1]
    assert list(end_of(lesson("straight-through")).grad("x").cells) == KEYS["straight-through"]["full"][1]
    assert [each if each == each else "nan" for each in end_of(lesson("nan-hunt")).grad("x").cells] == KEYS["nan-hunt"]["naive"]
    error = next(iter(o.error for o in end_of(lesson("retain-graph")).trace.outcomes.values() if o.error))
    assert error.message == KEYS["retain-graph"]["error"]


@pytest.mark.parametrize("passes", range(1, 6))
def test_gradients_add_up_as_in_torch(passes: int) -> None:
    assert end_of(lesson("accumulation"), kept_graph(passes)).grad("x").item == KEYS["accumulation"][passes - 1]


@pytest.mark.parametrize(("v", "grad"), KEYS["vector-roots"])
def test_a_seed_gives_what_torch_gives(v: list[float], grad: list[float]) -> None:
    assert end_of(lesson("vector-roots"), seed(*v)).grad("x").cells == tuple(grad)


SOLVED = [(name, commands) for name in NAMES for commands in ((), *SOLUTIONS[name])]


@pytest.mark.parametrize(("name", "commands"), SOLVED)
@pytest.mark.parametrize("own", [True, False])
def test_a_start_and_a_solution_run_as_programs(name: str, commands: tuple[Command, ...], own: bool) -> None:
    if not own:
        pytest.importorskip("torch")
    assert differences(after(lesson(name).start, commands), own=own) == []


# ---- the ways out that an error's card offers


@pytest.mark.parametrize(
    ("name", "ways"), [("retain-graph", {"Run forward again", "Keep the graph next time"}), ("no-grad", {"Put sub_ under no_grad"})]
)
def test_ways_out_of_the_error_lead_to_the_goals(name: str, ways: set[str]) -> None:
    start = lesson(name).start
    fixes = [fix for fix in failure(start).fixes if fix.build is not None]
    done = {fix.words for fix in fixes if mark(lesson(name), ended(run(fixed(start, fix)), start)).done}
    assert done == ways


# ---- wrong answers

SECOND = (AppendCall(backward("c9", "n2")),)
WRONG: list[tuple[str, tuple[Command, ...], str, str]] = [
    ("hidden-graph", (add("n4", None, "n1", "n3"),), "there is no z", "Name it z"),
    ("hidden-graph", (add("n4", "z", "n3", "n2"),), "z is 9.0, not 8.0", "not y"),
    ("backward", (BackwardFrom(Ref("n5"), "c2"),), "y.grad is None (requires_grad is off), not 2.0", "Throw its switch"),
    ("backward", (BackwardFrom(Ref("n3"), "c2"),), "x.grad is 3.0, not 7.0", "Start it at z"),
    ("accumulation", SECOND, "backward raises RuntimeError", "retain_graph=True"),
    ("accumulation", kept_graph(4), "x.grad is 16.0, not 20.0", "one more"),
    ("accumulation", kept_graph(6), "backward runs 6 times, not 5 times", "one too many"),
    ("accumulation", (SetLeafValue("n1", np.array(10.0, "float32")),), "x was changed", ""),
    ("retain-graph", (RemoveCalls(("c2",)),), "x.grad is 20.0, not 32.0", "A has to be reached"),
    ("zero-grad", (SetCallEnabled(("c5",), True),), "zero_() raises AttributeError", "at the end of the turn"),
    ("zero-grad", (SetCallEnabled(("c5",), True), MoveCall("c5", 2)), "w is 1.0, not 3.0", "after the update"),
    ("detach", (DetachWire("n2", (0,), "n3"), DetachWire("n2", (1,), "n4")), "x.grad is None", "Both wires are cut"),
    ("requires-grad", (SetRequiresGrad(("n1",), True),), "d requires grad", "as long as b does"),
    ("requires-grad", (SetRequiresGrad(("n2",), False),), "e does not require grad", "from a or from b"),
    ("straight-through", (DetachWire("n4", (0,), "n6"),), "x.grad is [−1.0, −1.0], not [1.0, 1.0]", "Cut the other one"),
    ("straight-through", (DetachWire("n2", (0,), "n6"),), "x.grad is [0.0, 0.0], not [1.0, 1.0]", "comes through d"),
    ("nan-hunt", (SetLiteral("n4", (2,), Literal(1)),), "y is [1.0, 2.0], not [0.0, 2.0]", "put another in front"),
    ("nan-hunt", safe(1.0)[:1], "x.grad is [nan, 0.25], not [0.0, 0.25]", "Press I"),
    ("no-grad", (SetRequiresGrad(("n1",), False),), "w does not require grad", "has to stay tracked"),
    ("vector-roots", seed(1, 2), "x.grad is [5.0, 4.0], not [7.0, 5.0]", "The other way round"),
    ("vector-roots", seed(2, 1, 0), "backward raises RuntimeError", "as many elements"),
]


@pytest.mark.parametrize(("name", "commands", "told", "hint"), WRONG, ids=[f"{w[0]}: {w[2]}" for w in WRONG])
def test_a_wrong_answer_is_told_apart_and_gets_its_hint(name: str, commands: tuple[Command, ...], told: str, hint: str) -> None:
    found = marked(name, commands)
    assert any(complaint.startswith(told) for complaint in unmet(found)), unmet(found)
    assert hint in found.hint
