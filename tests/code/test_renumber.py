"""A program with other numbers in its leaves is the one that would be written anew."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from gradstudio.code.emit import emit
from gradstudio.code.renumber import renumbered
from gradstudio.document.commands.nodes import Rename, SetLeafValue, SetRequiresGrad
from gradstudio.document.document import Document
from tests.code.documents import random_document
from tests.document.making import array, example
from tests.long import share

SEEDS = [range(start, start + 100) for start in range(0, share(300, 2000), 100)]
NUMBERS = (0.0, -0.0, 1.0, 2.5, -1e-9, 3e30, float("inf"), float("nan"))


def edited(document: Document, draw: Random) -> Document:
    leaves = [n for n in document.graph.nodes.values() if isinstance(n.value, np.ndarray)]
    for node in draw.sample(leaves, min(len(leaves), 1 + draw.randrange(2))):
        kind = node.value.dtype.kind
        numbers = [draw.choice(NUMBERS) if kind == "f" else draw.randrange(4) for _ in range(node.value.size)]
        document = SetLeafValue(node.id, array(np.reshape(numbers, node.value.shape), node.value.dtype.name)).apply(document)
    return document


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_a_renumbered_program_is_that_of_its_document(seeds):
    count = 0
    for seed in seeds:
        draw, document = Random(seed), random_document(seed)
        for _ in range(3):
            before, document = document, edited(document, draw)
            made = renumbered(emit(before), before, document)
            assert made is None or made == emit(document), seed
            count += made is not None and document is not before
    assert count > len(seeds)


def test_matrices_are_written_row_by_row():
    before = example("accumulation")
    after = SetLeafValue("n3", array(np.arange(12).reshape(3, 4))).apply(before)
    assert renumbered(emit(before), before, after) == emit(after)


def test_what_is_more_than_numbers_is_written_anew():
    before = example("tutorial")
    known = emit(before)
    assert renumbered(known, before, before) is known
    for command in (SetRequiresGrad(("n1",), False), Rename("n1", 0, "v"), SetLeafValue("n1", array([1.0, 2.0]))):
        assert renumbered(known, before, command.apply(before)) is None
