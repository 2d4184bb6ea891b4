"""gradcheck: analytical gradients against central differences, first and second order."""
from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import modes, printing, random
from gradstudio.engine.backward import grad
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[..., Any]


class GradcheckError(RuntimeError):
    """A gradient is wrong, or backward gives different results each time."""


def _tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def _wanted(inputs: Sequence[Any]) -> list[Tensor]:
    """Return the inputs to check by. Raise what PyTorch raises if there is none or if elements share memory."""
    found = []
    for i, t in enumerate(inputs):
        if not isinstance(t, Tensor) or not t.requires_grad:
            continue
        if t.scalar_type != np.float64:
            warnings.warn(f"Input #{i} requires gradient and is not a double precision floating point or complex. This check will likely "
                          "fail if all the inputs are not of double precision floating point or complex. ", UserWarning, stacklevel=4)
        if t.scalar_type.kind == "c":
            raise NotImplementedError("gradcheck of complex inputs")
        if any(step == 0 and n > 1 for step, n in zip(t.array.strides, t.sizes, strict=True)):
            raise RuntimeError(f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to "
                               "be able to compute the numerical gradients correctly. You should call .contiguous on the input before "
                               "passing it to gradcheck.")
        found.append(t)
    if not found:
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True.")
    return found


def _differentiable(outputs: Any) -> list[Tensor]:
    return [o for o in _tuple(outputs) if isinstance(o, Tensor) and o.requires_grad]


def numerical(func: Function, inputs: Sequence[Any], x: Tensor, eps: float) -> list[Array]:
    """Return the Jacobian (elements of x, elements of output) of each tensor output by central differences."""
    def outputs() -> list[Array]:
        with modes.GradMode(False):
            return [np.array(o.array, np.float64).ravel() for o in _tuple(func(*inputs)) if isinstance(o, Tensor)]

    rows: list[list[Array]] = []
    for at in np.ndindex(x.sizes):
        before = x.array[at]
        x.array[at] = before - eps
        low = outputs()
        x.array[at] = before + eps
        high = outputs()
        x.array[at] = before
        rows.append([(b - a) / (2 * eps) for a, b in zip(low, high, strict=True)])
    return [np.array(columns) for columns in zip(*rows, strict=True)]


def analytical(out: Tensor, wanted: Sequence[Tensor]) -> list[Array]:
    """Return the Jacobian (elements of input, elements of out) for each input, one backward for each element of out."""
    found = [np.zeros((t.numel(), out.numel())) for t in wanted]
    for j in range(out.numel()):
        seed = np.zeros_like(out.array)
        seed.flat[j] = 1
        for jacobian, g in zip(found, grad([out], wanted, [make(seed, None)], retain_graph=True, allow_unused=True), strict=True):
            if g is not None:
                jacobian[:, j] = g.array.ravel()
    return found


def _mismatch(i: int, j: int, n: Array, a: Array) -> GradcheckError:
    return GradcheckError(f"Jacobian mismatch for output {i} with respect to input {j},\nnumerical:{printing.described(n, [])}\n"
                          f"analytical:{printing.described(a, [])}\n")


def _close(a: Array, n: Array, atol: float, rtol: float) -> bool:
    return bool(np.allclose(a, n, rtol, atol, equal_nan=False))


def _check(func: Function, inputs: Any, eps: float, atol: float, rtol: float, nondet_tol: float) -> None:
    given = _tuple(inputs)
    wanted = _wanted(given)
    outputs = [o for o in _tuple(func(*given)) if isinstance(o, Tensor)]
    kept = [i for i, o in enumerate(outputs) if o.requires_grad]
    differences = [numerical(func, given, t, eps) for t in wanted]
    if not kept:
        if any(np.any(n != 0) for per_input in differences for n in per_input):
            raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    for number, i in enumerate(kept):
        first, second = analytical(outputs[i], wanted), analytical(outputs[i], wanted)
        for j, per_input in enumerate(differences):
            if not _close(first[j], per_input[i], atol, rtol):
                raise _mismatch(number, j, per_input[i], first[j])
            if np.any(np.abs(first[j] - second[j]) > nondet_tol):
                raise GradcheckError("Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                                     "gives different values, although analytical gradient matches numerical gradient.The tolerance for "
                                     f"nondeterminism was {nondet_tol}.")


def gradcheck(func: Function, inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True,
              nondet_tol: float = 0.0, **unused: Any) -> bool:
    """Compare the gradients of func at inputs (float64, requires grad) with central differences.

    Return True, or raise GradcheckError with both Jacobians; False instead if raise_exception is off. Fast mode checks as the slow one.
    """
    if not raise_exception:
        try:
            _check(func, inputs, eps, atol, rtol, nondet_tol)
        except GradcheckError:
            return False
        return True
    _check(func, inputs, eps, atol, rtol, nondet_tol)
    return True


def gradgradcheck(func: Function, inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
                  raise_exception: bool = True, nondet_tol: float = 0.0, **unused: Any) -> bool:
    """Check the gradients of the gradients of func, by its inputs and by the cotangents of its outputs (random unless given)."""
    given = _tuple(inputs)
    if grad_outputs is None:
        stream = random.default_generator()
        outputs = _differentiable(func(*given))
        seeds = tuple([make(np.asarray(stream.uniform(o.sizes, -1, 1, o.scalar_type)), None).requires_grad_() for o in outputs])
    else:
        seeds = _tuple(grad_outputs)
    count = len(seeds)

    def gradients(*args: Any) -> tuple[Any, ...]:
        with modes.GradMode(True):
            parts = tuple([ops.view(p, p.sizes) if isinstance(p, Tensor) and p.requires_grad and p.is_leaf else p for p in args[:-count]])
            wanted = [p for p in parts if isinstance(p, Tensor) and p.requires_grad]
            found = grad(_differentiable(func(*parts)), wanted, list(args[-count:]), create_graph=True, allow_unused=True)
        return tuple([g for g in found if g is not None])

    return gradcheck(gradients, (*given, *seeds), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, nondet_tol=nondet_tol)
