"""Faults: where the program itself is wrong, that is said in words once, and it goes on."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec

from PySide6.QtCore import QCoreApplication, QObject, QTimer

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

P = ParamSpec("P")
WORDS = "A part of GradStudio failed. This is a fault of the program, not of your graph."


class Faults(QObject):
    """`hook` goes to sys.excepthook: the terminal gets the traceback, the window says what it means for the work."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self._told: set[str] = set()

    def hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Tell of an exception that nothing caught; of the same one only once, for it may come with every paint."""
        sys.__excepthook__(kind, error, trace)
        if not isinstance(error, Exception):
            QCoreApplication.quit()
            return
        details = "".join(traceback.format_exception(error))
        where = "".join(traceback.format_tb(trace))
        if where not in self._told:
            self._told.add(where)
            QTimer.singleShot(0, self, partial(self.window.dialogs.tell_fault, WORDS, details))


def told(paint: Callable[P, None]) -> Callable[P, None]:
    """Tell of an exception in a method that Qt calls while it paints, and go on.

    PySide keeps such an exception until the paint of the view is over, and ends the process if a second one comes before that.
    """

    @wraps(paint)
    def painted(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            paint(*args, **kwargs)
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)

    return painted
