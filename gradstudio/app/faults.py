"""Faults: where the program itself is wrong, that is said in words once, and it goes on."""

from __future__ import annotations

import sys
import traceback
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QTimer

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

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
