"""The window looks as in the pictures that were looked at and found right. Made anew by tests/data/pictures/make.py."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from gradstudio.app import theme
from gradstudio.app.paint import Paint
from tests.app.pictures import FOLDER, PICTURES, PIXELS, SIZE, difference, marked, picture


@pytest.mark.parametrize("name", PICTURES)
def test_the_window_looks_as_in_the_picture(window, qtbot, tmp_path, name):
    found = picture(window, name, lambda condition: qtbot.waitUntil(condition, timeout=10000))
    golden = QImage(str(FOLDER / f"{name}.png"))
    assert found.size() == golden.size()
    assert not PICTURES[name].whole or found.size().toTuple() == SIZE
    off = difference(found, golden)
    if off.sum() > PIXELS:
        found.save(str(tmp_path / f"{name}.png"))
        marked(found, off).save(str(tmp_path / f"{name}-off.png"))
        ys, xs = off.nonzero()
        place = f"from ({xs.min()}, {ys.min()}) to ({xs.max()}, {ys.max()})"
        pytest.fail(f"{off.sum()} pixels differ, {place}; see {tmp_path / name}-off.png. Where the new look is right: {FOLDER / 'make.py'}")


def test_a_digit_is_enough_to_differ_and_rounding_is_not(qapp):
    golden = QImage(str(FOLDER / "main-dark.png"))
    other = golden.convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(other)
    painter.fillRect(other.rect(), QColor(255, 255, 255, 8))
    assert not difference(other, golden).any()
    Paint(painter, theme.named("dark")).text(300, 400, "1", "code", "text2")
    painter.end()
    assert difference(other, golden).sum() > PIXELS


def test_the_picture_of_the_readme_is_one_of_them():
    root = FOLDER.parent.parent.parent
    assert "docs/img/window.png" in (root / "README.md").read_text()
    assert (root / "docs" / "img" / "window.png").read_bytes() == (FOLDER / "main-dark.png").read_bytes()
