"""Which of several equal elements a selection takes: Hoare's quickselect, pivots by the median of three, in PyTorch's order of swaps.

Press et al., Numerical Recipes in C (2nd edition, 1992), section 8.5. Nan counts as larger than every number.
"""

from __future__ import annotations

from collections.abc import Sequence


def above(x: float, y: float) -> bool:
    return x > y or (x != x and y == y)


def selected(values: Sequence[float], k: int) -> int:
    """Return where the element stands that comes to place k (from 0)."""
    a, origin = list(values), list(range(len(values)))

    def swap(i: int, j: int) -> None:
        a[i], a[j] = a[j], a[i]
        origin[i], origin[j] = origin[j], origin[i]

    low, high = 0, len(a) - 1
    while high > low + 1:
        swap(low + (high - low) // 2, low + 1)
        for i, j in ((low + 1, high), (low, high), (low + 1, low)):
            if above(a[i], a[j]):
                swap(i, j)
        i, j, pivot = low + 1, high, a[low]
        while True:
            i, j = i + 1, j - 1
            while above(pivot, a[i]):
                i += 1
            while above(a[j], pivot):
                j -= 1
            if j < i:
                break
            swap(i, j)
        swap(low, j)
        low, high = i if j <= k else low, j - 1 if j >= k else high
    if high == low + 1 and above(a[low], a[high]):
        swap(low, high)
    return origin[k]
