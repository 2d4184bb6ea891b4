"""Plain wires as numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradstudio.app.canvas.wire_runs import hull, hulls

PLACES = st.floats(-3000, 3000, allow_nan=False)


@given(PLACES, PLACES, PLACES, PLACES)
def test_the_hull_of_one_wire_is_that_of_many(x, y, right, bottom):
    assert hull(x, y, right, bottom) == tuple(hulls(np.array([[x, y, right, bottom]]))[0].tolist())
