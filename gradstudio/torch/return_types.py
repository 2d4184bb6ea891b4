"""Results of several tensors with names: `torch.max(x, 1).values`. They print as PyTorch's `torch.return_types`."""
from __future__ import annotations

from typing import Any

from gradstudio.engine.op import Op


class Named(tuple[Any, ...]):
    """A tuple whose items have names, those of a row's outputs."""

    __slots__ = ()
    fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        lines = ",\n".join(f"{name}={value!r}" for name, value in zip(self.fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{lines})"


def _item(i: int) -> property:
    return property(lambda self: self[i])


def type_of(op: Op, name: str) -> type[Named] | None:
    """Return the type of the results of a row under that name, None if it has one output, or as many as its input says."""
    if len(op.outputs) < 2 or op.many:
        return None
    body: dict[str, Any] = {"__slots__": (), "fields": op.outputs, **{name: _item(i) for i, name in enumerate(op.outputs)}}
    return type(name.replace(".", "_"), (Named,), body)


def named(kind: type[Named] | None, result: Any) -> Any:
    """Return a tuple of results with their names, anything else as it is."""
    return kind(result) if kind is not None and type(result) is tuple and len(result) == len(kind.fields) else result


