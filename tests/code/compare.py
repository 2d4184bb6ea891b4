"""Runs exported programs and compares what they leave behind with what a session's run of the document left."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from typing import Any

import numpy as np

from gradstudio.code.emit import emit
from gradstudio.code.program import Program
from gradstudio.document.document import Document
from gradstudio.session.run import Run, run

OWN = {"import torch.nn.functional as F": "import gradstudio.torch.nn.functional as F", "import torch": "import gradstudio.torch as torch"}


class Outcome:
    """What a program left: its names, what it printed, the error that ended it."""

    def __init__(self, text: str, own: bool) -> None:
        lines = [OWN.get(line, line) if own else line for line in text.splitlines()]
        self.names: dict[str, Any] = {"__name__": "exported"}
        self.error: Exception | None = None
        printed = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.simplefilter("ignore")
            try:
                exec(compile("\n".join(lines), "exported.py", "exec"), self.names)
            except Exception as error:
                self.error = error
        self.printed = printed.getvalue()

    def has_twin(self, name: str) -> bool:
        """Say whether another name stands for the same tensor."""
        return sum(value is self.names[name] for value in self.names.values()) > 1


def differences(document: Document, own: bool = True, trace: bool = True) -> list[str]:
    """Return in words where the exported program does not do what the document does."""
    found = run(document)
    program = emit(document, trace=found.trace if trace else None)
    outcome = Outcome(program.text, own)
    reset_modes(own)
    return [*_errors(found, outcome, document), *_values(found, program, outcome)]


def prints(outcome: Outcome) -> list[str]:
    """Return what a program printed, how it ended, and each of its tensors with its `.grad`, as PyTorch prints them."""
    found = [outcome.printed, type(outcome.error).__name__ if outcome.error else ""]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in outcome.names.items():
            if type(value).__name__ == "Tensor":
                found.append(f"{name} = {value.detach()}; {name}.grad = {value.grad}")
    return found


NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]\d+)?")


def alike(printed: list[str], recorded: list[str]) -> bool:
    """Say whether two print-outs have the same words, and numbers that differ in the last digits at most."""
    one, two = "\n".join(printed), "\n".join(recorded)
    numbers = [[float(n) for n in NUMBER.findall(text)] for text in (one, two)]
    same_words = NUMBER.sub("#", one).split() == NUMBER.sub("#", two).split()
    return same_words and len(numbers[0]) == len(numbers[1]) and np.allclose(*numbers, rtol=1e-4, atol=1e-6)


def reset_modes(own: bool) -> None:
    """Switch grad mode on again: a program may have left it off."""
    import importlib

    importlib.import_module("gradstudio.torch" if own else "torch").set_grad_enabled(True)


def _errors(found: Run, outcome: Outcome, document: Document) -> list[str]:
    raised = [o.error for o in found.trace.outcomes.values() if o.kind == "raised" and o.error]
    if len(document.script) > 1:
        printed = [_words(line) for line in outcome.printed.splitlines()]
        missing = [e.message for e in raised if not any(_words(f"{e.type}: {line}") in printed for line in e.message.splitlines()[:1])]
        return [f"not printed: {m}" for m in missing] + ([f"ended by {outcome.error!r}"] if outcome.error else [])
    expected = raised[0] if raised else None
    if (expected is None) != (outcome.error is None):
        return [f"session {expected}, program {outcome.error!r}"]
    if expected is not None and (expected.type, _words(expected.message)) != (type(outcome.error).__name__, _words(str(outcome.error))):
        return [f"session {expected.type}: {expected.message}, program {outcome.error!r}"]
    return []


def _words(message: str) -> list[str]:
    """Return what two messages must share.

    The order may differ: Python asks the right operand of a comparison first where its class is a derived one. So may the note on a
    tensor's origin: a program lets go of tensors that a session still holds.
    """
    return sorted(re.sub(r" which is output \d+ of \w+,", "", message).replace("],", "]").split())


def _values(found: Run, program: Program, outcome: Outcome) -> list[str]:
    end = found.trace.end
    last: dict[str, list[tuple[int, tuple[str, int]]]] = {}
    starts: dict[str, list[Any]] = {}  # of leaves that a program makes before the call in which a session would, had it come to it
    for key, name in program.names.items():
        column = found.log.tensors.get(((key[0],), key[1]))
        record = column.at(end) if column else None
        node = found.document.graph.nodes.get(key[0])
        if record is None and node is not None and isinstance(node.value, np.ndarray):
            starts.setdefault(name, []).append(node.value)
        if record is not None and not record.past_failure:
            made = max(k for k, r in zip(column.steps, column.values, strict=True) if r is not None) if column else 0
            last.setdefault(name, []).append((made, key))
    told = []
    for name, keys in last.items():
        if name not in outcome.names:
            told.append(f"{name} is missing")
        elif any(_close(start, outcome.names[name]) for start in starts.get(name, ())):
            continue
        elif not any(_same(found, key, outcome.names[name], outcome.has_twin(name) or _passed_on(found, key)) for _, key in keys):
            told.append(f"{name}: session {[_numbers(found, key) for _, key in keys]}, program {outcome.names[name]}")
    return told


def _passed_on(found: Run, key: tuple[str, int]) -> bool:
    """Say whether a tensor is a leaf that an instance hands out: a session keeps the `.grad` under the leaf inside."""
    node, column = found.document.graph.nodes.get(key[0]), found.log.tensors[(key[0],), key[1]]
    return node is not None and node.op == "instance" and column.last is not None and column.last.is_leaf


def _numbers(found: Run, key: tuple[str, int]) -> tuple[Any, Any]:
    path, end = ((key[0],), key[1]), found.trace.end
    return found.array(path, end), found.array(path, end, grad=True)


def _same(found: Run, key: tuple[str, int], tensor: Any, twin: bool) -> bool:
    """Compare value and `.grad`. `twin`: a tensor with several names, whose `.grad` a session keeps under one of them."""
    value, grad = _numbers(found, key)
    if twin:
        return _close(value, tensor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = tensor.grad
    if (grad is None) != (other is None):
        return False
    return _close(value, tensor) and (grad is None or _close(grad, other))


def _close(array: Any, tensor: Any) -> bool:
    if str(tensor.dtype).removeprefix("torch.") != array.dtype.name or tuple(tensor.shape) != array.shape:
        return False
    other = np.asarray(tensor.detach().tolist(), array.dtype).reshape(array.shape)
    return np.allclose(array, other, rtol=1e-5, atol=1e-7, equal_nan=True)
