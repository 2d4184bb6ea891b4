"""PyTorch's streams of random numbers: the Mersenne Twister of `torch.manual_seed`, drawn from as PyTorch's CPU kernels do."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import dtypes
from gradstudio.engine.numerics.boxmuller import box_muller

Array = np.ndarray[Any, np.dtype[Any]]
FLOAT64 = np.dtype("float64")
DEFAULT_SEED = 67280421310721  # PyTorch's, until a program seeds
BLOCK = 16                     # elements that one step of Box-Muller makes of a large float tensor


class Generator:
    """One stream. Equal seeds and equal calls give equal numbers."""

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream again. Raise ValueError for a seed beyond 64 bits."""
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self.seed = seed % 2**64
        self._stream: np.random.RandomState | None = None
        self._second: float | None = None  # Box-Muller makes two normals at a time
        return self

    @property
    def _words(self) -> np.random.RandomState:
        """The source of words; made when the first one is drawn, which takes longer than a small graph's forward."""
        if self._stream is None:
            self._stream = np.random.RandomState(self.seed % 2**32)
        return self._stream

    def initial_seed(self) -> int:
        """Return the seed that the stream began with."""
        return self.seed

    def copy(self) -> Generator:
        """Return a stream that goes on from here on its own."""
        twin = Generator(self.seed)
        twin._words.set_state(self._words.get_state())
        twin._second = self._second
        return twin

    def words(self, n: int) -> Array:
        """Return the next n 32-bit words."""
        return np.frombuffer(self._words.bytes(4 * n) if n else b"", "<u4")  # bytes(0) would draw a word

    def long_words(self, n: int) -> Array:
        """Return the next n 64-bit words: the high half is drawn first."""
        pairs = self.words(2 * n).astype(np.uint64)
        return (pairs[0::2] << np.uint64(32)) | pairs[1::2]

    def rand(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return uniform numbers in [0, 1)."""
        kind, n = dtypes.as_numpy(dtype or dtypes.default()), math.prod(shape)
        if kind == FLOAT64:
            return self._doubles(n).reshape(shape)
        return dtypes.fit((self.words(n) & np.uint32(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24), kind).reshape(shape)

    def _doubles(self, n: int) -> Array:
        return (self.long_words(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53

    def randn(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return normal numbers. Small tensors and large ones are drawn in different ways, as in PyTorch."""
        kind, n = dtypes.as_numpy(dtype or dtypes.default()), math.prod(shape)
        if kind.kind != "f":
            raise NotImplementedError(f"randn for dtype torch.{kind.name}")
        if kind not in (dtypes.FLOAT32, FLOAT64):
            return dtypes.cast(self._by_blocks(n), kind).reshape(shape)
        if n < BLOCK:
            return np.array([self._normal() for _ in range(n)], np.float64).astype(kind).reshape(shape)
        out = self.rand((n,), kind)
        box_muller(out[:n - n % BLOCK].reshape(-1, BLOCK))
        if n % BLOCK:
            out[n - BLOCK:] = self.rand((BLOCK,), kind)
            box_muller(out[n - BLOCK:].reshape(1, BLOCK))
        return out.reshape(shape)

    def _by_blocks(self, n: int) -> Array:
        """Return n normal numbers as PyTorch draws them for half dtypes: whole blocks, then the last block again."""
        out = self.randn((n if n < BLOCK else n - n % BLOCK,), dtypes.FLOAT32)
        return out if out.size == n else np.concatenate([out[:n - BLOCK], self.randn((BLOCK,), dtypes.FLOAT32)])

    def _normal(self) -> float:
        if self._second is not None:
            second, self._second = self._second, None
            return second
        u, v = self._doubles(2).tolist()
        radius, angle = math.sqrt(-2 * math.log1p(-v)), 2 * math.pi * u
        self._second = radius * math.sin(angle)
        return radius * math.cos(angle)

    def uniform(self, shape: tuple[int, ...], low: float, high: float, dtype: Any = None) -> Array:
        """Return uniform numbers in [low, high), rounded once, as a fused multiply-add rounds."""
        kind = dtypes.as_numpy(dtype or dtypes.default())
        if kind not in (dtypes.FLOAT32, FLOAT64):
            return dtypes.cast(self.uniform(shape, low, high, dtypes.FLOAT32), kind)
        start, span = kind.type(low), kind.type(high) - kind.type(low)
        return fused(self.rand(shape, kind), span, start).astype(kind)

    def normal(self, shape: tuple[int, ...], mean: float, std: float, dtype: Any = None) -> Array:
        """Return normal numbers of a mean and a standard deviation."""
        kind = dtypes.as_numpy(dtype or dtypes.default())
        drawn = self.randn(shape, FLOAT64 if math.prod(shape) < BLOCK else kind)
        return dtypes.cast(fused(drawn, drawn.dtype.type(std), drawn.dtype.type(mean)), kind)

    def bernoulli(self, shape: tuple[int, ...], p: float, dtype: Any = None) -> Array:
        """Return ones with probability p, else zeros (what dropout draws)."""
        ones: Array = self.rand(shape, FLOAT64) < p
        return ones.astype(dtypes.as_numpy(dtype or dtypes.default()))

    def exponential(self, shape: tuple[int, ...], rate: float = 1.0, dtype: Any = None) -> Array:
        """Return exponentially distributed numbers."""
        return (-np.log1p(-self.rand(shape, FLOAT64)) / rate).astype(dtypes.as_numpy(dtype or dtypes.default()))

    def randint(self, low: int, high: int, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return integers in [low, high). Raise RuntimeError for an empty range."""
        if low >= high:
            raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
        span, n = high - low, math.prod(shape)
        draws = self.long_words(n) if span >= 2**28 else self.words(n).astype(np.uint64)
        return ((draws % np.uint64(span)).astype(np.int64) + low).astype(dtypes.as_numpy(dtype or "int64")).reshape(shape)

    def randperm(self, n: int, dtype: Any = None) -> Array:
        """Return a permutation of 0 to n - 1."""
        out = np.arange(n, dtype=dtypes.as_numpy(dtype or "int64"))
        for i, word in enumerate(self.words(max(n - 1, 0)).tolist()):
            j = i + word % (n - i)
            out[i], out[j] = out[j], out[i]
        return out


def fused(x: Array, factor: Any, term: Any) -> Array:
    """Return x * factor + term in a wider dtype: rounded back, it is what a fused multiply-add gives."""
    wide: Any = np.longdouble if x.dtype == FLOAT64 else np.float64
    found: Array = x.astype(wide) * wide(factor) + wide(term)
    return found


_default: list[Generator] = []  # made when first asked for: numpy.random is slow to load


def default_generator() -> Generator:
    """Return the stream that factories draw from when they are given none."""
    if not _default:
        _default.append(Generator())
    return _default[0]


def manual_seed(seed: int) -> Generator:
    """Start the default stream again and return it."""
    return default_generator().manual_seed(seed)
