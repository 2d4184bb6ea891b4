"""The measures of the canvas and of stepping: their shape, and that ours does what the prototype does."""

from __future__ import annotations

import json

import pytest

from gradstudio import cli
from gradstudio.bench import canvas, graphs, steps
from gradstudio.session.run import run

KEYS = {"build", "load", "full_view", "wheel", "zoomed", "drag", "undo_delete_all", "hit_test", "memory"}


def test_the_canvas_is_measured_against_a_bare_one() -> None:
    found = canvas.measure(60, bare=True)
    assert set(found) == {"nodes", "ours", "peer", "ratios", "bare", "bare_ratios"}
    assert set(found["ours"]) == set(found["bare"]) == set(found["bare_ratios"]) == KEYS
    assert all(value > 0 for name, value in found["ours"].items() if name != "memory")


def test_frames_of_many_nodes_are_measured_and_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "MANY", (60,))
    found = canvas.measure(30, frames=True)
    frames = found["frames"]["60"]
    assert set(frames) == {f"{gesture}_{where}" for gesture in ("pan", "zoom", "drag") for where in ("100", "fit")}
    assert all(0 < middle <= worst for middle, worst in frames.values())
    assert "drag_fit" in canvas.table(found)


def test_the_figures_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "canvas", "--nodes", "30", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"nodes", "ours", "peer", "ratios"}
    assert told["nodes"] == 30


def test_a_number_of_nodes_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "canvas", "--nodes", "few"]) == 2
    assert "a number of nodes lies between" in capsys.readouterr().err


def test_steps_are_measured_for_numbers_and_matrices() -> None:
    found = steps.measure(nodes=30, steps=400)
    assert set(found) == {"step_ms", "jump_ms", "tick_ms", "log_mb"}
    assert set(found["step_ms"]) == set(found["jump_ms"]) == set(found["tick_ms"]) == {"scalar", "64x64"}
    assert 0 < found["log_mb"] < 64 * 400 / 10_000


def test_graphs_to_measure_with_run_to_their_end() -> None:
    for document in (graphs.chain(20), graphs.chain(20, (3, 3)), graphs.layers(60)):
        done = run(document)
        assert {outcome.kind for outcome in done.trace.outcomes.values()} == {"ok"}
        assert len(done.state_at(done.trace.end).tensors) == len(document.graph.nodes)
