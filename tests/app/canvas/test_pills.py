"""Pills on wires: they keep their place on a wire that is dragged, and find room anew when it is let go."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF

from gradstudio.app.canvas.view import CanvasView
from gradstudio.bench.graphs import layers
from gradstudio.document.commands.layout import MoveNodes


def pills(canvas):
    return {key: canvas.pills.place(key) for key in canvas.wires.ids}


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("way", [(200, 120), (-180, 60), (130, -170), (260, 0), (0, 200)])
def test_a_dragged_pill_stays_where_on_its_wire_it_was_and_finds_room_when_it_is_let_go(view, studio, settle, way, back):
    studio.show_example(layers(60), "layers")
    settle()
    view.set_zoom(1.0)
    canvas = view.canvas
    before = pills(canvas)
    assert sum(place is not None for place in before.values()) > 10
    start = canvas.position("n30")
    to = start + QPointF(*way)
    canvas.move_nodes({"n30": to})
    dragged = [key for key in canvas.wires.ids if canvas.wires.is_dragged(key)]
    assert dragged
    for key in dragged:  # as if there had been no room but at the far end
        canvas.pills._shares[key] = 0.9
        canvas.pills.forget(key)
    assert all(canvas.pills.place(key) != before[key] for key in dragged)
    canvas.move_nodes({"n30": start if back else to})
    assert all(canvas.pills.place(key) != before[key] for key in dragged)
    if not back:
        studio.do(MoveNodes({"n30": (to.x(), to.y())}))
    canvas.end_move()
    fresh = CanvasView(studio)
    try:
        fresh.resize(view.size())
        fresh.set_zoom(1.0)
        ours, theirs = pills(canvas), pills(fresh.canvas)
        assert {key for key in ours if ours[key] is None} == {key for key in theirs if theirs[key] is None}
        assert all(ours[key] == theirs[key] for key in dragged)
    finally:
        fresh.deleteLater()
