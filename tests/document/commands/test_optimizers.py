"""Commands on optimizers: what each makes, and what it refuses."""

from gradstudio.document.calls import (
    OptimizerStep,
)  # fmt: skip
from gradstudio.document.commands.optimizers import RemoveOptimizer, SetOptimizer
from gradstudio.document.commands.script import (
    AppendCall,
)  # fmt: skip
from gradstudio.document.document import Optimizer
from gradstudio.document.graph import Ref
from tests.document.commands.table import SMALL, TRAINED, Case, Refusal, each, each_refusal, ids

CASES = [
    Case("set an optimizer", SMALL, SetOptimizer(Optimizer("o1", "Adam", (Ref("n1"),))), lambda d: d.optimizers["o1"].kind, "Adam"),
    Case(
        "remove an optimizer with its calls",
        AppendCall(OptimizerStep(id="c9", optimizer="o1")).apply(TRAINED),
        RemoveOptimizer("o1"),
        lambda d: (len(d.optimizers), ids(d)),
        (0, ["c1", "c2"]),
    ),
]
REFUSALS = [
    Refusal(SMALL, SetOptimizer(Optimizer("o1", "SGD", (Ref("n77"),))), "there is no node n77"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
