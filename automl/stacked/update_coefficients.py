"""The numbers that make seven optimizers one formula, per run and step.

    m += first_weight * (g - m)             c = m, or for nesterov g + momentum * (m - g)
    s += second_weight * (g^2 - s)          w -= c / ((sqrt(s) + offset) * inverse_step)

The moments are running means: momentum's buffer is m / (1 - momentum), Adagrad's sum is
s x (steps done). SGD has first_weight 1, and s = 1 where there is no second moment.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from automl.training.config import TrainingConfig
from automl.training.optimizers import ADAM_BETA1
from automl.training.schedules import Array, learning_rates, regularization_factors

ADAM_EPSILON: Final = 1e-8  # Kingma & Ba 2015, and torch's default, as the next ones
RMSPROP_ALPHA: Final = 0.99
RMSPROP_EPSILON: Final = 1e-8
ADAGRAD_EPSILON: Final = 1e-10

COEFFICIENTS: Final = (
    "first_weight",
    "second_weight",
    "ahead",  # nesterov: how far from g towards m the change lies; else 1
    "offset",
    "inverse_step",
    "decay",  # adamw: what weights are multiplied by
    "weight_decay",  # of the others: what times w is added to the gradient
)

STEPS_TOGETHER: Final = 256
"""Of so many updates the numbers of one run are made at once; one epoch's may be more. A call of
NumPy takes as long for 30 numbers as for one, and twice as long for 256."""


def smallest_square(dtype: torch.dtype) -> float:
    """What second moments start at: its root is 1e-15 in float32, 1e-30 in float64."""
    return 1e-30 if dtype == torch.float32 else 1e-60


def coefficients_of(
    name: str,
    training: TrainingConfig,
    learning_rates: Array,
    first_step: int,
    regularization: Array | float = 1.0,
) -> Array:
    """The formula's numbers for one run at coming updates.

    Args:
        name: the optimizer in use.
        first_step: updates done so far.
        regularization: what weight decay is multiplied by.

    Shape:
        learning_rates: (S,) float64; regularization: (S,) or a number; result: (S, 7)
        float64 in the order of `COEFFICIENTS`.

    Source:
        Kingma & Ba 2015, algorithm 1; Duchi et al. 2011; Tieleman & Hinton 2012, lecture 6.5;
        Sutskever et al. 2013 for nesterov; Loshchilov & Hutter 2019 for adamw's decay.
    """
    n = np.arange(first_step + 1, first_step + len(learning_rates) + 1, dtype=np.float64)
    first: float | Array
    second: float | Array
    offset: float | Array
    decay: float | Array
    coupled: float | Array
    first, second, ahead, offset, decay = 1.0, 0.0, 1.0, 0.0, 1.0
    step, coupled = learning_rates, training.weight_decay * regularization
    if name in ("momentum", "nesterov"):
        first = 1 - training.momentum
        ahead = training.momentum if name == "nesterov" else 1.0
        step = learning_rates / (1 - training.momentum)
    elif name == "adagrad":
        second = 1 / n
        offset, step = ADAGRAD_EPSILON / np.sqrt(n), learning_rates / np.sqrt(n)
    elif name == "rmsprop":
        second, offset = 1 - RMSPROP_ALPHA, RMSPROP_EPSILON
    elif name in ("adam", "adamw"):
        first, second = 1 - ADAM_BETA1, 1 - training.adam_beta2
        correction = np.sqrt(1 - training.adam_beta2**n)
        offset, step = ADAM_EPSILON * correction, learning_rates * correction
        step = step / (1 - ADAM_BETA1**n)
        if name == "adamw":
            decay, coupled = 1 - learning_rates * coupled, 0.0
    # A learning rate of exactly 0 gives an infinite inverse, and so an update of exactly 0.
    with np.errstate(divide="ignore"):
        inverse = 1 / step
    result = np.empty((len(n), len(COEFFICIENTS)))
    for column, values in enumerate((first, second, ahead, offset, inverse, decay, coupled)):
        result[:, column] = values
    return result


class RunCoefficients:
    """The formula's numbers of one run for one epoch after the other.

    They are made for some epochs at once, since few numbers take as long as one. Which epochs
    these are does not depend on the first one asked for: a run that goes on gets the same bits.
    """

    def __init__(self, training: TrainingConfig, n_steps: int, dtype: torch.dtype) -> None:
        """Make none yet.

        Args:
            n_steps: updates of each epoch.
        """
        self._training, self._n_steps, self._dtype = training, n_steps, dtype
        self._n_together = n_steps * max(1, STEPS_TOGETHER // n_steps)
        self._held: tuple[str, int] | None = None  # optimizer and first step
        self._rates = np.empty(0)
        self._numbers = torch.empty(0)

    def of_epoch(self, name: str, first_step: int) -> tuple[Tensor, float]:
        """The numbers of an epoch, and its last learning rate.

        Args:
            name: the optimizer in use.
            first_step: updates done so far, in whole epochs.

        Shape:
            result: (S, 7).
        """
        place = first_step % self._n_together
        first, stop = first_step - place, place + self._n_steps
        if self._held != (name, first):
            training, n = self._training, self._n_together
            self._rates = learning_rates(training, self._n_steps, first, n)
            shares = regularization_factors(training, self._n_steps, first, n)
            numbers = coefficients_of(name, training, self._rates, first, shares)
            self._numbers = torch.from_numpy(numbers).to(self._dtype)
            self._held = name, first
        return self._numbers[place:stop], float(self._rates[stop - 1])


def moment_scales(name: str, training: TrainingConfig, step: int) -> tuple[float, float]:
    """What times m and s gives torch.optim's moments after `step` updates."""
    first = 1 / (1 - training.momentum) if name in ("momentum", "nesterov") else 1.0
    return first, float(max(1, step)) if name == "adagrad" else 1.0
