"""Workloads the size of a network's step, float32: an MLP, a small CNN, a transformer block; by hand as one writes them in numpy."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from gradstudio.bench.workloads import F32, Array, Step, Workload

BATCH, CLASSES = 64, 10
IMAGES, FEATURES = 16, 400
B, S, D, HEADS = 4, 32, 64, 4  # samples, words, width, heads of the transformer block
GELU = 0.7978845608028654  # √(2/π)
EPS = 1e-5


def _drawn(rng: Any, *shape: int, scale: float = 1.0) -> Array:
    found: Array = (rng.standard_normal(shape) * scale).astype(F32)
    return found


def _softmax_loss(z: Array, target: Array) -> tuple[Any, Array]:
    """Return the mean cross entropy of rows of scores, and its gradient."""
    rows = np.arange(len(target))
    z = z - z.max(1, keepdims=True)
    e = np.exp(z)
    total = e.sum(1, keepdims=True)
    loss = (np.log(total[:, 0]) - z[rows, target]).mean()
    g = e / total
    g[rows, target] -= 1
    g /= F32(len(target))
    return loss, g


# ---------------------------------------------------------------- MLP


def mlp() -> Workload:
    """A step of an MLP 784-128-64-10 on 64 samples: forward, backward (no update)."""
    rng = np.random.default_rng(4)
    inputs: dict[str, Any] = {"x": _drawn(rng, BATCH, 784), "t": rng.integers(0, CLASSES, BATCH)}
    for k, (a, b) in enumerate(pairwise((784, 128, 64, CLASSES))):
        inputs |= {f"W{k}": _drawn(rng, a, b, scale=0.08), f"b{k}": _drawn(rng, b, scale=0.01)}

    def program(f: Any, t: dict[str, Any]) -> Any:
        h = f.relu(t["x"] @ t["W0"] + t["b0"])
        h = f.relu(h @ t["W1"] + t["b1"])
        return f.nll_loss(f.log_softmax(h @ t["W2"] + t["b2"], 1), t["t"])

    return Workload("W4 MLP step", inputs, ("W0", "b0", "W1", "b1", "W2", "b2"), program, _mlp_by_hand, 10)


def _mlp_by_hand(p: dict[str, Any]) -> Step:
    x = p["x"]

    def step() -> Any:
        h = np.maximum(x @ p["W0"] + p["b0"], 0)
        k = np.maximum(h @ p["W1"] + p["b1"], 0)
        loss, g = _softmax_loss(k @ p["W2"] + p["b2"], p["t"])
        gk = (g @ p["W2"].T) * (k > 0)
        gh = (gk @ p["W1"].T) * (h > 0)
        return loss, x.T @ gh, gh.sum(0), h.T @ gk, gk.sum(0), k.T @ g, g.sum(0)

    return step


# ---------------------------------------------------------------- CNN


def cnn() -> Workload:
    """A step of a CNN on 16 images of 28 x 28: twice convolution 3 x 3, relu and max pool 2 x 2, then a linear layer."""
    rng = np.random.default_rng(6)
    inputs = {"x": _drawn(rng, IMAGES, 1, 28, 28), "t": rng.integers(0, CLASSES, IMAGES),
              "K1": _drawn(rng, 8, 1, 3, 3, scale=0.3), "k1": _drawn(rng, 8, scale=0.1),
              "K2": _drawn(rng, 16, 8, 3, 3, scale=0.15), "k2": _drawn(rng, 16, scale=0.1),
              "W": _drawn(rng, FEATURES, CLASSES, scale=0.05), "b": _drawn(rng, CLASSES, scale=0.1)}  # fmt: skip

    def program(f: Any, t: dict[str, Any]) -> Any:
        h = f.max_pool2d(f.relu(f.conv2d(t["x"], t["K1"], t["k1"])), 2)
        h = f.max_pool2d(f.relu(f.conv2d(h, t["K2"], t["k2"])), 2)
        return f.nll_loss(f.log_softmax(h.reshape(IMAGES, FEATURES) @ t["W"] + t["b"], 1), t["t"])

    return Workload("W6 CNN step", inputs, ("K1", "k1", "K2", "k2", "W", "b"), program, _cnn_by_hand, 11, hips=False)


def _convolved(x: Array, kernels: Array, bias: Array) -> tuple[Array, Array]:
    """Return the valid convolution with kernels of 3 x 3, and the columns that it multiplied."""
    n, channels, height, width = x.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
    columns = np.ascontiguousarray(windows.transpose(1, 4, 5, 0, 2, 3)).reshape(channels * 9, -1)
    flat = kernels.reshape(len(kernels), -1) @ columns + bias[:, None]
    return flat.reshape(-1, n, height - 2, width - 2).transpose(1, 0, 2, 3), columns


def _convolved_back(g: Array, kernels: Array, columns: Array) -> tuple[Array, Array, Array]:
    """Return the gradients of kernels and bias, and the cotangent of the columns."""
    flat = g.transpose(1, 0, 2, 3).reshape(len(kernels), -1)
    return (flat @ columns.T).reshape(kernels.shape), flat.sum(1), kernels.reshape(len(kernels), -1).T @ flat


def _from_columns(columns: Array, shape: tuple[int, ...]) -> Array:
    """Add columns up into the image that they were taken from."""
    n, channels, height, width = shape
    parts = columns.reshape(channels, 3, 3, n, height - 2, width - 2)
    image = np.zeros((channels, n, height, width), F32)
    for i in range(3):
        for j in range(3):
            image[:, :, i:i + height - 2, j:j + width - 2] += parts[:, i, j]
    return image.transpose(1, 0, 2, 3)


def _quarters(x: Array) -> list[Array]:
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    return [x[:, :, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]


def _pooled(x: Array) -> Array:
    a, b, c, d = _quarters(x)
    found: Array = np.maximum(np.maximum(a, b), np.maximum(c, d))
    return found


def _pooled_back(g: Array, x: Array, out: Array) -> Array:
    """Send each cotangent to the first element that was the largest of its window."""
    found = np.zeros_like(x)
    free = np.ones(out.shape, bool)
    for part, place in zip(_quarters(x), _quarters(found), strict=True):
        here = free & (part == out)
        np.multiply(g, here, place)
        free &= ~here
    return found


def _cnn_by_hand(p: dict[str, Any]) -> Step:
    def step() -> Any:
        a1, columns1 = _convolved(p["x"], p["K1"], p["k1"])
        r1 = np.maximum(a1, 0)
        h1 = _pooled(r1)
        a2, columns2 = _convolved(h1, p["K2"], p["k2"])
        r2 = np.maximum(a2, 0)
        h2 = _pooled(r2)
        flat = h2.reshape(IMAGES, FEATURES)
        loss, g = _softmax_loss(flat @ p["W"] + p["b"], p["t"])
        g2 = _pooled_back((g @ p["W"].T).reshape(h2.shape), r2, h2) * (a2 > 0)
        gk2, gb2, gcolumns = _convolved_back(g2, p["K2"], columns2)
        g1 = _pooled_back(_from_columns(gcolumns, h1.shape), r1, h1) * (a1 > 0)
        gk1, gb1, _ = _convolved_back(g1, p["K1"], columns1)
        return loss, gk1, gb1, gk2, gb2, flat.T @ g, g.sum(0)

    return step


# ---------------------------------------------------------------- transformer block


def transformer() -> Workload:
    """A step of a transformer block with pre-norm, four heads and a tanh gelu, on 4 samples of 32 words of width 64."""
    rng = np.random.default_rng(7)
    inputs = {"x": _drawn(rng, B, S, D)}
    inputs |= {name: 1 + _drawn(rng, D, scale=0.1) for name in ("g1", "g2")}
    inputs |= {name: _drawn(rng, D, scale=0.1) for name in ("c1", "c2", "bb")}
    inputs |= {name: _drawn(rng, D, D, scale=0.1) for name in ("Wq", "Wk", "Wv", "Wo")}
    inputs |= {"Wa": _drawn(rng, D, 4 * D, scale=0.1), "ba": _drawn(rng, 4 * D, scale=0.1), "Wb": _drawn(rng, 4 * D, D, scale=0.1)}

    def program(f: Any, t: dict[str, Any]) -> Any:
        x = t["x"]
        h = f.layer_norm(x, (D,), t["g1"], t["c1"])
        q, k, v = ((h @ t[name]).reshape(B, S, HEADS, D // HEADS).transpose(1, 2) for name in ("Wq", "Wk", "Wv"))
        shares = f.softmax((q @ k.transpose(2, 3)) * 0.25, -1)
        x = x + (shares @ v).transpose(1, 2).reshape(B, S, D) @ t["Wo"]
        h = f.layer_norm(x, (D,), t["g2"], t["c2"])
        x = x + (f.gelu(h @ t["Wa"] + t["ba"], approximate="tanh") @ t["Wb"] + t["bb"])
        return (x * x).mean()

    return Workload("W7 transformer block", inputs, tuple(inputs), program, _transformer_by_hand, 30, hips=False)


def _normed(x: Array, weight: Array, bias: Array) -> tuple[Array, Array, Array]:
    """Return the layer norm of rows, what it scaled, and one over the deviation."""
    c = x - x.mean(-1, keepdims=True)
    scale = 1 / np.sqrt((c * c).mean(-1, keepdims=True) + EPS)
    h = c * scale
    return h * weight + bias, h, scale


def _normed_back(g: Array, weight: Array, h: Array, scale: Array) -> tuple[Array, Array, Array]:
    """Return the gradients of x, weight and bias."""
    gh = g * weight
    gx = scale * (gh - gh.mean(-1, keepdims=True) - h * (gh * h).mean(-1, keepdims=True))
    return gx, (g * h).sum((0, 1)), g.sum((0, 1))


def _split(a: Array) -> Array:
    return a.reshape(B, S, HEADS, D // HEADS).transpose(0, 2, 1, 3)


def _joined(a: Array) -> Array:
    return a.transpose(0, 2, 1, 3).reshape(B * S, D)


def _attended(f: Array, p: dict[str, Any]) -> tuple[Array, tuple[Array, ...]]:
    """Return what the heads make of rows, and what backward needs."""
    q, k, v = _split(f @ p["Wq"]), _split(f @ p["Wk"]), _split(f @ p["Wv"])
    scores = (q @ k.swapaxes(2, 3)) * F32(0.25)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    shares = e / e.sum(-1, keepdims=True)
    return _joined(shares @ v), (q, k, v, shares)


def _attended_back(g: Array, kept: tuple[Array, ...]) -> tuple[Array, Array, Array]:
    """Return the cotangents of queries, keys and values, as rows."""
    q, k, v, shares = kept
    go = _split(g)
    gshares = go @ v.swapaxes(2, 3)
    gscores = shares * (gshares - (gshares * shares).sum(-1, keepdims=True)) * F32(0.25)
    return _joined(gscores @ k), _joined(gscores.swapaxes(2, 3) @ q), _joined(shares.swapaxes(2, 3) @ go)


def _transformer_by_hand(p: dict[str, Any]) -> Step:
    def step() -> Any:
        x = p["x"]
        y1, h1, scale1 = _normed(x, p["g1"], p["c1"])
        f = y1.reshape(B * S, D)
        o, kept = _attended(f, p)
        x2 = x + (o @ p["Wo"]).reshape(B, S, D)
        y2, h2, scale2 = _normed(x2, p["g2"], p["c2"])
        f2 = y2.reshape(B * S, D)
        u = f2 @ p["Wa"] + p["ba"]
        th = np.tanh(F32(GELU) * (u + F32(0.044715) * u * u * u))
        ge = F32(0.5) * u * (1 + th)
        x3 = x2 + (ge @ p["Wb"] + p["bb"]).reshape(B, S, D)
        g = x3 * F32(2 / x3.size)
        rows = g.reshape(B * S, D)
        slope = F32(0.5) * (1 + th) + F32(0.5) * u * (1 - th * th) * F32(GELU) * (1 + F32(3 * 0.044715) * u * u)
        gu = (rows @ p["Wb"].T) * slope
        gx2, gg2, gc2 = _normed_back((gu @ p["Wa"].T).reshape(B, S, D), p["g2"], h2, scale2)
        g2 = g + gx2
        rows2 = g2.reshape(B * S, D)
        gq, gk, gv = _attended_back(rows2 @ p["Wo"].T, kept)
        gx, gg1, gc1 = _normed_back((gq @ p["Wq"].T + gk @ p["Wk"].T + gv @ p["Wv"].T).reshape(B, S, D), p["g1"], h1, scale1)
        return ((x3 * x3).mean(), g2 + gx, gg1, gg2, gc1, gc2, rows.sum(0), f.T @ gq, f.T @ gk, f.T @ gv, o.T @ rows2,
                f2.T @ gu, gu.sum(0), ge.T @ rows)  # in the order of the inputs

    return step
