"""Subject: the node that an inspector is about, with what is known of it at the step on show."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from gradstudio.app import text
from gradstudio.app.panels.inspector.rows import Hint
from gradstudio.app.widgets.formula import Run, Signed
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, LEAF, Literal, Node, NodePath, Operand, Ref
from gradstudio.document.labels import Labels, base_op
from gradstudio.engine import TABLE
from gradstudio.session.state import Flow, State, TensorView
from gradstudio.session.trace import Pass, TensorKey, Trace, Write


class Subject(Struct, frozen=True, eq=False, dict=True):
    """A node of `document`; the trace and the state may be of an older document: what has no key there is not known."""

    document: Document
    path: NodePath
    trace: Trace
    state: State
    labels: Labels
    ran: Labels  # of the document that was run: what its tensors are called, also those that are gone from this one
    full: bool = False  # numbers with all their digits
    stale: bool = False  # the numbers are of an older document
    hints: tuple[Hint, ...] = ()  # why its `.grad` is what it is

    @cached_property
    def node(self) -> Node:
        """The node's own record."""
        return self.document.node(self.path)

    @property
    def key(self) -> TensorKey:
        """Its first output."""
        return (self.path, 0)

    @property
    def view(self) -> TensorView | None:
        """Its first output at this step."""
        return self.state.tensors.get(self.key)

    @property
    def grad(self) -> TensorView | None:
        """What its first output has accumulated."""
        return self.state.grads.get(self.key)

    @property
    def cotangent(self) -> Flow | None:
        """What passed through its first output."""
        return self.state.cotangents.get(self.key)

    @property
    def writes(self) -> tuple[Write, ...]:
        """The ledger of its `.grad`, up to this step."""
        return tuple(w for w in self.trace.series.get(self.key, ()) if w.step <= self.state.k)

    @property
    def name(self) -> str:
        """The variable's name, else what it is labelled."""
        return self.inner_label(Ref(self.path[-1]))

    @property
    def title(self) -> str:
        """A leaf's name; else its op, or its group's name."""
        return self.name if self.node.op == LEAF else base_op(self.document, self.node)

    @property
    def symbol(self) -> str:
        """What stands in the glyph; "" for a leaf."""
        if self.node.op == LEAF:
            return ""
        if self.node.op == INSTANCE:
            return "layers"
        row = TABLE.get(self.node.op)
        return row.symbol if row and row.symbol else self.node.op

    def inner_label(self, ref: Ref) -> str:
        """Return the label of a tensor as code beside the node would call it."""
        try:
            label = self.labels.label((*self.path[:-1], ref.source), ref.out).rpartition("/")[2]
        except KeyError:
            label = "?"
        return f"{label}.grad" if ref.grad else label

    def operand_text(self, operand: Operand) -> str:
        """Return an operand as code: a label, a literal, a list; `…` where nothing is wired."""
        if isinstance(operand, Ref):
            return self.inner_label(operand)
        if isinstance(operand, Literal):
            return text.operand(operand.value)
        if isinstance(operand, tuple):
            return f"[{', '.join(self.operand_text(each) for each in operand)}]"
        return "…"

    def number(self, value: float | int | bool | None, dtype: str = "float32") -> str:
        """Return a number as the settings want it."""
        return text.number(value, self.full, dtype)

    def gradient_run(self, value: float | None, norm: float | None = None, weight: int = 600) -> Run:
        """Return a gradient: a number in the colour of its sign, a norm in ink."""
        if value is None and norm is not None:
            return Run(text.norm(norm, self.full), "text", weight)
        return Run(self.number(value), Signed(value), weight)

    def pass_name(self, each: Pass) -> str:
        """Return `backward #3`, or `grad #3`."""
        return pass_name(self.document, each)


def pass_name(document: Document, each: Pass) -> str:
    """Return how a pass is called: by the kind of its call and its number."""
    try:
        kind = document.call(each.call).kind
    except KeyError:
        kind = "backward"
    return f"{kind} #{each.number}"


def pass_of_call(trace: Trace, call: str, k: int) -> Pass | None:
    """Return the last pass of a call that had begun at step k."""
    return next((p for p in reversed(trace.passes) if p.call == call and p.first <= k), None)


def exact(view: TensorView | None) -> str:
    """Return the number of a one-element tensor with all its digits; "" for others."""
    return text.number(view.item, True, view.dtype) if view is not None and view.item is not None else ""


def value_text(subject: Subject, view: TensorView | None) -> str:
    """Return the number of a one-element tensor, else its shape."""
    if view is None:
        return "not computed"
    return subject.number(view.item, view.dtype) if view.item is not None else text.shape(view.shape)
