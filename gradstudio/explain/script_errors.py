"""What Python and the script refuse: `.grad` that is None, checks that do not hold, ops that are not known."""

from __future__ import annotations

import re

from gradstudio.document.calls import Backward, ZeroGrad
from gradstudio.explain.explanation import Explanation
from gradstudio.explain.failed import Failed
from gradstudio.explain.flow import resolve
from gradstudio.explain.wording import cut
from gradstudio.session.trace import TensorKey


def zero_of_none(failed: Failed, _: re.Match[str]) -> Explanation:
    """`zero_()` on a `.grad` that nothing has written."""
    empty = _empty_target(failed)
    label = failed.label(empty) if empty else "x"
    words = f"{label}.grad is None: no backward has written to it yet. None has no zero_(); it is not the same as 0.0."
    first = failed.before("Run backward first", "Then there is a .grad to zero", Backward(id="", automatic=True))
    return failed.explain(
        "zero_of_none", f"{label} has no .grad to zero", words, failed.skip(), first, failed.go_back(), node=empty[0] if empty else None
    )


def _empty_target(failed: Failed) -> TensorKey | None:
    if failed.at:
        return failed.at, 0
    targets = failed.call.targets if isinstance(failed.call, ZeroGrad) else ()
    keys = [key for ref in targets if (key := resolve(failed.document, ((ref.source,), ref.out)))]
    return next((key for key in keys if key not in failed.state.grads), None)


def not_close(failed: Failed, _: re.Match[str]) -> Explanation:
    """A check left in the graph does not hold."""
    return failed.explain(
        "not_close", "A check does not hold", f"assert_close compared {failed.shapes()} and found them different.", failed.show()
    )


def unknown_op(failed: Failed) -> Explanation:
    """The document holds an op that this program does not have."""
    name = cut(failed.node.op)
    words = (
        f"This document uses “{name}”, which this version of GradStudio does not have. Nothing was changed; the rest of the graph was run."
    )
    return failed.explain("unknown_op", f"“{name}” is not known here", words, failed.show())


RULES = (
    (r"'NoneType' object has no attribute 'zero_'", zero_of_none),
    (r"Tensor-likes are not (close|equal)|Scalars are not (close|equal)", not_close),
)
