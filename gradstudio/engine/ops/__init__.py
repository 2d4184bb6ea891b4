"""The rows of the op table, one file a category. Importing this package fills the table; palette order is the order here."""

from gradstudio.engine.ops import arithmetic, control, shape, indexing, reduction, matrix, activation, loss, comparison, in_place  # noqa: F401, I001
