"""Record sums of floats in PyTorch's order of additions: `python record_sums.py > sums.json` (needs torch)."""
import itertools
import json

import numpy as np
import torch

torch.set_num_threads(1)
rng = np.random.default_rng(11)
cases = []
for n in range(240):
    rank = 1 + n % 3
    top = ((9, 40, 700), (6, 20, 40), (4, 9, 12))[rank - 1][n // 3 % 3]
    shape = [int(v) for v in rng.integers(1, top + 1, rank)]
    order = [int(v) for v in rng.permutation(rank)] if n % 4 == 0 else list(range(rank))
    dtype = ("float32", "float64")[n // 2 % 2]
    choices = [None, *[c for r in range(1, rank + 1) for c in itertools.combinations(range(rank), r)]]
    axes = choices[int(rng.integers(len(choices)))]
    seed = int(rng.integers(2**31))
    values = (np.random.RandomState(seed).standard_normal(shape) * 100).astype(dtype)
    x = torch.tensor(values).permute(*order)
    found = x.sum() if axes is None else x.sum(axes)
    cases.append({"seed": seed, "shape": shape, "order": order, "dtype": dtype, "axes": axes, "sum": found.flatten().tolist()})
print(json.dumps(cases))
