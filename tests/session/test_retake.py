"""A run of the same steps fills the log of the one before, and is what a run of its own is, to the bit."""

from __future__ import annotations

from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.bench.graphs import chain, layers
from gradstudio.document.calls import Backward, Forward, Hook, Print, ZeroGrad
from gradstudio.document.commands.groups import GroupNodes
from gradstudio.document.commands.nodes import Rename, SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.wires import SetLiteral, SwapInputs
from gradstudio.document.document import Document
from gradstudio.document.graph import Array, Literal, Node, Ref
from gradstudio.document.groups import Group
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section
from gradstudio.session import again, local, messages, trace
from gradstudio.session.again import Values
from gradstudio.session.delta import MAPS, changed_keys
from gradstudio.session.keyed import SENT, SUM
from gradstudio.session.messages import Ran
from gradstudio.session.retake import retake
from gradstudio.session.run import Run, run
from gradstudio.session.state import State, View
from tests.code.documents import random_document
from tests.document.making import array, example, graph, leaf, op
from tests.document.making import document as made_of
from tests.long import share

DOCUMENTS = [range(start, start + 100) for start in range(0, share(300, 2000), 100)]  # seeds, a hundred at a time
CREATE_GRAPH = "ignore:Using backward.. with create_graph=True:UserWarning"
pytestmark = pytest.mark.filterwarnings(CREATE_GRAPH)
encode = msgspec.msgpack.encode
ODD = (0.0, -0.0, 1.0, -2.5, 1e30, float("inf"), float("nan"))


def edited(document: Document, draw: Random) -> Document:
    """Return a document with other numbers in some of its leaves."""
    leaves = [n for n in document.graph.nodes.values() if isinstance(n.value, np.ndarray) and n.value.size]
    for node in draw.sample(leaves, min(len(leaves), 1 + draw.randrange(2))):
        document = SetLeafValue(node.id, other(node.value, draw)).apply(document)
    return document


def other(value: Array, draw: Random) -> Array:
    made = np.array(value)
    flat = made.reshape(-1)
    for i in range(flat.size):
        if draw.random() < 0.7:
            flat[i] = draw.choice(ODD) if draw.random() < 0.3 and made.dtype.kind == "f" else draw.randrange(-3, 4)
    made.flags.writeable = False
    return made


def told(result: Run, ks: list[int], draw: Random) -> list[bytes]:
    """Return all that a run tells, as bytes: its skeleton, states, arrays, and cells under the microscope."""
    found = [encode(replace(result.trace, elapsed=0.0))]
    found += [encode(result.state_at(k)) for k in ks]
    found += [encode(result.state_at(k, View(large=tuple(result.log.tensors)))) for k in ks[-1:]]
    for key in result.log.tensors:
        for grad in (False, True):
            whole = result.array(key, draw.choice(ks), grad)
            found.append(b"" if whole is None else whole.tobytes())
    for path, operand in list(result.log.flows)[:4]:
        look = result.look(path, operand, draw.choice(ks), 0)
        found.append(encode(look))
    return found


def assert_equal(retaken: Run, own: Run, seed: object) -> None:
    ks = sorted({0, own.trace.end, *Random(0).choices(range(own.trace.end + 1), k=5)})
    assert retaken.trace.end == own.trace.end, seed
    assert told(retaken, ks, Random(1)) == told(own, ks, Random(1)), seed


def assert_leads(before: State, change: Values, after: State, seed: object) -> None:
    """Assert that what is sent of a retake makes the state of a run of its own of the one before, row by row and as a whole."""
    sent = messages.decode_answer(messages.encode(Ran(trace.EMPTY, None, True, change))).values
    assert sent is not None
    for each in (change, sent):
        led = again.restored(before, each)
        for name in MAPS:
            old, made, wanted = (getattr(state, name) for state in (before, led, after))
            assert list(made) == list(wanted), seed
            assert all(encode(made[key]) == encode(wanted[key]) for key in [*wanted][::3]), (seed, name)
            assert encode(list(made.values())) == encode(list(wanted.values())), (seed, name)
            changed = set(changed_keys(old, made))
            assert all(key in changed or encode(old[key]) == encode(wanted[key]) for key in wanted), (seed, name)
        assert (led.run, led.k, led.queue, led.grad_enabled) == (after.run, after.k, after.queue, after.grad_enabled)


@pytest.mark.parametrize("seeds", DOCUMENTS, ids=str)
@pytest.mark.parametrize("rich", [False, True], ids=["plain", "rich"])
def test_any_retake_is_the_run_of_its_own(seeds, rich):
    count = 0
    for seed in seeds:
        draw = Random(seed)
        document = random_document(seed, rich)
        taken = run(document, 1)
        for number in range(2, 5):
            k = draw.choice((taken.trace.end, draw.randrange(taken.trace.end + 1)))
            view = View(draw.sample([*taken.log.tensors], min(2, len(taken.log.tensors))), draw.choice((None, ())))
            looked_at = taken.state_at(k, view)
            before = encode(looked_at)
            document = edited(document, draw)
            watched = draw.choice(((), [*taken.log.ops]))
            repeatable, found, own = taken.takers.repeatable, retake(taken, document, number, watched), run(document, number)
            assert (found is not None) == (repeatable and own.takers.repeatable), seed
            assert encode(looked_at) == before
            if found is not None:
                assert_leads(looked_at, found.renewed_at(k, view, looked_at.locals)[0], own.state_at(k, view), seed)
                assert_equal(found, own, seed)
                count += 1
            taken = found or own
    assert count > len(seeds) * (0.1 if rich else 1)


def test_what_differs_by_more_than_numbers_is_a_run_of_its_own():
    document = example("accumulation")
    taken = run(document, 1)
    node = document.graph.nodes["n1"]
    for changed in (
        replace(node, requires_grad=False),
        replace(node, value=array([1.0, 2.0])),
        replace(node, value=array(2.0, np.float64)),
        replace(node, names=("other",)),
    ):
        assert retake(taken, replace(document, graph=document.graph.with_nodes([changed])), 2) is None
    assert retake(taken, replace(document, script=document.script[:-1]), 2) is None
    assert_equal(taken, run(document, 1), "untouched")


def refused(document: Document, value: object) -> bool:
    """Return whether other numbers in n1 make another run, and the run before is what it was."""
    taken, draw = run(document, 1), Random(1)
    ks = list(range(taken.trace.end + 1))
    before = told(taken, ks, draw)
    found = retake(taken, SetLeafValue("n1", array(value)).apply(document), 2)
    return found is None and told(taken, ks, Random(1)) == before


def test_a_node_that_raises_with_other_numbers_makes_another_run():
    checked = made_of(leaf("n1", 2.0), leaf("n2", 2.0), op("n3", "mul", "n1", 3.0), op("n4", "assert_close", "n1", "n2"))
    assert refused(checked, 2.5)
    assert not refused(checked, 2.0)


def test_shapes_that_hang_on_numbers_make_another_run():
    chosen = made_of(
        leaf("n1", [1.0, -2.0, 3.0], requires_grad=True),
        op("n2", "gt", "n1", 0.0),
        op("n3", "masked_select", "n1", "n2"),
        op("n4", "sum", "n3"),
        calls=(Backward(id="c2", roots=(Ref("n4"),)),),
    )
    assert refused(chosen, [1.0, 2.0, 3.0])
    assert not refused(chosen, [-1.0, 2.0, 3.0])


def test_hooks_and_second_order_are_runs_of_their_own():
    second = made_of(
        leaf("n1", 2.0, requires_grad=True), op("n2", "pow", "n1", 3), calls=(Backward(id="c2", roots=(Ref("n2"),), create_graph=True),)
    )
    inside = graph(Node("i1", "input"), op("m1", "mul", "i1", 2.0), blocks={"body": ("i1", "m1")})
    body = Group("g1", "double", inside, ("i1",), (Ref("m1"),))
    hook = Hook(id="c3", target=Ref("n1"), group="g1")
    hooked = replace(second, groups=Map({"g1": body}), script=(Section("", (second.script[0].body[0], hook, Backward(id="c2"))),))
    for document in (second, hooked):
        assert refused(document, 3.0)
        assert not any(outcome.error for outcome in run(document).trace.outcomes.values())


def test_retained_written_and_saved_arrays_are_taken():
    """What is written in place after it was taken, what only an engine node has, a `.grad` that is retained, kept and zeroed."""
    document = made_of(
        leaf("n1", [0.5, -1.5], requires_grad=True),
        op("n2", "mul", "n1", 3.0, retain_grad=(0,)),
        op("n3", "exp", "n2"),
        op("n4", "clone", "n3"),
        op("n5", "mul_", "n4", "n1"),
        op("n6", "softmax", "n4", attrs=Map({"dim": 0})),
        op("n7", "sum", "n6"),
        calls=(
            Backward(id="c2", roots=(Ref("n7"),), retain_graph=True),
            ZeroGrad(id="c3", targets=(Ref("n1"),)),
            Backward(id="c4", roots=(Ref("n7"),)),
            Print(id="c5", operands=(Ref("n1"), Ref("n7"))),
        ),
    )
    taken = run(document, 1)
    assert not any(outcome.error for outcome in taken.trace.outcomes.values())
    assert any(taken.takers.copied)
    assert any(taken.takers.own)
    for number, value in enumerate(([0.25, 2.0], [-0.0, 0.0], [float("nan"), 1.0]), 2):
        document = SetLeafValue("n1", array(value)).apply(document)
        found = retake(taken, document, number)
        assert found is not None
        assert_equal(found, run(document, number), value)
        taken = found


def test_what_an_edit_does_not_reach_is_the_same_object(monkeypatch):
    """So it is neither worked out, nor sent, nor painted again."""
    document = example("accumulation")
    taken = run(document, 1)
    before = taken.state_at(taken.trace.end)
    worked_out, real = set(), local.local_derivatives
    monkeypatch.setattr(local, "local_derivatives", lambda op, *rest: worked_out.add(op) or real(op, *rest))
    for number, value in enumerate((5.0, 5.0), 2):
        found = retake(taken, SetLeafValue("n2", array(value)).apply(document), number)
        assert found is not None
        after = found.state_at(found.trace.end)
        assert after.tensors[("n1",), 0] is before.tensors[("n1",), 0]
        assert "pow" not in worked_out  # a = x ** 2 does not read y
        if number == 2:
            assert after.tensors[("n2",), 0] is not before.tensors[("n2",), 0]
            assert "mul" in worked_out
            worked_out.clear()
    assert not worked_out


def test_ops_that_are_watched_tell_their_local_derivatives_while_they_run(monkeypatch):
    """Asked after the run, they would be run once more for that: their nodes have let go of what they saved."""
    asked, real = [], local.local_derivatives
    monkeypatch.setattr(local, "local_derivatives", lambda op, *rest: asked.append(op) or real(op, *rest))
    document = chain(20)
    taken = run(document, 1)
    before = taken.state_at(taken.trace.end)
    assert len(asked) == len(taken.log.ops)
    asked.clear()
    changed = SetLeafValue("n2", array(0.75)).apply(document)
    found = retake(taken, changed, 2, [*taken.log.ops])
    assert found is not None
    after = found.state_at(found.trace.end)
    assert after.locals == run(changed, 2).state_at(found.trace.end).locals != before.locals
    assert len(asked) == len(found.log.ops)  # of the other run


EDITS = st.one_of(
    st.builds(lambda leaf, value: SetLeafValue(leaf, array(value)), st.sampled_from(["n1", "n2"]), st.sampled_from([0.0, -0.0, 2.0, -1.5])),
    st.builds(lambda leaf, on: SetRequiresGrad((leaf,), on), st.sampled_from(["n1", "n2"]), st.booleans()),
    st.builds(lambda value: SetLiteral("n4", (1,), Literal(value)), st.sampled_from([2, 3, 2.0])),
    st.builds(lambda name: Rename("n4", 0, name), st.sampled_from(["a", "square"])),
    st.just(SwapInputs("n5")),
)


def test_running_averages_are_shown_as_they_were_and_as_they_became():
    """PyTorch writes them without a new version."""
    document = made_of(
        leaf("n1", [[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]], requires_grad=True),
        leaf("n2", [0.0, 0.0]),
        leaf("n3", [1.0, 1.0]),
        op("n4", "batch_norm", "n1", "n2", "n3", attrs=Map({"training": True})),
        op("n5", "sum", "n4"),
        calls=(Backward(id="c2", roots=(Ref("n5"),)),),
    )
    taken = run(document, 1)
    means = [taken.state_at(k).tensors[("n2",), 0] for k in (0, 1)]
    assert [view.version for view in means] == [0, 0]
    assert means[0].cells == (0.0, 0.0)
    assert means[1].cells == pytest.approx((0.1333333, 0.2666667))
    assert taken.trace.writes[("n2",), 0] == (1,)
    for number, value in enumerate(([[float("nan"), 2.0], [3.0, 5.0], [0.0, 1.0]], np.ones((3, 2))), 2):
        document = SetLeafValue("n1", array(value)).apply(document)
        found = retake(taken, document, number)
        assert found is not None
        assert_equal(found, run(document, number), value)
        taken = found


def accumulated(w: float) -> Document:
    """Return `acc += x * y` in two turns, and `loss = acc * w` after them: one pass goes through the two turns."""
    made = graph(
        leaf("n1", w), leaf("n2", 2.0, requires_grad=True), leaf("n3", 3.0), leaf("n4", 0.0),
        op("n5", "mul", "n2", "n3"), op("n6", "add_", "n4", "n5"), op("n7", "mul", "n4", "n1"),
        blocks={"main": ("n1", "n2", "n3", "n4", "n5", "n6"), "end": ("n7",)},
    )  # fmt: skip
    turns = Repeat(id="r1", times=2, body=(Forward(id="c1", block="main"),))
    return Document(graph=made, script=(Section("", (turns, Forward(id="c2", block="end"), Backward(id="c3", roots=(Ref("n7"),)))),))


@pytest.mark.parametrize("first", [0.0, -0.0, 1.0, float("inf"), float("nan")])
def test_sums_that_agree_by_chance_do_not_decide_what_is_recorded(first):
    """What arrives at a node is not the sum of its terms where a seed is in it, or where its tensor stands for several turns."""
    seeded = made_of(
        leaf("n1", first, requires_grad=True),
        leaf("n2", first),
        op("n3", "mul", "n1", 2.0, retain_grad=(0,)),
        op("n4", "pow", "n3", 3),
        calls=(Backward(id="c2", roots=(Ref("n4"), Ref("n3")), seeds=(None, Ref("n2"))),),
    )
    for document, edit in ((accumulated(first), "n1"), (seeded, "n2"), (seeded, "n1")):
        other = SetLeafValue(edit, array(2.0)).apply(document)
        found, own = retake(run(document, 1), other, 2), run(other, 2)
        assert_equal(found or own, own, edit)


def test_what_raises_in_a_section_is_no_matter_of_the_next():
    beside = (op(f"m{i}", "mul", "n1", float(i)) for i in range(8))
    document = made_of(leaf("n1", 2.0), leaf("n2", 2.0), op("n3", "assert_close", "n1", "n2"), *beside)
    document = replace(document, script=(*document.script, Section("two", (Print(id="c9", text="hello"),))))
    assert refused(document, 2.5)


@settings(max_examples=40, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=8))
def test_any_edits_between_retakes_show(edits):
    document = example("accumulation")
    taken = run(document, 1)
    for number, edit in enumerate(edits, 2):
        document = edit.apply(document)
        own = run(document, number)
        taken = retake(taken, document, number) or own
        assert_equal(taken, own, edits)


LOOKS = st.lists(st.tuples(st.sampled_from([2.0, -3.5, 0.0, -0.0, float("nan")]), st.sampled_from(["none", "some", "all"])), max_size=8)


@settings(max_examples=30, deadline=None)
@given(LOOKS, st.booleans())
def test_a_state_that_follows_many_retakes_is_that_of_its_own_run(edits, own_run_between):
    """Whether what came between was looked at or not, and whether it was a retake or a run of its own."""
    document, view = example("accumulation"), View()
    taken = run(document, 1)
    state = shown = taken.state_at(taken.trace.end, view)
    known = state.locals
    for number, (value, looks) in enumerate(edits, 2):
        document = SetLeafValue("n1", array(value)).apply(document)
        own = run(document, number)
        before, state = state, own.state_at(own.trace.end, view)
        if own_run_between and number % 3 == 0:
            taken, known, change = own, state.locals, again.values(before, state)
        else:
            found = retake(taken, document, number)
            assert found is not None
            taken = found
            change, known = taken.renewed_at(taken.trace.end, view, known)
        shown = again.restored(shown, change)
        if looks == "some":
            few = {key: shown.tensors[key] for key in list(shown.tensors)[::3]}
            assert all(shown.tensors[key] is few[key] and shown.tensors.get(key) is few[key] for key in few)
            assert {key: encode(few[key]) for key in few} == {key: encode(state.tensors[key]) for key in few}
        elif looks == "all":
            assert_shows(shown, state)
    assert_shows(shown, state)
    assert shown.held == state.held


def assert_shows(shown: State, state: State) -> None:
    for name in MAPS:
        assert encode(dict(getattr(shown, name))) == encode(dict(getattr(state, name)))


def test_what_comes_together_at_the_input_of_an_instance_is_told_by_numbers():
    """No run hands out that sum: nothing is handed on there."""
    document = GroupNodes(("n9", "n10", "n11"), "inner", "g9", "n90", ("n91", "n92", "n93")).apply(layers(12))
    before = run(document, 1)
    known = before.state_at(before.trace.end)
    sums = [list(known.flows).index(key) for key, flow in known.flows.items() if key[0] == ("n90",) and len(flow.terms) > 1]
    found = retake(before, SetLeafValue("n1", array(0.9)).apply(document), 2)
    assert sums
    assert found is not None
    sent = found.renewed_at(found.trace.end, View(), known.locals)[0]
    changed = sent.flows.changed
    assert changed is not None
    assert SENT not in changed
    assert SUM in {changed[row] for row in sums}
    assert_leads(known, sent, run(found.document, 2).state_at(found.trace.end), 0)
