"""A run of the same steps sends the values that differ, and no key again."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.bench.graphs import chain
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.document import Document
from gradstudio.session import again, messages
from gradstudio.session.delta import MAPS, changed_keys, differs, touched_keys
from gradstudio.session.messages import Ran
from gradstudio.session.run import run
from gradstudio.session.state import State, View
from tests.document.making import array, example


def with_leaf(document: Document, node: str, value: float) -> Document:
    return SetLeafValue(node, array(value)).apply(document)


def travelled(answer: Ran) -> Ran:
    return messages.decode_answer(messages.encode(answer))


def told(state: State) -> bytes:
    """Return a state as bytes, whatever its maps are."""
    return msgspec.msgpack.encode(replace(state, **{name: dict(getattr(state, name)) for name in MAPS}))


def test_the_values_lead_from_any_step_of_a_run_to_that_of_the_next():
    before, after = (run(with_leaf(example("accumulation"), "n1", value), i) for i, value in enumerate((2.0, -3.5), 1))
    for k in range(before.trace.end + 1):
        old, new = before.state_at(k), after.state_at(k)
        sent = again.values(old, new)
        assert told(again.restored(old, sent)) == told(new)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([2.0, -3.5, 0.0, -0.0, 2.0, float("nan")]), st.booleans()), min_size=2, max_size=8))
def test_a_state_that_follows_many_others_is_that_of_its_own_run(edits: list[tuple[float, bool]]):
    """Whether what came between was looked at or not."""
    runs = [run(with_leaf(example("accumulation"), "n1", value), i) for i, (value, _) in enumerate(edits, 1)]
    states = [each.state_at(each.trace.end) for each in runs]
    shown = states[0]
    for old, new, (_, looked_at) in zip(states, states[1:], edits[1:], strict=False):
        before, shown = shown, again.restored(shown, again.values(old, new))
        for name in MAPS:
            map_before, map_now = getattr(before, name), getattr(shown, name)
            assert set(changed_keys(map_before, map_now)) == set(changed_keys(getattr(old, name), getattr(new, name)))
            assert differs(map_before, map_now) == differs(getattr(old, name), getattr(new, name))
        if looked_at:
            few = {key: shown.tensors[key] for key in list(shown.tensors)[::3]}
            assert all(few[key] is shown.tensors.get(key) for key in few)
            assert told(shown) == told(new)
            assert all(few[key] is shown.tensors[key] for key in few)
    assert told(shown) == told(states[-1])


def test_what_an_edit_does_not_reach_is_neither_sent_nor_replaced():
    document = example("accumulation")
    before, after = run(document, 1), run(with_leaf(document, "n1", 5.0), 2)
    old = before.state_at(before.trace.end)
    sent = again.values(old, after.state_at(after.trace.end))
    assert sent.tensors.changed is not None
    untouched = [key for key, changed in zip(old.tensors, sent.tensors.changed, strict=True) if not changed]
    assert (("n2",), 0) in untouched
    restored = again.restored(old, sent)
    assert all(restored.tensors[key] is old.tensors[key] for key in untouched)
    assert restored.tensors[("n1",), 0].item == 5.0


def test_a_zero_that_changes_its_sign_is_sent():
    first, second = (run(with_leaf(chain(3), "n1", value), i) for i, value in enumerate((0.0, -0.0), 1))
    sent = again.values(first.state_at(1), second.state_at(1))
    restored = again.restored(first.state_at(1), sent)
    assert str(restored.tensors[("n1",), 0].item) == "-0.0"


def test_maps_with_other_keys_are_sent_whole():
    result = run(example("accumulation"))
    old, new = result.state_at(3), result.state_at(40)
    sent = travelled(Ran(result.trace, None, False, again.values(old, new))).values
    assert sent is not None
    assert sent.tensors.changed is None
    assert told(again.restored(old, sent)) == told(new)


def test_steps_that_are_kept_are_put_back():
    before, after = run(chain(40), 1), run(with_leaf(chain(40), "n1", 0.2), 2)
    assert again.same_steps(before.trace, after.trace)
    sent = travelled(Ran(again.without_steps(after.trace), after.state_at(3), True))
    assert not sent.trace.steps
    assert sent.after((before.trace, before.state_at(3))) == (after.trace, after.state_at(3))
    assert not again.same_steps(before.trace, run(chain(41)).trace)


def test_a_tick_of_many_nodes_sends_numbers_and_no_keys():
    """Counted in bytes of a node: a wire, a tensor and a saved tensor have keys of ten to twenty bytes each."""
    nodes = 300
    before, after = run(chain(nodes), 1), run(with_leaf(chain(nodes), "n1", 0.4), 2)
    view, end = View(detail=()), before.trace.end
    old, new = before.state_at(end, view), after.state_at(end, view)
    whole = len(messages.encode(Ran(after.trace, new, False)))
    lean = len(messages.encode(Ran(again.without_steps(after.trace), None, True, again.values(old, new))))
    assert lean < 0.6 * whole


def test_what_is_touched_is_named_one_by_one_unless_it_is_most_of_very_many():
    for nodes, exact in ((200, True), (400, False)):
        before, after = run(chain(nodes), 1), run(with_leaf(chain(nodes), "n2", 0.4), 2)
        end = before.trace.end
        old, new = before.state_at(end), after.state_at(end)
        shown, differing = again.restored(old, again.values(old, new)), changed_keys(old.tensors, new.tensors)
        assert not touched_keys(shown.tensors, shown.tensors)
        named = touched_keys(shown.tensors, again.restored(shown, again.values(new, old)).tensors)
        assert named >= differing
        assert named == (differing if exact else shown.tensors.keys())
        assert len(differing) < len(shown.tensors)
