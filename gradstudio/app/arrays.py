"""Functions of arrays that numpy has, but not as they are wanted here."""

from __future__ import annotations

from typing import Any

import numpy as np


def distinct(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return each value once, in order. Asked for nothing else, `np.unique` would load numpy's masked arrays first: 30 ms."""
    found: np.ndarray[Any, Any] = np.unique(values, return_index=True)[0]
    return found
