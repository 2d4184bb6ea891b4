"""Anomaly mode: stop backward at the first nan."""
from __future__ import annotations

import warnings

from gradstudio.engine import modes

WARNING = ("Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.")
_state = [False, True]  # enabled, check_nan


def _set(enabled: bool, check_nan: bool) -> None:
    _state[:] = [enabled, check_nan]
    modes.check_nan = enabled and check_nan


def is_anomaly_enabled() -> bool:
    """Return whether anomaly mode is on."""
    return _state[0]


def is_anomaly_check_nan_enabled() -> bool:
    """Return whether anomaly mode, when on, looks for nan."""
    return _state[1]


class set_detect_anomaly:  # noqa: N801
    """Switch anomaly mode at once; as a context manager put it back at the end."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = tuple(_state)
        _set(mode, check_nan)

    def __enter__(self) -> None:
        """Nothing more to do: the mode was set when this was made."""

    def __exit__(self, *error: object) -> None:
        _set(*self.before)


class detect_anomaly:  # noqa: N801
    """Anomaly mode inside, with PyTorch's warning that it is slow."""

    def __init__(self, check_nan: bool = True) -> None:
        self.before = tuple(_state)
        self.check_nan = check_nan
        warnings.warn(WARNING, UserWarning, stacklevel=2)

    def __enter__(self) -> None:
        self.before = tuple(_state)
        _set(True, self.check_nan)

    def __exit__(self, *error: object) -> None:
        _set(*self.before)
