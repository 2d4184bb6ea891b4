"""The command line: a window, and verbs that need none. Each verb imports only what it uses, so that `--help` is quick.

Exit codes: 0 done; 1 the work itself failed (a call raised, a goal is not met); 2 refused, nothing done; 3 ended by a limit, a stop or a
fault of ours.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import gradstudio

if TYPE_CHECKING:
    from gradstudio.document.document import Document
    from gradstudio.session.run import Run

DONE, FAILED, REFUSED, ENDED = 0, 1, 2, 3
SIZE = re.compile(r"([1-9]\d{2,4})x([1-9]\d{2,4})", re.ASCII)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Parser(argparse.ArgumentParser):
    """Says in one line what it does not understand."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        say(f"gradstudio: {message} (try {self.prog} --help)")
        raise SystemExit(REFUSED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    verb = VERBS.get(given[0]) if given else None
    try:
        if verb and arguments is None:
            bound_memory()
        code = verb(given[1:]) if verb else window(given)
        flush()
        return code
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else REFUSED
    except KeyboardInterrupt:
        say("gradstudio: stopped")
        return ENDED
    except BrokenPipeError:  # nobody reads on: `gradstudio ops | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ENDED
    except (MemoryError, RecursionError):
        say("gradstudio: this needs more memory than there is")
        return ENDED


def bound_memory() -> None:
    """Let a script that never ends run into an error of ours, not into the end of the machine's memory (Linux and macOS)."""
    from gradstudio.session.limits import limit_memory

    limit_memory()


def say(text: str) -> None:
    """Write a line to stderr, with nothing in it that could command a terminal."""
    if sys.stderr is not None:
        print(plain(text), file=sys.stderr)


def plain(text: str) -> str:
    """Return text with control and direction characters written as `⟨U+202E⟩`."""
    return CONTROL.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def flush() -> None:
    """Write out what stdout holds, while an error can still be told."""
    if sys.stdout is not None:
        sys.stdout.flush()


# ---- the window


def window(arguments: list[str]) -> int:
    """`gradstudio [FILE]`, and `gradstudio FILE --screenshot OUT.png`."""
    about = "A node editor for PyTorch-style autograd."
    parser = Parser(prog="gradstudio", description=about, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a .grad file to open")
    parser.add_argument("--screenshot", type=Path, metavar="OUT.png", help="write a picture of the window instead of opening it")
    parser.add_argument("--size", type=size, default=(1600, 1000), metavar="WxH", help="of the picture (1600x1000)")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="of the picture (dark)")
    parser.add_argument("--step", type=int, metavar="K", help="of the picture: the step that it shows")
    parser.add_argument("--version", action="version", version=f"gradstudio {gradstudio.__version__}")
    options = parser.parse_args(arguments)
    if options.screenshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        if options.file is None or not options.screenshot.absolute().parent.is_dir():
            parser.error("a picture needs a FILE" if options.file is None else f"{options.screenshot}: its folder is not there")
    if options.file is not None and read(options.file) is None:
        return REFUSED
    return obstacle() or draw(options)


def obstacle() -> int:
    """Say what keeps Qt from starting here, if anything does."""
    from gradstudio import preflight

    told = preflight.obstacle()
    if told is None and not preflight.has_display() and "QT_QPA_PLATFORM" not in os.environ:
        told = "there is no display here. A picture needs none: gradstudio FILE --screenshot OUT.png"
    if told is not None:
        say(f"gradstudio: {told}")
    return REFUSED if told is not None else DONE


def draw(options: argparse.Namespace) -> int:
    """Open the window, or draw a picture of it."""
    if options.screenshot is None:
        from gradstudio.app import application

        return application.main(None if options.file is None else str(options.file))
    from gradstudio.app import picture

    return picture.screenshot(options.file, options.screenshot, options.size, options.theme, options.step)


def size(text: str) -> tuple[int, int]:
    """Return (width, height) of `1600x1000`."""
    match = SIZE.fullmatch(text)
    if match is None or int(match[1]) > 16384 or int(match[2]) > 16384:
        raise argparse.ArgumentTypeError("a size is like 1600x1000, at most 16384x16384")
    return int(match[1]), int(match[2])


# ---- files


def verb_parser(verb: str, about: str, file: bool = True) -> Parser:
    """Return the parser of a verb."""
    parser = Parser(prog=f"gradstudio {verb}", description=about)
    if file:
        parser.add_argument("file", type=Path, metavar="FILE", help="a .grad file")
        parser.add_argument("--max-bytes", type=bytes_most, default=None, metavar="N", help="open larger files (up to 512 MB)")
    return parser


def bytes_most(text: str) -> int:
    """Return a limit on bytes."""
    from gradstudio.io.limits import DOCUMENT_BYTES_MOST

    if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) <= DOCUMENT_BYTES_MOST:
        raise argparse.ArgumentTypeError(f"a limit lies between 1 and {DOCUMENT_BYTES_MOST}")
    return int(text)


def read(path: Path, most: int | None = None) -> Document | None:
    """Return the document in a file; None, and the reason on stderr, where it cannot be opened."""
    from gradstudio.io.limits import DOCUMENT_BYTES
    from gradstudio.io.reader import read as read_document
    from gradstudio.io.refusal import Refusal

    try:
        return read_document(path, most or DOCUMENT_BYTES)
    except Refusal as refusal:
        say(refusal.line)
        return None


def opened(options: argparse.Namespace) -> Run | None:
    """Return a run of the file's document; None where the file was refused."""
    from gradstudio.session.run import run

    document = read(options.file, options.max_bytes)
    return None if document is None else run(document)


def raised(run: Run) -> int:
    """Return 3 if the run was ended by a limit, 1 if a call raised, else 0."""
    if run.trace.limited:
        return ENDED
    return FAILED if any(outcome.kind == "raised" for outcome in run.trace.outcomes.values()) else DONE


# ---- verbs


def run_verb(arguments: list[str]) -> int:
    """`gradstudio run FILE [--json]`."""
    parser = verb_parser("run", "Run a document's script and tell what came of it.")
    parser.add_argument("--json", action="store_true", help="print calls, tensors and the number of steps as one JSON object")
    options = parser.parse_args(arguments)
    run = opened(options)
    if run is None:
        return REFUSED
    from gradstudio.session import report

    print(json.dumps(report.report(run)) if options.json else plain(report.text(run)))
    return raised(run)


def trace_verb(arguments: list[str]) -> int:
    """`gradstudio trace FILE --json`."""
    parser = verb_parser("trace", "Run a document's script and print every step, one JSON object a line.")
    parser.add_argument("--json", action="store_true", required=True, help="the form of the rows")
    run = opened(parser.parse_args(arguments))
    if run is None:
        return REFUSED
    from gradstudio.session.rows import rows

    for row in rows(run):
        print(json.dumps(row))
    return raised(run)


def check_verb(arguments: list[str]) -> int:
    """`gradstudio check LESSON [FILE] [--json]`."""
    parser = verb_parser("check", "Hold the goals of a lesson to a document, or to the one that it begins with.", file=False)
    parser.add_argument("lesson", metavar="LESSON", help="the id of a lesson, or a folder with a lesson.json")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a .grad file")
    parser.add_argument("--json", action="store_true", help="print each goal and whether it is met as one JSON object")
    options = parser.parse_args(arguments)
    from gradstudio.io.refusal import Refusal
    from gradstudio.lessons.ended import ended
    from gradstudio.lessons.lesson import named
    from gradstudio.lessons.mark import as_json, as_text, mark
    from gradstudio.session.run import run

    try:
        lesson = named(options.lesson)
    except Refusal as refusal:
        say(refusal.line)
        return REFUSED
    document = lesson.start if options.file is None else read(options.file)
    if document is None:
        return REFUSED
    made = run(document)
    found = mark(lesson, ended(made, lesson.start))
    print(json.dumps(as_json(lesson, found)) if options.json else plain(as_text(lesson, found)))
    return ENDED if made.trace.limited else DONE if found.done else FAILED


def export_verb(arguments: list[str]) -> int:
    """`gradstudio export FILE --to py -o OUT`."""
    parser = verb_parser("export", "Write a document as a PyTorch program.")
    parser.add_argument("--to", choices=("py",), required=True, help="the form of the program")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="the file to write (else stdout)")
    options = parser.parse_args(arguments)
    run = opened(options)
    if run is None:
        return REFUSED
    from gradstudio.code.emit import emit

    text = emit(run.document, run.labels, run.trace).text
    if options.output is None:
        print(text, end="")
        return DONE
    return put(options.output, text.encode("utf-8"))


def put(path: Path, data: bytes) -> int:
    """Write a file, whole or not at all."""
    from gradstudio.io.files import save
    from gradstudio.io.refusal import NotSaved

    try:
        warning = save(path, data)
    except NotSaved as refusal:
        say(refusal.line)
        return REFUSED
    if warning:
        say(f"gradstudio: {path}: {warning}")
    return DONE


def ops_verb(arguments: list[str]) -> int:
    """`gradstudio ops [--json | --markdown]`."""
    parser = verb_parser("ops", "List the ops.", file=False)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as one JSON object")
    form.add_argument("--markdown", action="store_true", help="as a page")
    options = parser.parse_args(arguments)
    from gradstudio.code import catalogue

    if options.json:
        print(json.dumps(catalogue.as_json(), indent=1))
    else:
        print(catalogue.as_markdown() if options.markdown else catalogue.as_text())
    return DONE


def schema_verb(arguments: list[str]) -> int:
    """`gradstudio schema`."""
    verb_parser("schema", "Print the JSON Schema of the .grad file.", file=False).parse_args(arguments)
    from gradstudio.io.schema import schema

    print(json.dumps(schema(), indent=1))
    return DONE


def bench_verb(arguments: list[str]) -> int:
    """`gradstudio bench startup|engine|canvas|steps|live [--json]`."""
    parser = verb_parser("bench", "Measure this program.", file=False)
    parser.add_argument("what", choices=("startup", "engine", "canvas", "steps", "live"), help="what to measure")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.add_argument("--nodes", type=nodes, default=1000, metavar="N", help="of the canvas (1000)")
    parser.add_argument("--bare", action="store_true", help="hold the canvas against a bare prototype too")
    parser.add_argument("--frames", action="store_true", help="measure frames of the canvas with 5,000 and 10,000 nodes too")
    options = parser.parse_args(arguments)
    if options.what == "canvas":
        from gradstudio.bench import canvas

        return canvas.main(options.nodes, options.json, options.bare, options.frames)
    if options.what == "startup":
        from gradstudio.bench import startup

        return startup.main(options.json)
    if options.what == "live":
        from gradstudio.bench import live

        return live.main(options.json)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy loads
    if options.what == "steps":
        from gradstudio.bench import steps

        return steps.main(options.json)
    from gradstudio.bench import engine

    figures = engine.measure()
    print(json.dumps(figures) if options.json else engine.table(figures))
    return DONE


def nodes(text: str) -> int:
    """Return a number of nodes to measure with."""
    if not text.isascii() or not text.isdigit() or not 20 <= int(text[:9]) <= 100_000:
        raise argparse.ArgumentTypeError("a number of nodes lies between 20 and 100000")
    return int(text)


VERBS: dict[str, Callable[[list[str]], int]] = {
    "run": run_verb,
    "trace": trace_verb,
    "check": check_verb,
    "export": export_verb,
    "ops": ops_verb,
    "schema": schema_verb,
    "bench": bench_verb,
}
EPILOG = """verbs that open no window (each has a --help):
  run FILE [--json]             run the script and tell what came of it
  trace FILE --json             every step, one JSON object a line
  check LESSON [FILE] [--json]  hold the goals of a lesson to a document
  export FILE --to py [-o OUT]  the document as a PyTorch program
  ops [--json | --markdown]     the ops
  schema                        JSON Schema of the .grad file
  bench startup|engine|canvas|steps|live [--json]
                                measure this program

A file called like a verb is opened as ./run."""
