"""The optimizers of a stack's runs: their moments between epochs and in checkpoints.

A zero among the second moments would cost: torch's square root of zeros takes six times as
long, so they are kept at or above a number whose root is far below every offset. The formula
is in `update_coefficients.py`, the update itself in `update_steps.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from automl.stacked.averages import StackedAverages
from automl.stacked.blocks import StackBlocks
from automl.stacked.moments import read_moments, start_of_second, write_moments
from automl.stacked.update_coefficients import coefficients_of, smallest_square
from automl.stacked.update_steps import TorchUpdate, UpdateState
from automl.training.config import TrainingConfig
from automl.training.schedules import learning_rates, optimizer_at, regularization_factor


class StackedUpdates:
    """The optimizers of a stack's runs: their moments, and one update after another.

    Attributes:
        first, second: the moments, laid out like the parameters.
        names: each run's optimizer in the current epoch.
        learning_rates: (K, S) of the current epoch, float64.
        norm_sum: (K,) sum of the epoch's gradient norms, before clipping.
        averages: of the weights that updates leave.
    """

    def __init__(
        self,
        values: StackBlocks,
        gradients: StackBlocks,
        trainings: Sequence[TrainingConfig],
    ) -> None:
        self._trainings = tuple(trainings)
        layout, device, dtype = values.layout, values.flat.device, values.flat.dtype
        self.first = StackBlocks(layout, device=device, dtype=dtype)
        self.second = StackBlocks(layout, device=device, dtype=dtype)
        self.norm_sum = values.flat.new_zeros(len(trainings))
        self.names = [""] * len(trainings)
        self.learning_rates = torch.zeros(len(trainings), 0)
        state = UpdateState(values, gradients, self.first, self.second, self.norm_sum)
        self._update = TorchUpdate(state, trainings)
        self.averages = StackedAverages(values, trainings)
        for k, training in enumerate(trainings):
            self.choose(k, optimizer_at(training, 1))

    def begin_epoch(self, epochs: Sequence[int], first_steps: Sequence[int], n_steps: int) -> None:
        """Get ready for an epoch: choose optimizers, compute all steps' coefficients.

        Args:
            epochs: the coming epoch of each run, from 1.
            first_steps: updates that each run has done.
        """
        for k, (training, epoch) in enumerate(zip(self._trainings, epochs, strict=True)):
            name = optimizer_at(training, epoch)
            if name != self.names[k]:
                self.choose(k, name)
        rates = [
            learning_rates(training, n_steps, first_step, n_steps)
            for training, first_step in zip(self._trainings, first_steps, strict=True)
        ]
        self.learning_rates = torch.from_numpy(np.stack(rates))
        shares = map(regularization_factor, self._trainings, epochs)
        per_run = zip(self.names, self._trainings, rates, first_steps, shares, strict=True)
        columns = [coefficients_of(*run) for run in per_run]
        coefficients = torch.from_numpy(np.stack(columns, axis=2))
        self._update.begin_epoch(self.names, coefficients.to(self.norm_sum))
        self.averages.begin_epoch(first_steps, n_steps)
        self.norm_sum.zero_()
        self.second.flat.clamp_(min=smallest_square(self.norm_sum.dtype))

    def step(self, step: int) -> None:
        """Update all runs by their gradients, which are used up.

        Args:
            step: of the epoch, from 0.
        """
        self._update.step(step)
        self.averages.step(step)

    def choose(self, k: int, name: str) -> None:
        """Begin run k's optimizer, with empty moments."""
        self.names[k] = name
        for moment, value in ((self.first, 0.0), (self.second, start_of_second(name))):
            for block in (*moment.matrices, moment.vectors):
                if k < len(block):
                    block[k].fill_(value)

    def read_moments(self, k: int, step: int) -> dict[str, Tensor]:
        """Run k's moments as in a `Checkpoint`, on the CPU."""
        blocks = (self.first, self.second)
        return read_moments(blocks, k, self.names[k], self._trainings[k], step)

    def write_moments(self, k: int, name: str, moments: Mapping[str, Tensor], step: int) -> None:
        """Set run k's optimizer and moments from a checkpoint taken after `step` updates."""
        self.choose(k, name)
        write_moments((self.first, self.second), k, name, self._trainings[k], moments, step)
