"""capture: a recording of a PyTorch program, from `with` to its end. PyTorch is imported when a recording begins, not before."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from gradstudio.capture import frames
from gradstudio.capture.live import Live, given, name_of, plain
from gradstudio.capture.optimizers import ParamGroup, ToldOptimizer
from gradstudio.capture.recording import Recording
from gradstudio.capture.report import CaptureWarning, NotRecorded, listed
from gradstudio.capture.seen import Told
from gradstudio.document.frames import FrameKind

NO_TORCH = (
    "a recording is made of a program that uses PyTorch, and PyTorch is not installed for this Python. "
    "Install it where the program runs (`pip install torch`), or build the graph in GradStudio.  GS-C302"
)
MOST_COMPARED = 5_000  # nodes; larger documents are not run again to be compared


class capture:  # noqa: N801 (used like a function: with capture("run.grad"))
    """Record what PyTorch does in a `with` block, and save it as a `.grad` document where a path is given.

    The block gets a Recording: `document`, `save(path)`, `warnings`, `differences()`. What the document tells otherwise than it ran is
    said as a CaptureWarning at the end. Raises ImportError without PyTorch; at the end NotRecorded where gradients of the document
    would be wrong, and NotSaved where the file cannot be written. An error of the program itself is recorded, and goes on.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = path
        self._recording = Recording()
        self._stack = ExitStack()

    def __enter__(self) -> Recording:
        torch = import_torch()
        home = frames.of_program(frames.caller())
        if home is None:
            raise RuntimeError("a recording begins in a program, and there is none here")
        self._program = _Program(torch, self._recording, home)
        self._stack.enter_context(self._program.mode())
        self._program.watch_optimizers(self._stack)
        return self._recording

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()
        self._program.name_at_the_end()
        self._program.forget()
        try:
            self._finish()
        except NotRecorded as fault:
            if error is None:
                raise
            warnings.warn(str(fault), CaptureWarning, stacklevel=2)

    def _finish(self) -> None:
        if self._path is not None:
            self._recording.save(self._path)
            if len(self._recording.draft.nodes) <= MOST_COMPARED:
                for difference in self._recording.differences():
                    self._recording.report.note(f"when the document runs, {difference}", "")
        if self._recording.warnings:
            text = f"the document is not in all as the program ran:\n{listed(self._recording.warnings)}"
            warnings.warn(text, CaptureWarning, stacklevel=3)


def import_torch() -> Any:
    """Return PyTorch. Raises ImportError that says what to do."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise ImportError(NO_TORCH) from error


class _Program:
    """Stands between PyTorch and a recording: turns each call into words."""

    def __init__(self, torch: Any, recording: Recording, home: FrameType) -> None:
        self._torch, self._recording, self._home = torch, recording, home
        self._steps = ExitStack()  # the step of an optimizer that runs
        self._optimizers: dict[int, Any] = {}  # kept, so that no other gets the id of one
        self._silent = False  # within a step of an optimizer, and while the recording itself asks for values

    def mode(self) -> Any:
        """Return the context in which PyTorch tells of each call."""
        overrides = importlib.import_module("torch.overrides")

        def call(_: Any, function: Any, types: Any, args: Any = (), named: Any = None) -> Any:
            return self._call(function, args, named or {})

        return type("Recorder", (overrides.TorchFunctionMode,), {"__torch_function__": call})()

    def _call(self, function: Any, args: Any, named: dict[str, Any]) -> Any:
        frame = frames.caller()
        if self._silent or (frame is not None and frames.is_in(frame, frames.SILENT)):
            return function(*args, **named)
        frames.name_tensors(self._recording, frame, self._home, self._torch.Tensor)
        arguments = tuple(plain(self._torch, value) for value in args)
        kept = {name: plain(self._torch, value) for name, value in given(function, named).items()}
        result: list[Any] = []

        def compute() -> object:  # what it writes to is known by now, and still has its name
            frames.name_tensors(self._recording, frame, self._home, self._torch.Tensor)
            result.append(function(*args, **named))
            return plain(self._torch, result[0])

        self._recording.tell(Told(name_of(function), arguments, kept, self._grad_mode(), frames.where(frame)), compute)
        return result[0]

    def _grad_mode(self) -> FrameKind | None:
        if self._torch.is_inference_mode_enabled():
            return "inference_mode"
        return None if self._torch.is_grad_enabled() else "no_grad"

    # ---- optimizers

    def watch_optimizers(self, stack: ExitStack) -> None:
        """Hear of each step and each zero_grad of an optimizer, until the stack ends."""
        kind = importlib.import_module("torch.optim").Optimizer
        hooks = importlib.import_module("torch.optim.optimizer")
        before = hooks.register_optimizer_step_pre_hook(self._before_step)
        stack.callback(before.remove)
        after = hooks.register_optimizer_step_post_hook(self._after_step)
        stack.callback(after.remove)
        stack.callback(setattr, kind, "zero_grad", kind.zero_grad)
        kind.zero_grad = self._zero_grad(kind.zero_grad)

    def _before_step(self, optimizer: Any, args: Any, named: Any) -> None:
        self._silent, self._optimizers[id(optimizer)] = True, optimizer
        where = frames.where(frames.caller())
        if args[1:] or named:
            self._recording.report.fault("opt.step(closure) is not recorded: call backward() before opt.step()", where)
        self._steps.enter_context(self._recording.optimizers.step(told_optimizer(self._torch, optimizer), where))

    def _after_step(self, optimizer: Any, args: Any, named: Any) -> None:
        self._steps.close()
        self._silent = False

    def _zero_grad(self, original: Callable[..., None]) -> Callable[..., None]:
        def zero_grad(optimizer: Any, set_to_none: bool = True) -> None:
            self._silent, before = True, self._silent
            self._optimizers[id(optimizer)] = optimizer
            try:
                self._recording.optimizers.zero_grad(told_optimizer(self._torch, optimizer), set_to_none)
                original(optimizer, set_to_none)
            finally:
                self._silent = before

        return zero_grad

    # ---- the end

    def name_at_the_end(self) -> None:
        """Take the names that the program's variables have when the block ends; say if a step of an optimizer never ended."""
        if self._silent:
            self._recording.report.fault("a step of an optimizer raised, and nothing was recorded from then on", frames.where(self._home))
        frames.name_tensors(self._recording, self._home, self._home, self._torch.Tensor)
        frames.name_parameters(self._recording, self._home, self._torch.nn.Module)

    def forget(self) -> None:
        """Let go of the program's frame."""
        del self._home


def told_optimizer(torch: Any, optimizer: Any) -> ToldOptimizer:
    """Return an optimizer in words; one that is not PyTorch's own under the name of its class."""
    kind = type(optimizer)
    own = kind.__module__.startswith("torch.optim")
    groups = tuple(
        ParamGroup(
            tuple(Live(parameter) for parameter in group["params"]),
            {name: _number(torch, value) for name, value in group.items() if name != "params"},
        )
        for group in optimizer.param_groups
    )
    began = any(_remembers(state) for state in optimizer.state.values())
    return ToldOptimizer(id(optimizer), kind.__name__ if own else f"{kind.__module__}.{kind.__name__}", groups, began)


def _remembers(state: dict[str, Any]) -> bool:
    return bool(state["step"] > 0) if "step" in state else any(value is not None for value in state.values())


def _number(torch: Any, value: Any) -> object:
    return value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value
