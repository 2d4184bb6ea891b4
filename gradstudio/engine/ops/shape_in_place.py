"""Changes of shape in place (`x.squeeze_()`): the rows of the views, whose nodes PyTorch names otherwise then. Hidden.

The result is no view: what is written to it is written to the tensor itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradstudio.engine.op import ROWS, Op, register
from gradstudio.engine.ops.shape import squeezing

NODES = {"t": "TBackward1", "transpose": "TransposeBackward1", "unsqueeze": "UnsqueezeBackward1", "squeeze_all": "SqueezeBackward3",
         "squeeze_dim": "SqueezeBackward4", "squeeze_dims": "SqueezeBackward5"}


def in_place(op: Op, **changes: Any) -> Op:
    """Return the row of a view as it is in place."""
    return replace(op, name=f"{op.name}_in_place", views=False, torch=(), samples=(), bad_samples=(), hidden=True, **changes)


register(*[in_place(ROWS[name], node_name=node) for name, node in NODES.items()],
         in_place(ROWS["squeeze"], composite=squeezing("_in_place")))
