"""Comparisons and logic: boolean results, no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.op import Input, Op, register
from gradstudio.engine.ops import samples


def comparison(name: str, ufunc: Any, symbol: str, latex: str, operator: str, doc: str) -> Op:
    """Return the row of one comparison."""
    return Op(name, (Input("x", kind="operand"), Input("y", kind="operand")), ufunc, promotes="same", category="comparison", symbol=symbol,
              torch=(f"{{x}} {operator} {{y}}", f"torch.{name}({{x}}, {{y}})", f"{{x}}.{name}({{y}})"), latex=f"{{x}} {latex} {{y}}",
              doc=doc,
              samples=samples.TWO, bad_samples=samples.BROADCAST)


register(
    comparison("eq", np.equal, "=", "=", "==", "Where both are equal."),
    comparison("ne", np.not_equal, "≠", r"\ne", "!=", "Where they differ."),
    comparison("gt", np.greater, ">", ">", ">", "Where the first is greater."),
    comparison("ge", np.greater_equal, "≥", r"\ge", ">=", "Where the first is greater or equal."),
    comparison("lt", np.less, "<", "<", "<", "Where the first is smaller."),
    comparison("le", np.less_equal, "≤", r"\le", "<=", "Where the first is smaller or equal."),
)
