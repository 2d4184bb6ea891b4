"""Where in the program a call stands, and what the program calls its tensors there: read from the frames that run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from gradstudio.capture.recording import Recording

OURS = ("gradstudio.capture",)
LIBRARY = ("torch", "gradstudio.capture", "contextlib")
SILENT = ("torch.testing", "torch.optim")  # what they compute is no part of the program


def is_in(frame: FrameType, modules: tuple[str, ...]) -> bool:
    """Say whether a frame runs code of one of some modules."""
    name = str(frame.f_globals.get("__name__", ""))
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and those that called it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def caller() -> FrameType | None:
    """Return the innermost frame that is not ours."""
    return next((frame for frame in outwards(inspect.currentframe()) if not is_in(frame, OURS)), None)


def of_program(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame of the program itself, from a frame outwards."""
    return next((each for each in outwards(frame) if not is_in(each, LIBRARY)), None)


def where(frame: FrameType | None) -> str:
    """Return `train.py:12` for the innermost frame of the program."""
    found = of_program(frame)
    return "" if found is None else f"{Path(found.f_code.co_filename).name}:{found.f_lineno}"


def name_tensors(recording: Recording, frame: FrameType | None, home: FrameType, tensor: type) -> None:
    """Take names from the variables of the program's frames; those where the recording was begun come first."""
    found = [each for each in outwards(frame) if each is home or not is_in(each, LIBRARY)]
    inner = found[: found.index(home) + 1] if home in found else [home]
    for rank, each in enumerate(reversed(inner)):
        for name, value in [*each.f_locals.items()]:
            if isinstance(value, tensor):
                recording.name(id(value), name, rank)


def name_parameters(recording: Recording, home: FrameType, module: type) -> None:
    """Name parameters of models by their path, and by the model's own name where that is none: `fc_weight`, `model_0_weight`."""
    for variable, model in [*home.f_locals.items()]:
        if isinstance(model, module):
            found: Any = model
            for path, parameter in found.named_parameters():
                name = path.replace(".", "_")
                recording.name(id(parameter), name if name.isidentifier() else f"{variable}_{name}", 1)
