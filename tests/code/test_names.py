"""Names: which tensors need another name than their own."""

from __future__ import annotations

from gradstudio.code.names import Attempt, Event, Loop, Rebinding, Taken

A, B = ("n1", 0), ("n2", 0)
BASE = {A: "y", B: "y"}


def conflicts(*events: Event | Loop | Attempt) -> list[tuple[str, int]]:
    found = Rebinding(BASE)
    found.follow(events)
    return list(found.conflicts)


def test_a_name_may_go_to_another_once_nobody_reads_the_first() -> None:
    assert conflicts(Event((), (A,)), Event((A,), (B,)), Event((B,))) == []


def test_who_is_read_after_that_is_in_conflict() -> None:
    assert conflicts(Event((), (A,)), Event((), (B,)), Event((A,))) == [A]


def test_a_later_turn_of_a_loop_counts() -> None:
    assert conflicts(Event((), (A,)), Loop((Event((A,)), Event((), (B,))))) == [A]
    assert conflicts(Event((), (A,)), Loop((Event((), (B,)), Event((B,))))) == []


def test_what_a_try_may_not_have_reached_counts() -> None:
    assert conflicts(Event((), (A,)), Attempt((Event((), (B,)),)), Event((B,))) == [B]
    assert conflicts(Event((), (A,)), Attempt((Event((), (B,)),)), Event((A,))) == [A]


def test_loops_in_loops_take_time_in_proportion() -> None:
    nest: Event | Loop = Event((A,), (B,))
    for _ in range(200):
        nest = Loop((nest, Event((), (A,))))
    assert conflicts(Event((), (A,)), nest) == []


def test_fresh_names_are_numbered_and_never_taken_twice() -> None:
    taken = Taken(["y", "y_1", "_2"])
    assert [taken.fresh("y"), taken.fresh("y"), taken.temporary(), taken.temporary(), taken.claim("z"), taken.claim("z")] == [
        "y_2", "y_3", "_1", "_3", "z", "z_1",
    ]  # fmt: skip
    assert taken.claim("sum") == "sum_1"
