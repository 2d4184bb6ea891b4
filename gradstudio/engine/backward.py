"""backward and grad: the checks, and the plain loop that runs when nobody watches. The observed loop is in observe.py.

Why the plain loop needs no queue: a node always has a larger sequence number than what it consumes, so popping the largest ready
number is the same as walking all reachable nodes in descending order. Only AccumulateGrads tie, and their order shows only to
hooks and observers, which take the observed loop.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from operator import attrgetter
from sys import getrefcount
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors, modes
from gradstudio.engine.gradnode import EMPTY, GradNode, add_into
from gradstudio.engine.hooks import hooked
from gradstudio.engine.observe import Observer, Pass
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import AccumulateGrad, Tensor, make

Array = np.ndarray[Any, Any]
Tensors = Tensor | Iterable[Tensor]
Seeds = Tensor | Iterable[Tensor | None] | None

_seq = attrgetter("seq")


def _probe() -> int:
    """Return how many references this Python counts to an array that only one local holds."""
    g = np.zeros(1)
    return getrefcount(g)


LOCAL = _probe()


def backward(roots: Tensors, seeds: Seeds = None, retain_graph: bool | None = None, create_graph: bool = False,
             inputs: Tensors | None = None, observer: Observer | None = None) -> None:
    """Add d(roots)/d(leaf) into .grad of every leaf (torch.autograd.backward); with inputs, of those tensors only.

    Raises what PyTorch raises: no gradient to start from, shapes that differ, saved tensors that are freed or were modified.
    """
    outs = _listed(roots)
    given = _seeds(outs, seeds)
    wanted = None
    if inputs is not None:
        wanted = _listed(inputs)
        if not wanted:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    if create_graph:
        warnings.warn(errors.CREATE_GRAPH, UserWarning, stacklevel=2)
    keep = create_graph if retain_graph is None else retain_graph
    edges = _edges(outs)
    observed = len(edges) != 1 or create_graph or wanted is not None or observer is not None or modes.check_nan
    if not edges or (not observed and plain(edges[0], given[0].array, keep)):
        return
    for t in wanted or ():
        t.retain_grad()
    Pass(edges, given, keep, create_graph, None if wanted is None else _edges(wanted), True, observer).run()


def backward_of(t: Tensor, gradient: Seeds = None, retain_graph: bool | None = None, create_graph: bool = False,
                inputs: Tensors | None = None) -> None:
    """Tensor.backward. The commonest call goes straight to the plain loop."""
    if (gradient is None and inputs is None and not create_graph and not modes.check_nan and t.node is not None and t.array.size == 1
            and not dtypes.rare_seen):
        if not plain(t.node, np.ones(t.sizes, t.scalar_type) if t.sizes else np.array(1, t.scalar_type), bool(retain_graph)):
            backward(t, None, retain_graph)
        return
    backward(t, gradient, retain_graph, create_graph, inputs)


def grad(outputs: Tensors, inputs: Tensors, seeds: Seeds = None, retain_graph: bool | None = None, create_graph: bool = False,
         allow_unused: bool | None = None, materialize_grads: bool = False, observer: Observer | None = None) -> tuple[Tensor | None, ...]:
    """Return the gradients of outputs with respect to inputs, leaving .grad alone (torch.autograd.grad)."""
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.")
    outs, wanted = _listed(outputs), _listed(inputs)
    for w in wanted:
        if not isinstance(w, Tensor):
            raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(w).__name__}")
    given = _seeds(outs, seeds)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    edges = _edges(outs)
    if not all(w.requires_grad for w in wanted):
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    keep = create_graph if retain_graph is None else retain_graph
    found = Pass(edges, given, keep, create_graph, _edges(wanted), False, observer).run()
    result = [found.get(e) for e in _edges(wanted)]
    if materialize_grads:
        return tuple([make(np.zeros(w.sizes, w.scalar_type), None) if r is None else r for r, w in zip(result, wanted, strict=True)])
    if not allow_unused:
        for i, r in enumerate(result):
            if r is None:
                raise RuntimeError(f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set "
                                   "allow_unused=True if this is the desired behavior.")
    return tuple(result)


def _listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _edges(tensors: Sequence[Tensor]) -> list[GradNode]:
    """Return the place of each root in the graph."""
    edges = []
    for i, t in enumerate(tensors):
        if t.node is None:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        edges.append(t.node)
    return edges


def _seeds(roots: Sequence[Tensor], seeds: Seeds) -> list[Tensor]:
    """Return the cotangents that the roots start with, checked and cast; for a root without a gradient (refused next) any."""
    given: list[Tensor | None] = [None] * len(roots) if seeds is None else [seeds] if isinstance(seeds, Tensor) else list(seeds)
    for g in given:
        if g is not None and not isinstance(g, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    return [_seed(i, root, g) for i, (root, g) in enumerate(zip(roots, given, strict=True))]


def _seed(i: int, root: Tensor, given: Tensor | None) -> Tensor:
    if not isinstance(root, Tensor):
        raise AssertionError("Expected output to be a torch.Tensor")
    if given is None:
        if root.requires_grad and root.array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if root.requires_grad and root.scalar_type.kind == "c":
            raise RuntimeError("grad can be implicitly created only for real scalar outputs but got "
                               f"torch.{dtypes.name_of(root.scalar_type)}")
        return make(np.ones(root.sizes, root.scalar_type), None)
    if given.sizes != root.sizes:
        raise RuntimeError(f"Mismatch in shape: grad_output[{i}] has a shape of torch.Size({errors.size(given.sizes)}) and output[{i}] "
                           f"has a shape of torch.Size({errors.size(root.sizes)}).")
    cast: Tensor = given if given.scalar_type == root.scalar_type else ops.cast(given, root.scalar_type)
    return cast


def plain(root: GradNode, g: Array, keep: bool) -> bool:
    """Run backward without telling anyone. Return False, having done nothing, if a hook wants to be told or sums may need rounding."""
    if dtypes.rare_seen:
        return False
    root.g = EMPTY
    nodes = [root]
    found = nodes.append
    for n in nodes:  # the list grows while it is walked
        for e in n.edges:
            if e is not None and e.g is None:
                e.g = EMPTY
                found(e)
    if hooked and not hooked.isdisjoint(nodes):
        for n in nodes:
            n.g = None
        return False
    nodes.sort(key=_seq, reverse=True)
    leaves = 0  # AccumulateGrads have the largest numbers, so they come first
    while leaves < len(nodes) and type(nodes[leaves]) is AccumulateGrad:
        leaves += 1
    root.g = g
    del g
    _run(nodes, leaves, keep)
    return True


def _run(nodes: list[GradNode], leaves: int, keep: bool) -> None:
    """Run the nodes after the leaves, then the leaves. After an error those leaves that had all they wait for still accumulate."""
    done = leaves
    try:
        for n in nodes[leaves:] if leaves else nodes:
            g = n.g
            n.g = None
            if g is not EMPTY:
                n.run(g)
            else:
                n.check_saved()
            if not keep:
                n.kept = None
            done += 1
    except BaseException:
        waiting = {e for n in nodes[done:] for e in n.edges}
        for n in nodes[leaves:]:
            n.g = None
        for leaf in nodes[:leaves]:
            if leaf in waiting:
                leaf.g = None
        raise
    finally:
        for leaf in nodes[:leaves]:
            g = leaf.g
            leaf.g = None
            if g is not EMPTY and g is not None:
                owned = getrefcount(g) == LOCAL
                _accumulate(leaf, g, owned)  # type: ignore[arg-type]


def _accumulate(node: AccumulateGrad, g: Array, owned: bool) -> None:
    """Add g to .grad: the first time a tensor of its own (the buffer itself if nobody else has it), later in place."""
    leaf = node.leaf()
    if leaf is None:
        leaf = node.variable
    if leaf.node is not node:
        return
    now = getattr(leaf, "held_grad", None)
    if now is None:
        leaf.held_grad = make(g if owned and g.base is None and g.flags.writeable else np.array(g, order="C"), None)
    else:
        add_into(now.array, g)
        now.version[0] += 1
