"""What stepping and live editing cost: one step, a jump, a new value, and the log of a long run."""

from __future__ import annotations

import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from gradstudio.bench.graphs import chain, frozen
from gradstudio.document import codec
from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.forward import Forward
from gradstudio.document.document import MAIN, Document
from gradstudio.document.graph import Array, Ref
from gradstudio.document.script import Repeat, Section
from gradstudio.engine import GradNode, Queue, Tensor, backward, call, tensor
from gradstudio.session.delta import changed_keys
from gradstudio.session.log import Log
from gradstudio.session.messages import Ran, RunDocument, ShowState, decode_answer, encode
from gradstudio.session.run import run
from gradstudio.session.state import EMPTY as NOTHING
from gradstudio.session.state import State, View
from gradstudio.session.trace import EMPTY, Trace
from gradstudio.worker import Worker, collect_cycles

NODES, STEPS, TRIES, TICKS = 1000, 10_000, 30, 15
DETAIL = View(detail=())  # what a window asks for of a graph of that size, before anybody looks closely
SHAPES: dict[str, tuple[int, ...]] = {"scalar": (), "64x64": (64, 64)}


def measure(nodes: int = NODES, steps: int = STEPS) -> dict[str, Any]:
    """Return `step_ms`, `jump_ms` and `tick_ms` by shape, and `log_mb`: medians of CPU time, and memory beyond the arrays of the log."""
    documents = {name: chain(nodes, shape) for name, shape in SHAPES.items()}
    draw = random.Random(1)
    found: dict[str, dict[str, Any]] = {"step_ms": {}, "jump_ms": {}, "tick_ms": {}}
    with codec.collector_paused():  # as in the worker
        for name, document in documents.items():
            worker = _worker(document)
            assert worker.run is not None
            end = worker.run.trace.end
            found["jump_ms"][name] = _answers(worker, [draw.randrange(end) for _ in range(TRIES)])
            found["step_ms"][name] = _answers(worker, range(end - 1, end - 1 - TRIES, -1))
            found["tick_ms"][name] = ticks(document)
    return {**found, "log_mb": round(log_megabytes(steps), 2)}


def ticks(document: Document, tries: int = TICKS) -> dict[str, float]:
    """Return what a new value of the leaf that half of the ops read costs in CPU milliseconds, and the kilobytes of the answer.

    `worker`: from the patch to the bytes of the answer; `window`: from the bytes to the keys of all that differs; `engine`: the same
    ops and the same watched backward with nothing recorded, in turn with the others, so that ratios hold on a busy machine.
    """
    worker = Worker()
    whole = codec.tree(document)
    first, _ = worker.answer(RunDocument(1, msgspec.Raw(msgspec.msgpack.encode(whole)), True, None, DETAIL))
    assert isinstance(first, Ran)
    shown = first.after((EMPTY, NOTHING))
    taken: dict[str, list[float]] = {"worker": [], "window": [], "engine": [], "kb": []}
    for number in range(2, tries + 2):
        moved = replace(document.graph.nodes["n2"], value=_moved(document, number))
        raw = msgspec.Raw(msgspec.msgpack.encode({"n2": codec.node_tree(moved)}))
        start = time.process_time()
        sent = encode(worker.answer(RunDocument(number, raw, True, None, DETAIL, number - 1))[0])
        answered = time.process_time()
        collect_cycles()
        came = time.process_time()
        before, shown = shown, _landed(sent, shown)
        differing = [[*changed_keys(getattr(before[1], name), getattr(shown[1], name))] for name in ("tensors", "grads", "flows")]
        landed = time.process_time()
        assert len(differing[0]) > len(document.graph.nodes) // 2
        bare(document)
        ran = time.process_time()
        for name, value in zip(taken, (answered - start, landed - came, ran - landed, len(sent) / 1e6), strict=True):
            taken[name].append(value * 1e3)
    return {name: round(median(values), 2) for name, values in taken.items()}


def _moved(document: Document, number: int) -> Array:
    value = document.graph.nodes["n2"].value
    assert isinstance(value, np.ndarray)
    return frozen(np.full(value.shape, 1.1 + number / 1e3, value.dtype))


def _landed(sent: bytes, shown: tuple[Trace, State]) -> tuple[Trace, State]:
    answer = decode_answer(sent)
    assert isinstance(answer, Ran)
    return answer.after(shown)


class Silent:
    """An observer of a pass that notes nothing."""

    def begins(self, plan: Callable[[], list[GradNode]]) -> None:
        """Hear what will run."""
        plan()

    def enter(self, node: GradNode, cotangents: Sequence[Tensor | None], queue: Queue) -> None:
        """Hear that a node runs."""

    def leave(self, node: GradNode, contributions: Sequence[Tensor | None]) -> None:
        """Hear that it ran."""


def bare(document: Document) -> None:
    """Run the ops of a chain and a watched backward from its end on the engine alone."""
    made: dict[str, Tensor] = {}
    for node in document.graph.nodes.values():
        if isinstance(node.value, np.ndarray):
            made[node.id] = tensor(np.array(node.value), requires_grad=True)
        else:
            made[node.id] = call(node.op, [made[ref.source] for _, ref in node.refs()])
    backward([made[node.id]], observer=Silent())


def _worker(document: Document) -> Worker:
    worker = Worker()
    worker.answer(RunDocument(1, msgspec.Raw(msgspec.msgpack.encode(codec.tree(document))), True, None, DETAIL))
    return worker


def _answers(worker: Worker, ks: Iterable[int]) -> float:
    """Return the median milliseconds from a request for a state to its bytes, and to what the window reads from them."""
    assert worker.run is not None
    base, taken = worker.run.trace.end, []
    for k in ks:
        start = time.process_time()
        answer, _ = worker.answer(ShowState(1, k, DETAIL, base))
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
        tick = found["tick_ms"][name]
        print(f"{name:8} step {found['step_ms'][name]:8.2f} ms   jump {found['jump_ms'][name]:8.2f} ms")
        window = f"window {tick['window']:.1f} ms, {tick['kb']:.0f} kB"
        print(f"{name:8} a new value: worker {tick['worker']:.1f} ms (bare engine {tick['engine']:.1f}), {window}")
    print(f"log of {STEPS} steps beyond its arrays {found['log_mb']:.1f} MB")
    return 0
