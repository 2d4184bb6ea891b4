"""Record from PyTorch, by hooks, what each step of backward passes does on random graphs. Writes tests/data/steps.json.

Run it where torch is installed: python tools/record_steps.py
A visit is kept as [node, name, upstream, contributions, .grad after]: of an op its step and no .grad, of AccumulateGrad its leaf.
"""

import json
import random
from pathlib import Path

import torch

GRAPHS = 300
TARGET = Path(__file__).parent.parent / "tests" / "data" / "steps.json"
UNARY = ("tanh", "sigmoid", "relu", "sin", "neg", "exp", "square", "abs")
BINARY = ("add", "sub", "mul", "div", "maximum")
SHAPES = ((), (2,), (2, 2), (1, 2))


def draw(rng):
    """Return a random program: leaves, steps (op, operands; a number is a literal), calls."""
    leaves = []
    for i in range(rng.randrange(1, 5)):
        shape = rng.choice(SHAPES)
        numbers = [round(rng.uniform(0.4, 1.6), 2) for _ in range(torch.Size(shape).numel())]
        leaves.append({"shape": shape, "data": numbers, "requires_grad": i == 0 or rng.random() < 0.8})
    steps = [draw_step(rng, len(leaves) + n) for n in range(rng.randrange(2, 14))]
    made = [len(leaves) + n for n in range(len(steps))]
    roots = sorted(rng.sample(made, 1 if rng.random() < 0.7 else min(2, len(made))))
    for root in list(roots):
        steps.append(["sum", root])
    roots = [len(leaves) + len(steps) - len(roots) + i for i in range(len(roots))]
    calls = []
    for _ in range(rng.randrange(1, 4)):
        calls.append({"roots": roots, "retain": rng.random() < 0.7})
        if rng.random() < 0.3:
            calls.append({"zero": 0})
    return {"leaves": leaves, "steps": steps, "calls": calls}


def draw_step(rng, known):
    recent = [rng.randrange(max(0, known - 5), known) for _ in range(3)]
    kind = rng.random()
    if kind < 0.45:
        op = rng.choice(BINARY)
        literal = op != "maximum" and rng.random() < 0.2
        return [op, recent[0], rng.choice((2.0, 0.5, -1.5)) if literal else recent[1], *([] if not literal else ["literal"])]
    if kind < 0.55:
        return ["pow", recent[0], rng.choice((2.0, 3.0)), "literal"]
    if kind < 0.63:
        return ["mean", recent[0]]
    if kind < 0.70:
        return ["matmul", recent[0], recent[1]]
    return [rng.choice(UNARY), recent[0]]


def run_step(step, values):
    """Return what a step makes; products of what is no pair of matrices are taken element by element."""
    op, x = step[0], values[step[1]]
    if len(step) == 2:
        return getattr(torch, op)(x)
    y = step[2] if step[-1] == "literal" else values[step[2]]
    if op == "matmul" and not (x.dim() == y.dim() == 2 and x.shape[1] == y.shape[0]):
        step[0] = op = "mul"
    return getattr(torch, op)(x, y)


class Recorder:
    """Hooks on every node of a graph; `visits` is what they saw since it was last taken."""

    def __init__(self, program):
        self.visits = []
        self.values = [
            torch.tensor(leaf["data"], dtype=torch.float64).reshape(leaf["shape"]).requires_grad_(leaf["requires_grad"])
            for leaf in program["leaves"]
        ]
        self.leaves = len(self.values)
        self.nodes = {}
        for n, step in enumerate(program["steps"]):
            out = run_step(step, self.values)
            self.values.append(out)
            if out.grad_fn is not None:
                self._watch(out.grad_fn, n)
        for i, leaf in enumerate(self.values[: self.leaves]):
            if leaf.requires_grad:
                self._watch_leaf(leaf, i)

    def _watch(self, node, n):
        self.nodes[node] = n
        node.register_prehook(lambda g: self.visits.append([n, node.name(), numbers(g[0]), [], None]))
        node.register_hook(lambda sent, _: self.visits[-1][3].extend(numbers(g) for g in sent if g is not None))

    def _watch_leaf(self, leaf, i):
        leaf.register_post_accumulate_grad_hook(lambda t: self.visits[-1].__setitem__(4, numbers(t.grad)))
        node = torch.autograd.graph.get_gradient_edge(leaf).node
        self.nodes[node] = i
        node.register_prehook(lambda g: self.visits.append([i, "AccumulateGrad", numbers(g[0]), [], None]))

    def call(self, call):
        """Run a call; return its visits, and whether it raised."""
        if "zero" in call:
            grad = self.values[call["zero"]].grad
            if grad is None:
                return None
            grad.zero_()
            return {"visits": [], "raised": False}
        self.visits = []
        raised = False
        try:
            torch.autograd.backward([self.values[r] for r in call["roots"]], retain_graph=call["retain"])
        except RuntimeError:
            raised = True
        return {"visits": self.visits, "raised": raised}


def numbers(tensor):
    """Return a tensor's elements, flat, with twelve digits."""
    return None if tensor is None else [float(f"{v:.12g}") for v in tensor.detach().reshape(-1).tolist()]


def record(program):
    """Return a program with what each of its calls did; None where it would not do as a test."""
    try:
        recorder = Recorder(program)
    except RuntimeError:  # shapes that do not go together
        return None
    roots = program["calls"][0]["roots"]
    values = recorder.values
    if not all(values[r].requires_grad for r in roots) or not all(bool(torch.isfinite(v).all()) and v.abs().max() < 1e4 for v in values):
        return None
    did = []
    for call in program["calls"]:
        result = recorder.call(call)
        if result is None:
            return None
        did.append(result)
        if result["raised"]:
            break
    return {**program, "calls": program["calls"][: len(did)], "did": did}


def main():
    rng, cases = random.Random(8), []
    while len(cases) < GRAPHS:
        case = record(draw(rng))
        if case is not None:
            cases.append(case)
    text = json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":"))
    TARGET.write_text(text.replace('{"leaves"', '\n{"leaves"') + "\n")


if __name__ == "__main__":
    main()
