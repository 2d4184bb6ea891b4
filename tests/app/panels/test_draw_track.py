"""What is written on a track: numbers and their arithmetic, the last write at the playhead too."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QPainter, QPixmap

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.draw_track import Placed, draw_labels
from gradstudio.app.panels.timeline.tracks import ranges_of, tracks_of
from gradstudio.app.theme import named
from gradstudio.document import labels
from gradstudio.document.calls import Backward
from gradstudio.document.commands.script import AppendCall, EditCall
from gradstudio.io import reader
from gradstudio.resources import resource
from gradstudio.session.run import run

WIDTH = 660.0  # as in the window at 1600 px


class Written(Paint):
    """Takes down what is written, and where."""

    def __init__(self, painter: QPainter) -> None:
        super().__init__(painter, named("dark"))
        self.words: list[tuple[float, str]] = []

    def text(self, x, cy, words, *rest, **more):
        self.words.append((x, words))
        return super().text(x, cy, words, *rest, **more)


@pytest.fixture
def tracks(qapp):
    document = reader.read(resource("examples", "tutorial.grad"))
    call = next(each for each in document.calls() if isinstance(each, Backward))
    document = EditCall(replace(call, retain_graph=True)).apply(document)
    document = AppendCall(Backward(id="c9", roots=call.roots)).apply(document)
    done = run(document)
    state = done.state_at(done.trace.end)
    return tracks_of(document, done.trace, state, labels.of(document), ranges_of(document, done.trace))


def written(track, qapp) -> list[str]:
    canvas = QPixmap(int(WIDTH), 60)
    painter = QPainter(canvas)
    paint = Written(painter)
    end = track.k
    levels = list(track.levels())
    placed = [Placed(WIDTH * level.start / end, WIDTH * level.end / end, 20.0, level) for level in levels]
    draw_labels(paint, track, placed, 50.0)
    painter.end()
    return [words for _, words in sorted(paint.words)]


def test_a_sum_says_what_was_added(tracks, qapp):
    assert written(tracks[1], qapp) == ["4.0", "8.0", "4 + 4, not zeroed"]


def test_a_sum_that_the_last_step_wrote_says_it_too(tracks, qapp):
    assert written(tracks[0], qapp) == ["12.0", "12 + 12, not zeroed", "24.0"]
