"""100,000 nodes: nothing recurses over the graph, nothing is quadratic."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from msgspec.structs import replace

from gradstudio.document import labels
from gradstudio.document.codec import document_from, dumps, fragment_from, fragment_tree
from gradstudio.document.commands.blocks import MoveToBlock, NewBlock
from gradstudio.document.commands.command import Command
from gradstudio.document.commands.frames import WrapInFrame
from gradstudio.document.commands.layout import Arrange
from gradstudio.document.commands.nodes import AddNode, Bypass, DeleteNodes, SetLeafValue
from gradstudio.document.commands.paste import Paste
from gradstudio.document.commands.wires import Connect, DetachWire
from gradstudio.document.diff import diff, downstream
from gradstudio.document.document import Document
from gradstudio.document.fragment import copy
from gradstudio.document.graph import Ref
from gradstudio.document.rules import Refused, expanded_counts
from tests.document.making import array, document, leaf, op

N = 100_000
LAST = f"n{N}"
T = TypeVar("T")
pytestmark = pytest.mark.timed


@pytest.fixture(scope="module")
def chain() -> Document:
    """A chain of 100,000 nodes."""
    return document(leaf("n1", names=("x",)), *(op(f"n{i}", "mul", f"n{i - 1}", 1.0) for i in range(2, N + 1)))


@pytest.fixture(autouse=True)
def _shallow() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)  # what pytest itself needs, and a little more
    yield
    sys.setrecursionlimit(limit)


def seconds(work: Callable[[], T]) -> tuple[float, T]:
    """Return the processor's seconds that some work took, and what it made."""
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def test_it_loads_in_seconds_and_saves_to_the_same_bytes(chain: Document) -> None:
    data = dumps(chain)
    spent, loaded = seconds(lambda: document_from(json.loads(data)))
    assert spent < 5  # 2 on an idle machine
    assert dumps(loaded) == data


EDITS: list[tuple[Command, float]] = [
    (SetLeafValue("n1", array(3.0)), 0.05),
    (AddNode(op("n200000", "exp", "n50000"), "main", (0, 0)), 0.5),
    (Connect(Ref("n50"), LAST, (1,)), 1),
    (DetachWire("n50000", (0,), "n200000"), 1),
    (Bypass("n50000"), 2),
    (DeleteNodes(tuple(f"n{i}" for i in range(1, N, 2))), 3),
    (WrapInFrame(tuple(f"n{i}" for i in range(1, N + 1)), "no_grad", ("f1",)), 3),
    (Arrange(), 5),
]


@pytest.mark.parametrize(("edit", "limit"), EDITS, ids=[e.label for e, _ in EDITS])
def test_an_edit_takes_this_long(chain: Document, edit: Command, limit: float) -> None:
    assert chain.graph.consumers  # derived once, as the window has it
    spent, made = seconds(lambda: edit.apply(chain))
    assert spent < limit
    assert diff(chain, made)


def test_a_circle_through_all_of_it_is_found(chain: Document) -> None:
    with pytest.raises(Refused, match="close a circle"):
        Connect(Ref(LAST), "n2", (1,)).apply(chain)


def test_all_of_it_is_copied_and_pasted(chain: Document) -> None:
    def work() -> Document:
        fragment = fragment_from(fragment_tree(copy(chain, chain.graph.nodes)))
        return Paste(fragment, {f"n{i}": f"n{N + i}" for i in range(1, N + 1)}).apply(chain)

    spent, pasted = seconds(work)
    assert spent < 20
    assert len(pasted.graph.nodes) == 2 * N


def test_it_moves_to_another_block(chain: Document) -> None:
    doc = NewBlock("update", "c9").apply(chain)
    spent, made = seconds(lambda: MoveToBlock(tuple(f"n{i}" for i in range(2, N + 1)), "update").apply(doc))
    assert spent < 5
    assert len(made.graph.blocks["update"]) == N - 1


def test_what_is_derived_from_it_is_found_in_time(chain: Document) -> None:
    spent, found = seconds(lambda: (labels.of(chain).label((LAST,)), expanded_counts(chain), downstream(chain, ["n1"])))
    assert spent < 5
    assert found[:2] == (f"mul#{N - 1}", (N, N - 1))
    assert len(found[2]) == N


def test_100_values_of_a_drag_share_what_does_not_change(chain: Document) -> None:
    assert chain.graph.order
    versions = [chain]
    for i in range(100):
        versions.append(SetLeafValue("n1", array(float(i))).apply(versions[-1]))
    assert versions[-1].graph.blocks is chain.graph.blocks
    assert versions[-1].graph.order is chain.graph.order
    own = {id(table): sys.getsizeof(table) for doc in versions[1:] for table in (doc.graph.nodes._changed,)}
    assert len({id(doc.graph.nodes._table) for doc in versions}) == 1
    assert sum(own.values()) < 100_000


def test_a_star_of_10_000_wires_is_read(chain: Document) -> None:
    star = document(leaf("n1"), op("n2", "cat", tuple("n1" for _ in range(10_000))))
    assert document_from(json.loads(dumps(star))).graph.consumers["n1"][-1].path == (0, 9_999)
    with pytest.raises(Refused, match="at most 10,000"):
        Connect(Ref("n1"), "n2", (0, 10_000)).apply(replace(star))
