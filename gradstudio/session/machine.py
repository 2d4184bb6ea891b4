"""Machine: what a script's calls run on. Blocks make tensors; passes send cotangents; each step is told to a listener."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

from gradstudio.document import graph
from gradstudio.document.calls import Backward, Grad
from gradstudio.document.calls.call import Seed, Waits
from gradstudio.document.document import Document
from gradstudio.document.graph import Array, BlockId, Ref
from gradstudio.document.labels import Labels
from gradstudio.engine import Tensor, backward, call, grad, optim, stored_grad, tensor
from gradstudio.engine.modes import GradMode, set_grad_enabled
from gradstudio.engine.printing import tensor_str
from gradstudio.session.blocks import Blocks
from gradstudio.session.limits import RunLimit
from gradstudio.session.listener import Follower, Listener
from gradstudio.session.local import evaluate_group
from gradstudio.session.trace import Printed


class Machine:
    """Implements `document.calls.call.Machine` for one run of one document."""

    def __init__(self, document: Document, labels: Labels, listener: Listener) -> None:
        self.document, self.labels, self.listener = document, labels, listener
        self.blocks = Blocks(document, labels, listener)
        self.reason = ""
        self._optimizer_states: dict[tuple[str, int], dict[str, Array]] = {}

    def before_call(self) -> None:
        """Forget what the last call said."""
        self.reason = ""
        self.blocks.before_call()

    def tensor(self, ref: Ref) -> Tensor:
        """Return the tensor that ref means now. Raises Waits if it was not made."""
        return self.blocks.tensor(ref)

    def seed(self, seed: Seed) -> Tensor | None:
        """Return a seed as a tensor."""
        if seed is None or isinstance(seed, Ref):
            return None if seed is None else self.tensor(seed)
        return tensor(seed.value if isinstance(seed, graph.Literal) else seed)

    def forward(self, block: BlockId) -> None:
        """Run the statements of a block: a step for each op."""
        self.blocks.forward(block)

    # ---- passes

    def automatic_root(self) -> tuple[Ref, str]:
        """Return the root that an automatic backward takes, and a note on others that qualify. Raises Waits."""
        found = self.blocks.roots()
        if not found:
            raise Waits("nothing that requires grad was computed yet")
        (path, out), names = found[-1], [self.labels.label(*key) for key in found]
        size = self.listener.tensors[path, out].array.size
        if size != 1:
            raise Waits(f"{names[-1]} has {size} elements: sum it, or give a seed")
        others = f"{', '.join(names[:-1])} {'is' if len(names) == 2 else 'are'} not included"
        return Ref(path[0], out), f"{names[-1]}; {others}" if names[:-1] else ""

    def backward(self, call: Backward) -> None:
        """Run a pass from a call's roots into `.grad`: a step for each visit."""
        roots, seeds = [self.tensor(ref) for ref in call.roots], self._seeds(call.seeds)
        inputs = [self.tensor(ref) for ref in call.inputs] or None
        self._pass(call, call.roots, lambda observer: backward(roots, seeds, call.retain_graph, call.create_graph, inputs, observer))

    def grad(self, call: Grad) -> None:
        """Run a pass whose results are kept as the tensors of the call."""
        outputs, seeds = [self.tensor(ref) for ref in call.outputs], self._seeds(call.seeds)
        inputs = [self.tensor(ref) for ref in call.inputs]
        options: dict[str, Any] = {name: getattr(call, name) for name in ("retain_graph", "create_graph", "allow_unused")}
        results = self._pass(call, call.outputs, lambda observer: grad(outputs, inputs, seeds, observer=observer, **options))
        for i, result in enumerate(cast("tuple[Tensor | None, ...]", results)):
            if result is not None:
                self.listener.made(((call.id,), i), result)
                self.listener.alias(result, ((call.id,), i))

    def _seeds(self, seeds: tuple[Seed, ...]) -> list[Tensor | None] | None:
        return [self.seed(seed) for seed in seeds] if any(seed is not None for seed in seeds) else None

    def _pass(self, call: Backward | Grad, roots: tuple[Ref, ...], run: Callable[[Follower], object]) -> object:
        retain = call.create_graph if call.retain_graph is None else call.retain_graph
        keys = tuple(((ref.source,), ref.out) for ref in roots)
        observer = self.listener.follower(keys, retain, call.create_graph, isinstance(call, Backward))
        try:
            result = run(observer)
        except RunLimit:
            observer.finish(raised=True)
            raise
        except Exception as error:
            observer.finish(raised=True)
            path = self.listener.node if observer.ran else ()
            if not observer.ran:
                self.listener.add("call", ())
            self.listener.look_for_writes("accumulate")  # a retained grad is kept before its node would run
            if not path:
                raise
            raise self.blocks.failure(path, error) from error
        observer.finish(raised=False)
        self.listener.look_for_writes("accumulate")
        return result

    # ---- other effects

    def step(self, kind: str, ref: Ref | None, effect: Callable[[], object]) -> None:
        """Run an effect that counts as one step of the running call, and record what it changed."""
        listener = self.listener
        listener.about_to_write(self._writable())
        listener.add(cast("Literal['zero', 'call']", kind), () if ref is None else (ref.source,))
        effect()
        listener.look_for_writes("zero" if kind == "zero" else "set")

    def _writable(self) -> Iterator[Tensor]:
        """Yield the tensors of the run and their `.grad`."""
        for t in self.listener.tensors.values():
            yield t
            g = stored_grad(t)
            if g is not None:
                yield g

    def set_grad_enabled(self, on: bool) -> None:
        """Switch grad mode for the rest of the script."""
        set_grad_enabled(on)
        self.listener.grad_switched(on)

    def seed_generator(self, seed: int) -> None:
        """Start the script's random numbers anew."""
        self.blocks.generator.manual_seed(seed)

    def optimizer_step(self, optimizer: str) -> None:
        """Let an optimizer of the document update its tensors: one step; those whose `.grad` is None are passed over. Raises Waits."""
        targets = self._params(optimizer)
        self.step("call", None, lambda: self._update(optimizer, targets))

    def _params(self, optimizer: str) -> list[Tensor]:
        """Return the tensors of an optimizer, all of them or none: as in PyTorch, it is made of tensors that are there."""
        if optimizer not in self.document.optimizers:
            raise Waits("choose an optimizer")
        return [self.tensor(ref) for ref in self.document.optimizers[optimizer].params]

    def _update(self, optimizer: str, targets: list[Tensor]) -> None:
        chosen = self.document.optimizers[optimizer]
        settings = optim.options(chosen.kind, dict(chosen.options))
        for i, target in enumerate(targets):
            if (g := stored_grad(target)) is not None:
                updated = target.array.copy()
                optim.update(chosen.kind, updated, g.array, self._optimizer_states.setdefault((optimizer, i), {}), settings)
                with GradMode(False):
                    call("copy_", (target, tensor(updated)))

    def optimizer_zero(self, optimizer: str, set_to_none: bool) -> None:
        """Clear the `.grad` of an optimizer's tensors: one step. Raises Waits."""
        targets = self._params(optimizer)
        self.step("call", None, lambda: self._clear(targets, set_to_none))

    def _clear(self, targets: list[Tensor], set_to_none: bool) -> None:
        for target in targets:
            if set_to_none:
                target.grad = None
            elif (g := stored_grad(target)) is not None:
                call("zero_", (g,))

    def hook(self, target: Ref, group: str, on: str) -> None:
        """Register a group as a hook of a tensor: it takes the cotangent, and its first output replaces it."""
        body, owner = self.document.groups[group], self.tensor(target)
        self.listener.hooked()

        def run(*given: object) -> object:
            taken = [g[0] if isinstance(g, tuple) else g for g in given]
            self.listener.about_to_write(t for t in taken if isinstance(t, Tensor))  # the body may write in place
            outputs = evaluate_group(self.document, body, taken)
            return outputs[0] if outputs else None

        if on == "post_accumulate":
            owner.register_post_accumulate_grad_hook(run)
        elif on == "grad_fn" and owner.grad_fn is not None:
            owner.grad_fn.register_prehook(lambda gs: (run(gs),))
        else:
            owner.register_hook(run)

    def note(self, text: str) -> None:
        """Say something about this call's outcome."""
        self.reason = text

    def print(self, text: str, values: tuple[object, ...]) -> None:
        """Add to what the script printed."""
        shown = [tensor_str(v) if isinstance(v, Tensor) else str(v) for v in values]
        self.listener.prints.append(Printed(self.listener.k, " ".join([text, *shown] if text else shown)))
