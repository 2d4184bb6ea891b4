"""The rows of the op table, one file a category. Importing this package fills the table; palette order is the order here."""

from gradstudio.engine.ops import arithmetic, choice, control, shape, indexing, reduction, extreme, matrix, linear, activation, softmax, smooth, loss, classification, comparison, in_place, testing  # noqa: F401, I001
