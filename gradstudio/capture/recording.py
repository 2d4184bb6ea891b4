"""Recording: what a program did, told call by call, as a document. Needs no PyTorch: whoever tells it describes the tensors."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from gradstudio.capture import calls, compare, ops
from gradstudio.capture.draft import Draft
from gradstudio.capture.loops import Rolled, rolled
from gradstudio.capture.operands import Sources
from gradstudio.capture.optimizers import Optimizers
from gradstudio.capture.report import CaptureWarning, Report
from gradstudio.capture.seen import Compute, Known, Seen, Told
from gradstudio.document.arrange import arranged_in_lines
from gradstudio.document.calls import SetRequiresGrad, SetValue
from gradstudio.document.check import check_document
from gradstudio.document.document import Document, Layout
from gradstudio.document.graph import LEAF, Array, Ref
from gradstudio.document.map import Map
from gradstudio.document.rules import name_fault
from gradstudio.document.values import frozen, value_fault
from gradstudio.io.reader import write


class Recording:
    """A program's tensors, and the draft of the document that they come from. Keeps every tensor that it was told of."""

    def __init__(self) -> None:
        self.draft, self.report = Draft(), Report()
        self.known: dict[int, Known] = {}
        self.unrecorded: dict[int, tuple[str, Seen]] = {}  # results of calls that no op tells, by the call's name
        self.sources = Sources(self.ref, self.constant)
        self.optimizers = Optimizers(self)
        self._owners: dict[int, Known] = {}  # tensors that may hold a .grad
        self._cut: list[tuple[Known, str]] = []  # taken as leaves though something had made them
        self._where = ""
        self._raised: list[str] = []

    # ---- what it gives

    @property
    def document(self) -> Document:
        """The document of what was recorded so far. Raises NotRecorded where it would tell something wrong."""
        return self.rolled.document

    @property
    def rolled(self) -> Rolled:
        """The document, and where in it each tensor is: of a loop the last turn's. Raises NotRecorded."""
        self._check_cuts()
        self.report.check()
        made = rolled(self.draft.document())
        placed = replace(made.document, layout=Layout(positions=Map(arranged_in_lines(made.document))))
        check_document(placed)
        return replace(made, document=placed)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What stands in the document in another way than it ran."""
        self._check_cuts()
        return self.report.notes

    def save(self, path: str | Path) -> None:
        """Write the document to a `.grad` file. Raises NotRecorded, and NotSaved: the file is as it was."""
        warning = write(path, self.document)
        if warning:
            warnings.warn(f"{path}: {warning}", CaptureWarning, stacklevel=2)

    def differences(self) -> tuple[str, ...]:
        """Run the document and return what comes out otherwise than in the program: values and `.grad`, as they are now."""
        return compare.differences(self.rolled, self.known.values(), self._raised)

    # ---- what it is told

    def tell(self, told: Told, compute: Compute) -> None:
        """Record a call; `compute` runs it and returns its result. What it raises is recorded too, and raised again."""
        self._where = told.where
        handler = calls.HANDLERS.get(told.name, ops.record)
        handler(self, told, compute)

    def cut(self, error: Exception) -> None:
        """End the section with what the last call, or op, raised."""
        self._raised.append(compare.words(error))
        self.draft.cut()

    def name(self, seen_key: int, name: str, rank: int) -> None:
        """Say what the program calls a tensor; of several names that with the lowest rank stays, and of these the first."""
        known = self.known.get(seen_key)
        if known is not None and rank < known.rank and not name_fault(name):
            known.rank = rank
            self.draft.name(known.ref, name)

    # ---- tensors

    def ref(self, seen: Seen) -> Ref:
        """Return the reference to a tensor as it is now; one that was never seen becomes a leaf."""
        known = self.known.get(seen.key)
        if known is None:
            owner = self.owner(seen)
            return Ref(owner.ref.source, owner.ref.out, grad=True) if owner else self._leaf(seen).ref
        if known.version != seen.version:
            self.overwritten(seen, "something that the recording does not see")
        if known.history != (seen.requires_grad, seen.is_leaf):
            self._switched(known)
        return known.ref

    def find(self, seen: Seen) -> Ref | None:
        """Return the reference to a tensor that the document has already, or to the `.grad` that it is."""
        return self.ref(seen) if seen.key in self.known or self.owner(seen) else None

    def owner(self, seen: Seen) -> Known | None:
        """Return the tensor whose `.grad` another one is now."""
        grads = ((known, known.seen.grad) for known in self._owners.values())
        return next((known for known, grad in grads if grad is not None and grad.key == seen.key), None)

    def made(self, seen: Seen, ref: Ref, group: list[Known] | None = None) -> Known:
        """Keep a tensor under the output that it is; `group`: those that share its memory."""
        known = Known(seen, ref, [] if group is None else group)
        known.refresh()
        known.group.append(known)
        self.known[seen.key] = known
        return known

    def retained(self, known: Known) -> None:
        """Expect a `.grad` at a tensor that is no leaf."""
        self._owners[known.seen.key] = known
        self.draft.retain(known.ref)

    def forget(self, known: Known, why: str) -> None:
        """Take a tensor for a new leaf when it is used next."""
        del self.known[known.seen.key]
        self._owners.pop(known.seen.key, None)
        self.unrecorded[known.seen.key] = why, known.seen

    def constant(self, value: Array) -> Ref:
        """Return a leaf for numbers that stand in the program's text."""
        return Ref(self.draft.leaf(value, requires_grad=False))

    def is_leaf_node(self, ref: Ref) -> bool:
        """Say whether a reference leads to a leaf of the document."""
        return ref.source in self.draft.nodes and self.draft.nodes[ref.source].op == LEAF

    def overwritten(self, seen: Seen, by: str) -> None:
        """Record that a tensor holds other numbers now, written by what no op tells."""
        known, ref = self.known.get(seen.key), None
        if known is None:
            owner = self.owner(seen)
            ref = Ref(owner.ref.source, owner.ref.out, grad=True) if owner else None
        else:
            ref = known.ref
            for each in known.group:
                each.refresh()
        if ref is None:
            return
        if seen.requires_grad and not seen.is_leaf:
            self.report.fault(f"{by} writes in place to a tensor that a gradient flows through", self._where)
            return
        self.draft.call(SetValue, target=ref, value=frozen(self.value(seen)))
        self.report.note(f"what {by} wrote in place stands in the document as numbers", self._where)

    def _switched(self, known: Known) -> None:
        """Follow a requires_grad, or a history, that changed unseen."""
        on = known.seen.requires_grad
        if not known.seen.is_leaf:
            text = "a gradient flows into a tensor from what the recording does not see (a torch.autograd.Function?)"
            self.report.fault(text, self._where)
        elif on != known.history[0]:
            self.draft.call(SetRequiresGrad, targets=(known.ref,), on=on)
        known.refresh()

    def _leaf(self, seen: Seen) -> Known:
        name, _ = self.unrecorded.get(seen.key, ("", seen))
        if name and seen.requires_grad and not seen.is_leaf:
            self.report.fault(f"{name} is no op here, and a gradient flows through its result", self._where)
        elif name:
            self.report.note(f"{name} is no op here: its result stands in the document as a constant", self._where)
        accumulated = seen.grad
        given = None if accumulated is None else self.value(accumulated)
        known = self.made(seen, Ref(self.draft.leaf(self.value(seen), seen.requires_grad, given)))
        self._owners[seen.key] = known
        if not seen.is_leaf and not name:
            self._cut.append((known, self._where))
        return known

    def value(self, seen: Seen) -> Array:
        """Return a copy of a tensor's elements; where a document cannot hold them, a zero, and the recording is refused."""
        try:
            value = seen.value()
            fault = value_fault(value)
        except ValueError as error:
            fault = str(error)
        if fault:
            self.report.fault(f"a tensor cannot be kept in a document: {fault}", self._where)
            return np.zeros((), np.float32)
        return value

    def _check_cuts(self) -> None:
        """Tell of tensors that were computed before the recording: a gradient ends there, unless it should reach what is recorded."""
        for known, where in self._cut:
            if known.seen.origins() & self.known.keys() - {known.seen.key}:
                text = "a tensor comes from one in the document by what was not recorded: start the recording before it is computed"
                self.report.fault(text, where)
            else:
                self.report.note("a tensor was computed before the recording began: it is a leaf in the document", where)
