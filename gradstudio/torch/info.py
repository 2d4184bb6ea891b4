"""Facts about dtypes and the machine: finfo, iinfo, cuda (there is none)."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradstudio.engine import dtypes


class finfo:  # noqa: N801
    """Limits of a floating point dtype: eps, max, min, tiny, bits."""

    def __init__(self, dtype: Any = None) -> None:
        wanted = dtypes.as_numpy(dtype or dtypes.default())
        found = np.finfo(wanted)
        self.bits, self.dtype = 8 * dtypes.DTYPES[wanted].itemsize, dtypes.name_of(wanted)
        self.eps, self.max, self.tiny = [float(x) for x in (found.eps, found.max, found.tiny)]
        self.resolution = float(str(found.resolution))  # 0.001, not the float16 next to it
        if wanted is dtypes.BFLOAT16:
            self.eps, self.max, self.resolution = 2.0**-7, (2 - 2.0**-7) * 2.0**127, 0.01
        self.min, self.smallest_normal = -self.max, self.tiny

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join([f'{name}={getattr(self, name):g}' for name in names])}, dtype={self.dtype})"


class iinfo:  # noqa: N801
    """Limits of an integer dtype: max, min, bits."""

    def __init__(self, dtype: Any) -> None:
        found = np.iinfo(dtypes.as_numpy(dtype))
        self.bits, self.max, self.min, self.dtype = found.bits, int(found.max), int(found.min), str(found.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


cuda = SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
FACTS: dict[str, Any] = {"finfo": finfo, "iinfo": iinfo, "cuda": cuda}
