"""The ready queue of backward: PyTorch's order by sequence number, libstdc++'s order among equal ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradstudio.engine.gradnode import GradNode, Port

Item = tuple[float, GradNode]


class Queue:
    """Nodes whose contributions have all arrived. `waiting` counts what the others still wait for."""

    def __init__(self, waiting: dict[GradNode, int]) -> None:
        self.waiting = waiting
        self.arrived: list[GradNode] = []  # all that ever became ready, in order
        self.taken = 0  # how many were
        self._heap: list[Item] = []

    def copy(self) -> Queue:
        """Return the ready nodes as a queue of their own, which nothing arrives in."""
        found = Queue({})
        found._heap = self._heap.copy()
        return found

    def add(self, nodes: Sequence[GradNode]) -> None:
        """Make nodes ready."""
        for n in nodes:
            self.arrived.append(n)
            _push(self._heap, (n.seq, n))

    def __bool__(self) -> bool:
        return bool(self._heap)

    def ready(self) -> list[GradNode]:
        """Return the ready nodes in the order in which they would be popped."""
        copy = self._heap.copy()
        return [_pop(copy) for _ in range(len(copy))]

    def start(self, roots: Sequence[GradNode]) -> None:
        """Make the roots ready. PyTorch skips the node of all roots when there is one only."""
        for n in roots:
            if len(roots) > 1:
                self.waiting[n] -= 1
            if not self.waiting.get(n):
                self.add((n,))

    def pop(self) -> GradNode:
        """Take the ready node with the highest sequence number."""
        self.taken += 1
        return _pop(self._heap)

    def done(self, n: GradNode, takes: Callable[[GradNode], bool] | None) -> None:
        """Count down what n's edges lead to, in order; what waits for nothing more is ready, if `takes` wants it (None: all)."""
        waiting = self.waiting
        for e in n.edges:
            if e is not None:
                target = e.parent if type(e) is Port else e
                waiting[target] = left = waiting[target] - 1
                if not left and (takes is None or takes(target)):
                    self.arrived.append(target)
                    _push(self._heap, (target.seq, target))


def _push(heap: list[Item], item: Item) -> None:
    """libstdc++'s push_heap."""
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[p := (i - 1) // 2][0] < item[0]:
        heap[i] = heap[p]
        i = p
    heap[i] = item


def _pop(heap: list[Item]) -> GradNode:
    """libstdc++'s pop_heap: its __adjust_heap sinks the hole to the bottom, then pushes the last item up from there."""
    top, item = heap[0], heap.pop()
    n = len(heap)
    if n == 0:
        return top[1]
    hole = child = 0
    while child < (n - 1) // 2:
        child = 2 * (child + 1)
        if heap[child][0] < heap[child - 1][0]:
            child -= 1
        heap[hole] = heap[child]
        hole = child
    if n % 2 == 0 and child == (n - 2) // 2:
        child = 2 * child + 1
        heap[hole] = heap[child]
        hole = child
    while hole > 0 and heap[p := (hole - 1) // 2][0] < item[0]:
        heap[hole] = heap[p]
        hole = p
    heap[hole] = item
    return top[1]
