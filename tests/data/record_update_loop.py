"""Record what PyTorch computes for ten turns of `w -= 0.02 * w.grad`: run where PyTorch is installed, writes update_loop.json."""

import json
from pathlib import Path

import torch

w = torch.tensor(0.5, requires_grad=True)
x = torch.tensor(3.0)
turns = []
for _ in range(10):
    loss = (w * x - 2.0) ** 2
    loss.backward()
    with torch.no_grad():
        w.sub_(w.grad * 0.02)
    turns.append({"loss": loss.item(), "w": w.item(), "grad": w.grad.item()})
    w.grad.zero_()
Path(__file__).with_name("update_loop.json").write_text(json.dumps(turns, indent=1) + "\n")
