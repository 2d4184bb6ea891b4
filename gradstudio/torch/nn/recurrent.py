"""Recurrent networks: RNN, LSTM, GRU over sequences, and one step of each (RNNCell, LSTMCell, GRUCell).

Composed of rows, step by step, with PyTorch's parameters and start values. PyTorch fuses an LSTM's layer into one node; here its steps
show, as RNN's and GRU's do in both.
"""
from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor
from gradstudio.torch import creation
from gradstudio.torch.nn import functional, init
from gradstudio.torch.nn.arguments import own_init, spoken_by
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.weighted import parameter

State = tuple[Any, ...]  # (h,), or (h, c) of an LSTM
Step = Callable[[Any, State, Sequence[Any]], State]


# One step: gates of the input and the state before -> the state. `w`: weight_hh, bias_hh (or None), weight_hr of a projection (or None).
def recurrent(activation: str) -> Step:
    def step(gates: Any, state: State, w: Sequence[Any]) -> State:
        return (getattr(ops, activation)(ops.add(ops.linear(state[0], w[0], w[1]), gates)),)

    return step


def lstm(gates: Any, state: State, w: Sequence[Any]) -> State:
    """Hochreiter and Schmidhuber's cell: c = f c + i g, h = o tanh(c)."""
    h, c = state
    i, f, g, o = ops.unsafe_chunk(ops.add(ops.linear(h, w[0], w[1]), gates), 4, 1)
    c = ops.add(ops.mul(ops.sigmoid(f), c), ops.mul(ops.sigmoid(i), ops.tanh(g)))
    h = ops.mul(ops.sigmoid(o), ops.tanh(c))
    return (h if w[2] is None else ops.linear(h, w[2], None)), c


def gru(gates: Any, state: State, w: Sequence[Any]) -> State:
    """Cho and others' cell: h = (h - n) z + n, where the reset gate r chooses what of h goes into n."""
    h = state[0]
    i_r, i_z, i_n = ops.unsafe_chunk(gates, 3, 1)
    h_r, h_z, h_n = ops.unsafe_chunk(ops.linear(h, w[0], w[1]), 3, 1)
    r, z = ops.sigmoid(ops.add(h_r, i_r)), ops.sigmoid(ops.add(h_z, i_z))
    n = ops.tanh(ops.add(i_n, ops.mul(h_n, r)))
    return (ops.add(ops.mul(ops.sub(h, n), z), n),)


STEPS: dict[str, Step] = {"RNN_TANH": recurrent("tanh"), "RNN_RELU": recurrent("relu"), "LSTM": lstm, "GRU": gru}
CHUNKS = {"LSTM": 4, "GRU": 3}


def run_layer(step: Step, x: Any, state: State, w: Sequence[Any], backwards: bool) -> tuple[Any, State]:
    """Return the outputs (L, N, H) of one layer in one direction, and its last state. w: weight_ih, bias_ih, then those of a step."""
    each = ops.unbind(ops.linear(x, w[0], w[1]), 0)
    found = []
    for gates in each[::-1] if backwards else each:
        state = step(gates, state, w[2:])
        found.append(state[0])
    return ops.stack(found[::-1] if backwards else found, 0), state


def check_sizes(size: Any, name: str) -> None:
    if not isinstance(size, int):
        raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
    if size <= 0:
        raise ValueError(f"{name} must be greater than zero")


class Recurrent(Module):
    """Layers of steps over sequences (L, N, input_size): weights per layer and direction, start values uniform in ±1/√hidden_size."""

    @spoken_by("RNNBase")
    def __init__(self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
                 dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError("dropout should be a number in range [0, 1] representing the probability of an element being zeroed")
        if dropout > 0 and num_layers == 1:
            warnings.warn("dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
                          f"than 1, but got dropout={dropout} and num_layers={num_layers}", UserWarning, stacklevel=2)
        check_sizes(input_size, "input_size")
        check_sizes(hidden_size, "hidden_size")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        self.mode, self.input_size, self.hidden_size, self.num_layers, self.bias = mode, input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional, self.proj_size = batch_first, float(dropout), bidirectional, proj_size
        for layer in range(num_layers):
            for way in self._ways():
                self._add(f"_l{layer}{way}", layer, dtype)
        self.reset_parameters()

    def _ways(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def _add(self, end: str, layer: int, dtype: Any) -> None:
        rows, out = CHUNKS.get(self.mode, 1) * self.hidden_size, self.proj_size or self.hidden_size
        into = out * len(self._ways()) if layer else self.input_size
        setattr(self, f"weight_ih{end}", parameter(rows, into, dtype=dtype))
        setattr(self, f"weight_hh{end}", parameter(rows, out, dtype=dtype))
        if self.bias:
            setattr(self, f"bias_ih{end}", parameter(rows, dtype=dtype))
            setattr(self, f"bias_hh{end}", parameter(rows, dtype=dtype))
        if self.proj_size:
            setattr(self, f"weight_hr{end}", parameter(self.proj_size, self.hidden_size, dtype=dtype))

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: what PyTorch does for the memory of a GPU."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        ends = [f"_l{layer}{way}" for layer in range(self.num_layers) for way in self._ways()]
        return [[p for name, p in self._parameters.items() if name.endswith(end)] for end in ends]

    def _weights(self, end: str) -> list[Any]:
        return [self._parameters.get(f"{name}{end}") for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh", "weight_hr")]

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """Return the outputs of the last layer at every step, and the last states of all layers. Raise for shapes that do not fit."""
        if input.ndim not in (2, 3):
            raise ValueError(f"{self.mode.partition('_')[0]}: Expected input to be 2D or 3D, got {input.ndim}D tensor instead")
        alone, batch_dim = input.ndim == 2, 0 if self.batch_first and input.ndim == 3 else 1
        x: Any = ops.unsqueeze(input, 1) if alone else input
        state = self._start(x, hx, alone, batch_dim)
        self._check(x, state, batch_dim)
        if batch_dim == 0:
            x = ops.transpose(x, 0, 1)
        out, last = self._layers(x, state)
        out = ops.squeeze(out, 1) if alone else ops.transpose_in_place(out, 0, 1) if batch_dim == 0 else out
        last = tuple([ops.squeeze(s, 1) for s in last]) if alone else last
        return out, last if self.mode == "LSTM" else last[0]

    def _start(self, x: Any, hx: Any, alone: bool, batch_dim: int) -> State:
        """Return the states before the first step (layers, N, size): zeros unless given. Raise RuntimeError for other numbers of dims."""
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)[:2 if self.mode == "LSTM" else 1]
        if hx is None:
            layers = self.num_layers * len(self._ways())
            return tuple([creation.zeros(layers, x.sizes[batch_dim], n, dtype=x.scalar_type) for n in sizes])
        given = tuple(hx) if self.mode == "LSTM" else (hx,)
        wanted = 2 if alone else 3
        if any(s.ndim != wanted for s in given):
            kind = f"For {'unbatched 2-D' if alone else 'batched 3-D'} input, "
            what = f"hx and cx should also be {wanted}-D but got ({given[0].ndim}-D, {given[-1].ndim}-D) tensors"
            raise RuntimeError(kind + (what if self.mode == "LSTM" else f"hx should also be {wanted}-D but got {given[0].ndim}-D tensor"))
        return tuple([ops.unsqueeze(s, 1) if alone else s for s in given])

    def _check(self, x: Any, state: State, batch_dim: int) -> None:
        """Raise what PyTorch raises for a dtype, an input size and states that do not fit."""
        own = self.weight_ih_l0
        if x.scalar_type != own.scalar_type:
            raise ValueError(f"RNN input dtype ({x.dtype}) does not match weight dtype ({own.dtype}). Convert input: "
                             f"input.to({own.dtype}), or convert model: model.to({x.dtype})")
        if x.sizes[-1] != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.sizes[-1]}")
        for i, s in enumerate(state):
            size = self.hidden_size if i else self.proj_size or self.hidden_size
            wanted = (self.num_layers * len(self._ways()), x.sizes[batch_dim], size)
            if s.sizes != wanted:
                name = f"hidden[{i}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {name} size {wanted}, got {list(s.sizes)}")
        if not x.sizes[1 - batch_dim]:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")

    def _layers(self, x: Any, state: State) -> tuple[Any, State]:
        """Run all layers: input (L, N, size), states (layers, N, size)."""
        step, ways = STEPS[self.mode], self._ways()
        each = list(zip(*[ops.unbind(s, 0) for s in state], strict=True))
        lasts = []
        for layer in range(self.num_layers):
            outs = []
            for i, way in enumerate(ways):
                out, last = run_layer(step, x, each[layer * len(ways) + i], self._weights(f"_l{layer}{way}"), bool(i))
                outs.append(out)
                lasts.append(last)
            x = ops.cat(outs, 2) if len(outs) > 1 else outs[0]
            if self.dropout and layer < self.num_layers - 1:
                x = functional.dropout(x, self.dropout, self.training)
        return x, tuple([ops.stack(list(s), 0) for s in zip(*lasts, strict=True)])

    def extra_repr(self) -> str:
        more = (("proj_size", self.proj_size, 0), ("num_layers", self.num_layers, 1), ("bias", self.bias, True),
                ("batch_first", self.batch_first, False), ("dropout", self.dropout, 0), ("bidirectional", self.bidirectional, False))
        return f"{self.input_size}, {self.hidden_size}" + "".join([f", {name}={value}" for name, value, usual in more if value != usual])


class RNN(Recurrent):
    """h = tanh(W x + b + W' h + b'), or with relu."""

    @spoken_by("RNNBase")
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device: Any = None,
                 dtype: Any = None) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
                         dtype=dtype)
        self.nonlinearity = nonlinearity


class LSTM(Recurrent):
    """Long short-term memory; returns outputs and (h, c)."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__("LSTM", *args, **named)


class GRU(Recurrent):
    """Gated recurrent units."""

    def __init__(self, *args: Any, **named: Any) -> None:
        if "proj_size" in named:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **named)


class Cell(Module):
    """One step of a recurrent network over (N, input_size) or (input_size,)."""

    mode: ClassVar[str] = ""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = CHUNKS.get(self.mode, 1) * hidden_size
        self.weight_ih, self.weight_hh = parameter(rows, input_size, dtype=dtype), parameter(rows, hidden_size, dtype=dtype)
        self.register_parameter("bias_ih", parameter(rows, dtype=dtype) if bias else None)
        self.register_parameter("bias_hh", parameter(rows, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    def _step(self) -> Step:
        return STEPS[self.mode]

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """Return the state after the step. Raise ValueError or RuntimeError for shapes that do not fit."""
        name, given = type(self).__name__, () if hx is None else tuple(hx) if self.mode == "LSTM" else (hx,)
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        for i, s in enumerate(given):
            if s.ndim not in (1, 2):
                which = f"hx[{i}]" if self.mode == "LSTM" else "hidden"
                raise ValueError(f"{name}: Expected {which} to be 1D or 2D, got {s.ndim}D instead")
        alone = input.ndim == 1
        x: Any = ops.unsqueeze(input, 0) if alone else input
        state = tuple([ops.unsqueeze(s, 0) if alone else s for s in given]) or self._zeros(x)
        self._check(x, state)
        found = self._step()(ops.linear(x, self.weight_ih, self.bias_ih), state, (self.weight_hh, self.bias_hh, None))
        found = tuple([ops.squeeze(s, 0) for s in found]) if alone else found
        return found if self.mode == "LSTM" else found[0]

    def _zeros(self, x: Any) -> State:
        zero = creation.zeros(x.sizes[0], self.hidden_size, dtype=x.scalar_type)
        return (zero, zero) if self.mode == "LSTM" else (zero,)

    def _check(self, x: Any, state: State) -> None:
        if x.sizes[1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {x.sizes[1]} expected {self.input_size}")
        for i, s in enumerate(state):
            if s.sizes[0] != x.sizes[0]:
                raise RuntimeError(f"Input batch size {x.sizes[0]} doesn't match hidden{i} batch size {s.sizes[0]}")
            if s.sizes[1] != self.hidden_size:
                raise RuntimeError(f"hidden{i} has inconsistent hidden_size: got {s.sizes[1]}, expected {self.hidden_size}")

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else f", bias={self.bias}")


class RNNCell(Cell):
    """h = tanh(W x + b + W' h + b'), or with relu."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
                 dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, dtype=dtype)
        self.nonlinearity = nonlinearity

    def _step(self) -> Step:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return STEPS[f"RNN_{self.nonlinearity.upper()}"]

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


@own_init
class LSTMCell(Cell):
    """One step of an LSTM; returns (h, c)."""

    mode = "LSTM"


@own_init
class GRUCell(Cell):
    """One step of a GRU."""

    mode = "GRU"
