"""Closer: one cell of a contribution in words: the products and the sum that made it, and the axes that were summed."""

from __future__ import annotations

from gradstudio.explain.wording import listed, number
from gradstudio.session.microscope import Look

FEW = 3  # products that are written out
CAUSES = {
    "broadcast": "broadcast in forward, so what comes back is summed",
    "reduced": "reduced in forward, so every cell gets what the one output got",
    "product": "of the upstream, summed by the product",
}


def closer(look: Look) -> tuple[str, str]:
    """Return `[1, 0]  4.0 = 0.5 × 2.0 + 1.0 × 3.0`, and which axes it is about, or how many outputs read the cell."""
    products = [f"{number(p.upstream)} × {number(p.local)}" for p in look.products[:FEW]]
    more = [f"{look.count - FEW} more"] if look.count > FEW else []
    sum_ = " + ".join(products + more)
    cell = f"[{', '.join(map(str, look.cell))}]  " if look.cell else ""
    return f"{cell}{number(look.total)}{' = ' if products else ''}{sum_}", _axes(look)


def _axes(look: Look) -> str:
    if not look.axes:
        return "one output reads this cell" if look.count == 1 else f"{look.count or 'no'} outputs read this cell"
    names = listed(f"axis {axis} ({size})" for axis, size in look.axes)
    return f"{names}: {CAUSES[look.why]}"
