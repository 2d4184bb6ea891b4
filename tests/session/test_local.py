"""Local derivatives: those that are remembered from run to run are those that would be worked out anew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.bench.graphs import chain
from gradstudio.document.commands.nodes import Rename, SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.wires import SetLiteral, SwapInputs
from gradstudio.document.document import Document
from gradstudio.document.graph import Literal
from gradstudio.session import local
from gradstudio.session.run import run
from gradstudio.session.state import Local, State
from tests.document.making import array, example

LEAVES = ("n1", "n2")
EDITS = st.one_of(
    st.builds(lambda leaf, value: SetLeafValue(leaf, array(value)), st.sampled_from(LEAVES), st.sampled_from([0.0, -0.0, 2.0, -1.5])),
    st.builds(lambda leaf, on: SetRequiresGrad((leaf,), on), st.sampled_from(LEAVES), st.booleans()),
    st.builds(lambda value: SetLiteral("n4", (1,), Literal(value)), st.sampled_from([2, 3, 2.0])),
    st.builds(lambda name: Rename("n4", 0, name), st.sampled_from(["a", "square"])),
    st.just(SwapInputs("n5")),
)


def shown(document: Document, number: int) -> State:
    made = run(document, number)
    return made.state_at(made.trace.end)


def in_words(locals_: dict[object, Local]) -> dict[object, str]:
    return {key: repr(value) for key, value in locals_.items()}  # in which 0.0 is not -0.0


@settings(max_examples=40, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=8))
def test_what_is_remembered_is_what_would_be_worked_out(edits):
    document = example("accumulation")
    shown(document, 1)
    for number, edit in enumerate(edits, 2):
        document = edit.apply(document)
        remembered = shown(document, number)
        local._known.clear()
        assert in_words(remembered.locals) == in_words(shown(document, number).locals)


def test_what_does_not_change_is_not_worked_out_again(monkeypatch):
    document = example("accumulation")
    shown(document, 1)
    worked_out = []
    real = local._worked_out
    monkeypatch.setattr(local, "_worked_out", lambda d, node, *rest: worked_out.append(node.id) or real(d, node, *rest))
    shown(SetLeafValue("n2", array(5.0)).apply(document), 2)
    again = set(worked_out)
    assert again
    worked_out.clear()
    shown(SetLeafValue("n2", array(5.0)).apply(document), 3)
    assert not worked_out
    assert "n4" not in again  # a = x ** 2 does not read y


def test_of_large_operands_nothing_is_remembered():
    document = chain(40, (64, 64))
    local._known.clear()
    made = run(document, 1)
    assert made.state_at(made.trace.end).locals
    assert not local._known
