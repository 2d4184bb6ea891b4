"""The step card paints every step of programs with tensors of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from gradstudio.app import theme
from gradstudio.app.paint import Paint
from gradstudio.app.widgets.step_card import TALL_ROW, draw_captions, draw_foot, draw_head, draw_row, has_cells, next_shade, row_height
from gradstudio.document.graph import Ref
from gradstudio.explain.equation import Term, equation
from gradstudio.session.run import run
from tests.explain.build import Program


def products() -> tuple[Program, Ref]:
    p = Program()
    a, b = p.leaf("a", np.ones((5, 2))), p.leaf("b", np.arange(6.0).reshape(2, 3))
    root = p.op("sum", p.op("matmul", a, b, name="c"), name="s")
    return p, root


def many_outputs() -> tuple[Program, Ref]:
    p = Program()
    first = p.op("unbind", p.op("mul", p.leaf("a", np.arange(6.0).reshape(2, 3)), 2.0))
    root = p.op("sum", first, name="s")
    return p, root


def odd_shapes() -> tuple[Program, Ref]:
    p = Program()
    cube, empty = p.leaf("cube", np.ones((2, 2, 2))), p.leaf("empty", np.ones((0, 3)))
    flag = p.op("gt", cube, 0.5)
    root = p.op("add", p.op("sum", p.op("where", flag, cube, 0.0)), p.op("sum", empty), name="s")
    return p, root


def not_finite() -> tuple[Program, Ref]:
    p = Program()
    root = p.op("mul", p.op("log", p.leaf("x", 0.0)), 0.0, name="y")
    return p, root


@pytest.mark.parametrize("program", [products, many_outputs, odd_shapes, not_finite])
@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_step_can_be_painted(qapp, program, name):
    p, root = program()
    p.forward()
    p.backward(root)
    p.backward(root)
    document = p.document()
    result = run(document)
    assert result.trace.end > 3
    image = QImage(484, 400, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paint = Paint(painter, theme.named(name))
    for k in range(1, result.trace.end + 1):
        found = equation(document, result.trace, result.state_at(k))
        if found is None:
            continue
        draw_head(paint, found, 484)
        for row in found.rows:
            draw_captions(paint, found.captions, row)
            draw_row(paint, row, image.rect().toRectF().adjusted(12, 80, -12, row_height(row) - 320))
        draw_foot(paint, found, 484, 400)
    painter.end()


def test_only_small_tensors_that_are_all_there_are_drawn_as_cells():
    assert has_cells(Term("w", norm=1.0, shape=(3, 4), cells=(0.0,) * 12))
    assert not has_cells(Term("w", norm=1.0, shape=(3, 4), cells=(0.0,) * 8))
    assert not has_cells(Term("w", norm=1.0, shape=(2, 2, 2), cells=(0.0,) * 8))
    assert not has_cells(Term("w", value=1.0, shape=(1,), cells=(1.0,)))
    assert not has_cells(Term("w", norm=0.0, shape=(0, 3)))
    assert TALL_ROW > 54


def test_numbers_of_what_comes_next_have_the_colour_of_their_sign(qapp):
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paint = Paint(painter, theme.named("dark"))
    assert next_shade(paint, "4.0") == paint.theme.gradient_text(1.0)
    assert next_shade(paint, "−4.0") == paint.theme.gradient_text(-1.0)
    assert next_shade(paint, "0.0") == paint.theme.gradient_text(0.0)
    assert next_shade(paint, "‖4.0‖") == paint.theme.color("text")
    painter.end()
