"""Make the example mlp.grad, the graph of design/mlp-dark.png, from what record_mlp.py recorded: `python tests/data/make_mlp.py`."""

from __future__ import annotations

import base64
import json
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gradstudio.document.calls import Backward, Forward
from gradstudio.document.codec import dumps
from gradstudio.document.document import MAIN, Comment, Document, Layout
from gradstudio.document.frames import Frame
from gradstudio.document.graph import LEAF, Array, Graph, Literal, Node, NodeId, Operand, Ref
from gradstudio.document.map import Map
from gradstudio.document.script import Section

EXAMPLE = Path(__file__).resolve().parents[2] / "resources" / "examples" / "mlp.grad"
STEP = "sgd_step"
ROWS = {"sum": 0, "label": 180, "square": 240, "chain": 560, "leaf": 880, "weight": 1320, "bias": 1560}  # y of each row
# the widest node of each column, as it is at 100 %
WIDTHS = (140, 190, 180, 190, 190, 170, 190, 160, 180, 150, 190, 150, 150, 190, 150, 190, 170, 170, 150)
GRID, GAP = 20, 56
COLUMNS = tuple(accumulate(WIDTHS[:-1], lambda x, width: -(-(x + width + GAP) // GRID) * GRID, initial=0))  # x of each column
INDENTS = {"W2": 40, "W3": 40}  # the wire up to the penalty runs clear of the wider relu over it
PARAMETERS = [f"{letter}{i}" for i in (1, 2, 3) for letter in "Wb"]

# key: op, operands (keys, numbers), name, attrs, column, row
Rows = dict[str, tuple[str, tuple[Any, ...], str, dict[str, object], int, str]]


def recorded() -> dict[str, Any]:
    """Return what record_mlp.py wrote."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("mlp.json").read_text())
    return found


def array(plain: dict[str, Any]) -> Array:
    """Return a recorded tensor."""
    flat = np.frombuffer(base64.b64decode(plain["base64"]), np.dtype(plain["dtype"]).newbyteorder("<"))
    made: Array = flat.astype(plain["dtype"]).reshape(plain["shape"])
    made.setflags(write=False)
    return made


def layers() -> Rows:
    """Return the three layers."""
    made: Rows = {}
    into = "X"
    for i, column in ((1, 1), (2, 4), (3, 7)):
        made[f"mm{i}"] = "matmul", (into, f"W{i}"), "", {}, column, "chain"
        made[f"add{i}"] = "add", (f"mm{i}", f"b{i}"), "" if i < 3 else "z", {}, column + 1, "chain"
        if i < 3:
            made[f"relu{i}"] = "relu", (f"add{i}",), f"h{i}", {}, column + 2, "chain"
        into = f"relu{i}"
    return made


def loss() -> Rows:
    """Return log_softmax and nll_loss, op by op; the largest logit is taken off first, so that exp cannot overflow."""
    kept: dict[str, object] = {"dim": 1, "keepdim": True}
    return {
        "max": ("amax", ("add3",), "top", {"dim": (1,), "keepdim": True}, 9, "leaf"),
        "shift": ("sub", ("add3", "max"), "d", {}, 10, "chain"),
        "exp": ("exp", ("shift",), "", {}, 11, "leaf"),
        "total": ("sum", ("exp",), "total", {"dim": (1,), "keepdim": True}, 12, "leaf"),
        "log": ("log", ("total",), "", {}, 13, "leaf"),
        "logp": ("sub", ("shift", "log"), "logp", {}, 14, "chain"),
        "idx": ("gather", ("logp", 1, "Y"), "", {}, 15, "chain"),
        "neg": ("neg", ("idx",), "", {}, 16, "chain"),
        "nll": ("mean", ("neg",), "nll", {}, 17, "chain"),
    } | penalty() | {
        "loss": ("add", ("nll", "decay"), "loss", {}, 18, "chain"),
        "guess": ("argmax", ("add3",), "", kept, 15, "label"),
        "right": ("eq", ("guess", "Y"), "", {}, 16, "label"),
        "accuracy": ("mean", ("right",), "accuracy", {"dtype": "float32"}, 17, "label"),
    }  # fmt: skip


def penalty() -> Rows:
    """Return the L2 penalty of the weights."""
    made: Rows = {}
    for i, column in ((1, 1), (2, 4), (3, 7)):
        made[f"square{i}"] = "square", (f"W{i}",), "", {}, column, "square"
        made[f"sum{i}"] = "sum", (f"square{i}",), f"s{i}", {}, column + 1, "square"
    made["l2_12"] = "add", ("sum1", "sum2"), "", {}, 6, "sum"
    made["l2"] = "add", ("l2_12", "sum3"), "l2", {}, 9, "sum"
    made["decay"] = "mul", (0.001, "l2"), "", {}, 10, "sum"
    return made


def step() -> Rows:
    """Return one step of gradient descent on every parameter."""
    made: Rows = {}
    for i, column in ((1, 1), (2, 4), (3, 7)):
        for letter, row, right in (("W", "weight", 0), ("b", "bias", 1)):
            key = f"{letter}{i}"
            made[f"rate_{key}"] = "mul", (0.4, Ref(key, grad=True)), "", {}, column + right, row
            made[f"step_{key}"] = "sub_", (key, f"rate_{key}"), "", {}, column + right + 1, row
    return made


LEAVES = {"X": (0, "chain"), "Y": (14, "label")} | {
    f"{letter}{i}": (3 * (i - 1) + right, "leaf") for i in (1, 2, 3) for letter, right in (("W", 0), ("b", 1))
}
FRAMES = {"f1": ("max",), "f2": ("guess", "right", "accuracy"), "f3": tuple(step())}


def around(first: int, last: int, top: int, bottom: int, title: str) -> Comment:
    """Return a comment round some columns, from one height to another."""
    left, right = COLUMNS[first] - GRID, COLUMNS[last] + WIDTHS[last] + GRID
    return Comment((left, top, right - left, bottom - top), title)


COMMENTS = (
    around(1, 10, ROWS["sum"] - 20, ROWS["square"] + 140, "L2 penalty λ = 0.001"),
    around(1, 3, ROWS["chain"] - 60, ROWS["chain"] + 160, "Layer 1 2→16"),
    around(4, 6, ROWS["chain"] - 60, ROWS["chain"] + 160, "Layer 2 16→16"),
    around(7, 8, ROWS["chain"] - 60, ROWS["chain"] + 160, "Layer 3 16→3"),
    around(9, 14, ROWS["chain"] - 60, ROWS["leaf"] + 140, "log_softmax"),
    around(15, 17, ROWS["chain"] - 60, ROWS["chain"] + 180, "nll_loss"),
)


class Example:
    """The document, and the id of each key."""

    def __init__(self) -> None:
        main = layers() | loss()
        order = (*LEAVES, *main, *step())
        self.ids: dict[str, NodeId] = {key: f"n{i}" for i, key in enumerate(order, 1)}
        self.frame_of = {key: frame for frame, keys in FRAMES.items() for key in keys}
        start = recorded()["start"]
        nodes = [Node(self.ids[k], LEAF, names=(k,), value=array(start[k]), requires_grad=k in PARAMETERS) for k in LEAVES]
        nodes += [self._node(key, *row[:4]) for key, row in (main | step()).items()]
        places = {k: (column, row) for k, (*_, column, row) in (main | step()).items()} | LEAVES
        blocks = {MAIN: tuple(self.ids[k] for k in (*LEAVES, *main)), STEP: tuple(self.ids[k] for k in step())}
        frames = {f: Frame(f, "no_grad") for f in FRAMES}
        calls = Forward(id="c1", block=MAIN), Backward(id="c2", roots=(Ref(self.ids["loss"]),)), Forward(id="c3", block=STEP)
        positions = Map({self.ids[k]: (COLUMNS[column] + INDENTS.get(k, 0), ROWS[row]) for k, (column, row) in places.items()})
        self.document = Document(
            graph=Graph(Map({n.id: n for n in nodes}), Map(blocks), Map(frames)),
            script=(Section("", calls),),
            layout=Layout(positions, comments=COMMENTS),
        )

    def bytes(self) -> bytes:
        """Return the example as a file."""
        return dumps(self.document)

    def _node(self, key: str, op: str, operands: tuple[Any, ...], name: str, attrs: dict[str, object]) -> Node:
        inputs = tuple(map(self._operand, operands))
        return Node(self.ids[key], op, inputs, Map(attrs), (name,) if name else (), self.frame_of.get(key))

    def _operand(self, operand: Any) -> Operand:
        if isinstance(operand, Ref):
            return Ref(self.ids[operand.source], grad=operand.grad)
        return Ref(self.ids[operand]) if isinstance(operand, str) else Literal(operand)


def main() -> None:
    """Write the example."""
    EXAMPLE.write_bytes(Example().bytes())


if __name__ == "__main__":
    main()
