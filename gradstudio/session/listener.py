"""Listener: what a machine tells of a running script. The recorder writes all of it down; a retake takes the numbers alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from gradstudio.document.graph import CallId, NodePath, OperandPath
from gradstudio.engine import Tensor
from gradstudio.engine.gradnode import GradNode
from gradstudio.engine.observe import Observer
from gradstudio.engine.tensor import AccumulateGrad
from gradstudio.session.state import InputKey
from gradstudio.session.trace import Failure, Printed, StepKind, TensorKey


class Reader(Struct, eq=False):
    """A tensor that an op read: along which wire, whose tensor, and the engine's edge it gave to a recorded node."""

    wire: InputKey
    key: TensorKey
    tensor: Tensor
    edge: GradNode | None  # the tensor's place in the graph before the op read it

    def is_edge(self, edge: GradNode) -> bool:
        """Return whether an engine edge leads to this operand's tensor."""
        mine = self.edge
        if mine is edge:
            return True
        if isinstance(edge, AccumulateGrad):
            return edge.variable is self.tensor
        return mine is not None and type(mine) is not AccumulateGrad and mine.target is edge.target and mine.output_nr == edge.output_nr


class Follower(Observer, Protocol):
    """Is told of one pass by the engine, and then how it ended."""

    ran: int  # visits begun

    def finish(self, raised: bool) -> None:
        """The pass is over."""


class Listener(ABC):
    """Is told of each step in its order. Holds what a run itself asks for: the tensors, the failures, what was printed, the step."""

    def __init__(self) -> None:
        self.call: CallId = ""
        self.turns: tuple[int, ...] = ()
        self.k = 0  # the step that the script stands at: the number of steps
        self.tensors: dict[TensorKey, Tensor] = {}  # what each key means now
        self.entrances: dict[NodePath, tuple[NodePath, OperandPath, NodePath]] = {}  # input node: its instance, operand and source
        self.failures: dict[NodePath, Failure] = {}
        self.prints: list[Printed] = []
        self.passed = 0  # passes begun and ended

    @abstractmethod
    def add(self, kind: StepKind, node: NodePath, name: str = "", part: int = 0, sequence_nr: int | None = None, origin: int = 0) -> int:
        """Add a step of the running call; return its k. Raises RunLimit."""

    @property
    @abstractmethod
    def node(self) -> NodePath:
        """The node of the last step."""

    # ---- forward

    @abstractmethod
    def made(self, key: TensorKey, tensor: Tensor, past_failure: bool = False) -> None:
        """A key means a tensor from now on; its old `.grad` went with the old tensor."""

    @abstractmethod
    def gone(self, key: TensorKey) -> None:
        """A key means no tensor any more."""

    @abstractmethod
    def known(self, key: TensorKey, grad: bool) -> object:
        """Return what is recorded of a tensor, or of its `.grad`, as it is now."""

    @abstractmethod
    def runs(self, path: NodePath, readers: tuple[Reader, ...]) -> None:
        """An op, or an instance, is run (again): what flowed into it before is gone, and what that made of what it reads."""

    @abstractmethod
    def ran(self, path: NodePath, operands: tuple[object, ...]) -> None:
        """An op, or an instance, took operands: what is known of tensors, and Python values."""

    @abstractmethod
    def op_made(self, path: NodePath, readers: tuple[Reader, ...], outputs: Sequence[tuple[TensorKey, Tensor]]) -> None:
        """An op made outputs, and engine nodes behind them, which saved something."""

    @abstractmethod
    def alias(self, tensor: Tensor, key: TensorKey) -> None:
        """A tensor is (also) known by a key from now on: an instance's output is the inner op's."""

    # ---- passes and writes

    @abstractmethod
    def follower(self, roots: tuple[TensorKey, ...], retain_graph: bool, create_graph: bool, accumulates: bool) -> Follower:
        """Return what follows a pass that begins."""

    @abstractmethod
    def hooked(self) -> None:
        """A hook was registered: from now on numbers decide what is recorded of a pass."""

    @abstractmethod
    def grad_switched(self, on: bool) -> None:
        """Grad mode was switched for the rest of the script."""

    @abstractmethod
    def about_to_write(self, tensors: Iterable[Tensor]) -> None:
        """Tensors are about to be written, their `.grad` included."""

    @abstractmethod
    def look_for_writes(self, writer: str, updated: Sequence[TensorKey] = ()) -> None:
        """Something was written: any tensor, saved tensor or `.grad` may not be what it was. `updated`: written without a new version."""
