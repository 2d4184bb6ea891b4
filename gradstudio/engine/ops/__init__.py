"""The rows of the op table, one file a category. Importing this package fills the table; palette order is the order here."""

from gradstudio.engine.ops import arithmetic, functions, rounding, choice, control, shape, indexing, lookup, reduction, extreme, statistics, matrix, linear, activation, softmax, smooth, bounded, loss, classification, comparison, in_place, testing  # noqa: F401, I001
