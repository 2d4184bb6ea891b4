"""Messages between the window and its worker: msgpack heads, raw bodies, a frame of two lengths round both."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

import msgspec

from gradstudio.document.graph import NodePath, OperandPath
from gradstudio.session import again
from gradstudio.session.again import Values
from gradstudio.session.delta import StateDelta
from gradstudio.session.microscope import Look
from gradstudio.session.playhead import Anchor, Edge
from gradstudio.session.state import State, View
from gradstudio.session.trace import TensorKey, Trace

PREFIX = struct.Struct("<II")  # length of the head, length of the body
MAX_FRAME = 256 << 20


class RunDocument(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Run a document: the codec's tree; with a base, a patch of that run's document. Answer with Ran; with Gone if the base is not held."""

    run: int
    document: msgspec.Raw
    at_end: bool
    anchor: Anchor | None
    view: View
    base: int = 0


class ShowState(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Send the State of step k of the run that is held; answer with Shown or Gone."""

    run: int
    k: int
    view: View
    base: int | None = None  # k of the state that the asker has


class SendState(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Send the State of step k whole, beside the one on show; answer with StateSent or Gone."""

    request: int
    run: int
    k: int
    view: View


class SendArray(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Send a whole tensor; answer with ArraySent or Gone."""

    request: int
    run: int
    key: TensorKey
    k: int
    grad: bool


class Check(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Say whether an op takes operands of these shapes and dtypes; answer with Checked."""

    request: int
    op: str
    shapes: tuple[tuple[int, ...] | None, ...]
    dtypes: tuple[str | None, ...]
    operands: tuple[Any, ...]
    attrs: dict[str, Any]


class LookCloser(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Say what made one cell (row-major) of the contribution along a wire, at step k; answer with Looked or Gone."""

    request: int
    run: int
    path: NodePath
    operand: OperandPath
    k: int
    cell: int


class Ran(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A run ended. `kept`: the steps are those of the run before, and are not sent again. `values`: those after the state of that run."""

    trace: Trace
    state: State | None
    kept: bool
    values: Values | None = None

    def after(self, before: tuple[Trace, State]) -> tuple[Trace, State]:
        """Return the whole trace and state, given those of the run before."""
        state = self.state if self.values is None else again.restored(before[1], self.values)
        assert state is not None
        return again.with_steps(self.trace, before[0]) if self.kept else self.trace, state


class Shown(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A State, whole or as what differs from the base asked for."""

    state: State | None
    delta: StateDelta | None


class StateSent(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A State beside the one on show."""

    request: int
    state: State


class ArraySent(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A whole tensor; its bytes are the body. No dtype: there was none."""

    request: int
    shape: tuple[int, ...]
    dtype: str | None


class Checked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What an op would give, or why PyTorch refuses."""

    request: int
    shapes: tuple[tuple[int, ...], ...] = ()
    dtypes: tuple[str, ...] = ()
    error: str | None = None
    message: str = ""


class Looked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What made a cell; None: it cannot be told."""

    request: int
    look: Look | None


class Gone(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The run asked about is no longer held."""

    run: int
    request: int = 0


Request = RunDocument | ShowState | SendState | SendArray | Check | LookCloser
Answer = Ran | Shown | StateSent | ArraySent | Checked | Looked | Gone
encode = msgspec.msgpack.Encoder().encode


@cache
def _decoder(kind: object) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)


def decode_request(head: bytes) -> Request:
    """Read what the window asks. Raises msgspec.DecodeError."""
    read: Request = _decoder(Request).decode(head)
    return read


def decode_answer(head: bytes) -> Answer:
    """Read what the worker answers. Raises msgspec.DecodeError."""
    read: Answer = _decoder(Answer).decode(head)
    return read


def edge_or_anchor(request: RunDocument) -> Edge | Anchor:
    """Return where the asker stands."""
    return request.anchor if request.anchor is not None else Edge(request.at_end)
