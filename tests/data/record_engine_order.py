"""Record from PyTorch in which order backward visits the nodes of random graphs, and what arrives. Writes engine_order.json.

Run it where torch is installed: python tests/data/record_engine_order.py
"""

import json
import random
from pathlib import Path

import torch

GRAPHS = 300
HERE = Path(__file__).parent


def draw(rng):
    """Return a random program on vectors of 3: steps that append values, roots, and sometimes inputs."""
    leaves, steps, made = rng.randrange(1, 8), [], 0
    for _ in range(rng.randrange(1, 30)):
        kind = rng.choice(["add", "mul", "tanh", "tanh", "stack", "unbind", "add_", "slice_add_", "scale"])
        steps.append([kind, *[rng.randrange(leaves + made) for _ in range(4)]])
        made += 2 if kind == "unbind" else 1
    candidates = range(leaves, leaves + made)
    roots = [leaves + made - 1] if rng.random() < 0.6 else rng.sample(candidates, min(len(candidates), rng.randrange(2, 5)))
    inputs = rng.sample(range(leaves), rng.randrange(1, leaves + 1)) if rng.random() < 0.25 else None
    return {"leaves": leaves, "steps": steps, "roots": roots, "inputs": inputs}


def run_step(step, values):
    """Run one step; return the values that it appends and the tensors whose grad_fn it made, in order."""
    kind, (i, j, k, m) = step[0], step[1:]
    a, b = values[i], values[j]
    if kind in ("add", "mul", "tanh", "scale"):
        out = a + b if kind == "add" else a * b if kind == "mul" else torch.tanh(a) if kind == "tanh" else a * 0.5
        return [out], [out]
    if kind == "stack":
        stacked = torch.stack([a, b, values[k], values[m]])
        out = stacked.sum(0)
        return [out], [stacked, out]
    if kind == "unbind":
        stacked = torch.stack([a, b])
        parts = stacked.unbind(0)
        return list(parts), [stacked, parts[0]]
    copy = a + 0
    made = [copy.grad_fn]
    if kind == "add_":
        copy.add_(b)
        return [copy], [*made, copy]
    view, other = copy[:2], b[1:]
    made += [view.grad_fn, other]
    view.add_(other)
    return [copy], [*made, copy]


def record(program):
    """Return the visits (labels) and the gradients of the leaves."""
    values = [torch.tensor([0.3 + 0.1 * n, -0.2 * n, 0.5], dtype=torch.float64, requires_grad=True) for n in range(program["leaves"])]
    labels, keep = {}, []
    for n, step in enumerate(program["steps"]):
        out, made = run_step(step, values)
        for part, t in enumerate(made):
            node = getattr(t, "grad_fn", t)
            labels.setdefault(node, f"{n}.{part}")
            keep.append(node)
        values += out
    roots = [values[r] for r in program["roots"]]
    log, seen, nodes = [], set(), [r.grad_fn for r in roots]
    while nodes:
        node = nodes.pop()
        if node is not None and node not in seen:
            seen.add(node)
            nodes += [f for f, _ in node.next_functions]
            node.register_prehook(lambda g, node=node: log.append(label(node, labels, values)))
    inputs = None if program["inputs"] is None else [values[i] for i in program["inputs"]]
    torch.autograd.backward(roots, [torch.ones_like(r) for r in roots], inputs=inputs)
    return log, [None if v.grad is None else v.grad.tolist() for v in values[:program["leaves"]]]


def label(node, labels, values):
    if node in labels:
        return labels[node]
    if hasattr(node, "variable"):
        return f"leaf {next(i for i, v in enumerate(values) if v is node.variable)}"
    return node.name()


def main():
    rng = random.Random(0)
    cases = []
    for _ in range(GRAPHS):
        program = draw(rng)
        visits, grads = record(program)
        cases.append({**program, "visits": visits, "grads": grads})
    text = json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":"))
    (HERE / "engine_order.json").write_text(text.replace('{"leaves"', '\n{"leaves"') + "\n")


if __name__ == "__main__":
    main()
