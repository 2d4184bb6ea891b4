"""The rows of the op table, one file a kind. Importing a file enters its rows; `op.load` imports them all."""

KINDS = (  # in palette order
    "arithmetic", "functions", "complex_numbers", "special", "pairs", "mixing", "rounding", "choice", "limits", "control", "shape",
    "rearranging", "padding", "resampling", "pooling", "adaptive", "volumes", "columns", "indexing", "lookup", "scatter", "diagonals",
    "strided", "memory", "slices", "masks", "positions", "reduction", "extreme", "sorting", "statistics", "moments", "cumulative",
    "norms", "matrix", "linear", "products", "solving", "decomposition", "factoring", "pseudo_inverse", "matrix_exponential",
    "determinant", "contraction", "convolution", "distance", "activation", "softmax", "smooth", "attention", "bounded", "piecewise",
    "exponential", "normalization_backward", "normalization", "loss", "classification", "robust", "ranking", "comparison",
    "in_place", "in_place_indexed", "shape_in_place", "testing", "distinct", "gates", "margins", "bags",
)  # fmt: skip
