"""Record what PyTorch computes, as digests of bits: PYTHON -m tests.data.record_bits > tests/data/bits.json, PYTHON having torch."""

import json

import torch
import torch.nn.functional as functional

from tests.torch.bit_cases import ROWS, cases, digests

torch.set_num_threads(1)
print(json.dumps({f"{name}, {n} rows": digests(torch, draws, function, n)
                  for name, (draws, function) in cases(torch, functional).items() for n in ROWS}, indent=0))
