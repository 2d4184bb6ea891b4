"""The measure of an edit in the window."""

from __future__ import annotations

import json

import pytest

from gradstudio import cli
from gradstudio.bench import live


def test_an_edit_is_shown_and_measured_in_both_examples_and_in_large_graphs(capsys: pytest.CaptureFixture[str]) -> None:
    assert live.main(as_json=True, ticks=20) == 0
    figures = json.loads(capsys.readouterr().out)
    assert list(figures) == ["tutorial", "accumulation", "layers fit", "layers 100 %", "chain fit", "chain 100 %"]
    for name in ("tutorial", "accumulation"):
        assert 0 < figures[name]["canvas"] <= figures[name]["median"] <= figures[name]["p90"]
    for each in figures.values():
        assert each["cpu"] > 0
        assert each["canvas"] > 0


def test_edits_that_are_not_shown_are_told_in_a_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "nosuchplatform")
    assert cli.main(["bench", "live"]) == 1
    assert capsys.readouterr().err.startswith("gradstudio: not measured: ")
