"""Failed: one failure with what its explanation looks up, and the fixes that several share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from gradstudio.document.calls import Backward, Call, Forward, Grad
from gradstudio.document.commands.script import SetCallEnabled
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, BlockId, GroupId, Node, NodePath, Ref
from gradstudio.document.groups import BODY
from gradstudio.explain.case import Case
from gradstudio.explain.explanation import Explanation, Fix, one
from gradstudio.explain.flow import Flow, flow_of, resolve
from gradstudio.explain.script import insert_before
from gradstudio.explain.wording import call_name, shape_text
from gradstudio.session.state import State
from gradstudio.session.trace import Failure, TensorKey, Trace


class Failed(Struct, frozen=True, eq=False, dict=True):
    """A failure, the call that ended with it (if the script reached one) and the node that failed (if it was one)."""

    document: Document
    trace: Trace
    state: State
    failure: Failure
    call: Call | None = None

    @property
    def flow(self) -> Flow:
        """The expanded graph."""
        return flow_of(self.document)

    @property
    def at(self) -> NodePath:
        """The node that failed; () where it was none."""
        path = self.failure.node or ()
        return path if path in self.flow.paths else ()

    @property
    def node(self) -> Node:
        """The failed node's own record. Raises KeyError where no node failed."""
        if not self.at:
            raise KeyError(self.at)
        return self.document.node(self.at)

    @cached_property
    def case(self) -> Case:
        """The failed node's first output, for labels and modes."""
        return self.about((self.at, 0))

    def about(self, key: TensorKey) -> Case:
        """Return the case of a tensor at the state on show."""
        return Case(self.document, self.trace, self.state, key)

    @property
    def op(self) -> str:
        """How sentences name what failed: the node's op, else the call."""
        if self.at:
            return self.case.op(self.at)
        return self.call_name if self.call else "This node"

    @property
    def call_name(self) -> str:
        """The call in words."""
        return call_name(self.document, self.trace, self.call.id) if self.call else "the call"

    def label(self, key: TensorKey) -> str:
        """Return a tensor's label."""
        return self.case.label(key)

    def operands(self) -> list[tuple[TensorKey, tuple[int, ...], tuple[int, ...]]]:
        """Return (tensor, operand path, shape) of what the failed node reads, as far as it was made."""
        views = self.state.tensors
        return [(source, key[1], views[source].shape) for key, source in self.flow.operands(self.at) if source in views] if self.at else []

    def shapes(self) -> str:
        """Return `a (3, 4) and b (2,)` for what the failed node reads."""
        return " and ".join(f"{self.label(key)} {shape_text(shape)}" for key, _, shape in self.operands())

    def roots(self) -> list[TensorKey]:
        """Return the tensors that the call starts from."""
        refs = self.call.roots if isinstance(self.call, Backward) else self.call.outputs if isinstance(self.call, Grad) else ()
        return [key for ref in refs if (key := resolve(self.document, ((ref.source,), ref.out)))]

    def explain(
        self, cause: str, title: str, words: str, *fixes: Fix | None, node: NodePath | None = None, path: tuple[NodePath, ...] = ()
    ) -> Explanation:
        """Return the explanation with PyTorch's message and at most three of the fixes."""
        message = f"{self.failure.type}: {self.failure.message}"
        beside = node or self.at or next((key[0] for key in self.roots()), None)
        return Explanation(cause, title, words, beside, path, tuple(fix for fix in fixes if fix)[:3], message)

    def before(self, words: str, detail: str, *calls: Call) -> Fix | None:
        """Return the fix that puts calls before the one that failed."""
        build = insert_before(self.document, self.call.id, calls) if self.call else None
        return Fix(words, detail, build) if build else None

    def skip(self) -> Fix | None:
        """Return the fix that switches the failed call off."""
        if self.call is None:
            return None
        call = self.call
        return Fix("Skip this call", f"{self.call_name} stays in the list, switched off", one(lambda _: SetCallEnabled((call.id,), False)))

    def go_back(self) -> Fix | None:
        """Return the anchor before the failed call."""
        outcome = self.trace.outcomes.get(self.call.id) if self.call else None
        if outcome is None or not outcome.first:
            return None
        k = outcome.first - 1
        return Fix("Go back before the call", f"Return to step {k}, nothing is lost", go_to=k)

    def show(self) -> Fix | None:
        """Return the anchor on the failed node."""
        return Fix(f"Show {self.op}", "Selects the node that failed", focus=self.at) if self.at else None

    def blocks_behind(self) -> list[BlockId]:
        """Return the blocks that made what the call starts from, in the order in which the script runs them."""
        found = {self.document.graph.block_of.get(path[0]) for path in self._upstream() if self.document.node(path).op != LEAF}
        run = dict.fromkeys(call.block for call in self.document.calls() if isinstance(call, Forward))
        return [block for block in run if block in found]

    def _upstream(self) -> Iterator[NodePath]:
        queue = [key[0] for key in self.roots()] or ([self.at] if self.at else [])
        seen = set(queue)
        for path in queue:
            yield path
            new = [source[0] for _, source in self.flow.operands(path) if source[0] not in seen]
            seen.update(new)
            queue += new

    def home(self, path: NodePath) -> tuple[BlockId, GroupId | None]:
        """Return the block that a node lies in, and the group whose definition that is part of."""
        if len(path) == 1:
            return self.document.graph.block_of[path[0]], None
        return BODY, self.document.group_of(self.document.node(path[:-1]))

    def ref(self, key: TensorKey) -> Ref:
        """Return the ref of a tensor, as seen in its own graph."""
        return Ref(key[0][-1], key[1])
