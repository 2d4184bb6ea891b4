"""Record PyTorch's streams of random numbers: `python record_random.py > random.json` (needs torch)."""
import json

import torch

cases = []


def draw(fn: str, shape: list[int], args: list, kind: torch.dtype) -> torch.Tensor:
    if fn == "randint":
        return torch.randint(*args, tuple(shape), dtype=kind)
    if fn == "randperm":
        return torch.randperm(shape[0], dtype=kind)
    if fn in ("rand", "randn"):
        return getattr(torch, fn)(shape, dtype=kind)
    return getattr(torch.empty(shape, dtype=kind), f"{fn}_")(*args)


def record(seed: int, *calls: tuple) -> None:
    """Seed once and make the calls in turn."""
    torch.manual_seed(seed)
    draws = []
    for fn, shape, *rest in calls:
        *args, dtype = rest
        values = draw(fn, shape, args, getattr(torch, dtype)).flatten().tolist()
        draws.append({"fn": fn, "shape": shape, "args": args, "dtype": dtype, "values": values})
    cases.append({"seed": seed, "draws": draws})


for seed in (0, 42, -1, 2**40 + 7):
    for n in (1, 5, 15, 16, 33):
        for dtype in ("float32", "float64"):
            record(seed, ("randn", [n], dtype))
            record(seed, ("rand", [n], dtype))
    record(seed, ("rand", [5], "float16"))
    record(seed, ("randn", [3], "float32"), ("randn", [2], "float32"), ("rand", [2, 2], "float32"), ("randn", [17], "float64"),
           ("randn", [2], "float64"))
    for high in (10, 2**20, 2**30, 2**33):
        record(seed, ("randint", [7], -3, high, "int64"))
    record(seed, ("randperm", [20], "int64"), ("randperm", [1], "int64"), ("rand", [1], "float32"))
    record(seed, ("uniform", [9], -0.7, 0.9, "float32"), ("normal", [3], 2.0, 3.0, "float32"), ("exponential", [4], 1.0, "float32"),
           ("bernoulli", [40], 0.3, "float32"))
    record(seed, ("uniform", [9], -0.7, 0.9, "float64"), ("normal", [20], 2.0, 3.0, "float64"), ("exponential", [4], 2.0, "float64"))
print(json.dumps(cases))
