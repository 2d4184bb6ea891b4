"""Tensors that change their shape or history in place: `t_`, `unsqueeze_`, `detach_`, `requires_grad_` on what they are."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.engine import errors, modes
from gradstudio.engine.apply import FUNCTIONS
from gradstudio.engine.op import TABLE
from gradstudio.engine.tensor import AccumulateGrad, Tensor, View
from gradstudio.torch.missing import Words
from gradstudio.torch.spellings import Signature

DETACH_VIEW = ("Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, and "
               "gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be called on these "
               "gradients. To fix this error, please refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the "
               "solution.")


def detach_(self: Tensor) -> Tensor:
    """Forget how the tensor came about. Raise RuntimeError for a view."""
    if isinstance(self, View):
        raise RuntimeError(DETACH_VIEW)
    self.node = None
    return self


def reshaping(name: str) -> Callable[..., Tensor]:
    """Return the in-place form of a row that views: the tensor itself takes the shape, the storage stays."""
    function = FUNCTIONS[f"{name}_in_place"]

    signature = Signature(TABLE[name], (), Words(f"{name}_", method=True))

    def change(self: Tensor, *args: Any, **named: Any) -> Tensor:
        if type(self.node) is AccumulateGrad and modes.grad_enabled():
            raise RuntimeError(errors.LEAF_IN_PLACE)
        seen = function(*signature.bind((self, *args), named))
        self.array, self.sizes = seen.array, seen.sizes
        node = seen.node
        self.version[0] += 1
        if node is not None:
            self.node = node  # a view knows by the version that this is its history
        return self

    change.__name__ = f"{name}_"
    return change


METHODS: dict[str, Callable[..., Tensor]] = {
    "detach_": detach_, **{f"{name}_": reshaping(name) for name in ("t", "transpose", "squeeze", "unsqueeze")}}
