"""The window: studio, canvas, panels, widgets. The only layer that knows Qt.

Qt is loaded here, first of all, and its hook on imports is taken back: it would read the source of every module that is imported
afterwards, to look for spellings of PySide6 that are not used here, and take a fifth of the start.
"""

import builtins

_import = builtins.__import__

import PySide6.QtCore  # noqa: E402, F401

builtins.__import__ = _import
