"""PyTorch's words for what the engine refuses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine.dtypes import BFLOAT16

DType = np.dtype[Any]
# What PyTorch calls a dtype: in type promotion errors (Float), in tensor types (FloatTensor), in C++ signatures (float).
NAMES = {"?": "Bool", "B": "Byte", "b": "Char", "h": "Short", "i": "Int", "l": "Long", "q": "Long", "e": "Half", "f": "Float",
         "d": "Double",
         "F": "ComplexFloat", "D": "ComplexDouble"}
C_NAMES = {"?": "bool", "B": "unsigned char", "b": "signed char", "h": "short int", "i": "int", "l": "long int", "q": "long int",
           "e": "c10::Half",
           "f": "float", "d": "double", "F": "c10::complex<float>", "D": "c10::complex<double>"}

FREED = ("Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). "
         "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if "
         "you need to backward through the graph a second time or if you need to access saved tensors after calling backward.")
LEAF_IN_PLACE = "a leaf Variable that requires grad is being used in an in-place operation."
LEAF_VIEW_IN_PLACE = "a view of a leaf Variable that requires grad is being used in an in-place operation."
NO_GRAD_VIEW = ("A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case is "
                "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either "
                "both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to "
                "be tracked).")
OVERLAP = ("unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please clone() the "
           "tensor before performing the operation.")
NON_LEAF_FLAG = "you can only change requires_grad flags of leaf variables."
NON_LEAF_OFF = (f"{NON_LEAF_FLAG} If you want to use a computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach().")
NON_LEAF_GRAD = ("The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be populated "
                 "during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, use "
                 ".retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf "
                 "Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.")
CREATE_GRAPH = ("Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient which can "
                "cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you have to use this "
                "function, make sure to reset the .grad fields of your parameters to None after use to break the cycle and avoid the "
                "leak.")
INFERENCE_SAVED = ("Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation "
                   "tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use "
                   "`torch.no_grad()` instead of `torch.inference_mode()`.")
INFERENCE_VERSION = "Inference tensors do not track version counter."
INFERENCE_FLAG = "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
PACK_IN_PLACE = ("A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be modified by "
                 "in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to perform in-place "
                 "operations on the input to a pack hook.")
INFERENCE_WRITTEN = ("Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
                     "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.")
NUMPY = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
VIEW_STRIDES = ("view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous "
                "subspaces). Use .reshape(...) instead.")


class LinAlgError(RuntimeError):
    """What has no solution in linear algebra: a singular matrix (torch.linalg.LinAlgError)."""

    __module__ = "torch._C"


LinAlgError.__name__ = LinAlgError.__qualname__ = "_LinAlgError"  # as tracebacks show it


def dtype_name(dtype: DType) -> str:
    """Return what PyTorch's messages call a dtype: Float, Long..."""
    return "BFloat16" if dtype == BFLOAT16 else NAMES[dtype.char]


def c_name(dtype: DType) -> str:
    """Return what PyTorch's C++ calls a dtype: float, long int..."""
    return "c10::BFloat16" if dtype == BFLOAT16 else C_NAMES[dtype.char]


def type_name(value: object) -> str:
    """Return what Python's own messages call the type of a value: float, numpy.ndarray."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def no_cast(dtype: DType, wanted: DType) -> str:
    """Return the words for a result that does not fit the tensor it should be written to."""
    return f"result type {dtype_name(dtype)} can't be cast to the desired output type {dtype_name(wanted)}"


def lacking(words: str, dtype: DType) -> Exception:
    """Return the error for a dtype that an op has no kernel for: words are the kernel's name, or the whole message."""
    return RuntimeError(words) if " " in words else NotImplementedError(f"\"{words}\" not implemented for '{dtype_name(dtype)}'")


def size(shape: Iterable[int]) -> str:
    """Return a shape as PyTorch writes it in messages: [2, 3]."""
    return f"[{', '.join(map(str, shape))}]"


MULTIPLE = ("This view is the output of a function that returns multiple views. Such functions do not allow the output views to be "
            "modified inplace. You should replace the inplace operation by an out-of-place one.")


def written_output(output_nr: int, name: str) -> str:
    """Return the words for writing to one of several views that an op made."""
    return f"Output {output_nr} of {name.partition('Backward')[0]} is a view and is being modified inplace. {MULTIPLE}"


def stale_output(output_nr: int, name: str) -> str:
    """Return the words for reading one of several views after their storage was written."""
    return (f"Output {output_nr} of {name.partition('Backward')[0]} is a view and its base or another view of its base has been modified "
            f"inplace. {MULTIPLE}")


def broadcast(a: Sequence[int], b: Sequence[int]) -> RuntimeError:
    """Return the error for two shapes that do not broadcast."""
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            return RuntimeError(f"The size of tensor a ({a[-back]}) must match the size of tensor b ({b[-back]}) at non-singleton "
                                f"dimension "
                                f"{max(len(a), len(b)) - back}")
    raise AssertionError("the shapes broadcast")


def dim_range(dim: int, rank: int) -> IndexError:
    """Return the error for a dim that a tensor of this rank does not have."""
    rank = max(rank, 1)
    return IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")


def modified(dtype: DType, shape: Sequence[int], now_of: str | None, output_nr: int, version: int, expected: int) -> RuntimeError:
    """Return the error for a saved tensor that was changed in place; now_of names its grad_fn of now, if it has one."""
    which = f", which is output {output_nr} of {now_of}," if now_of else ""
    return RuntimeError(f"one of the variables needed for gradient computation has been modified by an inplace operation: "
                        f"[torch.{dtype_name(dtype)}Tensor {size(shape)}]{which} is at version {version}; expected version {expected} "
                        f"instead. "
                        "Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
                        "torch.autograd.set_detect_anomaly(True, check_nan=False).")
