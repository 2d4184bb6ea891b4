"""Lesson files: read strictly, refused with file, place, reason and code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradstudio.io.refusal import Refusal
from gradstudio.lessons.lesson import named, read_lesson, shipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of a lesson that ships."""
    return Path(shutil.copytree(shipped()["detach"], tmp_path / "detach"))


def damaged(folder: Path, damage: Callable[[Any], Any]) -> Refusal:
    """Damage the tree of a lesson, and return the refusal."""
    tree = json.loads((folder / "lesson.json").read_text(encoding="utf-8"))
    damage(tree)
    (folder / "lesson.json").write_text(json.dumps(tree, indent=1), encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        read_lesson(folder)
    return refused.value


DAMAGES: list[tuple[Callable[[Any], Any], str, str]] = [
    (lambda tree: tree.pop("goals"), "", "the key goals is missing"),
    (lambda tree: tree.update(goals=[]), "goals", "at least one goal"),
    (lambda tree: tree.update(locked=["x"]), "", "the key 'locked' is not known here"),
    (lambda tree: tree.update(format=2), "format", "format 2; this program reads up to 1"),
    (lambda tree: tree.update(title=3), "title", "a text stands here"),
    (lambda tree: tree.update(text="all"), "text", "a list stands here"),
    (lambda tree: tree.update(text=["x"] * 51), "text", "above the limit of 50"),
    (lambda tree: tree["goals"][0].update(equals="import os"), "goals[0].equals", "a number stands here"),
    (lambda tree: tree["goals"][4].update(nodes=["x", "nobody"]), "goals[4].nodes[1]", "start.grad has no leaf and no op 'nobody'"),
    (lambda tree: tree["hints"][0].pop("when"), "hints[0]", "the key when is missing"),
    (lambda tree: tree["hints"][0]["when"].update(of=["x"]), "hints[0].when.of", "a text stands here"),
]


@pytest.mark.parametrize(("damage", "place", "words"), DAMAGES, ids=[d[1] + " " + d[2] for d in DAMAGES])
def test_a_damaged_lesson_is_refused_with_place_and_reason(folder: Path, damage: Callable[[Any], Any], place: str, words: str) -> None:
    refusal = damaged(folder, damage)
    assert refusal.path == folder / "lesson.json"
    assert refusal.place == place
    assert words in refusal.reason
    assert refusal.code == "GS-F122"
    assert (refusal.line_number is not None) == bool(place)


@pytest.mark.parametrize(("data", "code"), [(b"", "GS-F111"), (b"{'format'", "GS-F111"), (b"\xff", "GS-F110"), (b"[" * 99, "GS-F112")])
def test_what_is_no_json_is_refused(folder: Path, data: bytes, code: str) -> None:
    (folder / "lesson.json").write_bytes(data)
    with pytest.raises(Refusal) as refused:
        read_lesson(folder)
    assert refused.value.code == code


def test_a_lesson_of_more_than_a_megabyte_is_refused(folder: Path) -> None:
    (folder / "lesson.json").write_bytes(b" " * (1 << 20) + b"{}")
    with pytest.raises(Refusal) as refused:
        read_lesson(folder)
    assert refused.value.code == "GS-F104"


def test_a_lesson_needs_its_start(folder: Path) -> None:
    (folder / "start.grad").unlink()
    with pytest.raises(Refusal) as refused:
        read_lesson(folder)
    assert refused.value.path.name == "start.grad"


def test_a_lesson_is_found_by_its_id_or_its_folder(folder: Path) -> None:
    assert named("detach").title == named(str(folder)).title
    for text in ("nobody", "../detach", ""):
        with pytest.raises(Refusal) as refused:
            named(text)
        assert refused.value.code == "GS-L301"
        assert "zero-grad" in refused.value.reason
