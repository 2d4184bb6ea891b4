"""Turns of the processes that share the tests: any number test side by side, but what measures time has the machine to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where one process runs all tests
    fcntl = None


@contextmanager
def turn(folder: Path, alone: bool) -> Iterator[None]:
    """Wait until a test may run beside those of other processes with the same folder, or alone, and keep to it until it ends."""
    with ExitStack() as room:
        with locked(folder / "door", alone=True):  # whoever waits in it for an empty room lets nobody else go in
            room.enter_context(locked(folder / "room", alone))
        yield


@contextmanager
def locked(path: Path, alone: bool) -> Iterator[None]:
    """Hold a file together with others who do, or alone; it is let go at the end, also at that of the process."""
    with path.open("ab") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
