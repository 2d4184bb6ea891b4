"""Ready: the queue of one pass at each of its visits, kept as copies now and then and as what became ready in between."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from gradstudio.engine.gradnode import GradNode
from gradstudio.engine.queue import Queue
from gradstudio.session.state import Queued

EVERY = 32  # visits from one copy to the next


class Ready:
    """Noted at each visit. `places` says what is shown of an engine node."""

    def __init__(self, places: Mapping[GradNode, Queued]) -> None:
        self._places = places
        self._copies: list[Queue] = []
        self._arrived: list[GradNode] = []
        self._counts: list[tuple[int, int]] = []  # at each visit: how many had become ready, and how many of them were taken

    def note(self, queue: Queue) -> int:
        """Remember the queue as it is after a node was taken; return the number of the visit."""
        if len(self._counts) % EVERY == 0:
            self._copies.append(queue.copy())
        self._arrived = queue.arrived
        self._counts.append((len(queue.arrived), queue.taken))
        return len(self._counts) - 1

    def at(self, visit: int) -> tuple[Queued, ...]:
        """Return what was ready at a visit, in the order in which the queue would give it out."""
        start = visit - visit % EVERY
        queue = self._copies[start // EVERY].copy()
        for (came, went), (come, gone) in pairwise(self._counts[start : visit + 1]):
            queue.add(self._arrived[came:come])
            for _ in range(went, gone):
                queue.pop()
        return tuple(self._places[node] for node in queue.ready())
