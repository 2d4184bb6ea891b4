"""Optimizers as rules on plain arrays: one step of one parameter, in place, rounded as PyTorch's fused kernels round."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from gradstudio.engine.dtypes import BFLOAT16, cast
from gradstudio.engine.numerics.fused import wide

Array = np.ndarray[Any, np.dtype[Any]]
State = dict[str, Array]
Options = Mapping[str, Any]
Update = Callable[[Array, Array, State, Options], None]


def scalar(value: float, like: Array) -> float:
    """Return a number as a kernel for this dtype sees it."""
    return float(cast(np.asarray(value), like.dtype))


def added(x: Array, y: Array, alpha: float) -> Array:
    """Return x + alpha y."""
    found: Array = cast(wide(x) + wide(y) * scalar(alpha, x), x.dtype)
    return found


def scaled(x: Array, factor: float) -> Array:
    found: Array = x * x.dtype.type(factor)
    return found


def add_product(x: Array, y: Array, z: Array, value: float) -> Array:
    """Return x + value y z (`addcmul`)."""
    found: Array = cast(wide(x) + wide(scaled(y, value)) * wide(z), x.dtype)
    return found


def add_quotient(x: Array, y: Array, z: Array, value: float) -> Array:
    """Return x + value y / z (`addcdiv`)."""
    found: Array = x + scaled(y, value) / z
    return found


def lerp(x: Array, y: Array, weight: float) -> Array:
    """Return x + weight (y - x), from whichever end is nearer."""
    if weight < 0.5:
        return cast(wide(x) + wide(y - x) * scalar(weight, x), x.dtype)
    return cast(wide(y) - wide(y - x) * scalar(1 - scalar(weight, x), x), x.dtype)


def count(state: State) -> int:
    """Count this step and return its number, from 1."""
    steps = state.setdefault("step", np.zeros((), np.float32))
    steps += 1
    return int(steps)


def average(state: State, name: str, like: Array, start: float = 0.0) -> Array:
    """Return a running average of the state, made on the first step."""
    if name not in state:
        state[name] = np.full_like(like, start)
    return state[name]


def gradient(w: Array, g: Array, o: Options) -> Array:
    """Return the gradient with the sign and the weight decay that the options ask for."""
    g = -g if o["maximize"] else g
    return added(g, w, o["weight_decay"]) if o["weight_decay"] != 0 else g


def sgd(w: Array, g: Array, state: State, o: Options) -> None:
    """Gradient descent; the first momentum buffer is the gradient itself."""
    g = gradient(w, g, o)
    if o["momentum"] != 0:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer[...] = added(scaled(buffer, o["momentum"]), g, 1 - o["dampening"])
        g = added(g, buffer, o["momentum"]) if o["nesterov"] else buffer
    w[...] = added(w, g, -o["lr"])


def moments(g: Array, state: State, o: Options) -> tuple[Array, Array]:
    """Update and return the running averages of the gradient and of its square."""
    first, second = average(state, "exp_avg", g), average(state, "exp_avg_sq", g)
    first[...] = lerp(first, g, 1 - o["betas"][0])
    second[...] = add_product(scaled(second, o["betas"][1]), g, g, 1 - o["betas"][1])
    return first, second


def decayed(w: Array, g: Array, o: Options) -> Array:
    """Shrink w itself (decoupled weight decay) or return a gradient that does."""
    if not o["decoupled_weight_decay"]:
        return gradient(w, g, o)
    if o["weight_decay"] != 0:
        w[...] = scaled(w, 1 - o["lr"] * o["weight_decay"])
    return -g if o["maximize"] else g


def adam(w: Array, g: Array, state: State, o: Options) -> None:
    """Adam, AMSGrad, and with decoupled decay AdamW (which shrinks the weight before it looks at the gradient)."""
    t = count(state)
    g = decayed(w, g, o)
    first, second = moments(g, state, o)
    if o["amsgrad"]:
        largest = average(state, "max_exp_avg_sq", g)
        np.maximum(largest, second, out=largest)
        second = largest
    root = np.sqrt(second) / w.dtype.type((1 - o["betas"][1] ** t) ** 0.5) + w.dtype.type(o["eps"])
    w[...] = add_quotient(w, first, root, -(o["lr"] / (1 - o["betas"][0] ** t)))


def rmsprop(w: Array, g: Array, state: State, o: Options) -> None:
    """RMSprop; epsilon is added outside the root."""
    count(state)
    g = gradient(w, g, o)
    square = average(state, "square_avg", g)
    buffer = average(state, "momentum_buffer", g) if o["momentum"] > 0 else None
    square[...] = add_product(scaled(square, o["alpha"]), g, g, 1 - o["alpha"])
    if o["centered"]:
        mean = average(state, "grad_avg", g)
        mean[...] = lerp(mean, g, 1 - o["alpha"])
        root = np.sqrt(add_product(square, mean, mean, -1)) + w.dtype.type(o["eps"])
    else:
        root = np.sqrt(square) + w.dtype.type(o["eps"])
    if buffer is not None:
        buffer[...] = add_quotient(scaled(buffer, o["momentum"]), g, root, 1)
        w[...] = added(w, buffer, -o["lr"])
    else:
        w[...] = add_quotient(w, g, root, -o["lr"])


def adagrad(w: Array, g: Array, state: State, o: Options) -> None:
    """Adagrad: the rate falls with the sum of all squares seen."""
    t = count(state)
    total = average(state, "sum", g, o["initial_accumulator_value"])
    g = gradient(w, g, o)
    total[...] = add_product(total, g, g, 1)
    w[...] = add_quotient(w, g, np.sqrt(total) + w.dtype.type(o["eps"]), -(o["lr"] / (1 + (t - 1) * o["lr_decay"])))


def adadelta(w: Array, g: Array, state: State, o: Options) -> None:
    """Adadelta: the ratio of two running averages stands for the rate."""
    count(state)
    g = gradient(w, g, o)
    square, moved = average(state, "square_avg", g), average(state, "acc_delta", g)
    eps = w.dtype.type(o["eps"])
    square[...] = add_product(scaled(square, o["rho"]), g, g, 1 - o["rho"])
    delta = np.sqrt(moved + eps) / np.sqrt(square + eps) * g
    moved[...] = add_product(scaled(moved, o["rho"]), delta, delta, 1 - o["rho"])
    w[...] = added(w, delta, -o["lr"])


def adamax(w: Array, g: Array, state: State, o: Options) -> None:
    """Adamax: Adam with the largest gradient in place of the root mean square."""
    t = count(state)
    g = gradient(w, g, o)
    first, norm = average(state, "exp_avg", g), average(state, "exp_inf", g)
    first[...] = lerp(first, g, 1 - o["betas"][0])
    np.maximum(scaled(norm, o["betas"][1]), np.abs(g) + w.dtype.type(o["eps"]), out=norm)
    w[...] = add_quotient(w, first, norm, -(o["lr"] / (1 - o["betas"][0] ** t)))


def nadam(w: Array, g: Array, state: State, o: Options) -> None:
    """NAdam: Adam with Nesterov momentum."""
    t = count(state)
    product = state.setdefault("mu_product", np.ones((), np.float32))
    g = decayed(w, g, o)
    now, later = [o["betas"][0] * (1.0 - 0.5 * 0.96 ** (k * o["momentum_decay"])) for k in (t, t + 1)]
    product *= np.float32(now)
    first, second = moments(g, state, o)
    root = np.sqrt(second / w.dtype.type(1 - o["betas"][1] ** t)) + w.dtype.type(o["eps"])
    mu = float(product)
    w[...] = add_quotient(w, g, root, -o["lr"] * (1.0 - now) / (1.0 - mu))
    w[...] = add_quotient(w, first, root, -o["lr"] * later / (1.0 - mu * later))


def radam(w: Array, g: Array, state: State, o: Options) -> None:
    """RAdam: Adam that waits until the variance of its second average is small."""
    t = count(state)
    g = decayed(w, g, o)
    first, second = moments(g, state, o)
    beta1, beta2 = o["betas"]
    rest = 1 - beta2**t
    move = first / w.dtype.type(1 - beta1**t) * w.dtype.type(o["lr"])
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / rest
    if length > 5.0:
        rectified = ((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)) ** 0.5
        move = scaled(move * (w.dtype.type(rest**0.5) / (np.sqrt(second) + w.dtype.type(o["eps"]))), rectified)
    w[...] = added(w, move, -1.0)


def rprop(w: Array, g: Array, state: State, o: Options) -> None:
    """Rprop: only the sign of the gradient counts; each element has a step size of its own."""
    count(state)
    g = -g if o["maximize"] else g
    before, size = average(state, "prev", g), average(state, "step_size", g, o["lr"])
    shrink, grow = o["etas"]
    turn = np.sign(g * before)
    factor = np.where(turn > 0, grow, np.where(turn < 0, shrink, 1)).astype(w.dtype)
    np.clip(size * factor, *[w.dtype.type(s) for s in o["step_sizes"]], out=size)
    g = np.where(turn < 0, w.dtype.type(0), g)
    w[...] = add_product(w, np.sign(g), size, -1)
    before[...] = g


def asgd(w: Array, g: Array, state: State, o: Options) -> None:
    """Averaged gradient descent: `ax` holds the average of the weights."""
    t = count(state)
    eta = state.setdefault("eta", np.array(o["lr"], np.float32))
    mu = state.setdefault("mu", np.ones((), np.float32))
    mean = average(state, "ax", w)
    g = gradient(w, g, o)
    w[...] = added(scaled(w, 1 - o["lambd"] * float(eta)), g, -float(eta))
    mean[...] = w if mu == 1 else mean + (w - mean) * w.dtype.type(mu)
    eta[...] = o["lr"] / ((1 + o["lambd"] * o["lr"] * t) ** o["alpha"])
    mu[...] = 1 / max(1, t - o["t0"])


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of optimizer: its options with their defaults, in PyTorch's order, its step, and how often that writes the weight."""

    name: str
    update: Update
    defaults: Mapping[str, Any]
    writes: int = 1


_ADAM: Final = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False, "maximize": False,
                "decoupled_weight_decay": False}
RULES: Final[dict[str, Rule]] = {rule.name: rule for rule in (
    Rule("SGD", sgd, {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False}),
    Rule("Adam", adam, _ADAM),
    Rule("AdamW", adam, {**_ADAM, "weight_decay": 1e-2, "decoupled_weight_decay": True}),
    Rule("RMSprop", rmsprop, {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0, "centered": False,
                              "maximize": False}),
    Rule("Adagrad", adagrad, {"lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10,
                              "maximize": False}),
    Rule("Adadelta", adadelta, {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0, "maximize": False}),
    Rule("Adamax", adamax, {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "maximize": False}),
    Rule("NAdam", nadam, {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "momentum_decay": 4e-3,
                          "decoupled_weight_decay": False, "maximize": False}, 2),
    Rule("RAdam", radam, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "decoupled_weight_decay": False,
                          "maximize": False}),
    Rule("Rprop", rprop, {"lr": 1e-2, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50), "maximize": False}),
    Rule("ASGD", asgd, {"lr": 1e-2, "lambd": 1e-4, "alpha": 0.75, "t0": 1e6, "weight_decay": 0, "maximize": False}, 2),
)}
# Options that must not be negative, with what PyTorch calls them where it complains.
_WORDS: Final = {"lr": "learning rate", "eps": "epsilon value", "momentum": "momentum value", "weight_decay": "weight_decay value",
                 "alpha": "alpha value", "lr_decay": "lr_decay value", "initial_accumulator_value": "initial_accumulator_value value",
                 "momentum_decay": "momentum_decay value"}


def options(kind: str, given: Options) -> dict[str, Any]:
    """Return all options of a kind of optimizer. Raise KeyError for an unknown kind, TypeError for an unknown option, ValueError (in
    PyTorch's words) for a value out of range."""
    rule = RULES[kind]
    for name in given:
        if name not in rule.defaults:
            raise TypeError(f"{kind}.__init__() got an unexpected keyword argument '{name}'")
    found = {**rule.defaults, **given}
    for name, words in _WORDS.items():
        if name in found and not found[name] >= 0.0:
            raise ValueError(f"Invalid {words}: {found[name]}")
    for i, beta in enumerate(found.get("betas", ())):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    if not 0.0 <= found.get("rho", 0.0) <= 1.0:
        raise ValueError(f"Invalid rho value: {found['rho']}")
    if "etas" in found and not 0.0 < found["etas"][0] < 1.0 < found["etas"][1]:
        raise ValueError(f"Invalid eta values: {found['etas'][0]}, {found['etas'][1]}")
    if found.get("nesterov") and (found["momentum"] <= 0 or found["dampening"] != 0):
        raise ValueError("Nesterov momentum requires a momentum and zero dampening")
    return found


def update(kind: str, w: Array, g: Array, state: State, opts: Options) -> None:
    """Take one step of w (in place) along the gradient g of the same shape; state (empty at first) carries what the next step needs.

    A complex number steps as the pair of real numbers that it is, and its state is that of the pair.
    """
    if w.dtype.kind == "c":
        pair = np.stack([w.real, w.imag])
        update(kind, pair, np.stack([g.real, g.imag]), state, opts)
        w.real, w.imag = pair
        return
    with np.errstate(all="ignore"):
        RULES[kind].update(w, g, state, opts)
    if w.dtype is BFLOAT16:
        for written in (w, *[x for x in state.values() if x.dtype is BFLOAT16]):
            written[...] = cast(written, BFLOAT16)


def writes(kind: str, opts: Options) -> int:
    """Return how often one step writes the parameter in place: by so much its version grows."""
    return RULES[kind].writes + bool(opts.get("decoupled_weight_decay") and opts["weight_decay"] != 0)
