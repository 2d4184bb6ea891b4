"""Record what PyTorch says to calls of every spelling that end too early: `python record_required.py > required.json` (needs torch).

Each spelling of the op table is called with the first 0, 1, 2, ... of its arguments, taken from the row's first sample; what is kept is
the first line of the TypeErrors. Run it as PYTHONPATH=. python tests/data/record_required.py > tests/data/required.json
"""
import json
import sys
import warnings

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (short, as spellings have it)

from gradstudio.engine import TABLE
from gradstudio.torch import spellings


def made(value):
    """Return a sample's operand or attr as PyTorch takes it."""
    if isinstance(value, tuple) and any(isinstance(v, np.ndarray) for v in value):
        return tuple([made(v) for v in value])
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def found_at(place, name):
    """Return PyTorch's function or method, None if there is none."""
    where = {"torch": torch, "F": F, "method": torch.Tensor}[place]
    for part in name.split("."):
        where = getattr(where, part, None)
    return where


def refused(function, args):
    """Return the first line of the TypeError that a call raises, None if it raises another or nothing."""
    try:
        function(*args)
    except TypeError as error:
        return str(error).partition("\n")[0]
    except Exception:  # other errors are not about missing arguments
        return None
    return None


def recorded(op, place, name, order):
    """Return [row, place, name, how many arguments, words] for the calls of a spelling that PyTorch refuses."""
    values = {i.name: made(v) for i, v in zip(op.inputs, op.samples[0].operands, strict=False)}
    values |= {a.name: a.default for a in op.attrs} | dict(op.samples[0].attrs or {})
    function, args = found_at(place, name), [values.get(n) for n in order]
    if function is None:
        return []
    said = [(count, refused(function, args[:count])) for count in range(int(place == "method"), len(args))]
    return [[op.name, place, name, count, words] for count, words in said if words]


def main():
    warnings.simplefilter("ignore")
    calls = [(op, *spelled) for op in TABLE.values() if op.samples and not op.mutates for spelled in spellings.spelled(op)]
    cases = [case for op, place, name, order in calls if place != "property" and not any("*{" in t for t in op.torch)
             for case in recorded(op, place, name, order)]
    sys.stdout.write(json.dumps({"torch": torch.__version__, "cases": cases}).replace('[["', '[\n["').replace(', ["', ',\n["') + "\n")


if __name__ == "__main__":
    main()
