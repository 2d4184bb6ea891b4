"""Processes that share the tests: what measures time is alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import sleep

import pytest

from tests.turns import turn

fcntl = pytest.importorskip("fcntl")


@pytest.fixture
def going_in(tmp_path: Path) -> Callable[[str, bool], Thread]:
    """A way to start one more that wants its turn, and writes its name once it has it."""

    def start(name: str, alone: bool) -> Thread:
        def take() -> None:
            with turn(tmp_path, alone), (tmp_path / "order").open("a") as order:
                order.write(f"{name} ")

        thread = Thread(target=take)
        thread.start()
        return thread

    return start


def waits_at_the_door(folder: Path) -> bool:
    """Say whether one is in the door."""
    with (folder / "door").open("ab") as door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_any_number_test_side_by_side(tmp_path, going_in):
    with turn(tmp_path, alone=False):
        going_in("other", False).join(10)
        assert (tmp_path / "order").read_text() == "other "


def test_what_measures_time_waits_for_those_inside_and_comes_before_those_after(tmp_path, going_in):
    with turn(tmp_path, alone=False):
        threads = [going_in("measure", True)]
        while not waits_at_the_door(tmp_path):
            sleep(0.001)
        threads.append(going_in("later", False))
        threads[0].join(0.05)
        assert not (tmp_path / "order").exists()
    for thread in threads:
        thread.join(10)
    assert (tmp_path / "order").read_text() == "measure later "


def test_nobody_goes_in_while_time_is_measured(tmp_path, going_in):
    with turn(tmp_path, alone=True):
        thread = going_in("other", False)
        while not waits_at_the_door(tmp_path):
            sleep(0.001)
        thread.join(0.05)
        assert not (tmp_path / "order").exists()
    thread.join(10)
    assert (tmp_path / "order").read_text() == "other "
