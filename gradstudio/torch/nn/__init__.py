"""`torch.nn`: modules, layers, losses, parameters."""
from __future__ import annotations

from typing import Any

from gradstudio.torch.nn import functional, init, utils
from gradstudio.torch.nn.attention import MultiheadAttention, NonDynamicallyQuantizableLinear
from gradstudio.torch.nn.bags import EmbeddingBag
from gradstudio.torch.nn.containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from gradstudio.torch.nn.convolutional import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from gradstudio.torch.nn.layers import LAYERS, Flatten, Identity, TripletMarginWithDistanceLoss, Unflatten
from gradstudio.torch.nn.module import Module
from gradstudio.torch.nn.normalized import (
    BatchNorm3d,
    Bilinear,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    RMSNorm,
)
from gradstudio.torch.nn.parameter import Parameter
from gradstudio.torch.nn.recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from gradstudio.torch.nn.resized import PADS, AvgPool1d, Softmax2d, Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from gradstudio.torch.nn.transformer import (
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)
from gradstudio.torch.nn.weighted import BatchNorm1d, BatchNorm2d, Embedding, LayerNorm, Linear, PReLU

__all__ = ["GRU", "LSTM", "RNN", "AvgPool1d", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "Bilinear", "Conv1d", "Conv2d",
           "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Embedding", "EmbeddingBag", "Flatten", "GRUCell",
           "GroupNorm", "Identity", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LSTMCell", "LayerNorm", "Linear",
           "Module", "ModuleDict", "ModuleList", "MultiheadAttention", "PReLU", "Parameter", "ParameterDict", "ParameterList",
           "RMSNorm", "RNNCell", "Sequential", "Softmax2d", "Transformer", "TransformerDecoder", "TransformerDecoderLayer",
           "TransformerEncoder", "TransformerEncoderLayer", "TripletMarginWithDistanceLoss", "Unflatten", "Upsample",
           "UpsamplingBilinear2d", "UpsamplingNearest2d", "functional", "init", "utils"]
__all__ += [*LAYERS, *PADS]
globals().update(LAYERS | PADS)
# Where PyTorch defines its classes: what `print(type(module))` shows.
HOMES: dict[str, tuple[type, ...]] = {
    "linear": (Linear, Identity, Bilinear, NonDynamicallyQuantizableLinear), "sparse": (Embedding, EmbeddingBag),
    "loss": (TripletMarginWithDistanceLoss,),
    "activation": (PReLU, Softmax2d, MultiheadAttention),
    "normalization": (LayerNorm, GroupNorm, RMSNorm),
    "flatten": (Flatten, Unflatten), "batchnorm": (BatchNorm1d, BatchNorm2d, BatchNorm3d),
    "instancenorm": (InstanceNorm1d, InstanceNorm2d, InstanceNorm3d), "pooling": (AvgPool1d,),
    "upsampling": (Upsample, UpsamplingNearest2d, UpsamplingBilinear2d),
    "transformer": (Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder, TransformerEncoderLayer),
    "rnn": (RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell),
    "conv": (Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d), "module": (Module,),
    "container": (ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential)}
for _home, _kinds in HOMES.items():
    for _kind in _kinds:
        _kind.__module__ = f"torch.nn.modules.{_home}"


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'torch.nn' has no attribute '{name}'")
