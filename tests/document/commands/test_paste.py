"""Commands on pasting: what each makes, and what it refuses."""

from gradstudio.document.commands.paste import Paste
from gradstudio.document.fragment import copy
from gradstudio.document.graph import Ref
from tests.document.commands.table import SMALL, Case, Refusal, each, each_refusal, field

CASES = [
    Case("paste", SMALL, Paste(copy(SMALL, ["n4"]), {"n4": "n9"}), field("n9", "inputs"), (Ref("n3"),)),
]
REFUSALS = [
    Refusal(SMALL, Paste(copy(SMALL, ["n4"]), {}), "needs a new id"),
    Refusal(SMALL, Paste(copy(SMALL, ["n4"]), {"n4": "n9"}, block="nowhere"), "no block nowhere"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
