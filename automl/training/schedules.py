"""The learning rate at every update, and where switch_to_sgd switches.

Time is measured in epochs as a real number, t = step / steps_per_epoch, so that a schedule
does not depend on the batch size. `Schedules` computes whole epochs of K runs at once; the
plain trainer uses it with K = 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from automl.training.config import TrainingConfig

ONE_CYCLE_RISE: Final = 0.3
"""Share of a one-cycle schedule before its peak, as in torch's OneCycleLR."""

ONE_CYCLE_START: Final = 1 / 25
"""First learning rate over the peak, as in torch's OneCycleLR."""

ONE_CYCLE_END: Final = ONE_CYCLE_START / 1e4
"""Last learning rate over the peak, as in torch's OneCycleLR."""


def switch_epoch(training: TrainingConfig) -> int | None:
    """Epochs trained before SGD with momentum takes over; None without switch_to_sgd."""
    if training.schedule != "switch_to_sgd":
        return None
    return max(1, round(training.switch_fraction * training.max_epochs))


def optimizer_at(training: TrainingConfig, epoch: int) -> str:
    """The optimizer in use during an epoch (from 1): "momentum" after a switch_to_sgd."""
    switch = switch_epoch(training)
    return training.optimizer if switch is None or epoch <= switch else "momentum"


def _constant(share: Tensor, decay: Tensor) -> Tensor:
    return torch.ones_like(share)


def _exponential(share: Tensor, decay: Tensor) -> Tensor:
    return torch.pow(10.0, -share / decay)


def _step(share: Tensor, decay: Tensor) -> Tensor:
    # The small term: 3 * 0.1 / 0.1 counts as three spans, though it is 2.9999999999999996.
    return torch.pow(10.0, -torch.floor(share / decay + 1e-9))


def _cosine(share: Tensor, decay: Tensor) -> Tensor:
    """Loshchilov & Hutter 2017 (SGDR), without restarts."""
    return 0.5 * (1 + torch.cos(math.pi * share))


def _one_cycle(share: Tensor, decay: Tensor) -> Tensor:
    """Smith & Topin 2018, "Super-Convergence": up, down, and far below the start.

    Both legs are half cosines. The momentum is not cycled, since not every optimizer has one.
    """
    rising = share < ONE_CYCLE_RISE
    leg = torch.where(
        rising, share / ONE_CYCLE_RISE, (share - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE)
    )
    low = torch.where(rising, ONE_CYCLE_START, ONE_CYCLE_END)
    height = torch.where(rising, 1 - torch.cos(math.pi * leg), 1 + torch.cos(math.pi * leg)) / 2
    return low + (1 - low) * height


FACTORS: Final = {
    "constant": _constant,
    "exponential": _exponential,
    "step": _step,
    "cosine": _cosine,
    "one_cycle": _one_cycle,
    # SGD goes on with the same learning rate; with momentum m its steps are longer by 1 / (1 - m).
    "switch_to_sgd": _constant,
}
"""Schedule -> factor on the learning rate, from the share of max_epochs that has passed."""


@dataclass(frozen=True, slots=True)
class Schedules:
    """The learning rates of K runs.

    `learning_rates` at step s (from 0) is learning_rate x factor x warm-up, where the factor
    of the run's schedule is taken at t = s / steps_per_epoch, and the warm-up rises linearly
    to 1 over warmup_fraction of max_epochs (Goyal et al. 2017, section 2.2).
    """

    trainings: tuple[TrainingConfig, ...]
    steps_per_epoch: int
    _base: Tensor  # (K, 1), as the next ones
    _total: Tensor  # steps in max_epochs
    _decay: Tensor
    _warmup: Tensor  # steps of warm-up

    @classmethod
    def of(cls, trainings: Sequence[TrainingConfig], steps_per_epoch: int) -> Schedules:
        """The schedules of runs that take equally many steps per epoch."""
        total = _column([training.max_epochs * steps_per_epoch for training in trainings])
        return cls(
            tuple(trainings),
            steps_per_epoch,
            _base=_column([training.learning_rate for training in trainings]),
            _total=total,
            _decay=_column([training.decay_fraction for training in trainings]),
            _warmup=_column([training.warmup_fraction for training in trainings]) * total,
        )

    def learning_rates(self, first_steps: Sequence[int], n_steps: int) -> Tensor:
        """Learning rates of the next n_steps updates of each run, on the CPU.

        Shape:
            first_steps: updates that each run has done, K of them; result: (K, n_steps)
            float64.
        """
        steps = _column(first_steps) + torch.arange(n_steps, dtype=torch.float64)
        share = (steps / self._total).clamp(max=1.0)  # beyond max_epochs it stays at the end
        factor = torch.empty_like(share)
        for schedule in {training.schedule for training in self.trainings}:
            chosen = torch.tensor([training.schedule == schedule for training in self.trainings])
            factor[chosen] = FACTORS[schedule](share[chosen], self._decay[chosen])
        warmup = ((steps + 1) / self._warmup.clamp(min=1.0)).clamp(max=1.0)
        return self._base * factor * warmup


def _column(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]
