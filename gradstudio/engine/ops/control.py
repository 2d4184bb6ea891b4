"""Gradient control and plain copies: detach, clone, contiguous, to; constants like a tensor; assert_close."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.dtypes import as_numpy, cast, fit
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.tensor import Tensor, detached

Array = np.ndarray[Any, Any]


def contiguous(x: Tensor) -> Any:
    return x if x.array.flags.c_contiguous else ops.clone(x)


def to(x: Tensor, dtype: Any = None) -> Any:
    """The tensor itself where nothing changes; a cast to integers ends the gradient."""
    wanted = x.scalar_type if dtype is None else as_numpy(dtype)
    if wanted == x.scalar_type:
        return x
    return ops.cast(x, wanted) if wanted.kind in "fc" else ops.truncate(x, wanted)


register(
    Op("detach", (Input("x", formula="0"),), composite=detached, kernel=lambda x: x, views=True, category="gradient control", symbol="✂",
       torch=("{x}.detach()",), latex=r"\mathrm{detach}({x})", doc="The same numbers without a gradient path.", samples=samples.ONE),
    Op("clone", (Input("x", lambda g: g, "1"),), np.ndarray.copy, node_name="CloneBackward0", category="gradient control",
       symbol="clone",
       torch=("{x}.clone()", "torch.clone({x})"), latex="{x}", doc="A copy on a storage of its own; gradients pass.", samples=samples.ONE),
    Op("contiguous", (Input("x", formula="1"),), composite=contiguous, kernel=np.ascontiguousarray, category="gradient control",
       symbol="contiguous", torch=("{x}.contiguous()",), latex="{x}", doc="Row-major memory: the tensor itself, or a copy.",
       samples=samples.ONE),
    Op("cast", (Input("x", lambda g: g),), cast, node_name="ToCopyBackward0", attrs=(Attr("dtype", "dtype"),),
       hidden=True),
    Op("truncate", (Input("x"),), cast, attrs=(Attr("dtype", "dtype"),), hidden=True),
    Op("to", (Input("x", formula="1"),), composite=to, kernel=fit,
       attrs=(Attr("dtype", "dtype", None, "The dtype wanted."),), category="gradient control", symbol="to", torch=("{x}.to({dtype})",),
       latex="{x}", doc="Convert to a dtype; the gradient is converted back.",
       samples=(Sample((samples.array(3),), {"dtype": "float64"}),)),
    Op("zeros_like", (Input("x"),), np.zeros_like, category="other", symbol="0", torch=("torch.zeros_like({x})",), latex="0",
       doc="Zeros in the shape of a tensor.", samples=samples.ONE),
    Op("ones_like", (Input("x"),), np.ones_like, category="other", symbol="1", torch=("torch.ones_like({x})",), latex="1",
       doc="Ones in the shape of a tensor.", samples=samples.ONE),
    Op("zeros", (Input("x"),), lambda x, shape: np.zeros(shape, x.dtype), attrs=(Attr("shape", "shape", ()),), hidden=True),
)
