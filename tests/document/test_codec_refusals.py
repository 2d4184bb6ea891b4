"""What is no document is refused, with the place and the reason; nothing is repaired, nothing large is allocated."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.document.codec import CodecError, document_from, dumps, fragment_from
from gradstudio.document.rules import expanded_counts
from gradstudio.resources import resource

Tree = dict[str, Any]
TEXT = resource("examples", "accumulation.grad").read_text()
MISSING = object()


def changed(*changes: tuple[str, object]) -> Tree:
    """Return the example's tree with values set at places like `graph.nodes.n1.op`; MISSING takes one away."""
    tree: Tree = json.loads(TEXT)
    for path, value in changes:
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        at: Any = tree
        for step in way:
            at = at[step]
        if value is MISSING:
            del at[last]
        else:
            at[last] = value
    return tree


VALUE = "graph/nodes/n1/value"
REFUSED: list[tuple[str, object, str, str]] = [
    # place, what is put there, where the error points, words
    ("format", 2, "format", "it was made by GradStudio format 2; this program reads up to 1"),
    ("format", 0, "format", "the number lies outside"),
    ("format", "1", "format", "a whole number stands here, not '1'"),
    ("format", True, "format", "a whole number stands here, not True"),
    ("format", MISSING, "", "the key format is missing"),
    ("extra", 1, "", "the key 'extra' is not known here"),
    ("seed", 0.5, "seed", "a whole number stands here"),
    ("seed", 2**63, "seed", "the number lies outside"),
    ("graph", [], "graph", "an object stands here, not a list"),
    ("graph/nodes/x1", {"op": "leaf"}, "graph.nodes", "'x1' is no id"),
    ("graph/nodes/n01", {"op": "leaf"}, "graph.nodes", "'n01' is no id"),
    ("graph/nodes/n٣", {"op": "leaf"}, "graph.nodes", "is no id"),
    ("graph/nodes/n4/zz", 1, "graph.nodes.n4", "the key 'zz' is not known here"),
    ("graph/nodes/n4/op", 3, "graph.nodes.n4.op", "a name needs"),
    ("graph/nodes/n4/op", "a b", "graph.nodes.n4.op", "a name is made of"),
    ("graph/nodes/n4/names", ["class"], "graph.nodes.n4.names[0]", "class is a word of Python"),
    ("graph/nodes/n4/names", ["ﬀ"], "graph.nodes.n4.names[0]", "NFKC"),
    ("graph/nodes/n4/names", ["a" * 65], "graph.nodes.n4.names[0]", "64 characters"),
    ("graph/nodes/n4/names", ["a", "b"], "graph.nodes.n4", "pow does not have so many outputs"),
    ("graph/nodes/n4/retain_grad", [1], "graph.nodes.n4", "pow does not have so many outputs"),
    ("graph/nodes/n4/requires_grad", True, "graph.nodes.n4", "switches on leaves"),
    ("graph/nodes/n4/value", {"dtype": "float32", "shape": [], "data": [1.0]}, "graph.nodes.n4.value", "only a leaf has one"),
    ("graph/nodes/n4/frame", "f9", "graph.nodes.n4.frame", "there is no frame f9"),
    ("graph/nodes/n4/group", "g1", "graph.nodes.n4.group", "only an instance"),
    ("graph/nodes/n4/inputs/0/ref", "n99", "graph.nodes.n4.inputs[0]", "there is no node n99 here"),
    ("graph/nodes/n4/inputs/0/ref", "n12", "graph.nodes.n4.inputs[0]", "there is no node n12 here"),
    ("graph/nodes/n4/inputs/0/ref", "c1", "graph.nodes.n4.inputs[0]", "there is no call with results c1 here"),
    ("graph/nodes/n4/inputs/0/ref", ["n1"], "graph.nodes.n4.inputs[0].ref", "a list is no id"),
    ("graph/nodes/n4/inputs/0/out", 1, "graph.nodes.n4.inputs[0]", "n1 has no output 1"),
    ("graph/nodes/n4/inputs/0/out", -1, "graph.nodes.n4.inputs[0].out", "the number lies outside"),
    ("graph/nodes/n4/inputs/0/lit", 2, "graph.nodes.n4.inputs[0]", "the key 'ref' is not known here"),
    ("graph/nodes/n4/inputs/1/lit", {"float": "1.5"}, "graph.nodes.n4.inputs[1].lit", "a value is a number"),
    ("graph/nodes/n4/inputs/1/lit", {"slice": [1, 2]}, "graph.nodes.n4.inputs[1].lit", "a value is a number"),
    ("graph/nodes/n4/inputs/1/lit", {"slice": [1.0, 2, 3]}, "graph.nodes.n4.inputs[1].lit.slice[0]", "a whole number stands here"),
    ("graph/nodes/n4/inputs/1/lit", [[1]], "graph.nodes.n4.inputs[1].lit[0]", "no lists within lists"),
    ("graph/nodes/n4/inputs/1/lit", 10**30, "graph.nodes.n4.inputs[1].lit", "63 bits"),
    ("graph/nodes/n4/inputs/1/lit", float("inf"), "graph.nodes.n4.inputs[1].lit", "not finite"),
    ("graph/nodes/n4/inputs/1/lit", "a\0b", "graph.nodes.n4.inputs[1].lit", "NUL"),
    ("graph/nodes/n4/inputs/1/lit", "\ud800", "graph.nodes.n4.inputs[1].lit", "half a character"),
    ("graph/nodes/n5/inputs/0/ref", "n9", "graph.blocks.main", "n5 reads n9, which does not stand before it"),
    ("graph/nodes/n5/inputs/0/ref", "n5", "graph.blocks.main", "n5 reads n5"),
    ("graph/nodes/n7/group", "g2", "graph.nodes.n7.group", "there is no group g2"),
    ("graph/nodes/n7/inputs", [{"ref": "n3"}, {"ref": "n3"}], "graph.nodes.n7.inputs", "the group has fewer inputs"),
    ("graph/nodes/n10/op", "input", "graph.nodes.n10", "reads nothing"),
    ("graph/nodes/n1/op", "input", "graph.nodes.n1.value", "only a leaf has one"),
    ("graph/nodes/n1/value", MISSING, "graph.nodes.n1.value", "a leaf needs a start value"),
    (f"{VALUE}/dtype", "float8", "graph.nodes.n1.value.dtype", "there is no dtype float8"),
    (f"{VALUE}/dtype", "object", "graph.nodes.n1.value.dtype", "there is no dtype object"),
    (f"{VALUE}/shape", [2], "graph.nodes.n1.value.data", "2 numbers expected, 1 found"),
    (f"{VALUE}/shape", [-1], "graph.nodes.n1.value.shape[0]", "the number lies outside"),
    (f"{VALUE}/shape", [2**62, 4], "graph.nodes.n1.value.shape", "above the limit of 4,000,000"),
    (f"{VALUE}/shape", [0, 10**18], "graph.nodes.n1.value.shape", "above the limit"),
    (f"{VALUE}/shape", [1] * 65, "graph.nodes.n1.value.shape", "65 items are above the limit of 8"),
    (f"{VALUE}/shape", [True], "graph.nodes.n1.value.shape[0]", "a whole number stands here, not True"),
    (f"{VALUE}/data", [1e39], "graph.nodes.n1.value.data[0]", "does not fit into float32"),
    (f"{VALUE}/data", [10**400], "graph.nodes.n1.value.data[0]", "does not fit into float32"),
    (f"{VALUE}/data", [float("nan")], "graph.nodes.n1.value.data[0]", "a number stands here, not nan"),
    (f"{VALUE}/data", ["NaN"], "graph.nodes.n1.value.data[0]", "a number stands here, not 'NaN'"),
    (VALUE, {"dtype": "float32", "shape": [65], "data": [0.5] * 64 + [1e39]}, "graph.nodes.n1.value.data[64]", "does not fit"),
    (VALUE, {"dtype": "float32", "shape": [65], "data": [0.5] * 64 + [10**400]}, "graph.nodes.n1.value.data[64]", "does not fit"),
    (VALUE, {"dtype": "float32", "shape": [65], "data": [0.5] * 64 + [True]}, "graph.nodes.n1.value.data[64]", "not True"),
    (VALUE, {"dtype": "int8", "shape": [65], "data": [1] * 64 + [200]}, "graph.nodes.n1.value.data[64]", "outside -128 to 127"),
    (VALUE, {"dtype": "bool", "shape": [65], "data": [True] * 64 + [1]}, "graph.nodes.n1.value.data[64]", "true or false stands here"),
    (f"{VALUE}/data", [10**5000, "x"], "graph.nodes.n1.value.data", "1 numbers expected, 2 found"),
    ("format", 10**5000, "format", "the number lies outside"),
    ("graph/nodes/n4/op", 10**5000, "graph.nodes.n4.op", "a name needs"),
    ("graph/nodes/n4/inputs/0/ref", 10**5000, "graph.nodes.n4.inputs[0].ref", "a very large number is no id"),
    (f"{VALUE}/data", [True], "graph.nodes.n1.value.data[0]", "a number stands here, not True"),
    (f"{VALUE}/data", [None], "graph.nodes.n1.value.data[0]", "a number stands here, not None"),
    (f"{VALUE}/data", [[1.0]], "graph.nodes.n1.value.data[0]", "a number stands here, not a list"),
    (f"{VALUE}/base64", "AAAAQA==", "graph.nodes.n1.value", "either data or base64"),
    (VALUE, {"dtype": "int8", "shape": [1], "data": [128]}, "graph.nodes.n1.value.data[0]", "outside -128 to 127"),
    (VALUE, {"dtype": "int8", "shape": [1], "data": [1.0]}, "graph.nodes.n1.value.data[0]", "a whole number stands here"),
    (VALUE, {"dtype": "bool", "shape": [1], "data": [1]}, "graph.nodes.n1.value.data[0]", "true or false stands here"),
    (VALUE, {"dtype": "bool", "shape": [1], "base64": "Ag=="}, "graph.nodes.n1.value.base64", "the byte 0 or 1"),
    (VALUE, {"dtype": "float32", "shape": [1], "base64": "AAA="}, "graph.nodes.n1.value.base64", "4 bytes in base64"),
    (VALUE, {"dtype": "float32", "shape": [1], "base64": "AA!AAA=="}, "graph.nodes.n1.value.base64", "no base64"),
    (VALUE, {"dtype": "float32", "shape": [1], "base64": "AAAAAAA="}, "graph.nodes.n1.value.base64", "5 found"),
    (VALUE, {"dtype": "float32", "shape": [1], "base64": "ÄAAAAA=="}, "graph.nodes.n1.value.base64", "no base64"),
    (VALUE, {"dtype": "complex64", "shape": [], "data": [1.0]}, "graph.nodes.n1.value.data", "base64"),
    (VALUE, {"recipe": "os.system", "shape": [], "dtype": "float32"}, "graph.nodes.n1.value", "there is no recipe os.system"),
    (VALUE, {"recipe": "rand", "shape": [10**5, 10**5], "dtype": "float32"}, "graph.nodes.n1.value.shape", "above the limit of 16,000,000"),
    (VALUE, {"recipe": "rand", "shape": [], "dtype": "float32", "args": [1]}, "graph.nodes.n1.value", "rand takes at most 0"),
    ("graph/blocks/main/0", "n2", "graph.blocks.main[1]", "the node n2 stands in blocks twice"),
    ("graph/blocks/main/0", "n77", "graph.blocks.main[0]", "there is no node n77"),
    ("graph/blocks/main/10", MISSING, "graph.nodes.n11", "the node is in no block"),
    ("graph/blocks/other", ["n1"], "graph.blocks.other[0]", "the node n1 stands in blocks twice"),
    ("graph/blocks/class", [], "graph.blocks.class", "class is a word of Python"),
    ("graph/blocks/a b", [], "graph.blocks.'a b'", "a name is made of"),
    ("graph/frames/f1/kind", "grad", "graph.frames.f1.kind", "'grad' is no kind of frame"),
    ("graph/frames/f1/parent", "f1", "graph.frames.f1", "the frame lies in itself"),
    ("graph/frames/f1/parent", "f7", "graph.frames.f1.parent", "there is no frame f7"),
    ("graph/nodes/n9/frame", "f1", "graph.blocks.main", "the frame f1 do not lie together"),
    ("groups/g1/name", "a-b", "groups.g1.name", "a name is made of"),
    ("groups/g1/inputs", ["n13"], "groups.g1.graph.nodes.n12", "an input stands in a group, and among its inputs"),
    ("groups/g1/inputs", [], "graph.nodes.n7.inputs", "the group has fewer inputs"),
    ("groups/g1/outputs/0/ref", "n9", "groups.g1.outputs", "there is no node n9 here"),
    ("groups/g1/backward", "g5", "groups.g1.backward", "there is no group g5"),
    ("groups/g1/graph/blocks/more", [], "groups.g1.graph.blocks", "a group has one block, body"),
    ("groups/g1/graph/nodes/n14", {"op": "instance", "group": "g1", "inputs": []}, "groups", "the group l2_penalty contains itself"),
    ("groups/g1/graph/nodes/n14", {"op": "instance", "group": "g4", "inputs": []}, "groups.g1", "there is no group g4"),
    ("script/0/body/0/kind", "eval", "script[0].body[0]", "'eval' is no kind of call"),
    ("script/0/body/0/kind", MISSING, "script[0].body[0]", "None is no kind of call"),
    ("script/0/body/0/block", "nowhere", "script[0].body[0].block", "there is no block nowhere"),
    ("script/0/body/0/block", MISSING, "script[0].body[0]", "the key block is missing"),
    ("script/0/body/0/roots", [], "script[0].body[0]", "the key 'roots' is not known here"),
    ("script/0/body/0/enabled", 1, "script[0].body[0].enabled", "true or false stands here, not 1"),
    ("script/0/body/0/id", "n1", "script[0].body[0].id", "'n1' is no id"),
    ("script/0/body/0/id", "c2", "", "the id c2 occurs twice"),
    ("script/0/body/1/roots/0/ref", "n15", "script[0].body[1]", "there is no node n15 here"),
    ("script/0/body/1/seeds", [None, None], "script[0].body[1].seeds", "there are more seeds than roots"),
    ("script/0/body/1/seeds", [[]], "script[0].body[1].seeds[0]", "a seed is one tensor or one number"),
    ("script/0/body/1/automatic", True, "script[0].body[1].roots", "stores no roots"),
    ("script/0/body/1/retain_graph", 0, "script[0].body[1].retain_graph", "true or false stands here"),
    ("script/0/title", None, "script[0].title", "a text stands here, not None"),
    ("script/0/body/0", {"id": "c9", "kind": "repeat", "times": -1, "body": []}, "script[0].body[0].times", "the number lies outside"),
    ("script/0/body/0", {"id": "c9", "kind": "optimizer_step", "optimizer": "o1"}, "script[0].body[0].optimizer", "no optimizer o1"),
    ("script/0/body/0", {"id": "c9", "kind": "hook", "on": "nothing"}, "script[0].body[0]", "a hook names"),
    ("optimizers/o1", {"kind": "SGD", "params": [{"ref": "n50"}]}, "optimizers.o1.params", "there is no node n50 here"),
    ("optimizers/o1", {"kind": "SGD", "options": {"l r": 1}}, "optimizers.o1.options.'l r'", "a name is made of"),
    ("layout/positions/n1", [0, 0.5], "layout.positions.n1[1]", "a whole number stands here"),
    ("layout/positions/n1", [0, True], "layout.positions.n1[1]", "a whole number stands here"),
    ("layout/positions/n1", [0, 10**7], "layout.positions.n1[1]", "the number lies outside"),
    ("layout/positions/n1", [0], "layout.positions.n1", "a position is two whole numbers"),
    ("layout/positions/n88", [0, 0], "layout.positions", "there is no node n88"),
    ("layout/comments", [{"rect": [0, 0, 1]}], "layout.comments[0].rect", "a rectangle is"),
    ("layout/bookmarks", [{"name": "", "x": 0, "y": 0, "zoom": float("nan")}], "layout.bookmarks[0].zoom", "a zoom is"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where", "words"), REFUSED, ids=[f"{r[0]}: {r[3]}" for r in REFUSED])
def test_it_is_refused_with_the_place_and_the_reason(path: str, value: object, where: str, words: str) -> None:
    with pytest.raises(CodecError) as refused:
        document_from(changed((path, value)))
    assert refused.value.path == where
    assert words in refused.value.words


def test_the_example_itself_is_read() -> None:
    assert dumps(document_from(changed())).decode() == TEXT


@pytest.mark.parametrize("tree", [None, True, 3, "text", [], [json.loads(TEXT)], {}])
def test_what_is_no_object_of_a_document_is_refused(tree: object) -> None:
    with pytest.raises(CodecError):
        document_from(tree)


def test_an_unknown_op_is_read_and_kept() -> None:
    tree = changed(("graph/nodes/n4/op", "made_elsewhere"), ("graph/nodes/n4/attrs", {"beta": 1, "alpha": [1, {"float": "nan"}]}))
    assert json.loads(dumps(document_from(tree))) == tree


def test_an_integer_stands_for_a_float_where_floats_are_stored() -> None:
    doc = document_from(changed((f"{VALUE}/data", [2])))
    assert dumps(doc).decode() == TEXT


def test_a_decimal_that_is_not_exact_is_rounded_to_the_dtype() -> None:
    doc = document_from(changed((f"{VALUE}/data", [0.100000001])))
    assert '"data": [0.1]' in dumps(doc).decode()


def nested(levels: int, wrap: Callable[[object], object], inner: object) -> object:
    for _ in range(levels):
        inner = wrap(inner)
    return inner


def test_depth_is_refused_before_it_hurts() -> None:
    deep = nested(500, lambda inner: [inner], None)
    with pytest.raises(CodecError, match="operands lie in at most 8 lists"):
        document_from(changed(("graph/nodes/n4/inputs", [deep])))
    repeats = nested(300, lambda inner: [{"id": "c99", "kind": "repeat", "times": 1, "body": inner}], [])
    with pytest.raises(CodecError, match="repeats lie in at most 16 others"):
        document_from(changed(("script/0/body", repeats)))


def test_groups_within_groups_have_a_limit() -> None:
    tree = changed()
    group = tree["groups"]["g1"]
    for i in range(2, 40):
        inner = copy.deepcopy(group)
        node = f"n{1000 + i}"
        inner["graph"] = {"nodes": {node: {"op": "instance", "group": f"g{i - 1}"}}, "blocks": {"body": [node]}, "frames": {}}
        tree["groups"][f"g{i}"] = {**inner, "inputs": [], "outputs": []}
    with pytest.raises(CodecError, match="instances lie in at most 32 others"):
        document_from(tree)


def test_a_group_used_twice_at_each_of_30_levels_is_counted_not_expanded() -> None:
    tree = changed()
    for i in range(2, 30):
        nodes = {f"n{1000 * i + k}": {"op": "instance", "group": f"g{i - 1}"} for k in (1, 2)}
        tree["groups"][f"g{i}"] = {
            "name": "twice", "graph": {"nodes": nodes, "blocks": {"body": [*nodes]}, "frames": {}}, "inputs": [], "outputs": [],
        }  # fmt: skip
    tree["graph"]["nodes"]["n900"] = {"op": "instance", "group": "g29"}
    tree["graph"]["blocks"]["main"].append("n900")
    assert expanded_counts(document_from(tree))[0] == 13 + 3 * 2**28


def test_a_fragment_is_read_as_strictly() -> None:
    good = {"format": 1, "graph": {"nodes": {}, "blocks": {}, "frames": {}}, "groups": {}, "positions": {}}
    assert not fragment_from(good).graph.nodes
    for bad in ({**good, "calls": []}, {**good, "format": 9}, {**good, "positions": {"c1": [0, 0]}}, {"format": 1}):
        with pytest.raises(CodecError):
            fragment_from(bad)


def ways(value: object, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value in a tree."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*way, key)
        yield from ways(item, (*way, key))


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats()
    | st.sampled_from(["", "n1", "n4", "c2", "g1", "f1", "x", "\ud800", "add"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ref", "lit", "op", "id", "kind", "body", "zz"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*ways(json.loads(TEXT))]), JUNK)
def test_junk_anywhere_is_refused_or_survives_a_save(way: tuple[Any, ...], junk: object) -> None:
    tree = json.loads(TEXT)
    at = tree
    for step in way[:-1]:
        at = at[step]
    at[way[-1]] = junk
    try:
        doc = document_from(tree)
    except CodecError:
        return
    data = dumps(doc)
    assert dumps(document_from(json.loads(data))) == data


@pytest.mark.parametrize(("dtype", "item"), [("float32", 0.1), ("float64", -2.5), ("int16", -7), ("bool", True), ("float16", 3)])
def test_a_long_list_of_numbers_is_read_as_a_short_one_is(dtype: str, item: object) -> None:
    long, short = (
        document_from(changed((VALUE, {"dtype": dtype, "shape": [n], "data": [item] * n}), ("graph/nodes/n1/requires_grad", False)))
        for n in (70, 7)
    )
    values = [doc.graph.nodes["n1"].value for doc in (long, short)]
    assert values[0].dtype == values[1].dtype  # type: ignore[union-attr]
    assert values[0].tolist()[:7] == values[1].tolist()  # type: ignore[union-attr]
