"""The words about missing arguments: PyTorch's functions written in C++ count and quote them otherwise than those written in Python."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Of `torch` (and methods) those written in Python; of `F` those written in C++.
PYTHON = frozenset(("torch.cdist", "torch.norm", "torch.split", "method.split", "torch.tensordot", "torch.testing.assert_close"))
COMPILED = frozenset((
    "adaptive_avg_pool1d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "bilinear", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "cosine_similarity", "gelu", "hardshrink", "linear", "logsigmoid", "pairwise_distance", "pdist",
    "pixel_shuffle", "pixel_unshuffle", "prelu", "scaled_dot_product_attention", "softplus", "softshrink"))
# Functions that go by another name in messages, and arguments that do in those of one function.
FUNCTIONS = {f"F.{name}": f"_{name}" for name in ("threshold",
                                                  *[f"{kind}pool{k}d" for kind in ("max_", "adaptive_max_") for k in (1, 2, 3)])}
FUNCTIONS |= {"F.logsigmoid": "log_sigmoid", "method.split": "Tensor.split"}
ARGUMENTS = {"torch.tensordot": {"input": "a", "other": "b"}, "torch.split": {"input": "tensor"}, "F.embedding": {"indices": "input"},
             "method.split": {"split_size_or_sections": "split_size"},
             **{f"torch.{name}": {"A": "input"} for name in ("det", "slogdet", "inverse")}}


@dataclass(frozen=True, slots=True)
class Words:
    """What messages call a function (in `place`: torch, F or method) and its arguments."""

    function: str
    python: bool = False
    key: str = ""  # of ARGUMENTS; empty where no argument goes by another name
    method: bool = False  # positions do not count the tensor itself

    @classmethod
    def of(cls, place: str, name: str) -> Words:
        """Return the words of one of PyTorch's functions."""
        key = f"{place}.{name}"
        python = name not in COMPILED if place == "F" else key in PYTHON
        function = FUNCTIONS.get(key) or (name.rpartition(".")[2] if python else name.replace(".", "_"))
        return cls(function, python, key if key in ARGUMENTS else "", place == "method")

    def missing(self, arguments: Sequence[str]) -> str:
        """Return the message of a TypeError about missing arguments."""
        count, names = len(arguments), ARGUMENTS.get(self.key, {})
        quoted = [f"'{names.get(a, a)}'" if self.python else f'"{names.get(a, a)}"' for a in arguments]
        if not self.python:  # "arguments" for one of them, "argument" for several
            return f"{self.function}() missing {count} required positional argument{'s' if count == 1 else ''}: {', '.join(quoted)}"
        *before, last = quoted
        listed = f"{', '.join(before)}{',' if count > 2 else ''} and {last}" if before else last
        return f"{self.function}() missing {count} required positional argument{'s' if count > 1 else ''}: {listed}"
