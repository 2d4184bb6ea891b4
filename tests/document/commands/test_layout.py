"""Commands on the layout: what each makes, and what it refuses."""

from gradstudio.document.commands.layout import AddComment, Arrange, Collapse, EditComment, MoveNodes, Reroute
from gradstudio.document.document import Comment
from tests.document.commands.table import ACC, SMALL, Case, Refusal, each, each_refusal

CASES = [
    Case("move nodes", SMALL, MoveNodes({"n1": (1.4, -2.6)}), lambda d: d.layout.positions["n1"], (1, -3)),
    Case("arrange all", SMALL, Arrange(), lambda d: [d.layout.positions[n][0] for n in ("n1", "n2", "n3", "n4")], [0, 0, 240, 480]),
    Case("arrange some", ACC, Arrange(("n4", "n5")), lambda d: (d.layout.positions["n4"], d.layout.positions["n5"]), ((200, 0), (440, 0))),
    Case("collapse", SMALL, Collapse(("n4", "n3"), True), lambda d: d.layout.collapsed, ("n4", "n3")),
    Case("expand", Collapse(("n4", "n3"), True).apply(SMALL), Collapse(("n4",), False), lambda d: d.layout.collapsed, ("n3",)),
    Case("add a comment", SMALL, AddComment(Comment((0, 0, 9, 9), "t")), lambda d: d.layout.comments, (Comment((0, 0, 9, 9), "t"),)),
    Case(
        "edit a comment",
        AddComment(Comment((0, 0, 9, 9))).apply(SMALL),
        EditComment(0, Comment((1, 1, 9, 9))),
        lambda d: d.layout.comments,
        (Comment((1, 1, 9, 9)),),
    ),
    Case("remove a comment", AddComment(Comment((0, 0, 9, 9))).apply(SMALL), EditComment(0, None), lambda d: d.layout.comments, ()),
    Case("reroute", SMALL, Reroute("n4", (0,), ((5, 5),)), lambda d: d.layout.reroutes, (("n4", (0,), ((5, 5),)),)),
    Case("straighten", Reroute("n4", (0,), ((5, 5),)).apply(SMALL), Reroute("n4", (0,), ()), lambda d: d.layout.reroutes, ()),
]
REFUSALS = [
    Refusal(SMALL, MoveNodes({"n1": (10**9, 0)}), "the canvas ends here"),
    Refusal(SMALL, AddComment(Comment((0, 0, 1, 1), "\0")), "NUL"),
    Refusal(SMALL, EditComment(0, None), "no longer there"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
