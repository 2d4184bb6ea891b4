"""Optimizers: parameter groups, state, zero_grad and step. Each kind is a rule of the engine."""
from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

import numpy as np

from gradstudio.engine import modes, optim
from gradstudio.engine.tensor import Tensor, make, stored_grad
from gradstudio.torch.nn.module import clear_grad, type_name

Closure = Callable[[], Any] | None
# All settings of a group in PyTorch's order. Those that are no options of the rule are for other devices or compilers: kept and shown.
GROUPS = {
    "SGD": "lr momentum dampening weight_decay nesterov maximize foreach differentiable fused",
    "Adam": "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused decoupled_weight_decay",
    "AdamW": "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused decoupled_weight_decay",
    "RMSprop": "lr momentum alpha eps centered weight_decay capturable foreach maximize differentiable",
    "Adagrad": "lr lr_decay eps weight_decay initial_accumulator_value foreach maximize differentiable fused",
    "Adadelta": "lr rho eps weight_decay maximize capturable foreach differentiable",
    "Adamax": "lr betas eps weight_decay foreach maximize differentiable capturable",
    "NAdam": "lr betas eps weight_decay momentum_decay decoupled_weight_decay maximize foreach capturable differentiable",
    "RAdam": "lr betas eps weight_decay maximize foreach capturable decoupled_weight_decay differentiable",
    "Rprop": "lr etas step_sizes foreach maximize differentiable capturable",
    "ASGD": "lr lambd alpha t0 weight_decay foreach maximize differentiable capturable",
}
IDLE = {"foreach": None, "fused": None, "differentiable": False, "capturable": False}


def noting(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a subclass' own step, which notes that there was one."""

    @wraps(step)
    def noted(optimizer: Optimizer, *args: Any, **named: Any) -> Any:
        optimizer.was_stepped = True
        return step(optimizer, *args, **named)

    return noted


class Optimizer:
    """Groups of parameters with options, and a state for each parameter. Subclasses have a `kind`, or their own `step`."""

    kind: ClassVar[str] = ""
    was_stepped = False  # what rules for the learning rate ask, before they go on

    def __init_subclass__(cls) -> None:
        if "step" in vars(cls):
            setattr(cls, "step", noting(vars(cls)["step"]))  # noqa: B010

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                            f"{type_name(params)}")
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own. Raise TypeError or ValueError for what cannot be optimized."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError("optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
                            "change between runs. Please use a list instead.")
        listed = [params] if isinstance(params, Tensor) else [p[1] if isinstance(p, tuple) else p for p in params]
        for p in listed:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type_name(p)}")
            if not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        if len({id(p) for p in listed}) != len(listed):
            warnings.warn("optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; see "
                          "github.com/pytorch/pytorch/issues/40967 for more information", UserWarning, stacklevel=3)
        known = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in known for p in listed):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append({**param_group, "params": listed, **{k: v for k, v in self.defaults.items() if k not in param_group}})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop all gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                clear_grad(p, set_to_none)

    def step(self, closure: Closure = None) -> Any:
        """Step every parameter that has a gradient. A closure is called first and its loss returned."""
        loss, self.was_stepped = None, True
        if closure is not None:
            with modes.GradMode(True):
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                g = stored_grad(p)
                if g is not None:
                    self.step_one(p, g, group)
        return loss

    def step_one(self, p: Tensor, g: Tensor, group: dict[str, Any]) -> None:
        """Step one parameter in place; its version counts the writes as PyTorch's kernels make them."""
        state = self.state[p]
        arrays = {name: t.array for name, t in state.items() if isinstance(t, Tensor)}
        options = {**group, "lr": number(group["lr"])}
        optim.update(self.kind, p.array, g.array, arrays, options)
        for name, array in arrays.items():
            if name not in state:
                state[name] = make(np.asarray(array), None)
        if not state:  # plain SGD keeps none
            del self.state[p]
        p.version[0] += optim.writes(self.kind, options)

    def state_dict(self) -> dict[str, Any]:
        """Return state and groups, parameters by number."""
        numbers = {id(p): i for i, p in enumerate([p for group in self.param_groups for p in group["params"]])}
        groups = [{**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
                  for group in self.param_groups]
        return {"state": {numbers[id(p)]: state for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take state and options over from a state dict. Raise ValueError if its groups are of other sizes."""
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups, strict=True)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        params = [p for group in self.param_groups for p in group["params"]]
        self.state.clear()
        for number_, state in state_dict["state"].items():
            self.state[params[number_]] = {k: make(v.array.copy(), None) if isinstance(v, Tensor) else v for k, v in state.items()}
        for saved, group in zip(groups, self.param_groups, strict=True):
            group.update({k: v for k, v in saved.items() if k != "params"})

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"\nParameter Group {i}\n")
            lines += [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
        return f"{type(self).__name__} ({''.join(lines)})"


def number(value: Any) -> Any:
    """Return a learning rate as a number: it may be a tensor."""
    return value.array.item() if isinstance(value, Tensor) else value


def kind_of(name: str) -> type[Optimizer]:
    """Return the class of a kind of optimizer."""
    order, settings = [*optim.RULES[name].defaults], GROUPS[name].split(" ")

    def __init__(self: Optimizer, params: Any, *args: Any, **named: Any) -> None:  # noqa: N807
        given = {**dict(zip(order, args, strict=False)), **named}
        idle = {k: given.pop(k, v) for k, v in IDLE.items() if k in settings}
        for k in ("differentiable", "capturable"):
            if idle.get(k):
                raise NotImplementedError(f"torch.optim.{name} with {k}=True")
        if isinstance(given.get("lr"), Tensor) and given["lr"].numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        chosen = {**optim.options(name, given), **idle}
        Optimizer.__init__(self, params, {k: chosen[k] for k in settings})

    body = {"kind": name, "__init__": __init__, "__module__": f"torch.optim.{name.lower()}", "__doc__": optim.RULES[name].update.__doc__}
    return type(name, (Optimizer,), body)


KINDS: dict[str, type[Optimizer]] = {name: kind_of(name) for name in optim.RULES}
