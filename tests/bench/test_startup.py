"""The measure of the window's start."""

from __future__ import annotations

import json

import pytest

from gradstudio import cli
from gradstudio.bench import startup


def test_a_start_tells_its_first_paint_before_its_plots() -> None:
    first, plots = startup.start()
    assert 0 < first <= plots < 30


def test_the_medians_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert startup.main(as_json=True, runs=1) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"first_paint_s", "plots_ready_s"}


def test_a_window_that_does_not_start_is_told_in_a_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "nosuchplatform")
    assert cli.main(["bench", "startup"]) == 1
    assert capsys.readouterr().err.startswith("gradstudio: the window did not start: ")
