"""Comparisons and logic: boolean results, no gradient. In place (`x.eq_(y)`) they overwrite x, whose gradient ends there: hidden rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.op import Input, Op, ops, register
from gradstudio.engine.ops import samples


def comparison(name: str, symbol: str, latex: str, operator: str, doc: str) -> Op:
    """Return the row of one comparison."""
    return Op(name, (Input("x", kind="operand"), Input("y", kind="operand")), UFUNCS[name], promotes="same", category="comparison",
              symbol=symbol, torch=(f"{{x}} {operator} {{y}}", f"torch.{name}({{x}}, {{y}})", f"{{x}}.{name}({{y}})"),
              latex=f"{{x}} {latex} {{y}}", doc=doc, samples=samples.TWO, bad_samples=samples.BROADCAST)


def written(name: str, ufunc: Any) -> tuple[Op, Op]:
    """Return the rows of a comparison in place, with a number and with a tensor."""
    x, y = (Input(each, lambda g: ops.zeros_like(g)) for each in ("x", "y"))
    node = name.capitalize()
    return (Op(f"{name}_number", (x, Input("y", kind="number")), ufunc, node_name=f"{node}Backward0", promotes="same", hidden=True),
            Op(f"{name}_tensor", (x, y), ufunc, node_name=f"{node}Backward1", promotes="same", hidden=True))


UFUNCS = {"eq": np.equal, "ne": np.not_equal, "gt": np.greater, "ge": np.greater_equal, "lt": np.less, "le": np.less_equal}
register(
    *[row for name, ufunc in UFUNCS.items() for row in written(name, ufunc)],
    comparison("eq", "=", "=", "==", "Where both are equal."),
    comparison("ne", "≠", r"\ne", "!=", "Where they differ."),
    comparison("gt", ">", ">", ">", "Where the first is greater."),
    comparison("ge", "≥", r"\ge", ">=", "Where the first is greater or equal."),
    comparison("lt", "<", "<", "<", "Where the first is smaller."),
    comparison("le", "≤", r"\le", "<=", "Where the first is smaller or equal."),
)
