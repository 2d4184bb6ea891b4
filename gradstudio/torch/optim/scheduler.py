"""What all rules for the learning rate have in common: when the rate is set, what is kept, what is said of calls in the wrong order."""
from __future__ import annotations

import warnings
from typing import Any

from gradstudio.torch.optim.optimizer import Optimizer

ORDER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should call them in the opposite "
    "order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in PyTorch skipping the first value of the "
    "learning rate schedule. See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)


class LRScheduler:
    """Sets the rate of each group after every `step`. Subclasses say what the next rate is."""

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count, self._is_initial, self._get_lr_called_within_step = 0, False, False
        self.start()

    def start(self) -> None:
        """Take the first step, which sets the rates to begin with."""
        self._step_count, self._is_initial = 0, True
        self.step()
        self._is_initial = False

    def get_last_lr(self) -> list[float]:
        """Return the rates now in force."""
        return self._last_lr

    def get_lr(self) -> list[float]:
        """Return the rates for `last_epoch`, from those of the epoch before."""
        raise NotImplementedError

    def closed_lr(self) -> list[float]:
        """Return the rates for `last_epoch`, whatever went before; as `get_lr` where there is no such formula."""
        return self.get_lr()

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch, or to one."""
        if self._step_count == 1 and not self.optimizer.was_stepped:
            warnings.warn(ORDER, UserWarning, stacklevel=2)
        self._step_count += 1
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self.set_rates(self.get_lr() if epoch is None else self.closed_lr())

    def set_rates(self, rates: list[float]) -> None:
        """Give each group its rate."""
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr
        self._last_lr = self.rates()

    def rates(self) -> list[float]:
        """Return the rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on later."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state dict."""
        self.__dict__.update(state_dict)
