"""What recurrent networks are composed of beside other rows: unsafe_chunk, whose pieces PyTorch does not count as views. Hidden."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.op import Attr, Input, Op, ops, register
from gradstudio.engine.ops.shape import PIECES

Array = np.ndarray[Any, Any]


def unsafe_chunk(x: Array, chunks: int, dim: int) -> tuple[Array, ...]:
    return tuple(np.split(x, chunks, dim))


register(
    Op("unsafe_chunk", (Input("x", lambda g, x_shape, chunks, dim: ops.split_backward(g, x_shape, x_shape[dim] // chunks, dim)),),
       unsafe_chunk, node_name="UnsafeSplitBackward0", attrs=(Attr("chunks", "int", 1), Attr("dim", "dim", 0)), outputs=PIECES, many=True,
       hidden=True),
)
