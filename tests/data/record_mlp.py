"""Record the 240th iteration of an MLP on three spiral arms in PyTorch, for the example mlp.grad: run where PyTorch is installed.

Writes mlp.json: points, classes and parameters as they are before that iteration, then what it computes: of each node the value and the
gradient that comes back to it (by the keys of make_mlp.py), and the parameters after the step. Then run make_mlp.py.
"""

import base64
import json
import math
from itertools import pairwise
from pathlib import Path

import torch

SIZES = (2, 16, 16, 3)
POINTS, ITERATIONS, RATE, DECAY = 22, 240, 0.4, 0.001  # points an arm


def arms():
    """Return three spiral arms: points (66, 2), and the arm of each (66,)."""
    points, classes = [], []
    for arm in range(3):
        t = torch.linspace(0.1, 1, POINTS)
        angle = t * 4.2 + arm * 2 * math.pi / 3 + torch.randn_like(t) * 0.08
        points.append(torch.stack([t * torch.cos(angle), t * torch.sin(angle)], 1))
        classes.append(torch.full((POINTS,), arm))
    return torch.cat(points), torch.cat(classes)


def parameters():
    """Return weights drawn as He et al. (2015) do for relu, and biases drawn too, as the mock-up's script does, but times zero."""
    made = {}
    for i, (inside, outside) in enumerate(pairwise(SIZES), 1):
        made[f"W{i}"] = (torch.randn(inside, outside) * math.sqrt(2 / inside)).requires_grad_()
        made[f"b{i}"] = (torch.randn(outside) * 0).requires_grad_()
    return made


def forward(X, Y, p):
    """Return every tensor that one pass makes, by name, in the order in which they are made."""
    made = {}

    def keep(name, tensor):
        if tensor.requires_grad:
            tensor.retain_grad()
        made[name] = tensor
        return tensor

    h = X
    for i in (1, 2, 3):
        h = keep(f"add{i}", keep(f"mm{i}", h @ p[f"W{i}"]) + p[f"b{i}"])
        if i < 3:
            h = keep(f"relu{i}", h.relu())
    with torch.no_grad():
        top = keep("max", h.amax(1, keepdim=True))
    shifted = keep("shift", h - top)
    total = keep("total", keep("exp", shifted.exp()).sum(1, keepdim=True))
    logp = keep("logp", shifted - keep("log", total.log()))
    nll = keep("nll", keep("neg", keep("idx", logp.gather(1, Y)).neg()).mean())
    sums = [keep(f"sum{i}", keep(f"square{i}", p[f"W{i}"].square()).sum()) for i in (1, 2, 3)]
    l2 = keep("l2", keep("l2_12", sums[0] + sums[1]) + sums[2])
    keep("loss", nll + keep("decay", DECAY * l2))
    with torch.no_grad():
        keep("accuracy", keep("right", keep("guess", h.argmax(1, keepdim=True)) == Y).mean(dtype=torch.float32))
    return made


def plain(tensor):
    """Return a tensor as shape, dtype and its bytes, little-endian, in base64."""
    array = tensor.detach().contiguous().numpy()
    return {"shape": list(array.shape), "dtype": str(array.dtype), "base64": base64.b64encode(array.tobytes()).decode()}


def step(X, Y, p):
    """Run one iteration. Return what it made, with its gradients in place."""
    for tensor in p.values():
        tensor.grad = None
    made = forward(X, Y, p)
    made["loss"].backward()
    with torch.no_grad():
        for tensor in p.values():
            tensor -= RATE * tensor.grad
    return made


def main():
    """Train, and write down the last iteration."""
    torch.manual_seed(7)
    X, Y = arms()
    Y, p = Y[:, None], parameters()
    for _ in range(ITERATIONS - 1):
        step(X, Y, p)
    start = {"X": plain(X), "Y": plain(Y), **{name: plain(tensor) for name, tensor in p.items()}}
    made = step(X, Y, p)
    values = {name: plain(tensor) for name, tensor in made.items()}
    gradients = {name: plain(t.grad) for name, t in (made | p).items() if t.requires_grad}
    after = {name: plain(tensor) for name, tensor in p.items()}
    found = {"torch": torch.__version__.partition("+")[0], "start": start, "values": values, "gradients": gradients, "after": after}
    Path(__file__).with_name("mlp.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"loss {made['loss']:.4f}, nll {made['nll']:.4f}, accuracy {made['accuracy']:.3f}, |W3.grad| {p['W3'].grad.norm():.4f}")


if __name__ == "__main__":
    main()
