"""How much of the random tests is run: a share in the ordinary suite, all of it with GRADSTUDIO_LONG=1 in the environment."""

from __future__ import annotations

import os

LONG = os.environ.get("GRADSTUDIO_LONG") == "1"


def share(ordinary: int, long: int) -> int:
    """Return how many: `long` of them where all is asked for."""
    return long if LONG else ordinary
