"""The rows of the op table, one file a kind. Importing this package fills the table; palette order is the order here."""

from gradstudio.engine.ops import (  # noqa: I001 (order is palette order)
    arithmetic,
    functions,
    rounding,
    choice,
    control,
    shape,
    indexing,
    lookup,
    reduction,
    extreme,
    statistics,
    singular,
    matrix,
    linear,
    activation,
    softmax,
    smooth,
    bounded,
    piecewise,
    exponential,
    loss,
    classification,
    comparison,
    in_place,
    testing,
)

__all__ = ["activation", "arithmetic", "bounded", "choice", "classification", "comparison", "control", "exponential", "extreme",
           "functions", "in_place", "indexing", "linear", "lookup", "loss", "matrix", "piecewise", "reduction", "rounding",
           "shape", "singular", "smooth", "softmax", "statistics", "testing"]
