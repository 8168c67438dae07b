"""The learning rate at every update, the regularization of every epoch, the switch to SGD.

Time is measured in epochs as a real number, t = step / steps_per_epoch, so that a schedule
does not depend on the batch size. A whole epoch is computed at once, by numpy: for some tens of
steps a call of torch takes three times as long.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.training.config import TrainingConfig

Array: TypeAlias = NDArray[np.float64]

ONE_CYCLE_RISE: Final = 0.3
"""Share of a one-cycle schedule before its peak, as in torch's OneCycleLR."""

ONE_CYCLE_START: Final = 1 / 25
"""First learning rate over the peak, as in torch's OneCycleLR."""

ONE_CYCLE_END: Final = ONE_CYCLE_START / 1e4
"""Last learning rate over the peak, as in torch's OneCycleLR."""

COSLOG_GROWTH: Final = 15
"""2^4 - 1, so that log2(1 + 15 t) runs from 0 to 4: four cycles (Holzmüller et al. 2024)."""


def switch_epoch(training: TrainingConfig) -> int | None:
    """Epochs trained before SGD with momentum takes over; None without switch_to_sgd."""
    if training.schedule != "switch_to_sgd":
        return None
    return max(1, round(training.switch_fraction * training.max_epochs))


def optimizer_at(training: TrainingConfig, epoch: int) -> str:
    """The optimizer in use during an epoch (from 1): "momentum" after a switch_to_sgd."""
    switch = switch_epoch(training)
    return training.optimizer if switch is None or epoch <= switch else "momentum"


def _constant(share: Array, decay: float) -> Array:
    return np.ones_like(share)


def _exponential(share: Array, decay: float) -> Array:
    return np.power(10.0, -share / decay)


def _step(share: Array, decay: float) -> Array:
    # The small term: 3 * 0.1 / 0.1 counts as three spans, though it is 2.9999999999999996.
    return np.power(10.0, -np.floor(share / decay + 1e-9))


def _cosine(share: Array, decay: float) -> Array:
    """Loshchilov & Hutter 2017 (SGDR), without restarts."""
    return 0.5 * (1 + np.cos(math.pi * share))


def _one_cycle(share: Array, decay: float) -> Array:
    """Smith & Topin 2018, "Super-Convergence": up, down, and far below the start.

    Both legs are half cosines. The momentum is not cycled, since not every optimizer has one.
    """
    rising = share < ONE_CYCLE_RISE
    leg = np.where(rising, share / ONE_CYCLE_RISE, (share - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE))
    low = np.where(rising, ONE_CYCLE_START, ONE_CYCLE_END)
    height = np.where(rising, 1 - np.cos(math.pi * leg), 1 + np.cos(math.pi * leg)) / 2
    return low + (1 - low) * height


def _coslog(share: Array, decay: float) -> Array:
    """Holzmüller et al. 2024, "Better by Default" (RealMLP), section 3: four cycles.

    Each but the first is about twice as long as the one before, and all rise from 0 and fall to 0.
    """
    return 0.5 * (1 - np.cos(2 * math.pi * np.log2(1 + COSLOG_GROWTH * share)))


def flat_cosine(share: Array) -> Array:
    """1 for the first half, then half a cosine to 0, from the share of max_epochs passed.

    Source:
        Holzmüller et al. 2024, "Better by Default" (RealMLP), section 3, flat_cos.
    """
    return 0.5 * (1 + np.cos(math.pi * np.maximum(2 * share - 1, 0.0)))


def _flat_cosine(share: Array, decay: float) -> Array:
    return flat_cosine(share)


FACTORS: Final = {
    "constant": _constant,
    "exponential": _exponential,
    "step": _step,
    "cosine": _cosine,
    "one_cycle": _one_cycle,
    # SGD goes on with the same learning rate; with momentum m its steps are longer by 1 / (1 - m).
    "switch_to_sgd": _constant,
    "coslog": _coslog,
    "flat_cosine": _flat_cosine,
}
"""Schedule -> factor on the learning rate, from the share of max_epochs that has passed."""


def learning_rates(
    training: TrainingConfig, steps_per_epoch: int, first_step: int, n_steps: int
) -> Array:
    """The learning rates of the next updates of a run.

    At step s (from 0) it is learning_rate x factor x warm-up, where the factor of the schedule is
    taken at t = s / steps_per_epoch, and the warm-up rises linearly to 1 over warmup_fraction of
    max_epochs (Goyal et al. 2017, section 2.2).

    Args:
        first_step: updates that the run has done.

    Shape:
        result: (n_steps,) float64.
    """
    n_total = training.max_epochs * steps_per_epoch
    steps = np.arange(first_step, first_step + n_steps, dtype=np.float64)
    share = np.minimum(steps / n_total, 1.0)  # beyond max_epochs it stays at the end
    factor = FACTORS[training.schedule](share, training.decay_fraction)
    rates = training.learning_rate * factor
    n_warmup = training.warmup_fraction * n_total
    if n_warmup > 1:
        rates *= np.minimum((steps + 1) / n_warmup, 1.0)
    return rates


def regularization_factor(training: TrainingConfig, epoch: int) -> float:
    """What weight decay and the probabilities of dropout are multiplied by in an epoch (from 1).

    That of flat_cosine is taken where the epoch begins, t = (epoch - 1) / max_epochs, and holds
    for all of its updates, so that a mask is a function of seed, step and epoch.
    """
    if training.regularization_schedule == "constant":
        return 1.0
    share = min((epoch - 1) / training.max_epochs, 1.0)
    return float(flat_cosine(np.array(share)))


def regularization_factors(
    training: TrainingConfig, steps_per_epoch: int, first_step: int, n_steps: int
) -> Array:
    """The same at each of the next updates of a run; arguments as of `learning_rates`.

    Shape:
        result: (n_steps,) float64.
    """
    first, last = first_step // steps_per_epoch, (first_step + n_steps - 1) // steps_per_epoch
    of_epochs = [regularization_factor(training, epoch + 1) for epoch in range(first, last + 1)]
    start = first_step - first * steps_per_epoch
    return np.repeat(of_epochs, steps_per_epoch)[start : start + n_steps]
