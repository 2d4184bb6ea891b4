"""Dtypes and sizes as people see them: they print `torch.float32` and `torch.Size([2, 3])`; the engine computes with numpy's.

numpy has no bfloat16. In its place stands float32 in the byte order that is not the machine's: numpy takes it wherever it takes a
float, equals it to no other dtype, and gives what it computes with it in the machine's order. So what has not been rounded is a
float32 and cannot pass for a bfloat16; `cast` rounds. Until a program names it, or computes with complex numbers, `rare_seen` is False
and nothing looks for either.
"""
from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import numpy as np

NumpyDType = np.dtype[Any]
Array = np.ndarray[Any, Any]


class DType:
    """One dtype. numpy takes it wherever it takes a dtype, and it equals numpy's own."""

    __slots__ = ("dtype", "name")

    def __init__(self, name: str, dtype: NumpyDType | None = None) -> None:
        self.name: Final = name
        self.dtype: Final = np.dtype(name) if dtype is None else dtype  # numpy's protocol: np.dtype(d) reads d.dtype

    @property
    def kind(self) -> str:
        return self.dtype.kind

    @property
    def char(self) -> str:
        return self.dtype.char

    @property
    def itemsize(self) -> int:
        return 2 if self.dtype is BFLOAT16 else self.dtype.itemsize

    @property
    def is_floating_point(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def is_complex(self) -> bool:
        return self.dtype.kind == "c"

    @property
    def is_signed(self) -> bool:
        return self.dtype.kind in "ifc"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self is other
        return isinstance(other, np.dtype | type) and other is not object and self.dtype == other

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return of, (self.name,)


class Size(tuple[int, ...]):
    """A shape: a tuple that prints as PyTorch's."""

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements of a tensor of this shape."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other: Iterable[int]) -> Size:  # type: ignore[override]
        return Size((*self, *other))

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found


NAMES: Final = ("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
                "float16", "float32", "float64", "complex64", "complex128")
FLOAT32: Final = np.dtype("float32")
BFLOAT16: Final = FLOAT32.newbyteorder("S")
DTYPES: Final[dict[NumpyDType, DType]] = {np.dtype(name): DType(name) for name in NAMES} | {BFLOAT16: DType("bfloat16", BFLOAT16)}
rare_seen = False  # whether this program has named bfloat16 or computed with complex numbers
_defaults: list[NumpyDType] = [FLOAT32]


def of(dtype: Any) -> DType:
    """Return the DType of a numpy dtype, a DType, or a name ("float32"). Raise KeyError for one that PyTorch lacks."""
    return dtype if isinstance(dtype, DType) else DTYPES[as_numpy(dtype)]


@cache
def name_of(dtype: NumpyDType) -> str:
    """Return PyTorch's name of a numpy dtype: "float32", "bfloat16"."""
    return "bfloat16" if dtype == BFLOAT16 else dtype.name


def as_numpy(dtype: Any) -> NumpyDType:
    """Return numpy's dtype for a DType, a numpy dtype, a name, or Python's bool, int, float (int64, the default) and complex."""
    if isinstance(dtype, str) and dtype == "bfloat16":
        dtype = DTYPES[BFLOAT16]
    if isinstance(dtype, DType):
        return noticed(dtype.dtype)
    if dtype is float:
        return _defaults[0]
    if dtype is complex:
        return default_complex()
    found: NumpyDType = np.dtype(dtype)
    return found


def noticed(dtype: NumpyDType) -> NumpyDType:
    """Return the dtype; from the first bfloat16 or complex one on, ops look for them."""
    global rare_seen
    rare_seen = rare_seen or dtype is BFLOAT16 or dtype.kind == "c"
    return dtype


def fit(array: Array, dtype: Any) -> Array:
    """Return an array in a dtype: itself where that is its own."""
    wanted = as_numpy(dtype)
    return array if array.dtype == wanted and wanted is not BFLOAT16 else cast(array, wanted)


def in_order(array: Array) -> Array:
    """Return an array from outside. Raise ValueError, as PyTorch does, unless its bytes are in the machine's order."""
    if not array.dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order. Conversion between byte orders is "
                         "currently not supported.")
    return array


def cast(array: Array, dtype: NumpyDType) -> Array:
    """Return an array in a dtype, a copy even where that is its own; rounded to nearest, halves to even, where it is bfloat16."""
    if dtype is not BFLOAT16:
        return array.astype(dtype)
    noticed(BFLOAT16)
    bits = np.asarray(array, FLOAT32).view(np.uint32)
    bits = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(array), np.float32(np.nan), np.asarray(bits).view(FLOAT32)).astype(BFLOAT16)


def default() -> NumpyDType:
    """Return the dtype that Python floats become."""
    return _defaults[0]


def default_complex() -> NumpyDType:
    """Return the dtype that Python complex numbers become."""
    return np.dtype("complex128" if _defaults[0].itemsize == 8 else "complex64")


def set_default(dtype: Any) -> None:
    """Set the dtype that Python floats become. Raise TypeError unless it is a floating point dtype."""
    found = as_numpy(dtype)
    if found.kind != "f":
        raise TypeError("only floating-point types are supported as the default type")
    _defaults[0] = found
