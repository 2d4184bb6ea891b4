"""Sizes of nodes, places of ports, levels of detail."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gradstudio.app.canvas.faces import Cells, Drawer, InputFace, NodeFace, OutputFace
from gradstudio.app.canvas.geometry import CELL_GAP, WIDEST, Level, geometry, grad_beside, leaf_cell_width, level_at

EMPTY, PASSED = Drawer("none", ".grad", "None"), Drawer("flow", "∂loss/∂z", "1.0", 1.0)
LEAF = NodeFace("n1", "leaf", "x", switch=True, value="2.0", meta="()  float32", outputs=(OutputFace(0),), drawer=EMPTY)
ROWS = (InputFace((0,), "a"), InputFace((1,), "y"))
OP = NodeFace("n2", "op", "mul", "×", "z", value="12.0", inputs=ROWS, outputs=(OutputFace(0),), drawer=PASSED)


def test_sizes_are_those_of_the_design(qapp):
    assert (geometry(LEAF, Level.FULL).width, geometry(LEAF, Level.FULL).height) == (132, 118)
    assert (geometry(OP, Level.FULL).width, geometry(OP, Level.FULL).height) == (150, 30 + 38 + 44 + 6 + 26)


def test_ports_lie_beside_their_rows_and_values(qapp):
    place = geometry(OP, Level.FULL)
    assert place.inputs == {(0,): 79, (1,): 101}
    assert place.outputs == {0: 50}
    assert geometry(LEAF, Level.FULL).outputs == {0: 52}


def test_further_outputs_have_rows_of_their_own(qapp):
    two = replace(OP, outputs=(OutputFace(0), OutputFace(1, "indices")))
    place = geometry(two, Level.FULL)
    assert place.outputs == {0: 50, 1: 79}
    assert place.inputs[0,] == 101


def test_in_tiles_ports_merge_at_the_middle(qapp):
    place = geometry(OP, Level.TILE)
    assert (place.width, place.height) == (110, 80)
    assert place.outputs[0] == 40
    assert sum(place.inputs.values()) / 2 == 40


def test_levels_change_at_75_45_and_22_per_cent():
    zooms = (1.0, 0.75, 0.74, 0.45, 0.44, 0.22, 0.21)
    levels = [Level.FULL, Level.FULL, Level.MEDIUM, Level.MEDIUM, Level.TILE, Level.TILE, Level.FAR]
    assert [level_at(zoom) for zoom in zooms] == levels


def test_a_level_holds_on_for_five_per_cent_so_that_it_does_not_flicker():
    assert level_at(0.73, Level.FULL) == Level.FULL
    assert level_at(0.70, Level.FULL) == Level.MEDIUM
    assert level_at(0.74, Level.MEDIUM) == Level.MEDIUM
    assert level_at(0.75, Level.MEDIUM) == Level.FULL
    assert level_at(0.1, Level.FULL) == Level.FAR


@pytest.mark.parametrize(("columns", "beside"), [(6, True), (7, False), (16, False), (24, False)])
def test_cells_of_a_long_vector_stay_within_their_leaf(qapp, columns, beside):
    cells = Cells((tuple(range(columns)),), 24.0)
    face = replace(LEAF, value="", cells=cells)
    assert grad_beside(face) == beside
    shown = (2 if beside else 1) * columns * (leaf_cell_width(cells) + CELL_GAP)
    assert 14 + shown <= geometry(face, Level.FULL).width <= WIDEST
