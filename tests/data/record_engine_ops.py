"""Record from PyTorch what every row of the op table gives on its samples: values, gradients, second order, nodes, errors.

Writes engine_ops.json. Run it where torch is installed: PYTHONPATH=. python tests/data/record_engine_ops.py
"""

import json
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (spellings name it)

from gradstudio.engine import TABLE

HERE = Path(__file__).parent


def spelled(op, operands, attrs):
    """Return a call of a row in PyTorch's spelling, with `a[i]` for operands and attrs as keywords."""
    calls = [t for t in op.torch if "(" in t]
    text = next((t for t in calls if t.startswith(("torch.", "F."))), (calls or op.torch)[0])
    names = [i.name for i in op.inputs]
    given = {n: f"a[{i}]" for i, n in enumerate(names) if i < len(operands) and operands[i] is not None}
    left = dict(attrs)
    values = {**{n: "None" for n in names}, **given}
    for attr in op.attrs:
        if "{" + attr.name + "}" in text:
            value = left.pop(attr.name, attr.default)
            values[attr.name] = f"torch.{value}" if attr.kind == "dtype" else repr(value)
    out = text
    for name, value in values.items():
        out = out.replace("{" + name + "}", value)
    extra = [f"{i.saved_name}={values[i.name]}" for i in op.inputs if "{" + i.name + "}" not in text and values[i.name] != "None"]
    extra += [f"{k}={'torch.' + v if k == 'dtype' else repr(v)}" for k, v in left.items()]
    return out[:-1] + ", ".join(["", *extra]) + ")" if extra else out


def tensors(sample, op):
    """Return the leaves and the operands of a sample; what is floating and has a formula gets a gradient."""
    leaves = []

    def made(value, differentiable):
        if isinstance(value, tuple) and any(isinstance(v, np.ndarray) for v in value):
            return tuple([made(v, differentiable) for v in value])
        if not isinstance(value, np.ndarray):
            return value
        t = torch.tensor(value)
        if t.is_floating_point() and differentiable:
            leaves.append(t.requires_grad_())
        return t

    operands = [made(v, i.formula is not None) for v, i in zip(sample.operands, op.inputs, strict=False)]
    if op.mutates:
        operands[0] = operands[0].clone()
    return leaves, operands


def tree(node):
    if node is None:
        return "."
    if hasattr(node, "variable"):
        return "leaf"
    return f"{node.name()}({', '.join(tree(n) for n, _ in node.next_functions)})"


def listed(t):
    if t is None:
        return None
    numbers = t.detach().numpy(force=True)  # force: some zeros have no storage
    return {"shape": list(t.shape), "dtype": str(t.dtype).removeprefix("torch."), "data": [float(v) for v in numbers.flatten()]}


def cotangent(t):
    """Return fixed weights in the shape of a tensor."""
    return (torch.arange(t.numel(), dtype=t.dtype) * 0.37 + 0.3).reshape(t.shape)


def second_order(outs, leaves):
    """Return the gradients of the gradients, with the gradients' own weights."""
    grads = torch.autograd.grad(outs, leaves, [cotangent(o) for o in outs], create_graph=True, allow_unused=True)
    over = [g for g in grads if g is not None and g.requires_grad]
    if not over:
        return [None] * len(leaves)
    return torch.autograd.grad(over, leaves, [cotangent(g) for g in over], allow_unused=True)


def record(op, sample):
    attrs = dict(sample.attrs or {})
    leaves, a = tensors(sample, op)
    text = spelled(op, a, attrs)
    names = {"torch": torch, "F": F, "a": a, "inf": float("inf")}

    def run():
        if op.torch[0] == "{x}[{index}]":
            return a[0][a[1]]
        return eval(text, names)

    found = {"op": op.name, "call": text}
    try:
        result = run()
    except Exception as error:
        return {**found, "error": [type(error).__name__, str(error)]}
    outs = [] if result is None else list(result) if isinstance(result, (tuple, list)) else [result]
    found["outs"] = [listed(o) for o in outs]
    found["trees"] = [tree(o.grad_fn) for o in outs]
    if outs and outs[0].grad_fn is not None:
        node = outs[0].grad_fn
        found["saved"] = sorted(n[7:] for n in dir(node) if n.startswith("_saved_") and holds_tensor(getattr(node, n)))
    kept = [o for o in outs if o.requires_grad]
    if kept:
        try:
            second = [listed(g) for g in second_order(kept, leaves)]
        except RuntimeError as error:  # there is no second derivative
            second = str(error)
        leaves, a[:] = tensors(sample, op)
        result = run()
        outs = list(result) if isinstance(result, (tuple, list)) else [result]
        kept = [o for o in outs if o.requires_grad]
        first = torch.autograd.grad(kept, leaves, [cotangent(o) for o in kept], allow_unused=True)
        found["grads"], found["second"] = [listed(g) for g in first], second
        found["again"] = works_again(kept, leaves)
    return found


def holds_tensor(value):
    return any(isinstance(v, torch.Tensor) for v in (value if isinstance(value, tuple) else [value]))


def works_again(outs, leaves):
    """Tell whether a second backward works, that is, whether nothing saved was freed."""
    try:
        torch.autograd.grad(outs, leaves, [cotangent(o) for o in outs], allow_unused=True)
    except RuntimeError:
        return False
    return True


def main():
    warnings.simplefilter("ignore")
    cases = [{"bad": bad, "sample": i, **record(op, sample)} for op in TABLE.values()
             for bad, samples in ((False, op.samples), (True, op.bad_samples)) for i, sample in enumerate(samples)]
    text = json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":"))
    (HERE / "engine_ops.json").write_text(text.replace('{"bad"', '\n{"bad"') + "\n")
    for case in cases:
        if ("error" in case) != case["bad"]:
            print(case["op"], case["sample"], case["call"], case.get("error"))


if __name__ == "__main__":
    main()
