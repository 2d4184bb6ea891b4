"""What fits into a node, and what is written where not all does."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage, QPainter

from gradstudio.app import theme
from gradstudio.app.canvas.faces import Drawer
from gradstudio.app.canvas.node_words import fitted
from gradstudio.app.paint import Paint

ROOM = 119.0  # of the drawer of an op, 150 wide


@pytest.fixture
def paint(qapp):
    """A paint on a picture."""
    image = QImage(200, 40, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(image)
    yield Paint(painter, theme.named("dark"))
    painter.end()


@pytest.mark.parametrize(
    ("kind", "label", "words", "shown"),
    [
        ("flow", "∂loss/∂a", "3.0", ("∂loss/∂a", "number")),
        ("flow", "∂loss/∂mse_loss", "1.0", ("∂/∂mse_loss", "number")),
        ("none", "∂loss/∂loss", "not yet", ("∂loss/∂loss", "code")),
        ("none", "∂loss/∂mse_loss", "waiting", ("∂/∂mse_loss", "code")),
    ],
)
def test_a_drawer_says_all_of_its_number_and_whose_it_is(paint, kind, label, words, shown):
    assert fitted(paint.theme, Drawer(kind, label, words), "number", 500, ROOM) == shown
