"""Functions that make tensors: from data, filled, counted, drawn."""
from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors, promote, random
from gradstudio.engine.random import Generator
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, np.dtype[Any]]
COPY_WARNING = ("To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
                "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).")


def shape_of(size: Sequence[Any], name: str = "empty") -> tuple[int, ...]:
    """Return the shape meant by `zeros(2, 3)`, `zeros((2, 3))` or `zeros(x.shape)`. Raise what PyTorch raises for other sizes."""
    given = size[0] if len(size) == 1 and isinstance(size[0], tuple | list) else size
    shape = tuple([int(n.array) if isinstance(n, Tensor) else n for n in given])
    for n in shape:
        if not isinstance(n, int | np.integer):
            raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(n).__name__}")
        if n < 0 and name == "zeros":
            raise RuntimeError("zeros: Dimension size must be non-negative.")
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{', '.join(map(str, shape))}]")
    return shape


def finished(array: Any, dtype: Any, requires_grad: bool) -> Tensor:
    """Return a leaf around an array (not copied) of the dtype that was asked for. Raise RuntimeError if integers want a gradient."""
    array = np.asarray(array)
    out = make(array if dtype is None else dtypes.fit(array, dtype), None)
    dtypes.noticed(out.scalar_type)
    if requires_grad:
        if out.array.dtype.kind not in "fc":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        out.requires_grad = True
    return out


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """Copy data (numbers, nested lists, tensors, arrays) into a new leaf."""
    if isinstance(data, Tensor):
        warnings.warn(COPY_WARNING, UserWarning, stacklevel=2)
    return finished(array_of(data, dtype), dtype, requires_grad)


def array_of(data: Any, wanted: Any = None) -> Array:
    """Return data as an array of the dtype that PyTorch infers: Python floats become the default dtype, or keep all digits for another."""
    if isinstance(data, Tensor):
        return data.array.copy()
    if isinstance(data, np.ndarray | np.generic):
        return np.array(dtypes.in_order(np.asarray(data)))
    return inferred(nested(data), wanted)


def nested(data: Any, dim: int = 1) -> Any:
    """Return nested lists with tensors and arrays inside replaced by their values. Raise what PyTorch raises for uneven rows."""
    if isinstance(data, Tensor):
        return data.array.tolist()
    if not isinstance(data, list | tuple):
        return data
    rows = [nested(x, dim + 1) for x in data]
    lengths = [len(r) if isinstance(r, list) else -1 for r in rows]
    for row, length in zip(rows, lengths, strict=True):
        if length != lengths[0] and length < 0:
            raise TypeError("not a sequence")
        if length != lengths[0] and lengths[0] < 0:
            raise TypeError(f"'{type(row).__name__}' object cannot be interpreted as an integer")
        if length != lengths[0]:
            raise ValueError(f"expected sequence of length {lengths[0]} at dim {dim} (got {length})")
    return rows


def inferred(data: Any, wanted: Any = None) -> Array:
    """Return nested lists of numbers as an array in PyTorch's dtype for them."""
    array = np.array(data)
    kind = array.dtype.kind
    if wanted is not None:
        within(array, dtypes.as_numpy(wanted))
        if kind in "fc":
            return array
    if kind == "f" or not array.size:
        return dtypes.cast(array, dtypes.default())
    if kind == "c":
        return array.astype(dtypes.default_complex())
    if kind == "U":
        first = data
        while isinstance(first, list):
            first = first[0]
        many = array.ndim and isinstance(first, str)
        raise ValueError("too many dimensions 'str'") if many else TypeError("new(): invalid data type 'str'")
    if kind not in "biu":
        unfit = [x for x in array.ravel().tolist() if not isinstance(x, int | float | complex)]
        if unfit:
            raise RuntimeError(f"Could not infer dtype of {type(unfit[0]).__name__}")
        raise ValueError("Overflow when unpacking long long")
    return array if kind == "b" else array.astype(np.int64)


def within(array: Array, dtype: np.dtype[Any]) -> None:
    """Raise RuntimeError for numbers that an integer dtype cannot hold; one without a sign takes small negative ones and wraps them."""
    if dtype.kind not in "iu" or array.dtype.kind not in "iuf" or not array.size:
        return
    limits = np.iinfo(dtype)
    low = -limits.max if dtype.kind == "u" else limits.min
    if not ((array >= low) & (array <= limits.max)).all():
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return data as a tensor, sharing memory with an array and returning a tensor as it is."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)  # type: ignore[attr-defined]
    if isinstance(data, np.ndarray) and dtype is None:
        return from_numpy(data)
    return finished(array_of(data, dtype), dtype, False)


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None) -> Tensor:
    """Return anything as a tensor, on its own memory where that is possible and no copy is asked for.

    A tensor keeps its history, with a warning, unless requires_grad is False.
    """
    found = as_tensor(obj, dtype)
    if copy:
        found = found.clone()  # type: ignore[attr-defined]
    if requires_grad is None and found.requires_grad:
        warnings.warn("torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of False. Pass "
                      "requires_grad=False explicitly to get the old behavior and silence this warning.", UserWarning, stacklevel=2)
    elif requires_grad is False and found.requires_grad:
        found = found.detach()
    elif requires_grad and not found.requires_grad:
        found.requires_grad = True
    return found


def scalar_tensor(s: float, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a number as a 0-dim tensor, of the default dtype."""
    return finished(np.asarray(s, dtypes.as_numpy(dtype or dtypes.default())), None, requires_grad)


def randint_like(input: Tensor, *bounds: int, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return integers in [low, high) in the shape and dtype of a tensor."""
    return randint(*bounds, input.sizes, dtype=dtype or input.scalar_type, requires_grad=requires_grad)


def from_numpy(array: Array) -> Tensor:
    """Return a tensor on the memory of an array. Raise TypeError for what is no array of numbers."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    if array.dtype not in dtypes.DTYPES:
        raise TypeError(f"can't convert np.ndarray of type numpy.{array.dtype.type.__name__}.")
    dtypes.noticed(array.dtype)
    return make(dtypes.in_order(array), None)


def _filled(name: str, value: float) -> Callable[..., Tensor]:
    def filled(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **layout: Any) -> Tensor:
        shape = shape_of(size or (layout["size"],), name)
        return finished(np.full(shape, value, dtypes.as_numpy(dtype or dtypes.default())), None, requires_grad)

    return filled


zeros, ones, empty = _filled("zeros", 0), _filled("ones", 1), _filled("empty", 0)


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of one value; its dtype is that of the value unless given."""
    value = fill_value.array if isinstance(fill_value, Tensor) else inferred(fill_value, dtype)
    kind = value.dtype if dtype is None else dtypes.as_numpy(dtype)
    return finished(np.full(shape_of((size,)), value, kind), kind, requires_grad)


def _alike(value: Any) -> Callable[..., Tensor]:
    def like(input: Tensor, *fill: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **layout: Any) -> Tensor:
        chosen = fill[0] if fill else layout.get("fill_value", value)
        kind = input.array.dtype if dtype is None else dtypes.as_numpy(dtype)
        return finished(np.full(input.array.shape, promote.wrapped(chosen, kind), kind), kind, requires_grad)

    return like


zeros_like, ones_like, empty_like, full_like = _alike(0), _alike(1), _alike(0), _alike(None)


def plain(x: Any) -> Any:
    """Return the array of a tensor, anything else as it is."""
    return x.array if isinstance(x, Tensor) else x


def arange(*bounds: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **named: Any) -> Tensor:
    """Return start, start + step, ... before end; integers unless a bound is a float. `named`: bounds by name."""
    given = _bounds(bounds, named)
    numbers = [b.array.item() if isinstance(b, Tensor) else b for b in given]
    start, end, step = numbers
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    guess = dtypes.default() if any(isinstance(b, float) for b in numbers) else np.dtype("int64")
    kind = guess if dtype is None else dtypes.as_numpy(dtype)
    count = math.ceil((end - start) / step)
    return finished(start + step * np.arange(count, dtype=np.float64 if kind.kind == "f" else np.int64), kind, requires_grad)


def _bounds(bounds: Sequence[Any], named: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return start, end and step of a range, as they are given by position and by name."""
    alone = len(bounds) == 1 and not named
    given = dict(zip(("end",) if alone else ("start", "end", "step"), bounds, strict=False)) | named
    if len(given) < len(bounds) + len(named) or [*sorted(given)] not in (["end"], ["end", "start"], ["end", "start", "step"]):
        kinds = [*map(errors.type_name, bounds), *[f"{name}={errors.type_name(bound)}" for name, bound in named.items()]]
        raise TypeError(f"arange() received an invalid combination of arguments - got ({', '.join(kinds)})")
    return given.get("start", 0), given["end"], given.get("step", 1)


def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return steps numbers from start to end. The second half is counted from the end, as in PyTorch."""
    kind = dtypes.as_numpy(dtype or dtypes.default())
    first, last = [x.array.item() if isinstance(x, Tensor) else x for x in (start, end)]
    steps = operator.index(steps)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    if kind.kind != "f":
        return finished(np.linspace(first, last, steps), kind, requires_grad)
    low, high = [dtypes.cast(np.asarray(x), kind) for x in (first, last)]
    step = dtypes.cast(dtypes.cast(high - low, kind) / kind.type(max(steps - 1, 1)), kind)
    index = np.arange(steps)
    ahead = random.fused(index.astype(kind), step, low)
    back = random.fused((steps - 1 - index).astype(kind), -step, high)
    return finished(np.where(index < steps // 2, ahead, back) if steps > 1 else np.full(steps, low), kind, requires_grad)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:
    """Return base to the power of evenly spaced exponents."""
    exponents = linspace(start, end, steps, dtype="float64").array
    return finished(np.power(float(base), exponents), dtype or dtypes.default(), requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones on the diagonal, zeros elsewhere."""
    return finished(np.eye(n, m, dtype=dtypes.as_numpy(dtype or dtypes.default())), None, requires_grad)


def _drawn(method: str) -> Callable[..., Tensor]:
    def drawn(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, generator: Generator | None = None,
              **layout: Any) -> Tensor:
        stream = generator or random.default_generator()
        return finished(getattr(stream, method)(shape_of(size or (layout["size"],), method), dtype), None, requires_grad)

    return drawn


rand, randn = _drawn("rand"), _drawn("randn")


def rand_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return uniform numbers in the shape of another tensor."""
    return rand(input.array.shape, dtype=dtype or input.array.dtype, requires_grad=requires_grad)


def randn_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return normal numbers in the shape of another tensor."""
    return randn(input.array.shape, dtype=dtype or input.array.dtype, requires_grad=requires_grad)


def randint(*args: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, generator: Generator | None = None,
            **named: Any) -> Tensor:
    """Return integers in [low, high): `randint(high, size)` or `randint(low, high, size)`."""
    *bounds, size = args if "size" not in named else (*args, named["size"])
    bounds += [named[name] for name in ("low", "high") if name in named]
    low, high = bounds if len(bounds) == 2 else (0, bounds[0])
    return finished((generator or random.default_generator()).randint(low, high, shape_of((size,)), dtype), None, requires_grad)


def randperm(n: int, *, dtype: Any = None, device: Any = None, generator: Generator | None = None) -> Tensor:
    """Return 0 to n - 1 in random order."""
    return finished((generator or random.default_generator()).randperm(n, dtype), None, False)


def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Return normal numbers of a mean and a standard deviation, numbers or tensors."""
    stream = generator or random.default_generator()
    centre, spread = [plain(x) for x in (mean, std)]
    if size is not None:
        return finished(stream.normal(shape_of((size,)), centre, spread), None, False)
    shape = np.broadcast_shapes(np.shape(centre), np.shape(spread))
    return finished(stream.randn(shape) * spread + centre, dtypes.default(), False)


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Return 1 with the probability that each element gives, else 0."""
    drawn = (generator or random.default_generator()).rand(input.array.shape, input.array.dtype)
    return finished(drawn < input.array, input.array.dtype, False)


def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """Return indices drawn with the given weights along the last dim. Raise RuntimeError for weights that are none, and for too many."""
    check_multinomial(input.array, num_samples, replacement)
    rows, stream = input.array.reshape(-1, input.array.shape[-1]), generator or random.default_generator()
    if replacement and num_samples > 1:
        edges = np.cumsum(rows / rows.sum(-1, keepdims=True), -1)
        drawn = np.array([np.searchsorted(edge, stream.rand((num_samples,), "float64")) for edge in edges])
    else:  # the largest weights divided by exponential numbers
        with np.errstate(divide="ignore", invalid="ignore"):
            keys = rows / stream.exponential(rows.shape, 1.0, rows.dtype)
        drawn = np.argsort(-keys, -1, kind="stable")[:, :num_samples]
    return finished(drawn.reshape(*input.array.shape[:-1], num_samples), np.int64, False)


def check_multinomial(weights: Array, count: int, replacement: bool) -> None:
    """Raise RuntimeError for weights that are no probabilities, or fewer than there are to draw."""
    if weights.dtype.kind != "f":
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {errors.dtype_name(weights.dtype)}")
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (weights.sum(-1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


def manual_seed(seed: int) -> Generator:
    """Start the default stream of random numbers again."""
    return random.manual_seed(int(seed))


def initial_seed() -> int:
    """Return the seed of the default stream."""
    return random.default_generator().initial_seed()
