"""Record what PyTorch gives for the right answers of the lessons: run where PyTorch is installed, writes lesson_keys.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch


def leaf(value: Any, requires_grad: bool = True) -> torch.Tensor:
    """Return a leaf."""
    return torch.tensor(value, requires_grad=requires_grad)


def hidden_graph() -> dict[str, Any]:
    """Return z, its grad_fn, what that leads to, and who is a leaf."""
    x, y = leaf(2.0), leaf(3.0, False)
    z = x * y + x
    z.backward()
    fn = z.grad_fn
    assert fn is not None
    names = [each.name().rpartition("::")[2] for each, _ in fn.next_functions if each is not None]
    return {"z": z.item(), "grad_fn": fn.name(), "next": names, "leaf": [x.is_leaf, y.is_leaf, z.is_leaf], "x": x.grad.item()}


def requires_grad() -> dict[str, Any]:
    """Return the flags of a * b, b * b and their sum, and both gradients, with a alone tracked."""
    a, b = leaf(2.0), leaf(3.0, False)
    c, d = a * b, b * b
    e = c + d
    e.backward()
    return {"c": c.requires_grad, "d": d.requires_grad, "e": e.requires_grad, "a.grad": a.grad.item(), "b.grad": b.grad}


def backward() -> dict[str, Any]:
    """Return both gradients of x * y + x ** 2."""
    x, y = leaf(2.0), leaf(3.0)
    (x * y + x**2).backward()
    return {"x": x.grad.item(), "y": y.grad.item()}


def accumulation() -> list[float]:
    """Return x.grad after each of five passes."""
    x, found = leaf(2.0), []
    for _ in range(5):
        (x**2).backward()
        found.append(x.grad.item())
    return found


def retain_graph() -> dict[str, Any]:
    """Return the error of the second backward, and x.grad of three ways round it."""
    found: dict[str, Any] = {}
    for way in ("none", "retain", "joint", "sum"):
        x = leaf(2.0)
        h = x**2
        a, b = 3 * h, 5 * h
        try:
            if way == "joint":
                torch.autograd.backward([a, b])
            elif way == "sum":
                (a + b).backward()
            else:
                a.backward(retain_graph=way == "retain")
                b.backward()
        except RuntimeError as error:
            found["error"] = str(error)
        found[way] = x.grad.item()
    return found


def descent(zero: bool, turns: int) -> list[float]:
    """Return w after each turn of gradient descent on (2 w - 6) ** 2, with or without zero_()."""
    w, found = leaf(1.0), []
    for _ in range(turns):
        ((2 * w - 6) ** 2).backward()
        with torch.no_grad():
            w.sub_(0.05 * w.grad)
        if zero:
            w.grad.zero_()
        found.append(w.item())
    return found


def detach() -> dict[str, Any]:
    """Return x.grad of x * x, and of x times a detached x."""
    found = {}
    for key, cut in (("full", False), ("detached", True)):
        x = leaf(3.0)
        (x * (x.detach() if cut else x)).backward()
        found[key] = x.grad.item()
    return found


def straight_through() -> dict[str, Any]:
    """Return value and gradient of x + (round(x) - x), and with the difference detached."""
    found = {}
    for key, cut in (("full", False), ("detached", True)):
        x = leaf([0.4, 1.6])
        d = torch.round(x) - x
        y = x + (d.detach() if cut else d)
        y.sum().backward()
        found[key] = [y.tolist(), x.grad.tolist()]
    return found


def nan_hunt() -> dict[str, Any]:
    """Return gradients of where(x > 0, sqrt(x), 0), and with a where in front of sqrt too; nan as a text."""
    found = {}
    for key, safe in (("naive", False), ("double where", True)):
        x = leaf([0.0, 4.0])
        m = x > 0
        torch.where(m, torch.sqrt(torch.where(m, x, 1) if safe else x), 0).sum().backward()
        found[key] = [each if each == each else "nan" for each in x.grad.tolist()]
    return found


def vector_roots() -> list[Any]:
    """Return seeds, and x.grad for each."""
    found = []
    for seed in ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0]):
        x = leaf([2.0, 3.0])
        torch.stack([x[0] * x[1], x[0] + x[1]]).backward(torch.tensor(seed))
        found.append([seed, x.grad.tolist()])
    return found


if __name__ == "__main__":
    keys = {
        "hidden-graph": hidden_graph(),
        "requires-grad": requires_grad(),
        "backward": backward(),
        "accumulation": accumulation(),
        "retain-graph": retain_graph(),
        "zero-grad": {"with": descent(True, 8), "without": descent(False, 8)},
        "detach": detach(),
        "straight-through": straight_through(),
        "no-grad": descent(True, 3),
        "vector-roots": vector_roots(),
        "nan-hunt": nan_hunt(),
    }
    Path(__file__).with_name("lesson_keys.json").write_text(json.dumps(keys, indent=1) + "\n", encoding="utf-8")
