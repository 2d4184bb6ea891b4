"""How much one run may do. What is more ends the run with the limit in the words, before memory or patience does."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from gradstudio.engine import Tensor

MAX_STEPS = 200_000
MAX_ELEMENTS = 16_000_000  # of one tensor that is computed
MAX_BYTES = 1 << 30  # of recorded arrays
MEMORY = 4 << 30  # address space of a process that runs documents


class RunLimit(Exception):
    """The run did as much as a run may. It ends where it stands; what was done is shown."""


def limit_memory(most: int = MEMORY) -> None:
    """Let this process take no more memory than that: an array too large is then refused, not served by killing something."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > most:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def check_sizes(op: str, outputs: Iterable[Tensor]) -> None:
    """Refuse tensors too large to be looked at: an expanded view can have a million million elements in four bytes."""
    for made in outputs:
        if made.array.size > MAX_ELEMENTS:
            raise MemoryError(f"{op} gives {made.array.size:,} elements, more than the {MAX_ELEMENTS:,} that one tensor may have.  GS-R402")
