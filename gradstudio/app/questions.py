"""Questions: what a view asks the worker about the run on show, and who waits for which answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gradstudio.document.graph import Array
from gradstudio.session.messages import Answer, ArraySent, Check, Checked, Gone, LookCloser, Looked, SendArray, SendState, StateSent
from gradstudio.session.microscope import Look
from gradstudio.session.state import InputKey, State, View
from gradstudio.session.trace import TensorKey

if TYPE_CHECKING:
    from gradstudio.app.runner import Runner
    from gradstudio.app.studio import Studio

Waiting = Callable[..., None]


class Questions:
    """Numbers questions, and gives each answer to the one who asked. An answer that never comes is forgotten with its worker."""

    def __init__(self, studio: Studio, runner: Runner) -> None:
        self._studio, self._runner = studio, runner
        self._waiting: dict[int, Waiting] = {}
        self._last = 0

    def array(self, key: TensorKey, grad: bool, answer: Callable[[Array | None], None]) -> None:
        """Ask for a whole tensor, or its `.grad`, as it is at the step on show."""
        state = self._studio.shown.state
        self._runner.ask(SendArray(self._expect(answer), self._studio.shown.trace.run, key, state.k, grad))

    def state(self, k: int, answer: Callable[[State | None], None]) -> None:
        """Ask for the tensors of another step than the one on show; None where that run is no longer held."""
        self._runner.ask(SendState(self._expect(answer), self._studio.shown.trace.run, k, View(detail=())))

    def check(
        self,
        op: str,
        shapes: Iterable[tuple[int, ...] | None],
        dtypes: Iterable[str | None],
        operands: Iterable[object],
        attrs: dict[str, object],
        answer: Callable[[Checked], None],
    ) -> None:
        """Ask whether an op takes operands of these shapes and dtypes."""
        self._runner.ask(Check(self._expect(answer), op, tuple(shapes), tuple(dtypes), tuple(operands), attrs))

    def look_closer(self, wire: InputKey, cell: int, answer: Callable[[Look | None], None]) -> None:
        """Ask what made one cell of the contribution along a wire, at the step on show."""
        state = self._studio.shown.state
        self._runner.ask(LookCloser(self._expect(answer), state.run, *wire, state.k, cell))

    def answered(self, answer: Answer, body: Array) -> None:
        """Take an answer of the worker; one that belongs to no question is none of its business."""
        if isinstance(answer, ArraySent):
            self._tell(answer.request, None if answer.dtype is None else body.view(answer.dtype).reshape(answer.shape))
        elif isinstance(answer, StateSent):
            self._tell(answer.request, answer.state)
        elif isinstance(answer, Checked):
            self._tell(answer.request, answer)
        elif isinstance(answer, Looked):
            self._tell(answer.request, answer.look)
        elif isinstance(answer, Gone):
            self._tell(answer.request, None)

    def forget(self) -> None:
        """The worker has gone: nothing more will come."""
        self._waiting.clear()

    def _expect(self, answer: Waiting) -> int:
        """Return the number to ask under, from 1."""
        self._last += 1
        self._waiting[self._last] = answer
        return self._last

    def _tell(self, number: int, value: object) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting(value)
