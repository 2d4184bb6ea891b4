"""Convolution over one, two and three dims, and its transpose. Category matrix.

A convolution is one matrix product: the windows of the input are laid out as columns (im2col: a view by strides, copied once), the
filters are the rows. Its transpose is the same map turned round, so three kernels serve values and gradients of both: `correlate`
(input and filters give the output), `adjoint` (output and filters give an input) and `filters` (input and output give filters).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import JOINT, Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.gradients import GRADIENTS, MASK
from gradstudio.engine.ops.sliding import CATEGORY, Sizes, each, gathered, padded, window_counts, windows

Array = np.ndarray[Any, Any]


def correlate(x: Array, w: Array, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Array:
    """Return the output (N, O, *out) of an input (N, C, *sizes) and filters (O, C / groups, *kernel)."""
    n, o = len(x), len(w)
    seen = windows(padded(x, padding), w.shape[2:], out, stride, dilation)
    columns = seen.reshape(n, groups, math.prod(w.shape[1:]), math.prod(out))
    product: Array = np.matmul(w.reshape(groups, o // groups, columns.shape[2]), columns)
    return product.reshape(n, o, *out)


def filters(x: Array, g: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Array:
    """Return filters (O, C / groups, *kernel): what an input and an output (N, O, *out) have in common at each place of the kernel."""
    k, (n, o, *out), c = len(kernel), g.shape, x.shape[1]
    seen = windows(padded(x, padding), kernel, out, stride, dilation)
    rows = seen.transpose(1, *range(2, 2 + k), 0, *range(2 + k, 2 + 2 * k))
    places = n * math.prod(out)
    columns = rows.reshape(groups, c // groups * math.prod(kernel), places)
    given = g.swapaxes(0, 1).reshape(groups, o // groups, places)
    product: Array = np.matmul(given, columns.swapaxes(1, 2))
    return product.reshape(o, c // groups, *kernel)


def adjoint(g: Array, w: Array, sizes: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Array:
    """Return an input (N, C, *sizes): what each place of it gave to an output (N, O, *out), added up (col2im)."""
    n, o, kernel = len(g), len(w), w.shape[2:]
    out, c = g.shape[2:], w.shape[1] * groups
    turned = w.reshape(groups, o // groups, math.prod(w.shape[1:])).swapaxes(1, 2)
    columns = np.matmul(turned, g.reshape(n, groups, o // groups, math.prod(out)))
    return gathered(columns.reshape(n, c, *kernel, *out), sizes, stride, padding, dilation)


def transposed_sizes(sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, more: Sizes) -> tuple[int, ...]:
    """Return the sizes that a transposed convolution gives."""
    each = zip(sizes, kernel, stride, padding, dilation, more, strict=True)
    return tuple([(n - 1) * s - 2 * p + d * (k - 1) + q + 1 for n, k, s, p, d, q in each])


# The rows that see all.
def convolution(x: Array, weight: Array, bias: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, transposed: bool,
                output_padding: Sizes, groups: int) -> Array:
    if transposed:
        sizes = transposed_sizes(x.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding)
        out = adjoint(x, weight, sizes, stride, padding, dilation, groups)
    else:
        around = [m + 2 * p for m, p in zip(x.shape[2:], padding, strict=True)]
        out = correlate(x, weight, window_counts(around, weight.shape[2:], stride, dilation), stride, padding, dilation, groups)
    if bias is not None:
        out += bias.reshape(-1, *[1] * (x.ndim - 2))
    return out


def convolution_backward(g: Array, x: Array, weight: Array, stride: Sizes, padding: Sizes, dilation: Sizes, transposed: bool,
                         output_padding: Sizes, groups: int, mask: Sequence[bool]) -> tuple[Any, Any, Any]:
    how = (stride, padding, dilation, groups)
    one, other = (g, x) if transposed else (x, g)
    of_weight = filters(one, other, weight.shape[2:], *how) if mask[1] else None
    of_bias = np.asarray(np.add.reduce(g, (0, *range(2, g.ndim)))) if mask[2] else None
    if not mask[0]:
        return None, of_weight, of_bias
    return (correlate if transposed else adjoint)(g, weight, x.shape[2:], *how), of_weight, of_bias


def convolution_gradients(g: Any, mask: Any, x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, transposed: Any,
                          output_padding: Any, groups: Any) -> Any:
    return ops.convolution_backward(g, x, weight, stride, padding, dilation, transposed, output_padding, groups, mask)


def convolution_double(g: Any, mask: Any, grad_output: Any, x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, transposed: Any,
                       output_padding: Any, groups: Any) -> Any:
    """A convolution is linear in the input and in the filters, and so is its backward: their derivatives are each other."""
    how = (stride, padding, dilation, transposed, output_padding, groups)
    u, v, w = g
    to_g = None if u is None else ops.convolution(u, weight, None, *how)
    if v is not None:
        more = ops.convolution(x, v, None, *how)
        to_g = more if to_g is None else to_g + more
    if w is not None:
        to_g = (ops.zeros_like(grad_output) if to_g is None else to_g) + ops.reshape(w, (-1, *[1] * (len(ops.shape_of(x)) - 2)))
    to_x = None if v is None or not mask[1] else ops.convolution_backward(grad_output, x, v, *how, (True, False, False))[0]
    to_weight = None if u is None or not mask[2] else ops.convolution_backward(grad_output, u, weight, *how, (False, True, False))[1]
    return to_g, to_x, to_weight


# What people call.
def check(x: Any, weight: Any, bias: Any, how: dict[str, Any], transposed: bool, groups: int) -> None:
    """Raise PyTorch's error for what a convolution does not take."""
    k = len(weight.sizes) - 2
    for name in ("padding", "output_padding", "stride", "dilation"):
        given = how.get(name, ())
        if min(given, default=1) < (0 if "padding" in name else 1):
            raise RuntimeError(f"{'negative' if 'padding' in name else 'non-positive'} {name} is not supported")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    for name, given in how.items():
        if len(given) != k:
            raise RuntimeError(f"expected {name} to be a single integer value or a list of {k} values to match the convolution "
                               f"dimensions, but got {name}={errors.size(given)}")
    shape = errors.size(weight.sizes)
    if weight.sizes[0] < groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size {shape} "
                           "instead")
    if weight.sizes[0] % groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size "
                           f"[{shape}] instead")
    wanted = weight.sizes[0] if transposed else weight.sizes[1] * groups
    if x.sizes[1] != wanted:
        raise RuntimeError(f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size {shape}, expected input"
                           f"{errors.size(x.sizes)} to have {wanted} channels, but got {x.sizes[1]} channels instead")
    channels = weight.sizes[1] * groups if transposed else weight.sizes[0]
    if bias is not None and bias.sizes != (channels,):
        raise RuntimeError(f"Given {'transposed=1, ' if transposed else ''}weight of size {shape}, expected bias to be 1-dimensional with "
                           f"{channels} elements, but got bias of size {errors.size(bias.sizes)} instead")
    check_sizes(x, weight, how, transposed)
    check_dtypes(x, weight, bias)


def times(sizes: Sizes) -> str:
    """Return sizes as PyTorch writes them here: (2 x 3)."""
    return f"({' x '.join(map(str, sizes))})"


def check_sizes(x: Any, weight: Any, how: dict[str, Any], transposed: bool) -> None:
    """Raise RuntimeError for a kernel that is larger than the input, NotImplementedError for one without elements."""
    kernel = weight.sizes[2:]
    around = [n + 2 * p for n, p in zip(x.sizes[2:], how["padding"], strict=True)]
    wide = [d * (k - 1) + 1 for k, d in zip(kernel, how["dilation"], strict=True)]
    if not transposed and any(n < k for n, k in zip(around, wide, strict=True)):
        raise RuntimeError(f"Calculated padded input size per channel: {times(around)}. Kernel size: {times(wide)}. Kernel size can't be "
                           "greater than actual input size")
    if 0 in kernel:
        raise NotImplementedError("convolution with a kernel that has no elements")
    if not transposed:
        return
    more = how["output_padding"]
    if any(q >= max(s, d) for q, s, d in zip(more, how["stride"], how["dilation"], strict=True)):
        dims = ("depth", "height", "width")[min(3 - len(kernel), 1):]
        flat = len(kernel) == 1  # torch takes one dim for two
        texts = [f"{name}_{dim}: {n}" for name, one in (("output_padding", 0), ("stride", 1), ("dilation", 1))
                 for dim, n in zip(dims, (one,) * flat + how[name], strict=True)]
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {' '.join(texts)}")
    sizes = transposed_sizes(x.sizes[2:], kernel, how["stride"], how["padding"], how["dilation"], more)
    if min(sizes) < 1:
        raise RuntimeError(f"Given input size per channel: {times(x.sizes[2:])}. Calculated output size per channel: {times(sizes)}. "
                           "Output size is too small")


def check_dtypes(x: Any, weight: Any, bias: Any) -> None:
    """Raise unless all have one dtype, a real one that has a product."""
    of_x = x.scalar_type
    if weight.scalar_type != of_x:
        names = [f"torch.{errors.dtype_name(d)}Tensor" for d in (of_x, weight.scalar_type)]
        raise RuntimeError(f"Input type ({names[0]}) and weight type ({names[1]}) should be the same or input should be a MKLDNN tensor "
                           "and weight is a dense tensor")
    if bias is not None and bias.scalar_type != of_x:
        raise RuntimeError(f"Input type ({errors.c_name(of_x)}) and bias type ({errors.c_name(bias.scalar_type)}) should be "
                           "the same")
    if of_x.kind == "b":
        raise errors.lacking("slow_conv2d_cpu", of_x)
    if of_x.kind == "c":
        raise NotImplementedError("convolution of complex tensors")


def batched(x: Any, k: int, name: str) -> Any:
    """Return the input with a batch dim. Raise RuntimeError unless it has k + 1 or k + 2 dims."""
    rank = len(x.sizes)
    if rank not in (k + 1, k + 2):
        raise RuntimeError(f"Expected {k + 1}D (unbatched) or {k + 2}D (batched) input to {name}, but got input of size: "
                           f"{errors.size(x.sizes)}")
    return x if rank == k + 2 else ops.unsqueeze(x, 0)


def same_padding(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Any, tuple[int, ...]]:
    """Return the input and the padding with which the output has its sizes; an odd one out is put behind by a pad."""
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(n % 2 for n in totals):
        x = ops.constant_pad(x, tuple([m for n in totals[::-1] for m in (0, n % 2)]), 0)
    return x, tuple([n // 2 for n in totals])


def convolve(k: int) -> Callable[..., Any]:
    """Return conv1d, conv2d or conv3d."""
    name = f"conv{k}d"

    def conv(x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
        given = batched(x, k, name)
        how = {"stride": each(stride, k), "padding": (0,) * k if isinstance(padding, str) else each(padding, k),
               "dilation": each(dilation, k)}
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise RuntimeError(f"Invalid padding string: '{padding}'")
            if padding == "same":
                given, how["padding"] = same_padding(given, weight.sizes[2:], how["stride"], how["dilation"])
        check(given, weight, bias, how, False, groups)
        out = ops.convolution(given, weight, bias, *how.values(), False, (0,) * k, groups)
        return out if len(x.sizes) == k + 2 else ops.squeeze(out, 0)

    return conv


def convolve_transposed(k: int) -> Callable[..., Any]:
    """Return conv_transpose1d, conv_transpose2d or conv_transpose3d."""
    name = f"conv_transpose{k}d"

    def conv(x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
             dilation: Any = 1) -> Any:
        if isinstance(padding, str):
            raise TypeError(f"{name}(): argument 'padding' must be tuple of ints, not str")
        given = batched(x, k, name)
        how = {"stride": each(stride, k), "padding": each(padding, k), "dilation": each(dilation, k),
               "output_padding": each(output_padding, k)}
        check(given, weight, bias, how, True, groups)
        out = ops.convolution(given, weight, bias, how["stride"], how["padding"], how["dilation"], True, how["output_padding"], groups)
        return out if len(x.sizes) == k + 2 else ops.squeeze(out, 0)

    return conv


HOW = (Attr("stride", "sizes"), Attr("padding", "sizes"), Attr("dilation", "sizes"), Attr("transposed", "bool", False),
       Attr("output_padding", "sizes"), Attr("groups", "int", 1))
register(
    Op("convolution_backward", (Input("grad_output", JOINT), Input("x", JOINT, torch="input"), Input("weight", JOINT)),
       convolution_backward, joint=convolution_double, node_name="ConvolutionBackwardBackward0", attrs=(*HOW, MASK), outputs=GRADIENTS,
       differentiable=(0, 1, 2), hidden=True),
    Op("convolution", (Input("x", JOINT, torch="input"), Input("weight", JOINT), Input("bias", JOINT, optional=True)), convolution,
       joint=convolution_gradients, node_name="ConvolutionBackward0", attrs=HOW, hidden=True),
)
STRIDE = Attr("stride", "sizes", 1, "Steps of the windows.")
PADDING = Attr("padding", "sizes", 0, "Zeros around the input; 'same' for as many as keep its sizes.")
DILATION = Attr("dilation", "sizes", 1, "Steps between the elements of a window.")
GROUPS = Attr("groups", "int", 1, "Into how many parts the channels fall that do not see each other.")
MORE = Attr("output_padding", "sizes", 0, "How much larger the result is than it had to be.")
OPERANDS = (Input("x", formula="{weight} at its windows", torch="input"), Input("weight", formula="{x} at its windows"),
            Input("bias", formula="1", optional=True))
SPACE = {1: (5,), 2: (4, 3), 3: (3, 2, 2)}
BATCH = {k: samples.array(2, 2, *SPACE[k]) for k in SPACE}
KERNELS = {k: samples.array(2, 2, *[2] * k, start=-0.7) for k in SPACE}
B2 = samples.array(2, start=0.4)


def row(k: int) -> Op:
    """Return the row of conv1d, conv2d or conv3d."""
    name, x, w = f"conv{k}d", BATCH[k], KERNELS[k]
    return Op(name, OPERANDS, composite=convolve(k), attrs=(STRIDE, PADDING, DILATION, GROUPS), category=CATEGORY, symbol=name,
              torch=(f"F.{name}({{x}}, {{weight}}, {{bias}})", f"torch.{name}({{x}}, {{weight}}, {{bias}})"),
              latex=r"{weight} \star {x} + {bias}", doc="Filters slide over the input: at each place the sum of products.",
              samples=(Sample((x, w, B2)), Sample((x, w, None), {"stride": 2, "padding": (1,) * k}),
                       Sample((x[0], w, B2), {"padding": "same"}), Sample((x, w[:, :1], B2), {"groups": 2, "padding": 1, "dilation": 2})),
              bad_samples=(Sample((x[0, 0], w, None), error=f"Expected {k + 1}D (unbatched) or {k + 2}D (batched) input to {name}"),
                           Sample((x, w[:, :1], None), error="Given groups=1, weight of size"),
                           Sample((x, w, None), {"stride": 2, "padding": "same"}, "padding='same' is not supported for strided")))


def transposed_row(k: int) -> Op:
    """Return the row of conv_transpose1d, conv_transpose2d or conv_transpose3d."""
    name, x, w = f"conv_transpose{k}d", BATCH[k], KERNELS[k]
    return Op(name, OPERANDS, composite=convolve_transposed(k), attrs=(STRIDE, Attr("padding", "sizes", 0, "How much is cut around."), MORE,
                                                                      GROUPS, DILATION),
              category=CATEGORY, symbol=f"conv{k}dᵗ",
              torch=(f"F.{name}({{x}}, {{weight}}, {{bias}})", f"torch.{name}({{x}}, {{weight}}, {{bias}})"),
              latex=r"{weight} \star^T {x} + {bias}", doc="Each element lays the filters down, scaled; where they overlap they add up.",
              samples=(Sample((x, w, B2)), Sample((x[0], w, None), {"stride": 2, "padding": 1, "output_padding": 1}),
                       Sample((x, w[:, :1], B2), {"groups": 2, "dilation": 2})),
              bad_samples=(Sample((x, w, None), {"output_padding": 1}, "output padding must be smaller than either stride or dilation"),
                           Sample((x, w, samples.array(3)), error="Given transposed=1, weight of size")))


register(*[row(k) for k in SPACE], *[transposed_row(k) for k in SPACE])
