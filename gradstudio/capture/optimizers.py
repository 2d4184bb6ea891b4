"""Optimizers of a program: `step` and `zero_grad` as calls, as long as the rules of the engine do the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from gradstudio.capture.seen import Seen
from gradstudio.document.calls import OptimizerStep, OptimizerZero, SetGradNone, ZeroGrad
from gradstudio.document.document import Optimizer
from gradstudio.document.map import Map
from gradstudio.document.rules import literal_fault
from gradstudio.engine.optim import RULES

if TYPE_CHECKING:
    from gradstudio.capture.recording import Recording

Options = Mapping[str, object]


class ParamGroup(Struct, frozen=True):
    """One group of an optimizer's parameters, with its options as PyTorch names them."""

    params: tuple[Seen, ...]
    options: Options


class ToldOptimizer(Struct, frozen=True):
    """An optimizer as it is now. `key`: same key, same optimizer; `began`: it has made steps, and remembers something of them."""

    key: int
    kind: str
    groups: tuple[ParamGroup, ...]
    began: bool = False


class Optimizers:
    """The optimizers that were told of, each group as an optimizer of the document."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._ids: dict[tuple[int, int], str] = {}
        self._reasons: dict[int, str] = {}  # why the steps of an optimizer stand in the document as numbers; "": they are its calls

    @contextmanager
    def step(self, told: ToldOptimizer, where: str) -> Iterator[None]:
        """Record `opt.step()`, which runs within."""
        params = [seen for group in told.groups for seen in group.params]
        reason = self._met(told)
        versions = [seen.version for seen in params]
        yield
        if reason:
            self._recording.report.note(f"{reason}: the numbers that its step writes stand in the document", where)
            for seen, version in zip(params, versions, strict=True):
                if seen.version != version:
                    self._recording.overwritten(seen, f"{told.kind}.step()")
            return
        for i in range(len(told.groups)):
            self._recording.draft.call(OptimizerStep, optimizer=self._ids[told.key, i])
        for seen in params:
            for known in self._recording.known[seen.key].group:
                known.refresh()

    def zero_grad(self, told: ToldOptimizer, set_to_none: bool) -> None:
        """Record `opt.zero_grad()`, which is about to run."""
        self._met(told)
        had = [seen for group in told.groups for seen in group.params if seen.grad is not None]
        draft = self._recording.draft
        if told.kind not in RULES:
            if had:
                draft.call(SetGradNone if set_to_none else ZeroGrad, targets=tuple(map(self._recording.ref, had)))
            return
        for i in range(len(told.groups)):
            draft.call(OptimizerZero, optimizer=self._ids[told.key, i], set_to_none=set_to_none)

    def _met(self, told: ToldOptimizer) -> str:
        """Look at an optimizer before it does something. Return why its steps cannot be calls; "" if they can."""
        if told.key not in self._reasons:
            began = f"{told.kind} made steps before the recording began, and remembers them"
            self._reasons[told.key] = f"{told.kind} is no optimizer here" if told.kind not in RULES else began if told.began else ""
        for i, group in enumerate(told.groups):
            made = Optimizer("", told.kind, tuple(map(self._recording.ref, group.params)), Map(_options(told.kind, group.options)))
            known = self._recording.draft.optimizers.get(self._ids.get((told.key, i), ""))
            same = known is not None and (known.params, dict(known.options)) == (made.params, dict(made.options))
            if known is not None and not same and told.began:
                self._reasons[told.key] = f"the options of {told.kind} changed between its steps"
            elif not same and told.kind in RULES:
                self._ids[told.key, i] = self._recording.draft.optimizer(made)
        return self._reasons[told.key]


def _options(kind: str, given: Options) -> dict[str, object]:
    """Return the options that the rule knows and that are not at its defaults."""
    defaults = RULES[kind].defaults if kind in RULES else {}
    known = {name: _plain(given[name]) for name in defaults if name in given}
    return {name: value for name, value in known.items() if value != defaults[name] and not literal_fault(value)}


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
