"""Commands on the script: what each makes, and what it refuses."""

from msgspec.structs import replace

from gradstudio.document.calls import (
    Backward,
    Forward,
    Grad,
    Hook,
    Print,
    SetGradEnabled,
    SetValue,
)  # fmt: skip
from gradstudio.document.commands.script import (
    AppendCall,
    BackwardFrom,
    ClearScript,
    EditCall,
    MoveCall,
    RemoveCalls,
    RetitleSection,
    SetCallEnabled,
    SetGradSwitch,
    SetSeed,
    SetTimes,
    UnwrapRepeat,
    WrapRepeat,
)  # fmt: skip
from gradstudio.document.graph import Ref
from gradstudio.document.script import Repeat, Section
from tests.document.commands.table import (
    ACC,
    LOOP,
    RESULTS,
    SMALL,
    Case,
    Refusal,
    call,
    each,
    each_refusal,
    field,
    ids,
)
from tests.document.making import document, leaf

CASES = [
    Case("append a call", SMALL, AppendCall(Print(id="c9")), ids, ["c1", "c2", "c9"]),
    Case("append a call at an index", SMALL, AppendCall(Print(id="c9"), 0, 1), ids, ["c1", "c9", "c2"]),
    Case("append a call to a document without a script", replace(SMALL, script=()), AppendCall(Print(id="c9")), ids, ["c9"]),
    Case("edit a call", SMALL, EditCall(Backward(id="c2", roots=(Ref("n3"),))), call("c2"), Backward(id="c2", roots=(Ref("n3"),))),
    Case("edit a call in a repeat", LOOP, EditCall(Print(id="c4", text="hi")), call("c4"), Print(id="c4", text="hi")),
    Case(
        "a Grad that loses inputs loses their readers",
        RESULTS,
        EditCall(Grad(id="c2", inputs=(Ref("n1"),))),
        field("n4", "inputs"),
        (Ref("c2"), None),
    ),
    Case("remove a call", LOOP, RemoveCalls(("c5", "c4")), ids, ["c1", ["c3"], "c6"]),
    Case("remove all calls of a repeat", LOOP, RemoveCalls(("c3", "c4")), ids, ["c1", "c5", "c6"]),
    Case("remove a repeat", LOOP, RemoveCalls(("c2",)), ids, ["c1", "c5", "c6"]),
    Case(
        "remove a Grad with its readers' wires",
        RESULTS,
        RemoveCalls(("c2",)),
        lambda d: (d.graph.nodes["n4"].inputs, d.call("c3").refs()),
        ((None, None), ()),
    ),
    Case("move a call", LOOP, MoveCall("c6", 0), ids, ["c6", "c1", ["c3", "c4"], "c5"]),
    Case("move a call within a repeat", LOOP, MoveCall("c4", 0), ids, ["c1", ["c4", "c3"], "c5", "c6"]),
    Case("move a repeat", LOOP, MoveCall("c2", 99), ids, ["c1", "c5", "c6", ["c3", "c4"]]),
    Case("disable calls", LOOP, SetCallEnabled(("c4", "c5"), False), lambda d: [c.id for c in d.calls() if not c.enabled], ["c4", "c5"]),
    Case("clear", RESULTS, ClearScript(), lambda d: (d.script, d.graph.nodes["n4"].inputs), ((Section("", ()),), (None, None))),
    Case("repeat calls", LOOP, WrapRepeat(("c6", "c5"), 4, "c9"), ids, ["c1", ["c3", "c4"], ["c5", "c6"]]),
    Case("repeat a repeat", LOOP, WrapRepeat(("c2", "c5"), 4, "c9"), lambda d: d.script[0].body[1].id, "c9"),
    Case("open a repeat", LOOP, UnwrapRepeat("c2"), ids, ["c1", "c3", "c4", "c5", "c6"]),
    Case("set the turns", LOOP, SetTimes("c2", 7), lambda d: d.script[0].body[1].times, 7),
    Case("set the seed", SMALL, SetSeed(-3), lambda d: d.seed, -3),
    Case(
        "backward from, where the last is automatic",
        SMALL,
        BackwardFrom(Ref("n3"), "c9"),
        call("c2"),
        Backward(id="c2", roots=(Ref("n3"),)),
    ),
    Case(
        "backward from, where the last is explicit",
        ACC,
        BackwardFrom(Ref("n5"), "c9"),
        lambda d: d.script[0].body[-1],
        Backward(id="c9", roots=(Ref("n5"),)),
    ),
    Case("backward from, where there is none", document(leaf("n1")), BackwardFrom(Ref("n1"), "c9"), ids, ["c1", "c9"]),
    Case("grad mode off", SMALL, SetGradSwitch(False, "c9"), lambda d: d.script[0].body[0], SetGradEnabled(id="c9", on=False)),
    Case("grad mode on again", SetGradSwitch(False, "c9").apply(SMALL), SetGradSwitch(True, "c10"), ids, ["c1", "c2"]),
    Case("grad mode on where it is on", SMALL, SetGradSwitch(True, "c9"), ids, ["c1", "c2"]),
    Case("title", SMALL, RetitleSection(0, "cell 1"), lambda d: d.script[0].title, "cell 1"),
]
REFUSALS = [
    Refusal(SMALL, AppendCall(Print(id="c1")), "already in the script"),
    Refusal(SMALL, AppendCall(Forward(id="c9", block="nowhere")), "no block nowhere"),
    Refusal(SMALL, AppendCall(Backward(id="c9", roots=(Ref("n77"),))), "there is no node n77"),
    Refusal(SMALL, AppendCall(Repeat("c9", 2, (Hook(id="c10", target=Ref("n1"), group="g7"),))), "a hook names a group"),
    Refusal(SMALL, EditCall(Print(id="c9")), "no longer in the script"),
    Refusal(SMALL, EditCall(SetValue(id="c2", target=Ref("n9"))), "there is no node n9"),
    Refusal(SMALL, MoveCall("c9", 0), "no longer in the script"),
    Refusal(LOOP, WrapRepeat(("c1", "c6"), 2, "c9"), "stand together"),
    Refusal(LOOP, WrapRepeat(("c4", "c5"), 2, "c9"), "stand together"),
    Refusal(LOOP, WrapRepeat((), 2, "c9"), "select the calls"),
    Refusal(LOOP, WrapRepeat(("c5",), -1, "c9"), "a repeat runs 0 to"),
    Refusal(LOOP, SetTimes("c2", 10**9), "a repeat runs 0 to"),
    Refusal(LOOP, SetTimes("c5", 2), "only a repeat"),
    Refusal(LOOP, UnwrapRepeat("c5"), "only a repeat"),
    Refusal(SMALL, SetSeed(2**64), "63 bits"),
    Refusal(SMALL, BackwardFrom(Ref("n77"), "c9"), "there is no node n77"),
    Refusal(SMALL, RetitleSection(3, ""), "no longer there"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
