"""Commands on optimizers."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.calls.call import Call
from gradstudio.document.calls.optimizer_step import OptimizerStep
from gradstudio.document.calls.optimizer_zero import OptimizerZero
from gradstudio.document.check import check_refs, grad_results
from gradstudio.document.codec import optimizer_from, optimizer_tree
from gradstudio.document.commands.command import refusing
from gradstudio.document.commands.references import with_calls
from gradstudio.document.document import Document, Optimizer, OptimizerId
from gradstudio.document.strict import Place


class SetOptimizer(Struct, frozen=True):
    """Put an optimizer into the document, in the place of one of the same id."""

    optimizer: Optimizer
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Set {self.optimizer.kind}"

    def apply(self, doc: Document) -> Document:
        with refusing():
            optimizer_from(self.optimizer.id, Place(optimizer_tree(self.optimizer)))
            check_refs(doc.graph, doc.groups, self.optimizer.params, grad_results(doc))
        return replace(doc, optimizers=doc.optimizers.set(self.optimizer.id, self.optimizer))


class RemoveOptimizer(Struct, frozen=True):
    """Remove an optimizer, and its calls."""

    optimizer_id: OptimizerId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Remove optimizer"

    def apply(self, doc: Document) -> Document:
        doc = replace(doc, optimizers=doc.optimizers.without((self.optimizer_id,)))
        return with_calls(doc, lambda call: None if self._runs(call) else call)

    def _runs(self, call: Call) -> bool:
        return isinstance(call, OptimizerStep | OptimizerZero) and call.optimizer == self.optimizer_id
