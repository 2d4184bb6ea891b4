"""Answers: who waits for which answer of the worker."""

from __future__ import annotations

from collections.abc import Callable

Answer = Callable[..., None]


class Answers:
    """Numbers questions, and gives each answer to the one who asked. An answer that never comes is forgotten with its worker."""

    def __init__(self) -> None:
        self._waiting: dict[int, Answer] = {}
        self._last = 0

    def expect(self, answer: Answer) -> int:
        """Return the number to ask under."""
        self._last += 1
        self._waiting[self._last] = answer
        return self._last

    def tell(self, number: int, value: object) -> None:
        """Give an answer to the one who waits for it."""
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting(value)

    def forget(self) -> None:
        """The worker has gone: nothing more will come."""
        self._waiting.clear()
