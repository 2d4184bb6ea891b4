"""Reader: strict, with file, place, reason and code; nothing that a file can hold brings it down."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from gradstudio.document.codec import dumps
from gradstudio.io.limits import JSON_CONTAINERS
from gradstudio.io.reader import document_in, read, steps, write
from gradstudio.io.refusal import Refusal
from gradstudio.resources import resource
from tests.code.documents import random_document

EXAMPLES = [resource("examples", f"{name}.grad") for name in ("tutorial", "accumulation")]
TEXT = EXAMPLES[1].read_text(encoding="utf-8")
PATH = Path("x.grad")


def refusal(data: bytes | str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        document_in(data.encode() if isinstance(data, str) else data, PATH)
    return caught.value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_saving_an_example_again_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.grad"
    assert write(copy, read(path)) is None
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("seed", range(30))
def test_a_random_document_comes_back_from_its_file(seed: int) -> None:
    data = dumps(random_document(seed))
    assert dumps(document_in(data, PATH)) == data


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"shape": [3, 4], ', '"shape": [3, 5], ', 8, "graph.nodes.n3.value"),
        ('"op": "pow", "inputs": [{"ref": "n1"}', '"op": "pow", "inputs": [{"ref": "n99"}', 9, "graph.nodes.n4.inputs[0]"),
        ('"names": ["z"]', '"names": ["def"]', 10, "graph.nodes.n5.names[0]"),
        ('"kind": "no_grad"', '"kind": "no_gard"', 22, "graph.frames.f1.kind"),
        ('"block": "main"}', '"block": "other"}', None, "script[0].body[0].block"),
        ('"seed": 0', '"seed": 0.5', 3, "seed"),
        ('"seed": 0', '"sead": 0', None, ""),
    ],
)
def test_a_refusal_names_line_and_place(old: str, new: str, line: int | None, words: str) -> None:
    found = refusal(TEXT.replace(old, new, 1))
    assert found.code == "GS-F122"
    assert found.place.startswith(words)
    assert line is None or found.line_number == line
    assert found.message.startswith("Cannot open “x.grad”: ")
    assert found.message.endswith("Nothing was changed.  GS-F122")
    assert found.line.startswith("gradstudio: x.grad: ")
    assert found.line.endswith("[GS-F122]")


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (b"", "GS-F111", "a value is missing here"),
        (b"\xff\xfe\x00", "GS-F110", "this is no text in UTF-8"),
        (TEXT.encode("utf-16"), "GS-F110", "this is no text in UTF-8"),
        (TEXT[:-20].encode(), "GS-F111", None),
        (b"[]", "GS-F105", "this is no GradStudio document"),
        (b"{}", "GS-F105", "this is no GradStudio document: it has no format number"),
        (b'{"format": true}', "GS-F105", None),
        (b'{"format": 7}', "GS-F103", "it was made by GradStudio format 7; this program reads up to 1"),
        (b'{"format": 1, "format": 1}', "GS-F113", "this key stands here twice"),
        (b'{"format": 1, "f\\u006frmat": 1}', "GS-F113", "this key stands here twice"),
        (b'{"format": NaN}', "GS-F114", None),
        (b'{"format": 1e999}', "GS-F114", None),
        (b'{"format": ' + b"9" * 5000 + b"}", "GS-F114", None),
        (b"[" * 100, "GS-F112", "it is nested more than 64 deep"),
        (b"[" * 1_000_000, "GS-F112", "it is nested more than 64 deep"),
        (b'{"format": 1, "x": "\\ud800"}', "GS-F116", "a text holds a NUL or half a character"),
        (b'{"format": 1, "x": "\\u0000"}', "GS-F116", None),
        (b'{"format": 1, "x": "' + b"y" * 1_000_001 + b'"}', "GS-F117", None),
        (b"[" + b"[]," * JSON_CONTAINERS + b"[]]", "GS-F115", None),
        (TEXT.encode() + TEXT.encode(), "GS-F111", "the document ends here, but the file goes on"),
    ],
)
def test_what_is_no_document_is_refused_in_words(data: bytes, code: str, reason: str | None) -> None:
    found = refusal(data)
    assert found.code == code
    assert reason is None or found.reason == reason


def test_a_key_that_stands_twice_is_found_with_its_line() -> None:
    found = refusal(TEXT.replace('"names": ["z"]', '"names": ["z"], "op": "add"', 1))
    assert (found.place, found.line_number) == ("graph.nodes.n5.op", 10)


def test_a_mark_of_byte_order_and_other_line_ends_are_read() -> None:
    data = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    assert dumps(document_in(data, PATH)) == TEXT.encode()


def test_groups_that_unfold_without_end_are_refused() -> None:
    """30 groups, each with two uses of the one before: a small file, and a thousand million nodes."""
    nodes = {"n800": {"op": "input"}, "n801": {"op": "neg", "inputs": [{"ref": "n800"}]}}
    graph = {"nodes": nodes, "blocks": {"body": ["n800", "n801"]}, "frames": {}}
    groups: dict[str, Any] = {"g1": {"name": "f", "graph": graph, "inputs": ["n800"], "outputs": [{"ref": "n801"}]}}
    for i in range(2, 31):
        a, b, c = (f"n{10 * i + k}" for k in range(3))
        use = {"op": "instance", "group": f"g{i - 1}"}
        inner = {a: {"op": "input"}, b: {**use, "inputs": [{"ref": a}]}, c: {**use, "inputs": [{"ref": b}]}}
        graph = {"nodes": inner, "blocks": {"body": [a, b, c]}, "frames": {}}
        groups[f"g{i}"] = {"name": f"f{i}", "graph": graph, "inputs": [a], "outputs": [{"ref": c}]}
    tree = json.loads(EXAMPLES[0].read_text(encoding="utf-8"))
    tree["groups"] = groups
    tree["graph"]["nodes"]["n900"] = {"op": "instance", "inputs": [{"ref": "n1"}], "group": "g30"}
    tree["graph"]["blocks"]["main"].append("n900")
    found = refusal(json.dumps(tree))
    assert (found.code, found.place) == ("GS-F119", "groups")
    assert found.reason.startswith("its groups hold 536,870,9")


def test_hostile_text_is_shown_harmless_and_short() -> None:
    found = refusal(TEXT.replace('"z"', json.dumps("<b>\u202e\x1b[2J" + "y" * 500), 1))
    assert "\u202e" not in found.message
    assert "\x1b" not in found.line
    assert len(found.message) < 500


def test_a_path_of_the_codec_becomes_keys_as_far_as_they_are_plain() -> None:
    assert steps("graph.nodes.n17.value.shape[2]") == ("graph", "nodes", "n17", "value", "shape", 2)
    assert steps("graph.blocks.'a.b'[1]") == ("graph", "blocks")
    assert steps("") == ()


# ---- anything at all

ODD: tuple[Any, ...] = (None, True, 0, -1, 1.5, 2**63, "x", "n1", "../../etc/passwd", [], {}, [None], {"": None}, "\u202e", 10**12, [[[]]])


def walk(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a tree."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in inner for each in walk(item, (*path, key)))]


def mutated(draw: random.Random, tree: Any) -> Any:
    """Return a tree with one value replaced, removed or doubled."""
    tree = json.loads(json.dumps(tree))
    path = draw.choice(walk(tree)[1:])
    parent = tree
    for key in path[:-1]:
        parent = parent[key]
    kind = draw.random()
    if kind < 0.6:
        parent[path[-1]] = draw.choice(ODD)
    elif kind < 0.8:
        del parent[path[-1]]
    elif isinstance(parent, list):
        parent.insert(0, parent[path[-1]])
    else:
        parent[f"{path[-1]}x"] = parent.pop(path[-1])
    return tree


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_document_is_refused_or_read_as_it_stands(seed: int) -> None:
    draw, tree = random.Random(seed), json.loads(dumps(random_document(seed)))
    for _ in range(60):
        data = json.dumps(mutated(draw, tree)).encode()
        try:
            document = document_in(data, PATH)
        except Refusal as refusal:
            told = refusal.message
        else:
            told = "GS-F"
            assert dumps(document_in(dumps(document), PATH)) == dumps(document)
        assert "GS-F" in told
        assert len(told) < 600


@pytest.mark.parametrize("seed", range(6))
def test_damaged_bytes_are_refused_or_read_as_they_stand(seed: int) -> None:
    draw, good = random.Random(seed), TEXT.encode()
    for _ in range(60):
        data = bytearray(good)
        at = draw.randrange(len(data))
        if draw.random() < 0.5:
            data[at] ^= 1 << draw.randrange(8)
        else:
            del data[at : at + draw.choice((1, 7, 64, 512))]
        try:
            document = document_in(bytes(data), PATH)
        except Refusal:
            continue
        assert dumps(document_in(dumps(document), PATH)) == dumps(document)
