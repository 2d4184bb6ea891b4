"""autograd.Function: a user's own forward and backward as one node of the graph."""
from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from gradstudio.engine import errors, hooks, modes, packing
from gradstudio.engine.gradnode import GradNode, Port, next_seq
from gradstudio.engine.gradnode import Saved as SavedTensor
from gradstudio.engine.op import ops
from gradstudio.engine.plan import as_tensor
from gradstudio.engine.tensor import Tensor, make, make_view

LEGACY = ("Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function with static "
          "forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)")


class Saved:
    """A tensor kept for backward: its numbers, its place in the graph and its version when it was saved."""

    def __init__(self, t: Tensor, node: GradNode, outputs: Sequence[Any]) -> None:
        self.array, self.counter, self.version = t.array, t.version, t.version[0]
        self.edge = node if any(t is o for o in outputs) and t.is_leaf else t.node
        self.packed = packing.Packed(t) if modes.grad is modes.PACKED else None

    def get(self) -> Tensor:
        """Return the tensor. Raise RuntimeError if it was modified since."""
        if self.packed is not None:
            return make(self.packed.get(), self.edge)
        if self.counter[0] != self.version:
            now = self.counter[1]() if len(self.counter) > 1 else None  # an in-place op leaves a note of the current grad_fn
            name = None if now is None else now.name().rpartition("::")[2].partition("Backward")[0]
            raise errors.modified(self.array.dtype, self.array.shape, name, 0, self.counter[0], self.version)
        out = make(self.array, self.edge)
        out.version = self.counter
        return out


class FunctionNode(GradNode):
    """The node of one call, which is also the `ctx` that forward and backward are given."""

    function: ClassVar[type[Function]]
    needs_input_grad: tuple[bool, ...]
    count: int  # tensor outputs
    places: list[tuple[tuple[int, ...], np.dtype[Any]]]  # their shapes and dtypes

    def __init__(self, args: Sequence[Any]) -> None:
        self.tensors = [a for a in args if isinstance(a, Tensor)]
        self.is_tensor = [isinstance(a, Tensor) for a in args]
        self.needs_input_grad = tuple([isinstance(a, Tensor) and a.requires_grad for a in args])
        self.to_save: Sequence[Tensor | None] = ()
        self.non_differentiable: Sequence[Tensor] = ()
        self.dirty: Sequence[Tensor] = ()
        self.materialize_grads = True

    # What forward may call.
    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for backward, checked for changes and freed with the graph. Raise TypeError for anything else."""
        for i, t in enumerate(tensors):
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(f"save_for_backward can only save variables, but argument {i} is of type {type(t).__name__}")
        self.to_save = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self.non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs forward has changed in place."""
        self.dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether backward gets zeros (the default) or None for outputs that nothing used."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward kept. Raise RuntimeError once the graph was freed."""
        if self.kept is None:
            raise RuntimeError(errors.FREED)
        return tuple([None if s is None else s.get() for s in self.kept])

    # What the engine calls.
    @property
    def plan(self) -> FunctionNode:  # type: ignore[override]
        return self

    def name(self) -> str:
        return type(self).__name__

    def fields(self) -> tuple[str, ...]:
        return ()

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    @property
    def several(self) -> bool:
        return bool(self.count > 1)

    def saved(self) -> tuple[SavedTensor, ...]:
        """Return what save_for_backward kept, numbered."""
        return tuple([SavedTensor(str(i), s.array, s.version, s.counter[0], False) for i, s in enumerate(self.kept or ()) if s is not None])

    def check(self, n: GradNode) -> None:
        """Nothing to check before backward asks for saved tensors."""

    def cotangents(self, n: GradNode, g: Any) -> list[Any]:
        """Run backward on arrays."""
        return [c if c is None else c.array for c in self.on_tensors(n, g, False)]

    def on_tensors(self, n: GradNode, g: Any, create_graph: bool) -> list[Tensor | None]:
        """Run backward on tensors; one contribution for each tensor that forward was given."""
        given = [as_tensor(x) for x in (g if self.count > 1 else [g])]
        if self.materialize_grads:
            given = [make(np.zeros(*place), None) if x is None else x for x, place in zip(given, self.places, strict=True)]
        with modes.GradMode(create_graph):
            found = self.function.backward(self, *given)
            return self.fitted(found if isinstance(found, tuple) else (found,))

    def fitted(self, found: tuple[Any, ...]) -> list[Tensor | None]:
        """Check what backward returned and bring it to the shapes and dtypes of the inputs."""
        name, expected = self.name(), len(self.is_tensor)
        while len(found) > expected and found[-1] is None:
            found = found[:-1]
        if len(found) != expected:
            raise RuntimeError(f"function {name} returned an incorrect number of gradients (expected {expected}, got {len(found)})")
        for i, (c, tensor) in enumerate(zip(found, self.is_tensor, strict=True)):
            if c is not None and not tensor:
                raise RuntimeError(f"function {name} returned a gradient different than None at position {i + 1}, but the corresponding "
                                   "forward input was not a Variable")
            if c is not None and not isinstance(c, Tensor):
                raise TypeError(f"expected Variable or None (got {type(c).__name__})")
        kept = [c for c, tensor in zip(found, self.is_tensor, strict=True) if tensor]
        return [None if c is None or e is None else self.fit(i, c) for i, (c, e) in enumerate(zip(kept, self.edges, strict=True))]

    def fit(self, i: int, c: Tensor) -> Tensor:
        shape, dtype = self.into[i]
        if c.sizes != shape:
            lead = len(c.sizes) - len(shape)
            if lead < 0 or any(n not in (1, m) for n, m in zip(shape, c.sizes[lead:], strict=True)):
                raise RuntimeError(f"Function {self.name()} returned an invalid gradient at index {i} - got {errors.size(c.sizes)} but "
                                   f"expected shape compatible with {errors.size(shape)}")
            c = ops.sum_to(c, shape)
        return c if c.scalar_type == dtype else ops.cast(c, dtype)


class Function:
    """Derive from it, give `forward(ctx, ...)` and `backward(ctx, ...)` as static methods, and call `apply`."""

    node_type: ClassVar[type[FunctionNode]] = FunctionNode

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        cls.node_type = type(f"{cls.__name__}Backward", (FunctionNode,), {"function": cls})

    def __init__(self, *args: Any, **named: Any) -> None:
        warnings.warn(f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should invoke them "
                      "on the class itself. Instantiating an autograd function will raise an error in a future version of PyTorch.",
                      DeprecationWarning, stacklevel=2)

    def __call__(self, *args: Any, **named: Any) -> Any:
        raise RuntimeError(LEGACY)

    @staticmethod
    def forward(*args: Any, **named: Any) -> Any:
        """Compute the outputs from ctx and the arguments (from the arguments alone if there is a setup_context)."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep for backward what it needs."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return one gradient for each argument of forward, None where there is none."""
        raise NotImplementedError("You must implement either the backward or vjp method for your custom autograd.Function to use it with "
                                  "backward mode AD.")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward and, if an argument requires grad, record one node for it."""
        node = cls.node_type(args)
        recording = modes.grad_enabled() and any(node.needs_input_grad)
        with modes.GradMode(False):
            if cls.setup_context is not Function.setup_context:
                out = cls.forward(*args)
                cls.setup_context(node, args, out)
            else:
                out = cls.forward(node, *args)
        outs = list(out) if isinstance(out, tuple) else [out]
        for t in node.dirty:
            t.version[0] += 1
        outs = connect(node, outs) if recording else [o.detach() if isinstance(o, Tensor) and o.requires_grad else o for o in outs]
        return tuple(outs) if isinstance(out, tuple) else outs[0]


def connect(node: FunctionNode, outs: list[Any]) -> list[Any]:
    """Make the node the history of the outputs. Return them; an input that came back unchanged as a view of itself."""
    node.seq, node.edges, node.g = next_seq(), tuple([t.node for t in node.tensors]), None
    node.into = tuple([(t.sizes, t.scalar_type) for t in node.tensors])
    hooks.hooked.add(node)  # it runs user code: the plain loop must not meet it
    tensors = [o for o in outs if isinstance(o, Tensor)]
    node.count = len(tensors)
    node.places = [(o.sizes, o.scalar_type) for o in tensors]
    node.kept = tuple([None if t is None else Saved(t, node, outs) for t in node.to_save])
    node.to_save = ()
    place = 0
    for i, o in enumerate(outs):
        if not isinstance(o, Tensor):
            continue
        if not any(o is t for t in node.non_differentiable) and o.scalar_type.kind in "fc":
            if any(o is t for t in node.tensors) and not any(o is t for t in node.dirty):
                outs[i] = o = make_view(o.array, None, o, False)
            o.node = node if node.count == 1 else Port(node, place, node.count)
        place += 1
    node.tensors = []
    return outs


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Run a backward without recording it: its gradients cannot be differentiated again."""
    @functools.wraps(backward)
    def wrapped(ctx: Any, *args: Any) -> Any:
        with modes.GradMode(False):
            return backward(ctx, *args)

    return wrapped
