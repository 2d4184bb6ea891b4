"""Equation: what one step does, as arithmetic: upstream × local derivative = contribution, before + contribution = `.grad`."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document import labels
from gradstudio.document.calls import Forward
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, Literal, Node, NodePath, Ref, operand_at
from gradstudio.engine import TABLE
from gradstudio.explain.case import Case
from gradstudio.explain.flow import resolve
from gradstudio.explain.steps import made_by_vjp
from gradstudio.explain.wording import call_name, exact, listed, number, shape_text
from gradstudio.session.state import Flow, InputKey, Local, State, TensorView
from gradstudio.session.trace import ACCUMULATE, Step, TensorKey, Trace, Write


class Term(Struct, frozen=True):
    """A number or tensor with what it is called. `words` stand in place of a number that is not there."""

    label: str
    value: float | int | bool | None = None
    norm: float | None = None
    shape: tuple[int, ...] = ()
    cells: tuple[float, ...] = ()
    gradient: bool = False
    words: str = ""

    @property
    def text(self) -> str:
        """The number, the norm, or the words."""
        return self.words or (number(self.value) if self.value is not None else f"‖{number(self.norm)}‖" if self.norm is not None else "?")

    @property
    def spoken(self) -> str:
        """The number in full, the norm, or the words, as they are read out."""
        return self.words or (f"a norm of {number(self.norm)}" if self.has_norm else exact(self.value))

    @property
    def has_norm(self) -> bool:
        """Whether the norm stands for it: it is more than one number."""
        return not self.words and self.value is None and self.norm is not None


class Row(Struct, frozen=True):
    """Terms with the operators between them, where the result goes, and the same in shapes where that says more."""

    terms: tuple[Term, ...]
    operators: tuple[str, ...]
    target: str = ""
    shapes: str = ""
    wire: InputKey | None = None  # of a contribution


class Equation(Struct, frozen=True):
    """What a card shows of one step."""

    node: NodePath
    symbol: str
    title: str
    subtitle: str
    place: str  # "Backward step 7 of 10"
    captions: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    next: tuple[tuple[str, bool], ...] = ()  # runs of text; True: a gradient's number
    aside: str = ""
    note: str = ""  # where there are no rows

    @property
    def spoken(self) -> str:
        """The card as sentences."""
        rows = [
            " ".join(_interleaved([f"{t.label} {t.text}" for t in row.terms], row.operators)) + (f", to {row.target}" if row.target else "")
            for row in self.rows
        ]
        parts = [f"{self.title} {self.subtitle}. {self.place}", *rows, self.note, "".join(run for run, _ in self.next), self.aside]
        return ". ".join(part for part in parts if part)

    @property
    def announcement(self) -> str:
        """The step in one breath: `mul passes 3.0 to pow and 4.0 to y`, `y.grad is 4.0`."""
        if not self.rows:
            return f"{self.title}: {self.note}"
        last = [row.terms[-1] for row in self.rows]
        if self.captions[-1:] == ("Contribution",):
            targets = (row.target.removesuffix(".grad") for row in self.rows)
            return f"{self.title} passes {listed(f'{term.spoken} to {target}' for term, target in zip(last, targets, strict=True))}"
        return listed(f"{term.label} {'has' if term.has_norm else 'is'} {term.spoken}" for term in last)


def _interleaved(words: list[str], between: tuple[str, ...]) -> list[str]:
    return [each for pair in zip(words, (*between, ""), strict=False) for each in pair if each]


def equation(document: Document, trace: Trace, state: State) -> Equation | None:
    """Return the arithmetic of the step at which a state stands; None at the start, and at a step that is about no node."""
    step = trace.step(state.k)
    if step is None or not step.node:
        return None
    case = Case(document, trace, state, (step.node, 0))
    if step.node not in case.flow.paths:
        return None
    if step.kind == "visit":
        return _accumulation(case, step) if step.name == ACCUMULATE else _visit(case, step)
    return _forward(case, step) if step.kind == "op" else _effect(case, step)


# ---------------------------------------------------------------- a visit of an op
def _visit(case: Case, step: Step) -> Equation:
    operands = (pair for pair in case.flow.operands(step.node) if pair[0] in step.sent)
    of_row = _passed_on if step.origin else _contribution
    rows = tuple(row for key, source in operands if (row := of_row(case, key, source)))
    came = (case.state.cotangents[out] for out in case.flow.outputs_of(step.node) if out in case.state.cotangents)
    joined = next(filter(None, map(_joined, came)), "")
    if rows and joined and not step.origin:
        rows = (*rows[:-1], replace(rows[-1], shapes=", ".join(filter(None, (rows[-1].shapes, joined)))))
    captions = ("Contribution",) if step.origin else ("Upstream", "Local derivative", "Contribution")
    note = "" if rows else f"It passes the gradient on inside {step.node and case.op(step.node)}."
    return Equation(step.node, *_head(case, step), captions, rows, _next(case), _freed(case, step), note)


def _passed_on(case: Case, key: InputKey, source: TensorKey) -> Row | None:
    """Return what an engine node of second order sends: its own factors are no tensors of the graph, so they are not shown."""
    flow = case.state.flows.get(key)
    if flow is None or flow.kind in ("none", "pending"):
        return None
    return Row((_sent_term(case, f"∂{_root(case)}/∂{_near(case, source)}", flow),), (), _target(case, source))


def _sent_term(case: Case, label: str, flow: Flow) -> Term:
    """Return what this step sent along a wire: of several contributions the last, which it may have added to others."""
    if len(flow.terms) < 2 or flow.step != case.state.k:
        return _flow_term(label, flow)
    if flow.value is not None or flow.shape in ((), (1,)):
        return Term(label, flow.terms[-1], gradient=True)
    return Term(label, norm=flow.terms[-1], shape=flow.shape, gradient=True)


def _contribution(case: Case, key: InputKey, source: TensorKey) -> Row | None:
    flow, local, state = case.state.flows.get(key), case.state.locals.get(key), case.state
    if flow is None or flow.kind in ("none", "pending"):
        return None
    came = next(
        (out for out in case.flow.outputs_of(key[0]) if out in state.cotangents and state.cotangents[out].kind != "none"), (key[0], 0)
    )
    upstream, root, read = state.cotangents.get(came), _root(case), _read(case, key, source)
    derivative = f"∂{_near(case, came)}/∂{read}"
    terms = (
        _flow_term(f"∂{root}/∂{_near(case, came)}", upstream),
        _local_term(f"{derivative} = {local.formula}" if local and local.formula else derivative, local),
        _sent_term(case, f"∂{root}/∂{read}", flow),
    )
    return Row(terms, ("×", "="), _target(case, source), _shapes(case, key, upstream, flow), key)


def _joined(upstream: Flow | None) -> str:
    """Return the contributions that were summed up to what comes, in the order of execution: `5.0 = 2.0 + 3.0`; "" of a single one."""
    if upstream is None or len(upstream.terms) < 2:
        return ""
    if upstream.value is None:
        return f"upstream is the sum of {len(upstream.terms)}: {listed(f'‖{number(term)}‖' for term in upstream.terms)}"
    return f"upstream {number(upstream.value)} = {' + '.join(map(number, upstream.terms))}"


def _target(case: Case, source: TensorKey) -> str:
    if case.document.node(source[0]).op == LEAF:
        return f"{_near(case, source)}.grad"
    return case.document.node(source[0]).op if source[0][:-1] == case.path[:-1] else case.op(source[0])


def _near(case: Case, key: TensorKey) -> str:
    """Return a tensor's label as seen from the step's node: what lies in the same instance needs no prefix."""
    known = resolve(case.document, key) or key
    label = case.label(known)
    return label.rpartition("/")[2] if len(case.path) > 1 and known[0][:-1] == case.path[:-1] else label


def _read(case: Case, key: InputKey, source: TensorKey) -> str:
    """Return what the node of a wire calls what it reads: of an instance the name of its output, not that of the op inside."""
    path, operand = key
    ref = operand_at(case.document.node(path).inputs, operand)
    if not isinstance(ref, Ref) or len(source[0]) <= len(path) or source[0][: len(path)] != (*path[:-1], ref.source):
        return _near(case, source)
    return labels.of(case.document).label(source[0][: len(path)], ref.out).rpartition("/")[2]


def _root(case: Case) -> str:
    on_show = case.trace.pass_at(case.state.k)
    roots = [case.label(key) for key in on_show.roots] if on_show else []
    return roots[0] if len(roots) == 1 else f"({' + '.join(roots)})"


def _flow_term(label: str, flow: Flow | None) -> Term:
    if flow is None or flow.kind in ("none", "pending"):
        return Term(label, words="None" if flow and flow.kind == "none" else "waiting")
    if flow.kind == "zero" and flow.value is None and flow.shape in ((), (1,)):
        return Term(label, value=0.0, gradient=True)
    return Term(label, flow.value, flow.norm, flow.shape, flow.cells, gradient=True)


def _local_term(label: str, local: Local | None) -> Term:
    return Term(label, local.value, local.norm, local.shape, local.cells) if local else Term(label, words="–")


def _shapes(case: Case, key: InputKey, upstream: Flow | None, flow: Flow) -> str:
    """Return `(66, 16).T @ (66, 3) = (16, 3)` for a product of two matrices."""
    path, operand = key
    sources = dict(case.flow.operands(path))
    other = case.state.tensors.get(sources.get((path, (1 - operand[0],)), ((), 0))) if operand[0] < 2 else None
    if (
        case.document.node(path).op not in ("matmul", "mm")
        or other is None
        or upstream is None
        or len(other.shape) != 2
        or len(upstream.shape) != 2
    ):
        return ""
    g, turned, result = shape_text(upstream.shape), f"{shape_text(other.shape)}.T", shape_text(flow.shape)
    return f"{g} @ {turned} = {result}" if operand[0] == 0 else f"{turned} @ {g} = {result}"


def _freed(case: Case, step: Step) -> str:
    saved = [s for s in case.state.saved.values() if s.node == step.node and s.part == step.part and s.state != "freed"]
    if not saved:
        return ""
    names = list(dict.fromkeys(_near(case, s.source) if s.source else s.field for s in saved))
    verb = "is" if len(names) == 1 else "are"
    on_show = case.trace.pass_at(case.state.k)
    kept = on_show is not None and on_show.retain_graph
    return f"{listed(names)} {verb} kept (retain_graph)" if kept else f"then {listed(names)} {verb} freed"


def _next(case: Case) -> tuple[tuple[str, bool], ...]:
    """Return what the next step of the pass will do; the write of a `.grad` with its numbers."""
    k, on_show = case.state.k + 1, case.trace.pass_at(case.state.k)
    step = case.trace.step(k)
    if on_show is None or step is None or step.kind != "visit" or k >= on_show.first + on_show.ran:
        return ()
    if step.name != ACCUMULATE:
        words = made_by_vjp(case.trace, step.origin) + case.op(step.node) if step.node in case.flow.paths else step.name
        return ((words, False), (f"  {step.name}", False))
    write = _write(case, (step.node, 0), k)
    label = f"{case.label((step.node, 0))}.grad"
    if write is None:
        return ((label, False),)
    shown = _norm_or_number(case, (step.node, 0))
    before = ((f" = {shown(write.before)} + ", False),) if write.before is not None else ((" = ", False),)
    after = ((" = ", False), (shown(write.after), True)) if write.before is not None else ()
    return ((label, False), *before, (shown(write.added), True), *after)


# ---------------------------------------------------------------- writes of `.grad`
def _write(case: Case, key: TensorKey, k: int) -> Write | None:
    return next((write for write in case.trace.series.get(key, ()) if write.step == k), None)


def _norm_or_number(case: Case, key: TensorKey) -> Callable[[float | None], str]:
    view = case.state.tensors.get(key)
    return number if view is None or view.item is not None else lambda value: f"‖{number(value)}‖"


def _accumulation(case: Case, step: Step) -> Equation:
    key, label = case.key, f"{case.label(case.key)}.grad"
    write, view = _write(case, key, case.state.k), case.state.tensors.get(key)
    if write is None:
        return Equation(step.node, *_head(case, step), note="It writes no .grad.")
    grad = case.state.grads.get(key)
    before, added = _sum_term(label, write.before, view), _added_term(case, write, view)
    after = _view_term(label, grad, True) if grad else _sum_term(label, write.after, view)
    if write.before is None:
        rows = (Row((Term(label, words="None"), added, after), ("", "→"), label),)
        aside = f"{label} was None: the first write stores it"
    else:
        rows = (Row((before, added, after), ("+", "="), label),)
        aside = "backward() adds to .grad"
    return Equation(step.node, *_head(case, step), ("Before", "Contribution", ".grad now"), rows, _next(case), aside)


def _added_term(case: Case, write: Write, view: TensorView | None) -> Term:
    label, flow = f"∂{_root(case)}/∂{case.name}", case.state.cotangents.get(case.key)
    return _flow_term(label, flow) if flow and flow.kind == "value" else _sum_term(label, write.added, view)


def _sum_term(label: str, value: float | None, view: TensorView | None) -> Term:
    if value is None:
        return Term(label, words="None")
    if view is not None and view.item is None:
        return Term(label, norm=value, shape=view.shape, gradient=True)
    return Term(label, value, gradient=True)


def _view_term(label: str, view: TensorView, gradient: bool = False) -> Term:
    cells = tuple(float(c) for c in view.cells) if view.grid in ((), view.shape) else ()
    return Term(label, view.item, None if view.item is not None else view.norm, view.shape, cells, gradient)


# ---------------------------------------------------------------- forward, and everything else
def _forward(case: Case, step: Step) -> Equation:
    node = case.node
    operands = [term for i, operand in enumerate(node.inputs) if (term := _operand_term(case, (i,), operand))]
    outs = [(_near(case, key), view) for out in range(8) if (view := case.state.tensors.get(key := (step.node, out)))]
    results = [_view_term(label, view) for label, view in outs] or [
        Term(_near(case, case.key), words="failed" if step.node in case.trace.failures else "–")
    ]
    symbol = _symbol(node)
    between = (symbol if len(symbol) == 1 and len(operands) == 2 else ",",) * (len(operands) - 1)
    rows = (Row((*operands[:3], results[0]), (*between[:2], "=")),)
    captions = tuple(_argument(node, i) for i in range(len(operands[:3])))
    view = case.state.tensors.get((step.node, 0))
    return Equation(step.node, *_head(case, step), (*captions, "Result"), rows, (), _tracked(case, view))


def _operand_term(case: Case, path: tuple[int, ...], operand: object) -> Term | None:
    if isinstance(operand, Literal):
        value = operand.value
        return Term("", value) if isinstance(value, (bool, int, float)) else Term("", words=str(value))
    source = case.flow.sources.get((case.path, path))
    if source is None:
        return None
    view = case.state.tensors.get(source)
    return _view_term(_near(case, source), view) if view else Term(_near(case, source), words="–")


def _argument(node: Node, i: int) -> str:
    row = TABLE.get(node.op)
    return row.inputs[i].argument if row and i < len(row.inputs) else ""


def _tracked(case: Case, view: TensorView | None) -> str:
    if view is None:
        return ""
    if case.node.op == "detach":
        return "the gradient stops here"
    if view.requires_grad:
        return f"recorded as {view.grad_fn}" if view.grad_fn else ""
    frame = case.mode(case.path)
    return f"not recorded: {frame[0]}" if frame and frame[0] != "enable_grad" else "not recorded"


def _effect(case: Case, step: Step) -> Equation:
    """Return before → after for a step that sets a `.grad`; the call in words for any other."""
    write, view, label = _write(case, case.key, case.state.k), case.state.tensors.get(case.key), f"{case.name}.grad"
    head = _head(case, step)
    if write is None:
        return Equation(step.node, *head, note=call_name(case.document, case.trace, step.call))
    rows = (Row((_sum_term(label, write.before, view), _sum_term(label, write.after, view)), ("→",)),)
    return Equation(step.node, *head, ("Before", "After"), rows)


# ---------------------------------------------------------------- the head of a card
def _head(case: Case, step: Step) -> tuple[str, str, str, str]:
    """Return symbol, title, subtitle and place of a step."""
    node = case.document.node(step.node)
    title = case.label((step.node, 0)) if node.op == LEAF else made_by_vjp(case.trace, step.origin) + case.op(step.node)
    name = (
        step.name if step.kind == "visit" else (node.name or "") if step.kind == "op" else call_name(case.document, case.trace, step.call)
    )
    return _symbol(node), title, name, _place(case, step)


def _symbol(node: Node) -> str:
    row = TABLE.get(node.op)
    return (row.symbol if row else "") or base_op_symbol(node)


def base_op_symbol(node: Node) -> str:
    """Return the sign of a node that is no row with a symbol: its op's first letters; "" for a leaf."""
    return "" if node.op == LEAF else node.op[:4]


def _place(case: Case, step: Step) -> str:
    k = case.state.k
    if step.kind == "visit":
        on_show = case.trace.pass_at(k)
        return f"Backward step {k - on_show.first + 1} of {len(on_show.planned)}" if on_show else ""
    span = case.trace.span_at(k)
    if span is None:
        return f"Step {k}"
    word = "Forward step" if span.kind == Forward.kind else "Step"
    return f"{word} {k - span.start} of {span.end - span.start}"
