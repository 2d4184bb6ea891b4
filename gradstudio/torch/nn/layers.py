"""Layers without parameters, activations and losses: each is a row that names a function of `nn.functional` and its settings."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from gradstudio.torch.nn import dropouts, functional, losses
from gradstudio.torch.nn.arguments import REQUIRED, bound
from gradstudio.torch.nn.module import Module

BUFFERS = "weight", "pos_weight"  # settings of losses that are saved with a model
FORMER = "size_average", "reduce"  # what losses had before `reduction`
TRAINED = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "rrelu")  # know training


class Simple(Module):
    """A module that calls one function with its settings. `shown` are the settings in its text; a bare one shows its value only."""

    row: ClassVar[str]  # the name of the class, or of the one that it extends
    function: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]]
    shown: ClassVar[tuple[str, ...]]

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__()
        given = bound(self.row, self.settings, args, named)
        former = [given.pop(name, None) for name in FORMER]
        if former != [None, None]:
            given["reduction"] = losses.former_way(*former)
        for name, value in given.items():
            if name in BUFFERS:
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)
        if "Dropout" in type(self).__name__:
            dropouts.check(self.p)
        if getattr(self, "stride", 1) is None and "LP" not in type(self).__name__:
            self.stride = self.kernel_size

    def forward(self, *inputs: Any) -> Any:
        """Call the function."""
        settings = {name: default for name, default in self.settings.items() if name not in FORMER}
        chosen = {name: getattr(self, name) for name, default in settings.items() if getattr(self, name) is not default}
        if self.function in TRAINED:
            chosen["training"] = self.training
        return getattr(functional, self.function)(*inputs, **chosen)

    def extra_repr(self) -> str:
        words = []
        for name in self.shown:
            if name == "inplace?":
                words += ["inplace=True"] if getattr(self, "inplace", False) else []
            elif name.startswith("="):
                words.append(str(getattr(self, name[1:])))
            else:
                words.append(f"{name}={getattr(self, name)!r}")
        return ", ".join(words)


IN_PLACE: dict[str, Any] = {"inplace": False}
FORMERLY: dict[str, Any] = dict.fromkeys(FORMER)
WAY: dict[str, Any] = {"reduction": "mean"}
LOSS: dict[str, Any] = {**FORMERLY, **WAY}
# name: function, settings with their defaults, settings shown
ROWS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "ReLU": ("relu", IN_PLACE, ("inplace?",)),
    "ReLU6": ("relu6", IN_PLACE, ("inplace?",)),
    "ELU": ("elu", {"alpha": 1.0, **IN_PLACE}, ("alpha", "inplace?")),
    "CELU": ("celu", {"alpha": 1.0, **IN_PLACE}, ("alpha", "inplace?")),
    "SELU": ("selu", IN_PLACE, ("inplace?",)),
    "GELU": ("gelu", {"approximate": "none"}, ("approximate",)),
    "SiLU": ("silu", IN_PLACE, ("inplace?",)),
    "Mish": ("mish", IN_PLACE, ("inplace?",)),
    "Hardtanh": ("hardtanh", {"min_val": -1.0, "max_val": 1.0, **IN_PLACE}, ("min_val", "max_val", "inplace?")),
    "Hardsigmoid": ("hardsigmoid", IN_PLACE, ()),
    "Hardswish": ("hardswish", IN_PLACE, ()),
    "LeakyReLU": ("leaky_relu", {"negative_slope": 0.01, **IN_PLACE}, ("negative_slope", "inplace?")),
    "Softplus": ("softplus", {"beta": 1.0, "threshold": 20.0}, ("beta", "threshold")),
    "Softshrink": ("softshrink", {"lambd": 0.5}, ("=lambd",)),
    "Hardshrink": ("hardshrink", {"lambd": 0.5}, ("=lambd",)),
    "Threshold": ("threshold", {"threshold": REQUIRED, "value": REQUIRED, **IN_PLACE}, ("threshold", "value", "inplace?")),
    "Sigmoid": ("sigmoid", {}, ()),
    "Tanh": ("tanh", {}, ()),
    "LogSigmoid": ("logsigmoid", {}, ()),
    "Softsign": ("softsign", {}, ()),
    "Tanhshrink": ("tanhshrink", {}, ()),
    "GLU": ("glu", {"dim": -1}, ("dim",)),
    "Softmax": ("softmax", {"dim": None}, ("dim",)),
    "LogSoftmax": ("log_softmax", {"dim": None}, ("dim",)),
    "Softmin": ("softmin", {"dim": None}, ("dim",)),
    "Dropout": ("dropout", {"p": 0.5, **IN_PLACE}, ("p", "inplace")),
    **{f"Dropout{n}d": (f"dropout{n}d", {"p": 0.5, **IN_PLACE}, ("p", "inplace")) for n in (1, 2, 3)},
    "AlphaDropout": ("alpha_dropout", {"p": 0.5, **IN_PLACE}, ("p", "inplace")),
    "FeatureAlphaDropout": ("feature_alpha_dropout", {"p": 0.5, **IN_PLACE}, ("p", "inplace")),
    "RReLU": ("rrelu", {"lower": 1.0 / 8, "upper": 1.0 / 3, **IN_PLACE}, ("lower", "upper", "inplace?")),
    "LocalResponseNorm": ("local_response_norm", {"size": REQUIRED, "alpha": 1e-4, "beta": 0.75, "k": 1.0},
                          ("=size", "alpha", "beta", "k")),
    "MaxPool1d": ("max_pool1d", {"kernel_size": REQUIRED, "stride": None, "padding": 0, "dilation": 1, "return_indices": False,
                                 "ceil_mode": False}, ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    "MaxPool2d": ("max_pool2d", {"kernel_size": REQUIRED, "stride": None, "padding": 0, "dilation": 1, "return_indices": False,
                                 "ceil_mode": False}, ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    "AvgPool2d": ("avg_pool2d", {"kernel_size": REQUIRED, "stride": None, "padding": 0, "ceil_mode": False, "count_include_pad": True,
                                 "divisor_override": None}, ("kernel_size", "stride", "padding")),
    "AdaptiveAvgPool1d": ("adaptive_avg_pool1d", {"output_size": REQUIRED}, ("output_size",)),
    "AdaptiveAvgPool2d": ("adaptive_avg_pool2d", {"output_size": REQUIRED}, ("output_size",)),
    "AdaptiveAvgPool3d": ("adaptive_avg_pool3d", {"output_size": REQUIRED}, ("output_size",)),
    "MaxPool3d": ("max_pool3d", {"kernel_size": REQUIRED, "stride": None, "padding": 0, "dilation": 1, "return_indices": False,
                                 "ceil_mode": False}, ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    "AvgPool3d": ("avg_pool3d", {"kernel_size": REQUIRED, "stride": None, "padding": 0, "ceil_mode": False, "count_include_pad": True,
                                 "divisor_override": None}, ("kernel_size", "stride", "padding")),
    **{f"AdaptiveMaxPool{k}d": (f"adaptive_max_pool{k}d", {"output_size": REQUIRED, "return_indices": False}, ("output_size",))
       for k in (1, 2, 3)},
    **{f"LPPool{k}d": (f"lp_pool{k}d", {"norm_type": REQUIRED, "kernel_size": REQUIRED, "stride": None, "ceil_mode": False},
                       ("norm_type", "kernel_size", "stride", "ceil_mode")) for k in (1, 2, 3)},
    "Unfold": ("unfold", {"kernel_size": REQUIRED, "dilation": 1, "padding": 0, "stride": 1},
               ("kernel_size", "dilation", "padding", "stride")),
    "Fold": ("fold", {"output_size": REQUIRED, "kernel_size": REQUIRED, "dilation": 1, "padding": 0, "stride": 1},
             ("output_size", "kernel_size", "dilation", "padding", "stride")),
    "PixelShuffle": ("pixel_shuffle", {"upscale_factor": REQUIRED}, ("upscale_factor",)),
    "PixelUnshuffle": ("pixel_unshuffle", {"downscale_factor": REQUIRED}, ("downscale_factor",)),
    "ChannelShuffle": ("channel_shuffle", {"groups": REQUIRED}, ("groups",)),
    "CosineSimilarity": ("cosine_similarity", {"dim": 1, "eps": 1e-8}, ()),
    "PairwiseDistance": ("pairwise_distance", {"p": 2.0, "eps": 1e-6, "keepdim": False}, ()),
    "L1Loss": ("l1_loss", LOSS, ()),
    "MSELoss": ("mse_loss", LOSS, ()),
    "SmoothL1Loss": ("smooth_l1_loss", {**LOSS, "beta": 1.0}, ()),
    "HuberLoss": ("huber_loss", {**WAY, "delta": 1.0}, ()),
    "CrossEntropyLoss": ("cross_entropy", {"weight": None, "size_average": None, "ignore_index": -100, "reduce": None, **WAY,
                                            "label_smoothing": 0.0}, ()),
    "NLLLoss": ("nll_loss", {"weight": None, "size_average": None, "ignore_index": -100, "reduce": None, **WAY}, ()),
    "BCELoss": ("binary_cross_entropy", {"weight": None, **LOSS}, ()),
    "BCEWithLogitsLoss": ("binary_cross_entropy_with_logits", {"weight": None, **LOSS, "pos_weight": None}, ()),
    "KLDivLoss": ("kl_div", {**LOSS, "log_target": False}, ()),
    "HingeEmbeddingLoss": ("hinge_embedding_loss", {"margin": 1.0, **LOSS}, ()),
    "MarginRankingLoss": ("margin_ranking_loss", {"margin": 0.0, **LOSS}, ()),
    "MultiMarginLoss": ("multi_margin_loss", {"p": 1, "margin": 1.0, "weight": None, **LOSS}, ()),
    "MultiLabelMarginLoss": ("multilabel_margin_loss", LOSS, ()),
    "MultiLabelSoftMarginLoss": ("multilabel_soft_margin_loss", {"weight": None, **LOSS}, ()),
    "SoftMarginLoss": ("soft_margin_loss", LOSS, ()),
    "CosineEmbeddingLoss": ("cosine_embedding_loss", {"margin": 0.0, **LOSS}, ()),
    "TripletMarginLoss": ("triplet_margin_loss", {"margin": 1.0, "p": 2.0, "eps": 1e-6, "swap": False, **LOSS}, ()),
    "PoissonNLLLoss": ("poisson_nll_loss", {"log_input": True, "full": False, "size_average": None, "eps": 1e-8, "reduce": None, **WAY},
                       ()),
    "GaussianNLLLoss": ("gaussian_nll_loss", {"full": False, "eps": 1e-6, **WAY}, ()),
}


# Where PyTorch defines the class of a name with this part.
HOMES = {"Loss": "loss", "Dropout": "dropout", "Pool": "pooling", "Unfold": "fold", "Fold": "fold", "ChannelShuffle": "channelshuffle",
         "huffle": "pixelshuffle",
         "ResponseNorm": "normalization", "Similarity": "distance", "Distance": "distance"}


def _named(name: str) -> type[Simple]:
    function, settings, shown = ROWS[name]
    home = next((home for part, home in HOMES.items() if part in name), "activation")
    body = {"row": name, "function": function, "settings": settings, "shown": shown, "__doc__": f"`F.{function}` as a module.",
            "__module__": f"torch.nn.modules.{home}"}
    return type(name, (Simple,), body)


LAYERS: dict[str, type[Simple]] = {name: _named(name) for name in ROWS}


class TripletMarginWithDistanceLoss(Module):
    """`F.triplet_margin_with_distance_loss` as a module."""

    def __init__(self, *, distance_function: Callable[[Any, Any], Any] | None = None, margin: float = 1.0, swap: bool = False,
                 reduction: str = "mean") -> None:  # fmt: skip
        super().__init__()
        if margin <= 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead")
        self.reduction, self.margin, self.swap = reduction, margin, swap
        self.distance_function = distance_function if distance_function is not None else LAYERS["PairwiseDistance"]()

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Return the loss."""
        return functional.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function, margin=self.margin, swap=self.swap,
            reduction=self.reduction)


class Identity(Module):
    """Gives back what it is given; takes and ignores any arguments."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """Return the input."""
        return input


class Flatten(Module):
    """Joins dims, by default all but the first."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        """Return the flattened input."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits one dim into several."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Any) -> Any:
        """Return the input with the dim split."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
