"""What stepping costs the worker: one step, a jump, and the log of a long run."""

from __future__ import annotations

import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from statistics import median
from typing import Any

import msgspec

from gradstudio.bench.graphs import chain
from gradstudio.document import codec
from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.forward import Forward
from gradstudio.document.document import MAIN, Document
from gradstudio.document.graph import Ref
from gradstudio.document.script import Repeat, Section
from gradstudio.session.log import Log
from gradstudio.session.messages import RunDocument, ShowState, decode_answer, encode
from gradstudio.session.run import run
from gradstudio.session.state import View
from gradstudio.worker import GC, Worker

NODES, STEPS, TRIES = 1000, 10_000, 30
SHAPES: dict[str, tuple[int, ...]] = {"scalar": (), "64x64": (64, 64)}


def measure(nodes: int = NODES, steps: int = STEPS) -> dict[str, Any]:
    """Return `step_ms` and `jump_ms` by shape, and `log_mb`: medians of CPU time, and memory beyond the arrays of the log."""
    gc.set_threshold(*GC)
    workers = {name: _worker(chain(nodes, shape)) for name, shape in SHAPES.items()}
    draw = random.Random(1)
    found: dict[str, dict[str, float]] = {"step_ms": {}, "jump_ms": {}}
    for name, worker in workers.items():
        assert worker.run is not None
        end = worker.run.trace.end
        found["jump_ms"][name] = _answers(worker, [draw.randrange(end) for _ in range(TRIES)])
        found["step_ms"][name] = _answers(worker, range(end - 1, end - 1 - TRIES, -1))
    return {**found, "log_mb": round(log_megabytes(steps), 2)}


def _worker(document: Document) -> Worker:
    worker = Worker()
    worker.answer(RunDocument(1, msgspec.Raw(msgspec.msgpack.encode(codec.tree(document))), True, None, View()))
    return worker


def _answers(worker: Worker, ks: Iterable[int]) -> float:
    """Return the median milliseconds from a request for a state to its bytes, and to what the window reads from them."""
    assert worker.run is not None
    base, taken = worker.run.trace.end, []
    for k in ks:
        start = time.process_time()
        answer, _ = worker.answer(ShowState(1, k, View(), base))
        decode_answer(encode(answer))
        taken.append((time.process_time() - start) * 1e3)
        base = k
    return round(median(taken), 3)


def log_megabytes(steps: int) -> float:
    """Return the memory of a run of so many steps, in a loop over a small chain, without the arrays that its log holds."""
    document = chain(100)
    turns = -(-steps // 198)
    body = (Forward(id="c1", block=MAIN), Backward(id="c2", roots=(Ref("n100"),)))
    document = replace(document, script=(Section("", (Repeat("c3", turns, body),)),))
    run(document)
    gc.collect()
    tracemalloc.start()
    done = run(document)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (used - _array_bytes(done.log)) / 1e6


def _array_bytes(log: Log) -> int:
    """Return the memory of the numbers alone."""
    arrays = {}
    for table in (log.tensors, log.grads, log.flows, log.cotangents):
        for column in table.values():
            for record in column.values:
                if record is not None:
                    arrays[id(record.array)] = record.array.nbytes
    return sum(arrays.values())


def main(as_json: bool) -> int:
    """Measure and print; return the exit code."""
    found = measure()
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return 0
    for name in SHAPES:
        print(f"{name:8} step {found['step_ms'][name]:8.2f} ms   jump {found['jump_ms'][name]:8.2f} ms")
    print(f"log of {STEPS} steps beyond its arrays {found['log_mb']:.1f} MB")
    return 0
