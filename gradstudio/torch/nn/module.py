"""Module: a piece of a network with parameters, buffers and parts of its own."""
from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from gradstudio.engine.hooks import Handle
from gradstudio.engine.tensor import Tensor
from gradstudio.torch.grad_mode import no_grad
from gradstudio.torch.nn.arguments import check_name
from gradstudio.torch.nn.hooks import Crossing, changed_arguments
from gradstudio.torch.nn.parameter import Parameter

M = TypeVar("M", bound="Module")
Named = Iterator[tuple[str, Any]]
_keys = itertools.count().__next__


class Module:
    """What every layer and network derives from. Subclasses define `forward`."""

    training: bool

    def __init__(self) -> None:
        state: dict[str, Any] = {"training": True, "_parameters": {}, "_buffers": {}, "_modules": {}, "_transient": set(),
                                 "_before": {}, "_after": {}, "_backward": {}, "_before_backward": {}}
        self.__dict__.update(state)

    def forward(self, *args: Any, **named: Any) -> Any:
        """Compute the output. Raise NotImplementedError unless a subclass says how."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Run forward, with the hooks around it."""
        own = self.__dict__
        if not (own["_before"] or own["_after"] or own["_backward"] or own["_before_backward"]):
            return self.forward(*args, **named)
        for hook, with_kwargs in list(own["_before"].values()):
            found = hook(self, args, named) if with_kwargs else hook(self, args)
            if with_kwargs and found is not None:
                args, named = changed_arguments(found)
            elif found is not None:
                args = found if isinstance(found, tuple) else (found,)
        hooks, pre_hooks = ([hook for hook, _ in own[kind].values()] for kind in ("_backward", "_before_backward"))
        crossing = Crossing(self, hooks, pre_hooks) if hooks or pre_hooks else None
        if crossing is not None:
            args = crossing.inputs(args)
        out = self.forward(*args, **named)
        for hook, with_kwargs in list(own["_after"].values()):
            found = hook(self, args, named, out) if with_kwargs else hook(self, args, out)
            out = out if found is None else found
        return out if crossing is None else crossing.outputs(out)

    # Attributes: parameters, buffers and modules are kept apart, in the order in which they were assigned.
    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if "_parameters" not in own:
            if isinstance(value, Parameter | Module):
                what = "parameters" if isinstance(value, Parameter) else "module"
                raise AttributeError(f"cannot assign {what} before Module.__init__() call")
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            self._forget(name)
            own["_parameters"][name] = value
        elif isinstance(value, Module):
            self._forget(name)
            own["_modules"][name] = value
        else:
            self._set_plain(name, value)

    def _set_plain(self, name: str, value: Any) -> None:
        own = self.__dict__
        for kind, wanted, words in (("_parameters", "torch.nn.Parameter", "parameter"), ("_modules", "torch.nn.Module", "child module"),
                                    ("_buffers", "torch.Tensor", "buffer")):
            if name in own[kind]:
                if value is not None and not (kind == "_buffers" and isinstance(value, Tensor)):
                    raise TypeError(f"cannot assign '{type_name(value)}' as {words} '{name}' ({wanted}"
                                    f"{', torch.nn.Buffer' if kind == '_buffers' else ''} or None expected)")
                own[kind][name] = value
                return
        object.__setattr__(self, name, value)

    def _forget(self, name: str) -> None:
        for kind in (self.__dict__, self.__dict__["_parameters"], self.__dict__["_buffers"], self.__dict__["_modules"]):
            kind.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(kind, ()):
                return self.__dict__[kind][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__[kind]:
                del self.__dict__[kind][name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._parameters, *self._buffers, *self._modules})

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or None for one that is absent."""
        check_name("parameter", name, hasattr(self, str(name)) and name not in self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign '{type_name(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)")
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is saved but not trained."""
        check_name("buffer", name, hasattr(self, str(name)) and name not in self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{type_name(tensor)}' object to buffer '{name}' (torch Tensor or None required)")
        self._buffers[name] = tensor
        if not persistent:
            self._transient.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a part."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        check_name("module", name, hasattr(self, str(name)) and name not in self._modules)
        self._modules[name] = module

    register_module = add_module

    # Walks. A shared module or parameter is met once.
    def named_modules(self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True) -> Named:
        """Yield (dotted name, module) for this module and all inside it."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, part in self._modules.items():
            if part is not None:
                yield from part.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named(self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool = True) -> Named:
        seen: set[Any] = set()
        for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for name, value in module.__dict__[kind].items():
                if value is None or (remove_duplicate and value in seen):
                    continue
                seen.add(value)
                yield f"{path}.{name}" if path else name, value

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Named:
        """Yield (dotted name, parameter)."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Named:
        """Yield (dotted name, buffer)."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def named_children(self) -> Named:
        """Yield (name, part) for the direct parts."""
        seen: set[Any] = set()
        for name, part in self._modules.items():
            if part is not None and part not in seen:
                seen.add(part)
                yield name, part

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, of the parts too."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers, of the parts too."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def children(self) -> Iterator[Module]:
        """Yield the direct parts."""
        return (m for _, m in self.named_children())

    def modules(self) -> Iterator[Module]:
        """Yield this module and all inside it."""
        return (m for _, m in self.named_modules())

    def get_submodule(self, target: str) -> Module:
        """Return the part of a dotted name. Raise AttributeError if it is not there."""
        found: Any = self
        for name in target.split(".") if target else []:
            if name not in getattr(found, "_modules", ()):
                raise AttributeError(f"{type(found).__name__} has no attribute `{name}`")
            found = vars(found)["_modules"][name]
        return found  # type: ignore[no-any-return]

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter of a dotted name. Raise AttributeError if it is not there."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if name not in vars(module)["_parameters"]:
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        return vars(module)["_parameters"][name]  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer of a dotted name. Raise AttributeError if it is not there."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        if name not in vars(module)["_buffers"]:
            raise AttributeError(f"`{name}` is not a buffer")
        return vars(module)["_buffers"][name]  # type: ignore[no-any-return]

    # What is done to all parts.
    def apply(self: M, fn: Callable[[Module], None]) -> M:
        """Call fn on every part, then on this module."""
        for part in self.children():
            part.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Put the module and its parts in training mode: dropout drops, batch norm learns."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Put the module and its parts in evaluation mode."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze or unfreeze every parameter."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or set them to zero."""
        for p in self.parameters():
            clear_grad(p, set_to_none)

    def to(self: M, *args: Any, **named: Any) -> M:
        """Cast the floating point parameters and buffers, in place."""
        for module in self.modules():
            for t in [*vars(module)["_parameters"].values(), *vars(module)["_buffers"].values()]:
                if t is not None and t.is_floating_point():
                    t.data = t.data.to(*args, **named)
                    if t.grad is not None:
                        t.grad = t.grad.to(*args, **named)
        return self

    def float(self: M) -> M:
        """Cast to float32."""
        return self.to("float32")

    def double(self: M) -> M:
        """Cast to float64."""
        return self.to("float64")

    def half(self: M) -> M:
        """Cast to float16."""
        return self.to("float16")

    def bfloat16(self: M) -> M:
        """Cast to bfloat16."""
        return self.to("bfloat16")

    def cpu(self: M) -> M:
        """Return the module: everything lies on the CPU."""
        return self

    # Saving.
    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Return parameters and persistent buffers by dotted name."""
        found: OrderedDict[str, Tensor] = OrderedDict()
        for path, module in self.named_modules(prefix=prefix.removesuffix("."), remove_duplicate=False):
            for kind in ("_parameters", "_buffers"):
                for name, t in module.__dict__[kind].items():
                    if t is not None and name not in vars(module)["_transient"]:
                        found[f"{path}.{name}" if path else name] = t if keep_vars else t.detach()
        return found

    def load_state_dict(self, state_dict: Mapping[str, Tensor], strict: bool = True) -> LoadResult:
        """Copy values in by name. Raise RuntimeError, listing them, for names that do not match and for shapes that differ."""
        own = self.state_dict(keep_vars=True)
        missing, unexpected = [k for k in own if k not in state_dict], [k for k in state_dict if k not in own]
        problems = []
        for words, keys in (("Missing", missing), ("Unexpected", unexpected)):
            if strict and keys:
                problems.append("{} key(s) in state_dict: {}. ".format(words, ", ".join(f'"{k}"' for k in keys)))
        with no_grad():
            for name, t in own.items():
                value = state_dict.get(name)
                if value is not None and value.shape != t.shape:
                    problems.append(f"size mismatch for {name}: copying a param with shape {value.shape} from checkpoint, the shape in "
                                    f"current model is {t.shape}.")
                elif value is not None:
                    t.copy_(value)  # type: ignore[attr-defined]
        if problems:
            raise RuntimeError("Error(s) in loading state_dict for {}:\n\t{}".format(type(self).__name__, "\n\t".join(problems)))
        return LoadResult(missing, unexpected)

    # Hooks.
    def _hook(self, kind: str, hook: Callable[..., Any], prepend: bool, with_kwargs: bool = False) -> Handle:
        key, hooks = _keys(), self.__dict__[kind]
        others = list(hooks.items()) if prepend else []
        hooks[key] = hook, with_kwargs
        for other, _ in others:
            hooks[other] = hooks.pop(other)
        return Handle(hooks, key)

    def register_forward_pre_hook(self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False) -> Handle:
        """Call hook(module, args), or hook(module, args, kwargs), before forward; it may return others."""
        return self._hook("_before", hook, prepend, with_kwargs)

    def register_forward_hook(self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False) -> Handle:
        """Call hook(module, args, output), or hook(module, args, kwargs, output), after forward; it may return another output."""
        return self._hook("_after", hook, prepend, with_kwargs)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(module, grad_input, grad_output) when backward has passed the module; it may return another grad_input."""
        return self._hook("_backward", hook, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(module, grad_output) when backward comes to the module; it may return another grad_output."""
        return self._hook("_before_backward", hook, prepend)

    # Text.
    def extra_repr(self) -> str:
        """Return what stands between the parentheses of the text of this module."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        parts = [f"({name}): " + "\n  ".join(repr(part).split("\n")) for name, part in self._modules.items()]
        if not parts and len(extra) == 1:
            return f"{self._get_name()}({extra[0]})"
        lines = extra + parts
        return f"{self._get_name()}(" + ("\n  " + "\n  ".join(lines) + "\n" if lines else "") + ")"


class LoadResult(tuple[list[str], list[str]]):
    """Names that a state dict lacked, and names that it had too many."""

    __slots__ = ()

    def __new__(cls, missing: list[str], unexpected: list[str]) -> LoadResult:
        return tuple.__new__(cls, (missing, unexpected))

    @property
    def missing_keys(self) -> list[str]:
        return self[0]

    @property
    def unexpected_keys(self) -> list[str]:
        return self[1]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


def type_name(value: object) -> str:
    """Return what PyTorch calls the type of a value in its messages."""
    if isinstance(value, Tensor):
        return value.type()  # type: ignore[attr-defined, no-any-return]
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def clear_grad(p: Tensor, set_to_none: bool) -> None:
    """Drop a gradient, or set it to zero and out of any graph."""
    g = p.grad
    if g is None:
        return
    if set_to_none:
        p.grad = None
        return
    if g.grad_fn is not None:
        g.detach_()  # type: ignore[attr-defined]
    else:
        g.requires_grad_(False)
    g.zero_()  # type: ignore[attr-defined]
