"""The queue of a pass, put together again from what was kept of it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from gradstudio.engine import backward, call, grad, tensor
from gradstudio.session.ready import EVERY, Ready
from gradstudio.session.state import Queued


class Watcher:
    """Notes the queue at each visit, and what it says itself."""

    def __init__(self):
        self.places = {}
        self.ready = Ready(self.places)
        self.said = []

    def begins(self, plan):
        pass

    def enter(self, node, cotangents, queue):
        for each in queue.arrived:
            self.places.setdefault(each, Queued((str(len(self.places)),), each.name(), 0))
        self.said.append(tuple(self.places[each] for each in queue.ready()))
        assert self.ready.note(queue) == len(self.said) - 1

    def leave(self, node, contributions):
        pass


def wide_graph(seed):
    """Return leaves, and results that many ops made of them."""
    draw = random.Random(seed)
    made = [tensor(np.array(0.5 + i / 10), requires_grad=True) for i in range(12)]
    leaves = list(made)
    for _ in range(4 * EVERY):
        made.append(call(draw.choice(("mul", "add", "sub")), (draw.choice(made[-20:]), draw.choice(made[-20:]))))
    return leaves, made[-12:]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["backward", "grad"])
def test_every_visit_finds_the_queue_as_it_was(seed, kind):
    leaves, results = wide_graph(seed)
    watcher = Watcher()
    if kind == "backward":
        backward(results, observer=watcher)
    else:
        grad(results, [results[2], *leaves[-2:]], allow_unused=True, observer=watcher)
    assert len(watcher.said) > EVERY or kind == "grad"
    assert max(map(len, watcher.said)) > 3
    assert [watcher.ready.at(i) for i in range(len(watcher.said))] == watcher.said
    assert watcher.ready.at(0) == watcher.said[0]
