"""Mark: what became of a lesson at the end of a run."""

from __future__ import annotations

from msgspec import Struct

from gradstudio.lessons.ended import Ended, Unmet
from gradstudio.lessons.goals import Goal
from gradstudio.lessons.lesson import Lesson


class Verdict(Struct, frozen=True):
    """A goal, and what is there where it does not hold."""

    goal: Goal
    complaint: str | None

    @property
    def met(self) -> bool:
        """Whether the goal holds."""
        return self.complaint is None


class Mark(Struct, frozen=True):
    """Goal by goal, and the hint for what is wrong; "" where there is none."""

    verdicts: tuple[Verdict, ...]
    hint: str = ""

    @property
    def done(self) -> bool:
        """Whether every goal holds."""
        return all(verdict.met for verdict in self.verdicts)


def mark(lesson: Lesson, end: Ended) -> Mark:
    """Hold a lesson's goals to the end of a run. The hint is the first whose wrong answer is there; none before anything was tried."""
    found = Mark(tuple(Verdict(goal, complaint(goal, end)) for goal in lesson.goals))
    if found.done or end.document is end.start:
        return found
    return Mark(found.verdicts, next((hint.text for hint in lesson.hints if complaint(hint.when, end) is None), ""))


def complaint(goal: Goal, end: Ended) -> str | None:
    """Return what is there where a goal does not hold; None where it holds."""
    try:
        goal.check(end)
    except Unmet as unmet:
        return str(unmet)
    return None


def as_json(lesson: Lesson, made: Mark) -> dict[str, object]:
    """Return a mark as `gradstudio check --json` prints it."""
    goals = [{"goal": each.goal.words, "met": each.met, "now": each.complaint} for each in made.verdicts]
    return {"lesson": lesson.id, "done": made.done, "goals": goals, "hint": made.hint or None}


def as_text(lesson: Lesson, made: Mark) -> str:
    """Return a mark for people, a line a goal."""
    lines = [f"met      {each.goal.words}" if each.met else f"not met  {each.goal.words}: {each.complaint}" for each in made.verdicts]
    count = sum(each.met for each in made.verdicts)
    hint = [f"hint: {made.hint}"] if made.hint else []
    return "\n".join([f"{lesson.title}: {count} of {len(made.verdicts)} goals", *lines, *hint])
