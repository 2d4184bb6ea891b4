"""Goals about one tensor: its value, its `.grad`, its shape, where it came from."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.explain.why import grad_words
from gradstudio.explain.wording import shape_text
from gradstudio.lessons.ended import Ended, Label, Unmet
from gradstudio.lessons.goals.goal import Goal
from gradstudio.lessons.numbers import Numbers, difference, text_of, written


class GradIs(Goal, frozen=True, kw_only=True):
    """The `.grad` of a tensor has these numbers; null: it is None."""

    of: Label
    equals: Numbers | None
    within: float = 0.0

    kind: ClassVar[str] = "grad"

    @property
    def words(self) -> str:
        return f"{self.of}.grad is {'None' if self.equals is None else text_of(self.equals)}{about(self.within)}"

    def check(self, end: Ended) -> None:
        view = end.grad(self.of)
        if self.equals is None:
            if view is not None:
                raise Unmet(f"{self.of}.grad is {written(view)}, not None")
        elif view is None:
            why = grad_words(end.document, end.trace, end.state, end.key(self.of))
            raise Unmet(f"{self.of}.grad is None{f' ({why.title})' if why else ''}, not {text_of(self.equals)}")
        elif found := difference(view, self.equals, self.within):
            raise Unmet(f"{self.of}.grad is {found}")


class ValueIs(Goal, frozen=True, kw_only=True):
    """A tensor has these numbers."""

    of: Label
    equals: Numbers
    within: float = 0.0

    kind: ClassVar[str] = "value"

    @property
    def words(self) -> str:
        return f"{self.of} is {text_of(self.equals)}{about(self.within)}"

    def check(self, end: Ended) -> None:
        if found := difference(end.tensor(self.of), self.equals, self.within):
            raise Unmet(f"{self.of} is {found}")


def about(within: float) -> str:
    """Return how far off a number may be, in words."""
    return f", give or take {text_of(within)}" if within else ""


class ShapeIs(Goal, frozen=True, kw_only=True):
    """A tensor has this shape."""

    of: Label
    equals: tuple[int, ...]

    kind: ClassVar[str] = "shape"

    @property
    def words(self) -> str:
        return f"{self.of} has the shape {shape_text(self.equals)}"

    def check(self, end: Ended) -> None:
        shape = end.tensor(self.of).shape
        if shape != self.equals:
            raise Unmet(f"{self.of} has the shape {shape_text(shape)}")


class RequiresGrad(Goal, frozen=True, kw_only=True):
    """A tensor requires grad, or does not."""

    of: Label
    equals: bool = True

    kind: ClassVar[str] = "requires_grad"

    @property
    def words(self) -> str:
        return f"{self.of} {'requires grad' if self.equals else 'does not require grad'}"

    def check(self, end: Ended) -> None:
        if end.tensor(self.of).requires_grad != self.equals:
            raise Unmet(f"{self.of} {'does not require grad' if self.equals else 'requires grad'}")


class IsLeaf(Goal, frozen=True, kw_only=True):
    """A tensor is a leaf, or is not."""

    of: Label
    equals: bool = True

    kind: ClassVar[str] = "is_leaf"

    @property
    def words(self) -> str:
        return f"{self.of} is {'a leaf' if self.equals else 'no leaf'}"

    def check(self, end: Ended) -> None:
        view = end.tensor(self.of)
        if view.is_leaf != self.equals:
            raise Unmet(f"{self.of} is no leaf: its grad_fn is {view.grad_fn}" if self.equals else f"{self.of} is a leaf")


class GradFnIs(Goal, frozen=True, kw_only=True):
    """A tensor came out of this engine node; null: out of none."""

    of: Label
    equals: str | None

    kind: ClassVar[str] = "grad_fn"

    @property
    def words(self) -> str:
        return f"{self.of}.grad_fn is {self.equals}"

    def check(self, end: Ended) -> None:
        found = end.tensor(self.of).grad_fn
        if found != self.equals:
            raise Unmet(f"{self.of}.grad_fn is {found}, not {self.equals}")
