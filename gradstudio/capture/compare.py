"""Comparing: the values and `.grad` that a document gives, with those that a program has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from gradstudio.capture.loops import Rolled
from gradstudio.capture.seen import Known, Seen
from gradstudio.document.graph import Array, Ref
from gradstudio.session.run import Run, run

TOLERANCES = {"float16": (1e-2, 1e-3), "float32": (1e-4, 1e-5)}  # relative, absolute; longer dtypes 1e-7
EXACT = 1e-7


def differences(rolled: Rolled, known: Iterable[Known], raised: Iterable[str] = ()) -> tuple[str, ...]:
    """Return, in words, which of the tensors that a program still has come out otherwise when the document runs, and which errors."""
    made = run(rolled.document)
    ours = Counter(f"{o.error.type}: {o.error.message}" for o in made.trace.outcomes.values() if o.error is not None)
    theirs = Counter(raised)
    found = [f"a call raises {error}" for error in ours - theirs] + [f"no call raises {error}" for error in theirs - ours]
    for each in known:
        ref = rolled.ref(each.ref)
        if ref is not None:
            found += _difference(made, ref, each.seen, grad=False)
            if each.seen.is_leaf and each.seen.requires_grad and not ref.source.startswith("c"):
                found += _difference(made, ref, each.seen.grad, grad=True)
    return tuple(found)


def words(error: Exception) -> str:
    """Return an error as one text."""
    return f"{type(error).__name__}: {error}"


def _difference(made: Run, ref: Ref, seen: Seen | None, grad: bool) -> list[str]:
    key = ((ref.source,), ref.out)
    ours = made.array(key, made.trace.end, grad)
    name = made.labels.label(*key) + ".grad" * grad
    theirs = None if seen is None else seen.value()
    if ours is None or theirs is None:
        return [] if ours is theirs else [f"{name} is {'None' if ours is None else 'there'} in the document, not in the program"]
    return [] if close(ours, theirs) else [f"{name} differs"]


def close(ours: Array, theirs: Array) -> bool:
    """Say whether two arrays are of one shape and dtype, and equal but for rounding."""
    relative, absolute = TOLERANCES.get(theirs.dtype.name, (EXACT, EXACT))
    same = ours.shape == theirs.shape and ours.dtype == theirs.dtype
    return same and bool(np.allclose(ours, theirs, rtol=relative, atol=absolute, equal_nan=True))
