"""Record steps of PyTorch's optimizers: `python record_optim.py > optim.json` (needs torch)."""
import json

import numpy as np
import torch

rng = np.random.default_rng(3)
OPTIONS = {
    "SGD": [{"lr": 0.01}, {"lr": 0.01, "momentum": 0.9}, {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
            {"lr": 0.01, "momentum": 0.9, "dampening": 0.5}, {"lr": 0.001, "maximize": True, "weight_decay": 0.1}],
    "Adam": [{}, {"lr": 0.1, "weight_decay": 0.1}, {"amsgrad": True, "lr": 0.1}, {"betas": [0.3, 0.5]}],
    "AdamW": [{}, {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}],
    "RMSprop": [{}, {"momentum": 0.9}, {"centered": True}, {"centered": True, "momentum": 0.5, "weight_decay": 0.1, "alpha": 0.9}],
    "Adagrad": [{}, {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}],
    "Adadelta": [{}, {"lr": 0.5, "weight_decay": 0.1}],
    "Adamax": [{}, {"weight_decay": 0.1, "maximize": True}],
    "RAdam": [{}, {"weight_decay": 0.1}, {"betas": [0.5, 0.7], "decoupled_weight_decay": True, "weight_decay": 0.1}],
    "Rprop": [{}, {"etas": [0.4, 1.3]}],
    "ASGD": [{}, {"t0": 2, "lambd": 0.01, "weight_decay": 0.1}],
    "NAdam": [{}, {"weight_decay": 0.1, "decoupled_weight_decay": True}],
}
cases = []
for kind, choices in OPTIONS.items():
    for options in choices:
        for dtype in ("float32", "float64"):
            start = rng.standard_normal(5).astype(dtype)
            w = torch.tensor(start, requires_grad=True)
            opt = getattr(torch.optim, kind)([w], **options)
            grads, after = [], []
            for _ in range(6):
                g = rng.standard_normal(5).astype(dtype)
                w.grad = torch.tensor(g)
                opt.step()
                grads.append(g.tolist())
                after.append(w.tolist())
            state = {name: t.tolist() for name, t in opt.state[w].items() if t is not None}
            cases.append({"kind": kind, "options": options, "dtype": dtype, "start": start.tolist(), "grads": grads, "after": after,
                          "state": state, "version": w._version})
print(json.dumps(cases))
