"""Tensor: an array with its place in the graph. View: a tensor on another's storage that knows when its grad_fn is stale."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradstudio.engine import dtypes, errors, hooks, modes, promote
from gradstudio.engine.gradnode import LAST, GradNode
from gradstudio.engine.hooks import Handle, Hook

Array = np.ndarray[Any, Any]
DType = np.dtype[Any]
Shape = tuple[int, ...]


class _NoVersion(list[Any]):
    """The counter of tensors made in inference mode: reading it means that one is saved for backward."""

    def __getitem__(self, i: Any) -> Any:
        raise RuntimeError(errors.INFERENCE_SAVED)


INFERENCE = _NoVersion()


class Tensor:
    """An array and its place in the graph. Made by `tensor` and by ops; it has no __init__ because that triples its cost.

    `node` is the edge that a consumer records: a GradNode, a Port of one, the AccumulateGrad of a leaf, or None. `version` is a
    counter shared by all tensors on one storage; behind it an in-place op leaves a note: a weak reference to the
    grad_fn it made, and the id of the base's array. `sizes` and
    `scalar_type` hold shape and dtype, which numpy would build anew at each reading.
    """

    __slots__ = ("__weakref__", "array", "held_grad", "node", "retains", "scalar_type", "sizes", "version")
    __array_ufunc__ = None  # ndarray * Tensor is a TypeError, as in PyTorch

    array: Array
    held_grad: Tensor | None
    node: GradNode | None
    retains: Handle
    scalar_type: DType
    sizes: Shape
    version: list[Any]

    @property
    def shape(self) -> Shape:
        return self.sizes

    @property
    def dtype(self) -> DType:
        return self.scalar_type

    @property
    def ndim(self) -> int:
        return len(self.sizes)

    def numel(self) -> int:
        """Return the number of elements."""
        return self.array.size

    @property
    def requires_grad(self) -> bool:
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, on: bool) -> None:
        if type(on) is not bool:
            raise RuntimeError("requires_grad must be a bool")
        if not self.is_leaf:
            raise RuntimeError(errors.NON_LEAF_FLAG if on else errors.NON_LEAF_OFF)
        if on and self.scalar_type.kind not in "fc":
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        if on and self.version is INFERENCE and not modes.inference:
            raise RuntimeError(errors.INFERENCE_FLAG)
        dtypes.noticed(self.scalar_type)
        if on != (self.node is not None):
            self.node = AccumulateGrad(self) if on else None

    def requires_grad_(self, on: bool = True) -> Tensor:
        """Set the flag and return the tensor; on a non-leaf True changes nothing. Raise RuntimeError in PyTorch's words."""
        if on and self.scalar_type.kind not in "fc":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if not (on and not self.is_leaf):
            self.requires_grad = on
        return self

    @property
    def is_leaf(self) -> bool:
        return self.node is None or type(self.node) is AccumulateGrad

    @property
    def grad_fn(self) -> GradNode | None:
        node = self.node
        return None if node is None or type(node) is AccumulateGrad else node.target

    @property
    def output_nr(self) -> int:
        node = self.node
        return 0 if node is None else node.output_nr

    @property
    def _version(self) -> int:
        if self.version is INFERENCE:
            raise RuntimeError(errors.INFERENCE_VERSION)
        return int(self.version[0])

    @property
    def grad(self) -> Tensor | None:
        """What backward has added up; on a non-leaf without retain_grad a warning and None."""
        found = stored_grad(self)
        if found is None and not self.is_leaf and not self.retains_grad:
            warnings.warn(errors.NON_LEAF_GRAD, UserWarning, stacklevel=2)
        return found

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            _check_grad(self, value)
        self.held_grad = value

    @grad.deleter
    def grad(self) -> None:
        self.held_grad = None

    @property
    def retains_grad(self) -> bool:
        return getattr(self, "retains", None) is not None

    def retain_grad(self) -> None:
        """Keep the gradient of a non-leaf in .grad at each backward; nothing to do on a leaf."""
        if self.node is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if not self.is_leaf and not self.retains_grad:
            self.retains = hooks.add(self.node, "retain", _keeper(self))

    def register_hook(self, hook: Hook) -> Handle:
        """Call hook(grad) on the total gradient of this tensor in each backward; what it returns replaces the gradient."""
        if self.node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        return hooks.add(self.node, "tensor", hook)

    def register_post_accumulate_grad_hook(self, hook: Hook) -> Handle:
        """Call hook(tensor) after backward has added to .grad; leaves only."""
        if self.node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if type(self.node) is not AccumulateGrad:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return hooks.add(self.node, "accumulated", hook)

    def detach(self) -> Tensor:
        """Return a tensor on the same storage and version counter that needs no gradient."""
        return detached(self)

    @property
    def data(self) -> Tensor:
        """The same storage with a version counter of its own: writes through it go unnoticed."""
        return make(self.array, None)

    __hash__ = object.__hash__

    if TYPE_CHECKING:  # set by operators.py, so that an operator costs no frame of its own
        backward: Callable[..., None]
        __add__: Callable[[Tensor, Any], Tensor]
        __sub__: Callable[[Tensor, Any], Tensor]
        __mul__: Callable[[Tensor, Any], Tensor]
        __truediv__: Callable[[Tensor, Any], Tensor]
        __pow__: Callable[[Tensor, Any], Tensor]
        __matmul__: Callable[[Tensor, Any], Tensor]
        __neg__: Callable[[Tensor], Tensor]
        __getitem__: Callable[[Tensor, Any], Tensor]


class View(Tensor):
    """A differentiable view. Reading `node` after the storage was changed through another tensor makes a new AsStridedBackward0.

    `multi`: one of several outputs of split or unbind, which PyTorch does not let in-place ops touch.
    """

    __slots__ = ("base", "made_in_no_grad", "multi", "own_node", "seen")

    base: Tensor
    made_in_no_grad: bool
    multi: bool
    seen: int
    own_node: GradNode | None

    @property
    def node(self) -> GradNode | None:
        if self.seen != self.version[0]:
            self.seen = self.version[0]
            base = self.base.node
            if self.multi and self.own_node is not None:
                raise RuntimeError(errors.stale_output(self.own_node.output_nr, self.own_node.name()))
            if base is not None and type(base) is not AccumulateGrad and not self.made_in_no_grad:
                self.own_node = regenerators[0](self)
        return self.own_node

    @node.setter
    def node(self, node: GradNode | None) -> None:
        self.own_node, self.seen = node, self.version[0]


View.__name__ = View.__qualname__ = "Tensor"
regenerators: list[Callable[[View], GradNode]] = []  # inplace.py puts its function here: it needs this module first


class AccumulateGrad(GradNode):
    """Sink of a leaf. The leaf owns it; it knows the leaf weakly, so that no cycle keeps arrays alive."""

    __slots__ = ("array", "leaf", "version")

    def __init__(self, leaf: Tensor) -> None:
        self.leaf, self.array, self.version = weakref.ref(leaf), leaf.array, leaf.version
        self.seq, self.edges, self.g, self.kept = LAST, (), None, ()

    @property
    def variable(self) -> Tensor:
        """The leaf; made again if the program dropped it while the graph still needs it."""
        found = self.leaf()
        if found is None:
            found = make(self.array, self)
            found.version = self.version
            self.leaf = lambda kept=found: kept  # type: ignore[assignment]
        return found

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def fields(self) -> tuple[str, ...]:
        return ()

    def saved(self) -> tuple[()]:
        return ()

    def held(self) -> list[tuple[str, Array, int]]:
        return []


AccumulateGrad.__module__ = "builtins"  # as PyTorch prints it


def make(array: Array, node: GradNode | None) -> Tensor:
    """Return a tensor around an array (never a numpy scalar)."""
    t = Tensor()
    t.array, t.sizes, t.scalar_type, t.node = array, array.shape, array.dtype, node
    t.version = INFERENCE if modes.inference else [0]
    return t


def make_view(array: Array, node: GradNode | None, source: Tensor, multi: bool) -> Tensor:
    """Return a view of source's storage; of an inference tensor another of its kind."""
    if source.version is INFERENCE:
        out = make(array, None)
        out.version = INFERENCE
        return out
    v = View()
    v.array, v.sizes, v.scalar_type, v.version = array, array.shape, array.dtype, source.version
    v.base = source.base if isinstance(source, View) else source
    v.multi = multi or (isinstance(source, View) and source.multi)
    v.made_in_no_grad = not modes.grad
    v.own_node, v.seen = node, v.version[0]
    return v


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a leaf from Python numbers, nested lists or an array (copied); Python floats become float32.

    Raises RuntimeError if a gradient is wanted of integers or bools.
    """
    array = np.array(data.array if isinstance(data, Tensor) else data)
    if dtype is None and array.dtype == promote.F64 and not isinstance(data, (np.ndarray, np.generic, Tensor)):
        dtype = dtypes.default()
    if dtype is not None:
        array = dtypes.fit(array, dtype)
    out = make(array, None)
    if requires_grad:
        if array.dtype.kind not in "fc":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        dtypes.noticed(array.dtype)
        out.node = AccumulateGrad(out)
    return out


def detached(t: Tensor) -> Tensor:
    """Return a tensor on the same storage and version counter that needs no gradient."""
    out = make(t.array, None)
    out.version = t.version
    return out


def stored_grad(t: Tensor) -> Tensor | None:
    """Return .grad without the warning for non-leaves."""
    return getattr(t, "held_grad", None)


def _keeper(t: Tensor) -> Hook:
    """Return the hook of retain_grad: unlike a leaf's, a retained gradient adds up out of place."""
    me = weakref.ref(t)

    def keep(g: Tensor) -> None:
        t = me()
        if t is not None:
            now = stored_grad(t)
            t.held_grad = g if now is None else now + g  # g is a clone, made by the observed loop

    return keep


def _check_grad(t: Tensor, value: object) -> None:
    """Raise what PyTorch raises when .grad is set to something unfit."""
    if not isinstance(value, Tensor):
        raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
    if value is t:
        raise RuntimeError("can't assign Variable as its own grad")
    if value.scalar_type != t.scalar_type:
        raise RuntimeError(
            f"attempting to assign a gradient with dtype '{errors.c_name(value.scalar_type)}' to a tensor with grad_dtype "
            f"'{errors.dtype_name(t.scalar_type)}'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You "
            f"can "
            "set the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. "
            "Diverging "
            "the dtypes of a tensor and its gradient may break downstream systems that assume they match.")
    if value.sizes != t.sizes:
        raise RuntimeError(f"attempting to assign a gradient of size '{errors.size(value.sizes)}' to a tensor of size "
                           f"'{errors.size(t.sizes)}'. Please ensure that the gradient and the tensor are the same size")
