"""What PyTorch refuses of shapes and dtypes."""

from __future__ import annotations

import math
import re

from gradstudio.document.commands.nodes import AddNode, SetAttr
from gradstudio.document.commands.wires import SwapInputs
from gradstudio.document.graph import LEAF, Node, OperandPath, Ref
from gradstudio.document.map import Map
from gradstudio.explain.explanation import Explanation, Fix, one
from gradstudio.explain.failed import Failed
from gradstudio.explain.wording import listed, shape_text

Shape = tuple[int, ...]


def matmul_shapes(failed: Failed, _: re.Match[str]) -> Explanation:
    """The inner sizes of a product of matrices differ."""
    rule = "multiplies rows by columns, so the last size of the first must equal the last but one of the second"
    words = f"{failed.op} {rule}. It got {failed.shapes()}."
    a, b = ([*failed.operands(), None, None])[:2]
    fixes: list[Fix | None] = []
    if a and b and len(a[2]) == len(b[2]) == 2:
        if a[2][1] == b[2][1]:
            fixes.append(_turn(failed, b[1], f"Transpose {failed.label(b[0])}"))
        if a[2][0] == b[2][0]:
            fixes.append(_turn(failed, a[1], f"Transpose {failed.label(a[0])}"))
        if b[2][1] == a[2][0]:
            fixes.append(_swap(failed))
    return failed.explain("matmul_shapes", f"{failed.op}: the shapes do not fit", words, *fixes, failed.show())


def broadcast_shapes(failed: Failed, found: re.Match[str]) -> Explanation:
    """Two sizes of one dimension differ, and neither is 1."""
    words = (
        f"{failed.op} works element by element. Counted from the right, sizes must be equal or 1, but it got {failed.shapes()}: "
        f"{found[1]} and {found[2]} are neither."
    )
    fixes = []
    operands = failed.operands()
    for i, (key, path, shape) in enumerate(operands[:2]):
        other = operands[1 - i][2] if len(operands) > 1 else ()
        if len(shape) == 2 and fits(shape[::-1], other):
            fixes.append(_turn(failed, path, f"Transpose {failed.label(key)}"))
        elif len(shape) == 1 and fits((*shape, 1), other):
            fixes.append(
                _before(
                    failed,
                    path,
                    "unsqueeze",
                    {"dim": -1},
                    f"Make {failed.label(key)} a column",
                    f"unsqueeze(-1): {shape_text((*shape, 1))}",
                )
            )
    return failed.explain("broadcast_shapes", f"{failed.op}: the shapes do not fit", words, *fixes, failed.show())


def fits(a: Shape, b: Shape) -> bool:
    """Whether two shapes broadcast."""
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b), strict=False))


def view_size(failed: Failed, found: re.Match[str]) -> Explanation:
    """A view or reshape to another number of elements."""
    wanted, size = tuple(int(each) for each in re.findall(r"-?\d+", found[1])), int(found[2])
    holds = math.prod(wanted)
    count = f"{shape_text(wanted)} holds {holds}" if holds >= 0 else f"{size} elements cannot be laid out as {shape_text(wanted)}"
    words = f"A view keeps every element. {failed.shapes() or 'The tensor'} has {size} elements, but {count}."
    return failed.explain("view_size", f"{failed.op}: another number of elements", words, *_sizes(failed, wanted, size), failed.show())


def _sizes(failed: Failed, wanted: Shape, size: int) -> list[Fix]:
    attr = next((name for name in ("shape", "size", "sizes") if name in failed.node.attrs), None) if failed.at else None
    if attr is None:
        return []
    fitting = [_filled(wanted, i, size) for i in reversed(range(len(wanted)))]
    shapes = list(dict.fromkeys([shape for shape in fitting if shape] + [(size,)]))[:2]
    return [_sized(failed, attr, shape) for shape in shapes]


def _sized(failed: Failed, attr: str, shape: Shape) -> Fix:
    return Fix(f"Use {shape_text(shape)}", f"{math.prod(shape)} elements", one(lambda _: SetAttr(failed.at[-1], attr, shape)))


def _filled(wanted: Shape, i: int, size: int) -> Shape | None:
    """Return the shape with size i chosen so that all elements have a place; None where none does."""
    rest = math.prod(n for j, n in enumerate(wanted) if j != i)
    return (*wanted[:i], size // rest, *wanted[i + 1 :]) if rest > 0 and size % rest == 0 else None


def dtypes(failed: Failed, _: re.Match[str]) -> Explanation:
    """Operands of different dtypes where PyTorch does not convert."""
    found = [(key, path, failed.state.tensors[key].dtype) for key, path, _ in failed.operands()]
    given = listed(f"{failed.label(key)} ({dtype})" for key, _, dtype in found)
    words = f"{failed.op} does not convert between dtypes. It got {given or 'tensors of different dtypes'}."
    floats = [dtype for _, _, dtype in found if "float" in dtype]
    goal = max(floats, key=lambda d: int(d.removeprefix("float"))) if floats else "float32"
    fixes = [
        _before(failed, path, "to", {"dtype": goal}, f"Convert {failed.label(key)} to {goal}", f"{failed.label(key)}.to(torch.{goal})")
        for key, path, dtype in found if dtype != goal
    ]  # fmt: skip
    return failed.explain("dtypes", f"{failed.op}: the dtypes differ", words, *fixes, failed.show())


def whole_numbers(failed: Failed, _: re.Match[str]) -> Explanation:
    """An integer tensor was asked to require grad."""
    label = failed.label((failed.at, 0)) if failed.at else "the tensor"
    words = f"{label} holds whole numbers. A gradient says what a small change does, so only floating point tensors can require grad."
    return failed.explain("integer", f"{label} holds whole numbers", words, failed.show())


def dimension(failed: Failed, found: re.Match[str]) -> Explanation:
    """A dim that the tensor does not have."""
    words = f"{failed.shapes() or 'The tensor'} has dimensions {found[1]} to {found[2]}; {failed.op} was asked for {found[3]}."
    attr = next((name for name in ("dim", "dim0", "axis") if failed.at and failed.node.attrs.get(name) == int(found[3])), None)
    fix = Fix("Use the last dimension", "dim = −1", one(lambda _: SetAttr(failed.at[-1], attr, -1))) if attr else None
    return failed.explain("dimension", f"{failed.op}: no dimension {found[3]}", words, fix, failed.show())


def _turn(failed: Failed, path: OperandPath, words: str) -> Fix | None:
    return _before(failed, path, "transpose", {"dim0": 0, "dim1": 1}, words, "A transpose in front of this input")


def _swap(failed: Failed) -> Fix | None:
    return Fix("Swap the inputs", f"The second times the first fits {failed.op}", one(lambda _: SwapInputs(failed.at[-1])))


def _before(failed: Failed, path: OperandPath, op: str, attrs: dict[str, object], words: str, detail: str) -> Fix | None:
    """Return the fix that puts a node in front of an operand of the failed node."""
    source = next((ref for operand, ref in failed.node.refs() if operand == path), None)
    if source is None or failed.node.op == LEAF:
        return None
    return Fix(
        words, detail, one(lambda new: _insertion(failed, Node(id=new("n"), op=op, inputs=(source,), attrs=Map(attrs)), source, path))
    )


def _insertion(failed: Failed, node: Node, source: Ref, path: OperandPath) -> AddNode:
    places, target = failed.document.layout.positions, failed.at[-1]
    (x, y), (u, v) = places.get(target, (0, 0)), places.get(source.source, (0, 0))
    block, home = failed.home(failed.at)
    return AddNode(node, block, ((x + u) // 2, (y + v) // 2), ((target, path),), home)


RULES = (
    (
        r"mat1 and mat2 shapes cannot be multiplied|size mismatch, got|Expected size for first two dimensions|inconsistent tensor size",
        matmul_shapes,
    ),
    (r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", broadcast_shapes),
    (r"shape '\[(.*?)\]' is invalid for input of size (\d+)", view_size),
    (r"[Oo]nly Tensors of floating point(?: and complex)? dtype can require gradients", whole_numbers),
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)", dimension),
    (r"to have the same dtype|expected scalar type \w+ but found|Found dtype \w+ but expected", dtypes),
)
