"""A small PyTorch in numpy: tensors, the op table, backward. Eager, mutable, exact; usable alone."""

import numpy as np

from gradstudio.engine import heap, modes, observe
from gradstudio.engine.apply import call
from gradstudio.engine.backward import backward, grad
from gradstudio.engine.describe import check, derivatives_of, formula, local_derivative, local_derivatives
from gradstudio.engine.gradnode import GradNode, Saved
from gradstudio.engine.modes import GradMode, grad_enabled, set_grad_enabled
from gradstudio.engine.observe import Observer
from gradstudio.engine.op import ROWS, TABLE, Attr, Input, Op, Sample
from gradstudio.engine.operators import install_loading
from gradstudio.engine.queue import Queue
from gradstudio.engine.tensor import AccumulateGrad, Tensor, stored_grad, tensor

np.seterr(all="ignore")  # PyTorch computes nan and inf without a word
heap.settle()
install_loading()

__all__ = ["ROWS", "TABLE", "AccumulateGrad", "Attr", "GradMode", "GradNode", "Input", "Observer", "Op", "Queue", "Sample",
           "Saved", "Tensor", "backward", "call", "check", "derivatives_of", "formula", "grad", "grad_enabled",
           "local_derivative", "local_derivatives", "modes", "observe", "set_grad_enabled", "stored_grad", "tensor"]
