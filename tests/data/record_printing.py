"""Record what PyTorch prints for tensors of every kind: `python record_printing.py > printing.json` (needs torch)."""
import json

import numpy as np
import torch

rng = np.random.default_rng(7)
DTYPES = ["float32", "float64", "int64", "bool", "float16", "int32", "complex64", "complex128", "uint8"]


def values(kind: str, shape: tuple[int, ...], style: int) -> np.ndarray:
    a = rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 9)
    if style == 1:
        a = a * 10.0 ** rng.integers(-5, 5, shape)
    if style == 2:
        a = np.round(a / max(np.abs(a).max(initial=1), 1) * 300)
    if style == 3:
        draw = rng.random(shape)
        a = np.where(draw < 0.1, np.nan, np.where(draw < 0.2, np.inf, np.where(draw < 0.3, -0.0, a)))
    if "complex" in kind:
        a = a + 1j * rng.standard_normal(shape)
    with np.errstate(all="ignore"):
        return np.asarray(a > 0 if kind == "bool" else np.nan_to_num(a) % 200 if kind == "uint8" else a).astype(kind)


def flat(a: np.ndarray) -> list:
    part = a.reshape(-1)
    part = part.view(part.real.dtype) if a.dtype.kind == "c" else part
    return [repr(x) if isinstance(x, float) else x for x in part.tolist()]


cases = []
for n in range(260):
    kind = DTYPES[n % len(DTYPES)]
    top = [2, 4, 12][n % 3]
    shape = tuple(int(v) for v in rng.integers(0 if n % 13 == 0 else 1, top, size=rng.integers(0, 4)))
    a = np.ascontiguousarray(values(kind, shape, n % 4)).reshape(shape)
    t = torch.tensor(a)
    history = n % 5 if t.is_floating_point() else 0
    if history in (1, 2):
        t.requires_grad_()
    if history == 2:
        t = t * 1
    options = {3: {"precision": 2}, 9: {"sci_mode": False}, 14: {"linewidth": 40}, 20: {"threshold": 8, "edgeitems": 2}}.get(n % 25, {})
    torch.set_printoptions(profile="default", **options)
    seen = t.detach().numpy()
    cases.append({"dtype": kind, "shape": shape, "data": flat(seen), "history": history, "options": options, "text": repr(t)})
torch.set_printoptions(profile="default")
for shape, make in (((1001,), torch.arange), ((7, 200), None), ((2, 3, 500), None)):
    t = torch.arange(float(np.prod(shape))).reshape(shape) if make is None else make(1001)
    cases.append({"dtype": str(t.dtype)[6:], "shape": shape, "data": "arange", "history": 0, "options": {}, "text": repr(t)})
print(json.dumps(cases))
