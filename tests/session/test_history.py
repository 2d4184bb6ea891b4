"""Undo and redo give the same objects back."""

from __future__ import annotations

import itertools

from gradstudio.document.document import Document
from gradstudio.session.history import History, Moment


def moments(n, gesture=0):
    documents = [Document(seed=i) for i in range(n + 1)]
    return [Moment(f"m{i}", a, b, gesture) for i, (a, b) in enumerate(itertools.pairwise(documents))]


def test_undo_then_redo_gives_the_same_objects():
    first, second = moments(2)
    history = History().add(first).add(second)
    undone, history = history.undo()
    assert undone.before is second.before
    redone, history = history.redo()
    assert redone.after is second.after
    assert not history.undone


def test_commands_of_one_gesture_are_one_moment():
    history = History()
    made = moments(3, gesture=7)
    for moment in made:
        history = history.add(moment)
    assert len(history.done) == 1
    assert (history.done[0].before, history.done[0].after) == (made[0].before, made[-1].after)


def test_a_new_moment_forgets_what_was_undone():
    first, second = moments(2)
    _, history = History().add(first).undo()
    assert history.add(second).undone == ()
