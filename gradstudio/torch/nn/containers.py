"""Modules that hold modules or parameters: Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch.nn.arguments import own_init
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.parameter import Parameter


class Listed(Module):
    """Parts by number, in order."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(*self._sliced(index))
        return self._modules[self._key(index)]

    def _sliced(self, index: slice) -> Any:
        return [list(self._modules.values())[index]]

    def _key(self, index: Any) -> str:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return str(list(self._modules)[index])

    def __setitem__(self, index: int, module: Module) -> None:
        self._modules[self._key(index)] = module

    def __delitem__(self, index: Any) -> None:
        kept = list(self._modules.values())
        del kept[index]
        self._modules.clear()
        self.extend(kept)

    def pop(self, key: int | slice) -> Any:
        """Take a part out and return it."""
        found = self[key]
        del self[key]
        return found

    def append(self, module: Module) -> Any:
        """Add a part at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Add parts at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Add a part before another."""
        parts = list(self._modules.values())
        parts.insert(index, module)
        self._modules.clear()
        return self.extend(parts)


class Sequential(Listed):
    """Runs its parts in order; takes them one by one or as an ordered dict of names."""

    def __init__(self, *args: Any) -> None:
        Module.__init__(self)
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self.extend(args)

    def _sliced(self, index: slice) -> Any:
        return [dict(list(self._modules.items())[index])]

    def forward(self, input: Any) -> Any:
        """Return what the last part gives."""
        for module in self:
            input = module(input)
        return input


@own_init
class ModuleList(Listed):
    """A list of parts; it has no forward."""

    def __repr__(self) -> str:
        """Show runs of equal parts once: `(0-2): 3 x Linear(...)`."""
        lines: list[str] = []
        texts = [repr(module) for module in self]
        start = 0
        for i in range(1, len(texts) + 1):
            if i == len(texts) or texts[i] != texts[start]:
                name = f"({start})" if i == start + 1 else f"({start}-{i - 1})"
                times = "" if i == start + 1 else f"{i - start} x "
                lines.append(f"{name}: {times}" + texts[start].replace("\n", "\n  "))
                start = i
        return f"{self._get_name()}(" + ("\n  " + "\n  ".join(lines) + "\n" if lines else "") + ")"


class ModuleDict(Module):
    """Parts by name."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        self.update(modules or {})

    def update(self, modules: Any) -> None:
        """Add parts from a mapping or pairs."""
        for name, module in modules.items() if isinstance(modules, Mapping) else modules:
            self.add_module(name, module)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def pop(self, key: str) -> Any:
        """Take a part out and return it."""
        return self._modules.pop(key)

    def clear(self) -> None:
        """Take all parts out."""
        self._modules.clear()

    def keys(self) -> Any:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Any:
        """Return the parts."""
        return self._modules.values()

    def items(self) -> Any:
        """Return (name, part) pairs."""
        return self._modules.items()


class ParameterList(Module):
    """A list of parameters."""

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.extend(values)

    def append(self, value: Tensor) -> ParameterList:
        """Add a parameter at the end."""
        self.register_parameter(str(len(self)), value if isinstance(value, Parameter) else Parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> ParameterList:
        """Add parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())

    def __getitem__(self, index: int) -> Any:
        return list(self._parameters.values())[index]

    def extra_repr(self) -> str:
        return "\n".join([f"  ({i}): Parameter containing: [{p.dtype} of size {'x'.join(map(str, p.shape))}]" for i, p in enumerate(self)])


class ParameterDict(Module):
    """Parameters by name."""

    def __init__(self, parameters: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        for name, value in (parameters or {}).items():
            self[name] = value

    def __setitem__(self, name: str, value: Tensor) -> None:
        self.register_parameter(name, value if isinstance(value, Parameter) else Parameter(value))

    def __getitem__(self, name: str) -> Any:
        return self._parameters[name]

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def keys(self) -> Any:
        """Return the names."""
        return self._parameters.keys()

    def values(self) -> Any:
        """Return the parameters."""
        return self._parameters.values()

    def items(self) -> Any:
        """Return (name, parameter) pairs."""
        return self._parameters.items()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the parameter of a name, or the default."""
        return self._parameters.get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the parameter of a name; the default becomes it where there is none."""
        if key not in self._parameters:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a parameter out and return it."""
        return self._parameters.pop(key)

    def popitem(self) -> tuple[str, Any]:
        """Take the last parameter out and return it with its name."""
        found: tuple[str, Any] = self._parameters.popitem()
        return found

    def clear(self) -> None:
        """Take all parameters out."""
        self._parameters.clear()

    def update(self, parameters: Any) -> None:
        """Add parameters from a mapping or pairs."""
        for name, value in parameters.items() if hasattr(parameters, "items") else parameters:
            self[name] = value

    def copy(self) -> ParameterDict:
        """Return another dict of the same parameters."""
        return ParameterDict(dict(self.items()))

    def extra_repr(self) -> str:
        lines = [f"  ({name}): Parameter containing: [torch.FloatTensor of size {'x'.join(map(str, p.shape))}]" for name, p in self.items()]
        return "\n".join(lines)
