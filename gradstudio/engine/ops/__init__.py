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
    loss,
    classification,
    comparison,
    in_place,
    testing,
)

__all__ = ["activation", "arithmetic", "bounded", "choice", "classification", "comparison", "control", "extreme", "functions",
           "in_place", "indexing", "linear", "lookup", "loss", "matrix", "reduction", "rounding", "shape", "singular", "smooth", "softmax",
           "statistics", "testing"]
