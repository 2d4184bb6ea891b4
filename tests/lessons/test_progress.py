"""Progress: what a person has done, in a file of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradstudio.io.refusal import NotSaved, Refusal
from gradstudio.lessons.progress import NONE, Progress, read_progress, write_progress


def test_nothing_is_done_where_there_is_no_file(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "lessons.json") == NONE == Progress()


def test_a_lesson_is_done_once() -> None:
    first = NONE.with_done("detach")
    assert first.done == ("detach",)
    assert first.with_done("detach") is first
    assert first.with_done("no-grad").done == ("detach", "no-grad")
    assert NONE.done == ()


def test_progress_is_written_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "lessons.json"
    progress = NONE.with_done("no-grad").with_done("one of another version")
    write_progress(path, progress)
    assert read_progress(path) == progress
    before = path.read_bytes()
    write_progress(path, read_progress(path))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["lessons.json"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"format": 1}', ""),
        ('{"format": 2, "done": []}', "format"),
        ('{"format": 1, "done": [1]}', "done[0]"),
        ('{"format": 1, "done": "detach"}', "done"),
        ("[]", ""),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "lessons.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        read_progress(path)
    assert refused.value.place == place
    assert path.read_text(encoding="utf-8") == text


def test_a_save_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotSaved):
        write_progress(tmp_path / "gone" / "lessons.json", NONE)
