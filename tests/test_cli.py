"""The command line: verbs, exit codes, what goes to stdout and what to stderr, and what is not loaded."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gradstudio
from gradstudio import cli
from gradstudio.document.codec import dumps
from gradstudio.lessons.lesson import shipped
from gradstudio.resources import resource
from tests.lessons.solving import SOLUTIONS, after, lesson
from tests.session.test_report import failing

TUTORIAL = str(resource("examples", "tutorial.grad"))
ACCUMULATION = str(resource("examples", "accumulation.grad"))


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gradstudio", *arguments], capture_output=True, text=True, timeout=60, check=False, **options
    )  # type: ignore[call-overload]


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """Return a document whose first call raises."""
    path = tmp_path / "broken.grad"
    path.write_bytes(dumps(failing().document))
    return str(path)


def test_run_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", TUTORIAL, "--json"]) == 0
    out, err = capsys.readouterr()
    assert set(json.loads(out)) == {"calls", "tensors", "steps"}
    assert err == ""


def test_run_tells_people_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", TUTORIAL]) == 0
    assert capsys.readouterr().out.endswith("z = tensor([12.])\n6 steps\n")


def test_a_call_that_raised_gives_1_and_still_all_results(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (["run", broken, "--json"], ["trace", broken, "--json"]):
        assert cli.main(verb) == 1
        assert capsys.readouterr().out
    assert cli.main(["export", broken, "--to", "py"]) == 0


def test_trace_prints_a_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trace", ACCUMULATION, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["kind"] for row in rows} == {"op", "visit", "zero", "contribution", "accumulate", "free"}
    assert rows[-1]["k"] == 63


def test_check_holds_a_lessons_goals_to_its_start_or_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "detach"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["detach(): 3 of 5 goals", "not met  x.grad is 3.0: x.grad is 6.0, not 3.0"]
    path = tmp_path / "solved.grad"
    path.write_bytes(dumps(after(lesson("detach").start, SOLUTIONS["detach"][0])))
    assert cli.main(["check", "detach", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["lesson"], told["done"], told["hint"]) == ("detach", True, None)
    assert told["goals"][0] == {"goal": "x.grad is 3.0", "met": True, "now": None}
    assert cli.main(["check", "detach", TUTORIAL, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["goals"][0]["now"] == "x.grad is 12.0, not 3.0"


def test_check_takes_a_folder_with_a_lesson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(shipped()["detach"], tmp_path / "mine")
    assert cli.main(["check", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["lesson"] == "mine"
    (folder / "lesson.json").write_text('{"format": 1, "number": 1, "title": "", "text": [], "goals": [{}]}', encoding="utf-8")
    assert cli.main(["check", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"gradstudio: {folder / 'lesson.json'}: goals[0]: None is no kind of goal [GS-F122]\n")


def test_export_writes_a_program_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.py"
    assert cli.main(["export", TUTORIAL, "--to", "py", "-o", str(out)]) == 0
    assert cli.main(["export", TUTORIAL, "--to", "py"]) == 0
    assert out.read_text(encoding="utf-8") == capsys.readouterr().out
    text = out.read_text(encoding="utf-8").replace("import torch\n", "import gradstudio.torch as torch\n")
    out.write_text(text + "print(x.grad)\n", encoding="utf-8")
    done = subprocess.run([sys.executable, str(out)], capture_output=True, text=True, check=True)
    assert done.stdout == "tensor([12.])\n"


def test_export_refuses_a_place_where_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", TUTORIAL, "--to", "py", "-o", str(tmp_path / "gone" / "out.py")]) == 2
    assert capsys.readouterr().err == f"gradstudio: {tmp_path / 'gone' / 'out.py'}: its folder is not there [GS-S204]\n"[:200]


def test_ops_lists_the_table_in_three_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ops"]) == 0
    assert "mse_loss" in capsys.readouterr().out
    assert cli.main(["ops", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows["pow"]["torch"][0] == "{x} ** {y}"
    assert cli.main(["ops", "--markdown"]) == 0
    page = capsys.readouterr().out
    assert "| `mul` | `x * y` |" in page
    assert page.startswith("# Ops\n")


def test_schema_prints_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")


REFUSED = [
    ["run"],
    ["run", "gone.grad"],
    ["run", "."],
    ["run", "-"],
    ["run", TUTORIAL, "--jsno"],
    ["run", TUTORIAL, "--max-bytes", "0"],
    ["run", TUTORIAL, "--max-bytes", "10"],
    ["trace", TUTORIAL],
    ["check"],
    ["check", "nobody"],
    ["check", "a" * 5000],
    ["check", "bad\udcff"],
    ["check", "nul\0"],
    ["check", "detach", "gone.grad"],
    ["check", "detach", TUTORIAL, "more"],
    ["export", TUTORIAL],
    ["export", TUTORIAL, "--to", "doc"],
    ["ops", "--json", "--markdown"],
    ["bench", "everything"],
    ["gone.grad"],
    ["--size", "12", TUTORIAL],
    ["--size", "99999x99999", TUTORIAL],
    ["--theme", "blue", TUTORIAL],
    ["--screenshot", "out.png"],
    [TUTORIAL, "--screenshot", "/gone/out.png"],
    [TUTORIAL, "--step", "x"],
    ["\x1b[2J\u202e.grad"],
    ["a" * 5000],
    ["bad\udcff.grad"],
    ["run", "nul\0.grad"],
]


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda arguments: ascii(" ".join(arguments))[:40])
def test_what_is_refused_gives_2_a_reason_on_stderr_and_nothing_on_stdout(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gradstudio: ")
    assert 1 <= err.count("\n") <= 3
    assert not cli.CONTROL.search(err)


def test_a_file_that_was_refused_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.grad"
    path.write_bytes(b'{"format": 7}')
    assert cli.main(["run", str(path)]) == 2
    assert (
        capsys.readouterr().err == f"gradstudio: {path}: format: it was made by GradStudio format 7; this program reads up to 1 [GS-F103]\n"
    )
    assert path.read_bytes() == b'{"format": 7}'


def test_version_and_help_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gradstudio {gradstudio.__version__}\n"
    for verb in ([], ["run"], ["trace"], ["check"], ["export"], ["ops"], ["schema"], ["bench"]):
        assert cli.main([*verb, "--help"]) == 0
        assert capsys.readouterr().out.startswith(" ".join(["usage: gradstudio", *verb]))


def seconds_of(program: str) -> float:
    """Return the processor's time that a program takes at best: others may be using the machine."""
    seconds = []
    for _ in range(5):
        before = os.times()
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
        assert done.returncode == 0
    return min(seconds)


@pytest.mark.timed
def test_help_is_quick_and_loads_neither_numpy_nor_qt() -> None:
    bare = seconds_of("import argparse, json")
    told = "import sys; from gradstudio.cli import main; main(['--help']); sys.exit('numpy' in sys.modules or 'PySide6' in sys.modules)"
    assert seconds_of(told) < 3 * bare + 0.02  # the clock ticks every 0.01 s


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", TUTORIAL],
        ["trace", TUTORIAL, "--json"],
        ["check", "detach"],
        ["export", TUTORIAL, "--to", "py"],
        ["ops"],
        ["schema"],
        ["gone.grad"],
    ],
    ids=lambda arguments: arguments[0][:8],
)
def test_no_verb_but_the_window_loads_qt(arguments: list[str]) -> None:
    loaded = "any(m.startswith(('PySide6', 'pyqtgraph')) for m in sys.modules)"
    program = f"import sys; from gradstudio.cli import main; main({arguments!r}); sys.exit({loaded})"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m gradstudio ops --json | head -c 10", shell=True, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == '{\n "add": {'[:10]


AT_WORK = 2.0  # seconds of CPU: by then all is imported, on a busy machine too, and the run has begun


def seconds_at_work(pid: int) -> float:
    """Return the CPU seconds that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_stopping_a_run_gives_3_and_one_line(tmp_path: Path) -> None:
    tree = json.loads(Path(TUTORIAL).read_text(encoding="utf-8"))
    tree["script"][0]["body"] = [
        {"id": "c9", "kind": "repeat", "times": 1_000_000, "body": [{"id": "c1", "kind": "forward", "block": "main"}]}
    ]
    nodes = tree["graph"]["nodes"]  # many operations a byte: far from its end, and from the limit of memory, when it is stopped
    nodes["n1"]["value"] = {"recipe": "ones", "shape": [1000, 1000], "dtype": "float32"}
    nodes["n3"] = {"op": "matmul", "inputs": [{"ref": "n1"}, {"ref": "n1"}], "names": ["a"]}
    path = tmp_path / "long.grad"
    path.write_text(json.dumps(tree), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "gradstudio", "run", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests in the background has it ignored
    )  # fmt: skip
    while seconds_at_work(process.pid) < AT_WORK:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (3, "", "gradstudio: stopped\n")


def test_no_display_is_told_and_a_picture_offered() -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = command(TUTORIAL, env=environment)
    assert done.returncode == 2
    assert done.stderr == "gradstudio: there is no display here. A picture needs none: gradstudio FILE --screenshot OUT.png\n"


def test_a_picture_of_a_step_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    done = command(TUTORIAL, "--screenshot", str(out), "--size", "900x600", "--theme", "light", "--step", "3")
    assert done.returncode == 0, done.stderr
    data = out.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == (900, 600)
