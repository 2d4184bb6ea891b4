"""Nothing stays on the screen of what was shown before: an old theme, a node where it was dragged from, words that hold no longer."""

import subprocess
import sys

import pytest

from tests.xserver.desktop import Desktop

pytestmark = pytest.mark.xserver


def test_the_screen_shows_what_a_fresh_paint_gives(desktop: Desktop) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.xserver.stale"], env=desktop.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 15
    assert [line for line in lines if not line.startswith("0 ")] == []
