"""The examples on the canvas: what is laid out by hand stays readable at every level of detail."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.canvas.wire_path import crossings
from tests.app.canvas.conftest import example

LEAST_GAP = 56  # between columns, or wires have no room for a pill (design, 3)


@pytest.fixture
def mlp(view: CanvasView, studio, settle) -> CanvasView:
    studio.show_example(example("mlp"), "mlp")
    settle()
    return view


@pytest.mark.parametrize(("zoom", "level"), [(1.0, Level.FULL), (0.6, Level.MEDIUM), (0.4, Level.TILE), (0.24, Level.TILE)])
def test_no_wire_of_the_mlp_runs_through_a_node(mlp, zoom, level):
    mlp.set_zoom(zoom)
    canvas = mlp.canvas
    canvas.settle()
    assert canvas.level == level
    through = {}
    for key in canvas.wires.ids:
        shape, own = canvas.wires.shape_of(key), {key[0], canvas.wires.face(key).source.source}
        boxes = canvas.plates.boxes_at(set(canvas.nodes) - own)
        if crossings(shape.points, boxes, clear=0.0):
            through[key] = canvas.wires.face(key)
    assert not through


def test_the_columns_of_the_mlp_leave_room_for_pills(mlp):
    boxes = np.array([item.full_box for item in mlp.canvas.nodes.values()])
    for top in np.unique(boxes[:, 1]):
        row = boxes[boxes[:, 1] == top]
        for (_, _, right, _), (left, *_) in pairwise(row[row[:, 0].argsort()].tolist()):
            assert left - right >= LEAST_GAP


def test_the_mlp_opens_as_tiles_in_the_window_of_the_pictures(mlp):
    mlp.fit_all()
    assert mlp.canvas.level == Level.TILE


@pytest.mark.parametrize("zoom", [1.0, 0.6, 0.4, 0.23, 0.15])
def test_a_block_holds_its_frames_at_every_zoom_and_titles_lie_clear(mlp, zoom):
    mlp.set_zoom(zoom)
    layer = mlp.canvas.frames
    block, frame = layer.blocks.items["sgd_step"], layer.items["f3"]
    assert block.rect.contains(frame.rect)
    if mlp.canvas.level >= Level.TILE:
        plate = frame.title_rect()
        high = plate.height() if mlp.canvas.level == Level.FULL else 20 / zoom
        assert block.title_rect().bottom() <= plate.center().y() - high / 2


def test_the_far_view_rings_the_node_of_the_step(mlp, studio, settle):
    mlp.set_zoom(0.18)
    mlp.fit(mlp.canvas.content_rect(), 0.18)
    studio.player.go_to(44)
    settle()
    ring = mlp.canvas.theme.color("text").rgb()
    node = mlp.canvas.nodes[mlp.canvas.context.current]
    corner = mlp.mapFromScene(node.body.topLeft())
    image = mlp.viewport().grab().toImage()
    around = {image.pixel(corner.x() - out, corner.y() + 4) for out in (2, 3, 4)}
    assert ring in around
    studio.player.go_to(0)
    settle()
    image = mlp.viewport().grab().toImage()
    assert ring not in {image.pixel(corner.x() - out, corner.y() + 4) for out in (2, 3, 4)}
