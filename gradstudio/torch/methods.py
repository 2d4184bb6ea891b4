"""What a Tensor can do besides ops: sizes and dtypes, conversion to Python and numpy, text. Put on the engine's class on import."""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors, printing
from gradstudio.engine.dtypes import DType, Size
from gradstudio.engine.tensor import Tensor, View, make
from gradstudio.torch import (
    aliases,
    apart,
    asked,
    casting,
    compare,
    creation,
    discrete,
    drawing,
    grad_mode,
    in_place_views,
    nodes,
    operators,
    spellings,
)
from gradstudio.torch.devices import CPU, STRIDED, Device, Layout

Array = np.ndarray[Any, np.dtype[Any]]
SCALAR_WARNING = ("Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                  "Consider using tensor.detach() first.")


def size(self: Tensor, dim: int | None = None) -> Any:
    """Return the shape, or the length along one dim. Raise IndexError for a dim that is not there."""
    if dim is None:
        return Size(self.sizes)
    if not -max(self.ndim, 1) <= dim < max(self.ndim, 1):
        raise errors.dim_range(dim, self.ndim)
    return self.sizes[dim]


def dim(self: Tensor) -> int:
    """Return the number of dims."""
    return len(self.sizes)


def stride(self: Tensor, dim: int | None = None) -> Any:
    """Return how many elements apart neighbours along each dim lie in memory."""
    steps = tuple([s // self.array.itemsize for s in self.array.strides])
    return steps if dim is None else steps[dim]


def data_ptr(self: Tensor) -> int:
    """Return the address of the first element."""
    return int(self.array.__array_interface__["data"][0])


def storage_offset(self: Tensor) -> int:
    """Return where the tensor begins in the storage that it shares with its base."""
    base = self.base if isinstance(self, View) else self
    return (data_ptr(self) - data_ptr(base)) // self.array.itemsize


def element_size(self: Tensor) -> int:
    """Return how many bytes PyTorch needs for one element."""
    return dtypes.DTYPES[self.scalar_type].itemsize


def is_contiguous(self: Tensor) -> bool:
    """Return whether the elements lie in memory in the order of their indices."""
    return bool(self.array.flags.c_contiguous)


def is_view(self: Tensor) -> bool:
    """Return whether the tensor is a view of another one's storage."""
    return isinstance(self, View)


def base_of(self: Tensor) -> Tensor | None:
    """Return the tensor whose storage this one views, None if it is no view."""
    return self.base if isinstance(self, View) else None


def item(self: Tensor) -> Any:
    """Return the one element as a Python number. Raise RuntimeError if there is not exactly one."""
    if self.array.size != 1:
        raise RuntimeError(f"a Tensor with {self.array.size} elements cannot be converted to Scalar")
    return self.array.item()


def tolist(self: Tensor) -> Any:
    """Return the elements as nested lists, or as a number."""
    return self.array.tolist()


def numpy(self: Tensor, *, force: bool = False) -> Array:
    """Return the elements as an array on the same memory. Raise RuntimeError if it requires grad, TypeError for bfloat16."""
    if self.requires_grad and not force:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    if self.scalar_type is dtypes.BFLOAT16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    return self.array


def as_array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Array:
    """numpy's protocol: `np.asarray(t)`."""
    array = numpy(self)
    return array if dtype is None else array.astype(dtype, copy=False)


def scalar(self: Tensor) -> Any:
    if self.array.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    if self.requires_grad:
        warnings.warn(SCALAR_WARNING, UserWarning, stacklevel=3)
    return self.array.item()


def to_float(self: Tensor) -> float:
    return float(scalar(self))


def to_int(self: Tensor) -> int:
    return int(scalar(self))


def to_complex(self: Tensor) -> complex:
    return complex(scalar(self))


def to_index(self: Tensor) -> int:
    """Return an integer tensor of one element as an index."""
    if self.array.dtype.kind not in "biu" or self.array.size != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self.array.item())


def to_bool(self: Tensor) -> bool:
    """Return the truth of the one element. Raise RuntimeError if there are several, or none."""
    if self.array.size != 1:
        many = "more than one value" if self.array.size else "no values"
        raise RuntimeError(f"Boolean value of Tensor with {many} is ambiguous")
    return bool(self.array.item())


def length(self: Tensor) -> int:
    if not self.sizes:
        raise TypeError("len() of a 0-d tensor")
    return self.sizes[0]


def iterate(self: Tensor) -> Iterator[Tensor]:
    """Return the rows, as unbind gives them."""
    if not self.sizes:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))  # type: ignore[attr-defined]


def contains(self: Tensor, element: Any) -> bool:
    """Return whether an element is equal to a number or a tensor."""
    if isinstance(element, Tensor | int | float | complex):
        return bool((self.array == (element.array if isinstance(element, Tensor) else element)).any())
    raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")


def text(self: Tensor) -> str:
    return printing.tensor_str(self)


def formatted(self: Tensor, spec: str) -> str:
    """Format a 0-dim tensor as its number; others take no format."""
    return self.array.item().__format__(spec) if not self.sizes else object.__format__(self, spec)


def deep_copy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """Copy a leaf with its .grad. Raise RuntimeError for a tensor with a history."""
    if not self.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If "
                           "you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
                           "https://github.com/pytorch/pytorch/pull/103001")
    if id(self) not in memo:
        out = make(self.array.copy(), None)
        out.requires_grad = self.requires_grad
        held = getattr(self, "held_grad", None)
        if held is not None:
            out.grad = deep_copy(held, memo)
        memo[id(self)] = out
    found: Tensor = memo[id(self)]
    return found


def type_name(self: Tensor, dtype: Any = None) -> Any:
    """Return "torch.FloatTensor", or the tensor cast to a dtype."""
    return self.to(dtype) if dtype is not None else f"torch.{errors.dtype_name(self.array.dtype)}Tensor"  # type: ignore[attr-defined]


def _new(make_one: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def made(self: Tensor, *size: Any, dtype: Any = None, **named: Any) -> Tensor:
        return make_one(*size, dtype=dtype or self.array.dtype, **named)

    return made


def set_data(self: Tensor, value: Tensor) -> None:
    """Put other numbers under a tensor; nothing notices (`t.data = ...`). Raise TypeError for what is no tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
    self.array, self.sizes, self.scalar_type = value.array, value.array.shape, value.array.dtype


def refuse(name: str) -> Callable[[Tensor, Any], None]:
    def setter(self: Tensor, value: object) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch._C.TensorBase' objects is not writable")

    return setter


METHODS: dict[str, Callable[..., Any]] = {
    "size": size, "dim": dim, "ndimension": dim, "nelement": Tensor.numel, "stride": stride, "data_ptr": data_ptr, "item": item,
    "storage_offset": storage_offset, "is_contiguous": is_contiguous, "_is_view": is_view, "tolist": tolist, "numpy": numpy,
    "element_size": element_size, "is_floating_point": lambda self: self.array.dtype.kind == "f",
    "is_complex": lambda self: self.array.dtype.kind == "c", "type": type_name, "is_inference": grad_mode.is_inference,
    "new_tensor": lambda self, data, dtype=None, **named: creation.tensor(data, dtype=dtype or self.array.dtype, **named),
    "new_zeros": _new(creation.zeros), "new_ones": _new(creation.ones), "new_empty": _new(creation.empty), "new_full": _new(creation.full),
    "get_device": lambda self: -1, "is_same_size": lambda self, other: self.sizes == other.sizes,
    "__array__": as_array, "__float__": to_float, "__int__": to_int, "__complex__": to_complex, "__index__": to_index, "__bool__": to_bool,
    "__len__": length, "__iter__": iterate, "__contains__": contains, "__repr__": text, "__format__": formatted, "__deepcopy__": deep_copy,
}
PROPERTIES: dict[str, Callable[[Tensor], Any]] = {
    "shape": lambda self: Size(self.sizes), "dtype": lambda self: dtypes.DTYPES[self.scalar_type], "device": lambda self: CPU,
    "layout": lambda self: STRIDED, "_base": base_of, "itemsize": element_size,
    "nbytes": lambda self: self.array.size * element_size(self), "names": lambda self: (None,) * self.ndim,
    "is_cuda": lambda self: False, "is_sparse": lambda self: False, "is_quantized": lambda self: False,
}
READ_ONLY = ("grad_fn", "is_leaf", "output_nr", "_version")


def install() -> None:
    """Give the engine's Tensor the methods of the op table, then those above."""
    for name, method in {**aliases.METHOD_ALIASES, **spellings.METHODS}.items():
        if name not in vars(Tensor):
            setattr(Tensor, name, method)
    own: dict[str, Callable[..., Any]] = {**METHODS, **casting.METHODS, **compare.METHODS, **in_place_views.METHODS, **drawing.METHODS,
                                       **discrete.METHODS, **apart.METHODS, **asked.METHODS}
    for name, method in own.items():
        setattr(Tensor, name, method)
    operators.install()
    for name, method in aliases.second({name.removesuffix("_"): m for name, m in vars(Tensor).items() if name.endswith("_")}).items():
        if f"{name}_" not in vars(Tensor):
            setattr(Tensor, f"{name}_", method)
    nodes.install()
    for name, getter in {**spellings.PROPERTIES, **aliases.PROPERTIES, **PROPERTIES}.items():
        setattr(Tensor, name, property(getter, refuse(name)))
    for name in READ_ONLY:
        setattr(Tensor, name, property(getattr(Tensor, name).fget, refuse(name)))
    Tensor.data = property(Tensor.data.fget, set_data)  # type: ignore[assignment, attr-defined]
    for kind in (Tensor, View):
        kind.__module__ = "torch"


__all__ = ["DType", "Device", "Layout", "Size", "install"]
