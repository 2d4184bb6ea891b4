"""Any commands in any order: each is pure, each result holds together, and undoing is having kept the document."""

from collections.abc import Callable, Iterator
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.document.calls import Backward, Forward, Grad, Print, ZeroGrad
from gradstudio.document.codec import dumps
from gradstudio.document.commands.blocks import MoveStatement, MoveToBlock, NewBlock, RemoveBlock, RenameBlock
from gradstudio.document.commands.boundary import AddGroupInput, AddGroupOutput, RemoveGroupOutput
from gradstudio.document.commands.command import Command
from gradstudio.document.commands.frames import Unwrap, UnwrapNodes, WrapInFrame
from gradstudio.document.commands.groups import AddInstance, GroupNodes, RenameGroup, Ungroup, ids_to_renew
from gradstudio.document.commands.layout import Arrange, Collapse, MoveNodes
from gradstudio.document.commands.nodes import (
    AddNode,
    Bypass,
    DeleteNodes,
    Rename,
    SetFresh,
    SetLeafValue,
    SetRequiresGrad,
    SetRetainGrad,
)
from gradstudio.document.commands.paste import duplicate
from gradstudio.document.commands.script import (
    AppendCall,
    BackwardFrom,
    EditCall,
    MoveCall,
    RemoveCalls,
    SetCallEnabled,
    SetGradSwitch,
    WrapRepeat,
)
from gradstudio.document.commands.wires import Connect, DetachWire, Disconnect, SetLiteral, SwapInputs
from gradstudio.document.document import Document
from gradstudio.document.fragment import copy
from gradstudio.document.frames import KINDS
from gradstudio.document.graph import INSTANCE, Literal, Node, Ref
from gradstudio.document.ids import LETTERS, all_ids, highest
from gradstudio.document.rules import Refused
from tests.document.making import UNARY, arrays, assert_holds, documents, leaf, numbers

NewId = Callable[[str], str]


class Drawing:
    """Draws commands that fit a document, more or less: what does not fit is refused."""

    def __init__(self, draw: st.DrawFn, doc: Document, new_id: NewId) -> None:
        self.draw, self.doc, self.new_id = draw, doc, new_id

    def one(self, choices: list[str]) -> str:
        return self.draw(st.sampled_from(choices)) if choices else "n1"

    def node(self) -> str:
        inside = [n for group in self.doc.groups.values() for n in group.graph.nodes]
        return self.one([*self.doc.graph.nodes, *self.doc.graph.nodes, *inside])

    def nodes(self) -> tuple[str, ...]:
        return tuple(self.draw(st.lists(st.sampled_from([*self.doc.graph.nodes]), unique=True, max_size=4))) if self.doc.graph.nodes else ()

    def ref(self) -> Ref:
        return Ref(
            self.one([*self.doc.graph.nodes, *(c.id for c in self.doc.calls())]), self.draw(st.integers(0, 1)), self.draw(st.booleans())
        )

    def block(self) -> str:
        return self.one([*self.doc.graph.blocks])

    def call(self) -> str:
        return self.one([*(i for i in all_ids(self.doc) if i.startswith("c"))])

    def port(self) -> tuple[str, tuple[int, ...]]:
        wires = self.doc.graph.wires
        if wires and self.draw(st.booleans()):
            wire = self.draw(st.sampled_from(wires))
            return wire.target, wire.path
        return self.node(), (self.draw(st.integers(0, 2)),)

    def point(self) -> tuple[int, int]:
        return self.draw(st.tuples(st.integers(-500, 500), st.integers(-500, 500)))

    def new_node(self) -> Node:
        kind, node_id = self.draw(st.sampled_from(("leaf", "op", "instance"))), self.new_id("n")
        frame = self.draw(st.sampled_from([None, *self.doc.graph.frames]))
        if kind == "leaf":
            return leaf(node_id, frame=frame)
        if kind == "instance" and self.doc.groups:
            group = self.draw(st.sampled_from([*self.doc.groups.values()]))
            return Node(node_id, INSTANCE, (self.ref(),) * len(group.inputs), group=group.id, frame=frame)
        return Node(node_id, self.draw(st.sampled_from(UNARY)), (self.draw(st.sampled_from((None, self.ref()))),), frame=frame)

    def commands(self) -> Iterator[Callable[[], Command]]:
        draw, new = self.draw, self.new_id
        yield lambda: AddNode(self.new_node(), self.block(), self.point(), draw(st.sampled_from(((), (self.port(),)))))
        yield lambda: DeleteNodes(self.nodes(), draw(st.sampled_from(((), (self.port(),)))))
        yield lambda: Bypass(self.node())
        yield lambda: Rename(self.one([self.node(), self.call()]), draw(st.integers(0, 1)), draw(st.sampled_from((None, "x", "loss"))))
        yield lambda: SetLeafValue(self.node(), draw(arrays()))
        yield lambda: SetRequiresGrad(self.nodes(), draw(st.booleans()))
        yield lambda: SetRetainGrad(self.node(), draw(st.integers(0, 1)), draw(st.booleans()))
        yield lambda: SetFresh(self.node(), draw(st.booleans()))
        yield lambda: Connect(self.ref(), *self.port())
        yield lambda: Disconnect(*self.port())
        yield lambda: SetLiteral(*self.port(), Literal(draw(numbers)))
        yield lambda: SwapInputs(self.node())
        yield lambda: DetachWire(*self.port(), new("n"))
        yield lambda: WrapInFrame(self.nodes(), draw(st.sampled_from(KINDS)), tuple(new("f") for _ in range(4)))
        yield lambda: Unwrap(self.one([*self.doc.graph.frames]))
        yield lambda: UnwrapNodes(self.nodes())
        yield lambda: AppendCall(Backward(id=new("c"), roots=(self.ref(),)))
        yield lambda: AppendCall(Grad(id=new("c"), outputs=(self.ref(),), inputs=(self.ref(), self.ref())), 0, 0)
        yield lambda: AppendCall(ZeroGrad(id=new("c"), targets=(self.ref(), self.ref())))
        yield lambda: AppendCall(Forward(id=new("c"), block=self.block()))
        yield lambda: EditCall(Grad(id=self.call(), inputs=(self.ref(),)))
        yield lambda: EditCall(Print(id=self.call()))
        yield lambda: RemoveCalls((self.call(), self.call()))
        yield lambda: MoveCall(self.call(), draw(st.integers(0, 3)))
        yield lambda: SetCallEnabled((self.call(),), draw(st.booleans()))
        yield lambda: WrapRepeat((self.call(),), 3, new("c"))
        yield lambda: BackwardFrom(self.ref(), new("c"))
        yield lambda: SetGradSwitch(draw(st.booleans()), new("c"))
        yield lambda: NewBlock(draw(st.sampled_from(("update", "step"))), new("c"))
        yield lambda: MoveToBlock(self.nodes(), self.block())
        yield lambda: MoveStatement(self.node(), draw(st.sampled_from((-1, 1))))
        yield lambda: RenameBlock(self.block(), draw(st.sampled_from(("update", "renamed"))))
        yield lambda: RemoveBlock(self.block())
        yield lambda: MoveNodes({n: self.point() for n in self.nodes()})
        yield lambda: Arrange(self.nodes())
        yield lambda: Collapse(self.nodes(), draw(st.booleans()))
        yield self.duplicated
        yield lambda: GroupNodes(self.some(), "drawn", new("g"), new("n"), tuple(new("n") for _ in range(9)))
        yield self.ungrouped
        yield lambda: AddInstance(self.group(), new("n"), draw(st.sampled_from(("main", "body"))), self.point(), self.home())
        yield lambda: AddGroupInput(self.group(), new("n"), draw(st.sampled_from((None, "x"))))
        yield lambda: AddGroupOutput(self.group(), Ref(self.node(), draw(st.integers(0, 1))))
        yield lambda: RemoveGroupOutput(self.group(), draw(st.integers(0, 1)))
        yield lambda: RenameGroup(self.group(), "renamed")

    def group(self) -> str:
        return self.one([*self.doc.groups])

    def home(self) -> str | None:
        return self.draw(st.sampled_from((None, *self.doc.groups)))

    def some(self) -> tuple[str, ...]:
        return self.draw(st.sampled_from((self.nodes(), (self.node(),))))

    def ungrouped(self) -> Command:
        instance = self.one([n.id for n in self.doc.graph.nodes.values() if n.op == INSTANCE])
        try:
            return Ungroup(instance, {old: self.new_id(old[0]) for old in ids_to_renew(self.doc, instance)})
        except Refused:
            return Ungroup(instance)

    def duplicated(self) -> Command:
        fragment = copy(self.doc, self.nodes())
        return duplicate(fragment, {old: self.new_id(old[0]) for old in fragment.ids()})


def counter(doc: Document) -> NewId:
    """Return a source of new ids, as a session has one."""
    counts = {letter: count(value + 1) for letter, value in highest(doc).items()}
    assert set(counts) == set(LETTERS)
    return lambda letter: f"{letter}{next(counts[letter])}"


@settings(max_examples=80, deadline=None)
@given(documents(), st.data())
def test_any_sequence_of_commands_keeps_what_must_hold(doc: Document, data: st.DataObject) -> None:
    new_id = counter(doc)
    kept = [(doc, dumps(doc))]
    for _ in range(data.draw(st.integers(1, 10))):
        drawing = Drawing(data.draw, doc, new_id)
        command = data.draw(st.sampled_from([*drawing.commands()]))()
        try:
            doc = command.apply(doc)
        except Refused:
            continue
        assert_holds(doc)
        assert command.label
        kept.append((doc, dumps(doc)))
    assert all(dumps(old) == data_then for old, data_then in kept), "every earlier document is as it was"


@settings(max_examples=50, deadline=None)
@given(documents(), st.data())
def test_nothing_refers_to_a_node_that_was_deleted(doc: Document, data: st.DataObject) -> None:
    gone = set(Drawing(data.draw, doc, counter(doc)).nodes())
    made = DeleteNodes(tuple(gone)).apply(doc)
    refs = [ref for node in made.graph.nodes.values() for _, ref in node.refs()]
    refs += [ref for call in made.calls() for ref in call.refs()] + [ref for o in made.optimizers.values() for ref in o.params]
    assert gone.isdisjoint(ref.source for ref in refs)
    assert gone.isdisjoint(made.graph.nodes)
    assert gone.isdisjoint(made.layout.positions)
    assert_holds(made)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_deleting_everything_leaves_nothing(doc: Document) -> None:
    made = DeleteNodes(tuple(doc.graph.nodes)).apply(doc)
    assert not made.graph.nodes
    assert not made.graph.frames
    assert not any(made.graph.blocks.values())


@settings(max_examples=60, deadline=None)
@given(documents())
def test_wrapping_and_unwrapping_is_the_identity(doc: Document) -> None:
    plain = [n for n in doc.graph.order if doc.graph.nodes[n].frame is None]
    if plain:
        wrapped = WrapInFrame((plain[0],), "no_grad", ("f90",)).apply(doc)
        assert dumps(Unwrap("f90").apply(wrapped)) == dumps(doc)
