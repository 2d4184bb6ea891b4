"""`torch.nn.functional`: filled from the op table, with the few functions that are more than one row."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import TABLE
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import aliases, spellings
from gradstudio.torch.nn import compositions, dropouts, losses


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero each element with probability p and scale the rest up. Without training, or with p = 0, return the input itself."""
    dropouts.check(p)
    if not training or p == 0.0:
        return input
    return dropouts.dropped(input, p, inplace, channels=False)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Return a row of zeros with a single one for each integer."""
    numbers = tensor.array
    count = int(numbers.max()) + 1 if num_classes < 0 else num_classes
    if numbers.size and (numbers.min() < 0 or numbers.max() >= count):
        raise RuntimeError("Class values must be non-negative." if numbers.min() < 0 else "Class values must be smaller than num_classes.")
    return make((numbers[..., None] == range(count)).astype("int64"), None)


_found = {**aliases.FUNCTIONAL_ALIASES, **spellings.FUNCTIONAL, **dropouts.FUNCTIONS, **compositions.FUNCTIONS, **losses.FUNCTIONS}
# Activations that take `inplace`, and the row that writes and its settings where these are other ones.
IN_PLACE: dict[str, tuple[str, tuple[float, ...]]] = {name: (name, ()) for name in (
    "relu", "elu", "celu", "selu", "silu", "mish", "hardtanh", "hardsigmoid", "hardswish", "leaky_relu", "threshold")}
IN_PLACE["relu6"] = ("hardtanh", (0.0, 6.0))


def in_place_too(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return an activation that takes its settings, then `inplace`, as PyTorch does."""
    row, fixed = IN_PLACE[name]
    settings = {attr.name: attr.default for attr in TABLE[name].attrs}
    write = mutating(row)

    def function(input: Tensor, *args: Any, inplace: bool = False, **named: Any) -> Any:
        if len(args) > len(settings):
            *args, inplace = args  # type: ignore[assignment]
        if not inplace:
            return plain(input, *args, **named)
        given = {**settings, **dict(zip(settings, args, strict=False)), **named}
        if len(given) > len(settings):
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(key for key in given if key not in settings)}'")
        return write(input, *fixed, *given.values())

    function.__name__ = function.__qualname__ = name
    function.__doc__ = plain.__doc__
    return function


def written(name: str) -> Callable[..., Any]:
    """Return the function that writes an activation into its input: relu_, elu_..."""
    function = _found[name]

    def write(input: Tensor, *settings: Any, **named: Any) -> Any:
        return function(input, *settings, **{**named, "inplace": True})

    write.__name__ = write.__qualname__ = f"{name}_"
    write.__doc__ = function.__doc__
    return write


_found |= {name: in_place_too(name, _found[name]) for name in IN_PLACE}
_found |= {f"{name}_": written(name) for name in ("relu", "elu", "celu", "selu", "hardtanh", "leaky_relu", "threshold", "rrelu")}
globals().update({name: function for name, function in _found.items() if name not in globals()})


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'torch.nn.functional' has no attribute '{name}'")
