"""The C library's heap: large arrays are taken from it again and again, not from the system, which must clear their pages each time."""

from __future__ import annotations

from typing import Final

import numpy as np

LARGEST: Final = 2**25 - 2**16  # bytes; glibc takes up to 32 MB as a measure


def settle() -> None:
    """Free one large block. glibc then keeps blocks up to that size for reuse, and twice as much of what is free at the heap's end.

    It raises its thresholds M_MMAP_THRESHOLD and M_TRIM_THRESHOLD to what is freed (mallopt(3), "dynamic mmap threshold"); a step on
    (1000, 1000) matrices takes half of the time then. No page of the block is touched. Elsewhere it does nothing.
    """
    np.empty(LARGEST, np.uint8)
