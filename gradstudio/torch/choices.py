"""Choices that a program makes for all of torch: how many threads, only algorithms that repeat. Here all do, in one thread."""
from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from gradstudio.engine import random

PRECISIONS = "highest", "high", "medium"
_chosen: dict[str, Any] = {"deterministic": False, "warn_only": False, "precision": "highest", "threads": 1, "interop_threads": 1}


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Note that results have to repeat; they always do."""
    _chosen.update(deterministic=mode, warn_only=warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """Return what was chosen."""
    return bool(_chosen["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Return what was chosen."""
    return bool(_chosen["warn_only"])


def set_float32_matmul_precision(precision: str) -> None:
    """Note how exact products have to be; they always are as exact as float32 allows. Raise RuntimeError for another word."""
    if precision not in PRECISIONS:
        raise RuntimeError(f"Unknown float32 matmul precision: {precision}")
    _chosen["precision"] = precision


def get_float32_matmul_precision() -> str:
    """Return what was chosen."""
    return str(_chosen["precision"])


def _set_count(name: str) -> Callable[[int], None]:
    def set_count(count: int) -> None:
        """Note how many threads are wanted; there is one."""
        if count <= 0:
            raise RuntimeError(f"set_num_{name} expects a positive integer")
        _chosen[name] = count

    return set_count


def _get_count(name: str) -> Callable[[], int]:
    def get_count() -> int:
        """Return how many threads were chosen."""
        return int(_chosen[name])

    return get_count


def seed() -> int:
    """Seed the default generator with a number that nobody knows, and return it."""
    number = int.from_bytes(os.urandom(8), "little")
    random.manual_seed(number)
    return number


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    use_deterministic_algorithms, are_deterministic_algorithms_enabled, is_deterministic_algorithms_warn_only_enabled,
    set_float32_matmul_precision, get_float32_matmul_precision, seed)}
FUNCTIONS |= {"set_num_threads": _set_count("threads"), "get_num_threads": _get_count("threads"),
              "set_num_interop_threads": _set_count("interop_threads"), "get_num_interop_threads": _get_count("interop_threads")}
