"""Facts about dtypes and the machine: finfo, iinfo, cuda (there is none), threads (one)."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradstudio.engine import dtypes


class finfo:  # noqa: N801
    """Limits of a floating point dtype: eps, max, min, tiny, bits."""

    def __init__(self, dtype: Any = None) -> None:
        found = np.finfo(dtypes.as_numpy(dtype or dtypes.default()))
        self.bits, self.dtype = found.bits, str(found.dtype)
        self.eps, self.max, self.min, self.tiny = float(found.eps), float(found.max), float(found.min), float(found.tiny)
        self.smallest_normal, self.resolution = self.tiny, float(found.resolution)

    def __repr__(self) -> str:
        return (f"finfo(resolution={self.resolution}, min={self.min}, max={self.max}, eps={self.eps}, "
                f"smallest_normal={self.smallest_normal}, tiny={self.tiny}, dtype={self.dtype})")


class iinfo:  # noqa: N801
    """Limits of an integer dtype: max, min, bits."""

    def __init__(self, dtype: Any) -> None:
        found = np.iinfo(dtypes.as_numpy(dtype))
        self.bits, self.max, self.min, self.dtype = found.bits, int(found.max), int(found.min), str(found.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def get_num_threads() -> int:
    """Return 1: the engine computes in one thread."""
    return 1


cuda = SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
FACTS: dict[str, Any] = {"finfo": finfo, "iinfo": iinfo, "get_num_threads": get_num_threads, "cuda": cuda}
