"""The op table for readers."""

from __future__ import annotations

import ast
import json

import pytest

from gradstudio.code import catalogue
from gradstudio.code.spell import Text, spelling, templates
from gradstudio.document.graph import Literal, Ref
from gradstudio.document.map import EMPTY
from gradstudio.engine import TABLE


def test_every_op_stands_in_every_form_of_the_list() -> None:
    told = json.loads(json.dumps(catalogue.as_json(), allow_nan=False))
    assert sorted(told) == sorted(TABLE)
    assert list(told)[:3] == ["add", "sub", "mul"]
    assert all(f"| `{name}` |" in catalogue.as_markdown() for name in TABLE)
    assert len(catalogue.as_text().splitlines()) == len(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_every_op_can_be_written_from_its_row_alone(name: str) -> None:
    row = TABLE[name]
    operands = tuple(
        (Ref("n1"), Ref("n2"))
        if i.kind == "tensors"
        else Literal(0)
        if i.kind in ("index", "number")
        else None
        if i.optional
        else Ref(f"n{k}")
        for k, i in enumerate(row.inputs, 1)
    )
    assert templates(name)
    spelled = spelling(name, operands, EMPTY)
    assert spelled is not None
    written = spelled.write(lambda ref: Text(ref.source)).text
    ast.parse(written, mode="eval")
    assert "{" not in written
    assert len(spelled.refs()) == sum(len(o) if isinstance(o, tuple) else isinstance(o, Ref) for o in operands)
