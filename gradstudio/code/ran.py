"""What export reads of a run's trace. The session's own Trace fits; no sibling of this layer is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gradstudio.document.graph import CallId, NodePath


class FailureLike(Protocol):
    """What is read of a failure of a run."""

    @property
    def type(self) -> str: ...
    @property
    def node(self) -> NodePath | None: ...


class OutcomeLike(Protocol):
    """What is read of the outcome of a call."""

    @property
    def kind(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def error(self) -> FailureLike | None: ...


class PassLike(Protocol):
    """What is read of a pass."""

    @property
    def call(self) -> CallId: ...
    @property
    def turns(self) -> tuple[int, ...]: ...
    @property
    def roots(self) -> tuple[tuple[NodePath, int], ...]: ...


class StepLike(Protocol):
    """What is read of a step."""

    @property
    def node(self) -> NodePath: ...
    @property
    def call(self) -> CallId: ...
    @property
    def turns(self) -> tuple[int, ...]: ...


class TraceLike(Protocol):
    """What is read of a run's trace: session's own fits."""

    @property
    def outcomes(self) -> Mapping[CallId, OutcomeLike]: ...
    @property
    def passes(self) -> tuple[PassLike, ...]: ...
    @property
    def steps(self) -> tuple[StepLike, ...]: ...
    @property
    def skipped(self) -> Mapping[NodePath, str]: ...
