"""Arrangement: layers from left to right, few crossings, nothing on top of another."""

from hypothesis import given, settings

from gradstudio.document.arrange import arranged, arranged_in_lines, below, beside, clear_of
from gradstudio.document.commands.layout import Arrange, MoveNodes
from gradstudio.document.document import Document, new_document
from gradstudio.document.limits import MAX_POSITION
from tests.document.making import document, documents, example, leaf, op


def test_wires_run_to_the_right() -> None:
    doc = example("accumulation")
    at = arranged(doc)
    assert all(at[wire.source.source][0] < at[wire.target][0] for wire in doc.graph.wires)


def test_a_leaf_stands_just_left_of_its_first_reader() -> None:
    doc = document(leaf("n1"), op("n2", "exp", "n1"), op("n3", "neg", "n2"), leaf("n4"), op("n5", "mul", "n3", "n4"))
    at = arranged(doc)
    assert at["n4"][0] == at["n3"][0]


def test_wires_that_need_not_cross_do_not() -> None:
    doc = document(leaf("n1"), leaf("n2"), leaf("n3"), op("n4", "exp", "n3"), op("n5", "exp", "n2"), op("n6", "exp", "n1"))
    rows = {n: y for n, (_, y) in arranged(doc).items()}
    assert (rows["n1"] < rows["n2"] < rows["n3"]) == (rows["n6"] < rows["n5"] < rows["n4"])


def test_blocks_stand_in_lines_and_none_in_another() -> None:
    names = [f"b{i}" for i in range(7)]
    nodes = [leaf("n1"), *(op(f"n{i}", "exp", f"n{i - 1}") for i in range(2, 23))]
    blocks = {name: tuple(f"n{1 + 3 * i + j}" for j in range(3)) for i, name in enumerate(names)} | {"last": ("n22",)}
    doc = document(*nodes, blocks=blocks)
    at = arranged_in_lines(doc)
    boxes = [[*zip(*(at[n] for n in ids), strict=True)] for ids in blocks.values()]
    tops = [min(ys) for _, ys in boxes]
    assert tops == sorted(tops)
    assert len({*tops}) > 1
    for i, (xs, ys) in enumerate(boxes):
        for xs2, ys2 in boxes[:i]:
            assert min(xs) > max(xs2) or max(xs) < min(xs2) or min(ys) > max(ys2) or max(ys) < min(ys2)


@settings(max_examples=30, deadline=None)
@given(documents())
def test_every_node_has_a_place_of_its_own_in_lines(doc: Document) -> None:
    at = arranged_in_lines(doc)
    assert set(at) == set(doc.graph.nodes)
    assert len(set(at.values())) == len(at)


def test_a_selection_stays_where_its_corner_is() -> None:
    doc = MoveNodes({"n4": (300, 70), "n5": (900, 10)}).apply(example("accumulation"))
    at = arranged(doc, ("n4", "n5"))
    assert set(at) == {"n4", "n5"}
    assert (min(x for x, _ in at.values()), min(y for _, y in at.values())) == (300, 10)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_no_node_lies_on_another(doc: Document) -> None:
    at = arranged(doc)
    assert len(set(at.values())) == len(at) == len(doc.graph.nodes)
    assert arranged(Arrange().apply(doc)) == at, "arranging twice changes nothing"


def test_a_very_long_chain_stays_on_the_canvas() -> None:
    doc = document(leaf("n1"), *(op(f"n{i}", "exp", f"n{i - 1}") for i in range(2, 20_000)))
    assert max(x for x, _ in arranged(doc).values()) <= MAX_POSITION


def test_a_free_place_is_beside_and_not_on_top() -> None:
    doc = example("tutorial")
    assert beside(new_document()) == (0, 0)
    x, y = beside(doc, "n4")
    assert (x, y) == (660, 60)
    taken = MoveNodes({"n4": (x, y)}).apply(MoveNodes({"n3": (x - 240, y)}).apply(doc))
    assert beside(taken, "n3") == (x, y + 180)


def test_a_piece_goes_down_until_it_covers_nothing() -> None:
    assert clear_of([], [(0, 0)]) == 0
    assert clear_of([(0, 0), (0, 180)], [(0, 0)]) == 360
    assert clear_of([(0, 0), (240, 0)], [(0, 0), (240, 180)]) == 180
    assert clear_of([(900, 0)], [(0, 0)]) == 0


def test_a_leaf_goes_below_the_leaf_that_is_near() -> None:
    doc = example("tutorial")
    x = doc.layout.positions["n1"][0]
    place = below(doc, "n1")
    assert place[0] == x
    assert place[1] > max(at[1] for at in doc.layout.positions.values() if at[0] == x)
    assert below(new_document()) == (0, 0)
