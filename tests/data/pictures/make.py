"""Make the pictures anew that tests/app/test_pictures.py compares with, and the README's: `python tests/data/pictures/make.py`.

With names, only those: `make.py step-dark zero-dark`.

Look at each beside its mock-up before it is committed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "docs" / "img" / "window.png"


def main() -> int:
    """Draw every picture without a display."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as settings:  # those of who runs this stay as they are
        os.environ["XDG_CONFIG_HOME"] = settings
        return make()


def make() -> int:
    """Draw them in this process."""
    sys.path.insert(0, str(ROOT))
    from PySide6.QtCore import QEventLoop

    from gradstudio.app import application, theme
    from gradstudio.app.main_window import MainWindow
    from gradstudio.app.studio import Studio
    from tests.app.pictures import FOLDER, PICTURES, SIZE, picture

    app = application.prepare()

    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not condition() and time.monotonic() < end:
            app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
        assert condition()

    for name in sys.argv[1:] or PICTURES:
        studio = Studio()
        studio.theme_mode, studio.full_precision, studio.runs.live = name.rpartition("-")[2], False, True
        theme.apply(app, theme.named(studio.theme))
        window = MainWindow(studio)
        window.resize(*SIZE)
        window.docks.reset()
        window.show()
        made = picture(window, name, wait)
        made.save(str(FOLDER / f"{name}.png"))
        if name == "main-dark":
            README.parent.mkdir(parents=True, exist_ok=True)
            made.save(str(README))
        window.hide()
        studio.close()
        window.deleteLater()
    return 0


if __name__ == "__main__":
    sys.exit(main())
