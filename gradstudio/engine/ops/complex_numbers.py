"""Complex numbers: conjugates, real and imaginary parts. Categories arithmetic and shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.geometry import Memory
from gradstudio.engine.op import Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY

Array = np.ndarray[Any, Any]
Z = np.array([[1 + 2j, -0.5j], [0.3, -1.5 - 0.7j]])


def pairs(z: Array) -> Array:
    if z.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    if not z.size:
        return np.zeros((*z.shape, 2), z.real.dtype)
    return np.asarray(Memory(z.real, 0, (*z.shape, 2), (*z.strides, z.real.itemsize)))


def joined(x: Array) -> Array:
    return np.asarray(x[..., 0] + np.array(1j, np.result_type(x.dtype, np.complex64)) * x[..., 1])


def conj(x: Any) -> Any:
    return ops.conj_of(x) if x.scalar_type.kind == "c" else x


def real(x: Any) -> Any:
    return ops.select(ops.view_as_real(x), -1, 0) if x.scalar_type.kind == "c" else x


def imag(x: Any) -> Any:
    if x.scalar_type.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return ops.select(ops.view_as_real(x), -1, 1)


register(
    Op("conj_of", (Input("x", lambda g: ops.conj(g)),), np.conj, node_name="ConjBackward0", hidden=True),
    Op("view_as_real", (Input("x", lambda g: ops.view_as_complex(g)),), pairs, node_name="ViewAsRealBackward0", views=True, hidden=True),
    Op("view_as_complex", (Input("x", lambda g: ops.view_as_real(g)),), joined, node_name="ViewAsComplexBackward0", hidden=True),
    Op("conj", (Input("x", formula="conjugate"),), composite=conj, kernel=np.conj, category=CATEGORY, symbol="z̄",
       torch=("torch.conj({x})", "{x}.conj()"), latex=r"\bar{{x}}", doc="The complex conjugate; a real tensor is its own.",
       samples=samples.ONE),
    Op("real", (Input("x", formula="1"),), composite=real, kernel=lambda x: x.real, category=CATEGORY, symbol="Re",
       torch=("torch.real({x})", "{x}.real"), latex=r"\operatorname{Re} {x}", doc="The real part, as a view; a real tensor is its own.",
       samples=samples.ONE),
    Op("imag", (Input("x", formula="i"),), composite=imag, kernel=lambda x: x.imag, category=CATEGORY, symbol="Im",
       torch=("torch.imag({x})", "{x}.imag"), latex=r"\operatorname{Im} {x}", doc="The imaginary part, as a view.",
       samples=(Sample((Z,)),), bad_samples=(Sample((samples.array(3),), error="imag is not implemented for tensors with non-complex"),)),
)
