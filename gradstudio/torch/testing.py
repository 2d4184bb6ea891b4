"""`torch.testing`: assert_close."""
from __future__ import annotations

from typing import Any

from gradstudio.engine.op import ops

assert_close: Any = ops.assert_close
