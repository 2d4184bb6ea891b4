"""What a live run may cost beside the bare engine: counted in calls and objects, which a busy machine does not change."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

from gradstudio.bench import steps
from gradstudio.bench.graphs import chain
from gradstudio.document.document import Document
from gradstudio.session.run import run

FEW, MANY = 100, 200
MOST_CALLS = 4.2  # of a recorded run for one of the engine; 6.3 before runs were recorded in fewer pieces
MOST_OBJECTS = 48  # that a node, its step and its visit leave behind; 97 before


def calls(work: Callable[[Document], object], nodes: int) -> int:
    """Return how many functions are called, those in C too."""
    document, count = chain(nodes), 0
    work(document)  # what is made once is made

    def heard(frame: object, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(heard)
    try:
        work(document)
    finally:
        sys.setprofile(None)
    return count


def objects(nodes: int) -> int:
    """Return how many blocks of memory a run keeps."""
    document = chain(nodes)
    run(document)
    gc.collect()
    before = sys.getallocatedblocks()
    kept = run(document)
    gc.collect()
    found = sys.getallocatedblocks() - before
    assert kept.trace.end
    return found


def test_a_recorded_run_makes_few_calls_for_each_of_the_engine():
    recorded, bare = (calls(work, MANY) - calls(work, FEW) for work in (run, steps.bare))
    assert recorded < MOST_CALLS * bare


def test_a_recorded_node_keeps_few_objects():
    assert objects(MANY) - objects(FEW) < MOST_OBJECTS * (MANY - FEW)


def test_a_new_value_is_told_in_a_fraction_of_the_first_answer():
    told = steps.ticks(chain(MANY), tries=2)
    assert 0 < told["kb"] < MANY * 0.4  # 340 bytes a node whose numbers all differ; with keys 470, with local derivatives more
    assert min(told.values()) > 0
