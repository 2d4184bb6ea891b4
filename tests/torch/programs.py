"""Runs a recorded program with gradstudio.torch standing in for torch."""
from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import gradstudio.torch
from gradstudio.engine import dtypes, modes, printing
from gradstudio.torch.autograd import anomaly

NAME = "gradstudio.torch"


@contextlib.contextmanager
def as_torch() -> Iterator[None]:
    """Let `import torch` mean gradstudio.torch, and leave every switch as it was."""
    for found in pkgutil.walk_packages(gradstudio.torch.__path__, f"{NAME}."):
        importlib.import_module(found.name)
    loaded = {n: m for n, m in sys.modules.items() if n == NAME or n.startswith(f"{NAME}.")}
    before = {n: m for n, m in sys.modules.items() if n == "torch" or n.startswith("torch.")}
    sys.modules.update({f"torch{n.removeprefix(NAME)}": m for n, m in loaded.items()})
    try:
        yield
    finally:
        for n in [n for n in sys.modules if n == "torch" or n.startswith("torch.")]:
            del sys.modules[n]
        sys.modules.update(before)
        modes.set_grad_enabled(True)
        anomaly.set_detect_anomaly(False)
        dtypes.set_default("float32")
        dtypes.rare_seen = False
        printing.set_options(profile="default")


def run(code: str) -> dict[str, Any]:
    """Run a program. Return what it printed, how it ended, and what it warned about."""
    out, ended = io.StringIO(), (None, None)
    with as_torch(), contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        try:
            exec(compile(code, "<program>", "exec"), {"__name__": "__main__"})
        except Exception as error:
            ended = (type(error).__name__, str(error))
    return {"stdout": out.getvalue(), "exc_type": ended[0], "exc_msg": ended[1],
            "warnings": [[w.category.__name__, str(w.message)] for w in told]}


def same(want: dict[str, Any], got: dict[str, Any]) -> bool:
    """Return whether a run printed and ended as recorded, with the same warnings (where an error arose in forward is not recorded)."""
    plain = [[kind, text] for kind, text in want["warnings"] if not text.startswith("Error detected in")]
    return all(want[key] == got[key] for key in ("stdout", "exc_type", "exc_msg")) and plain == got["warnings"]
