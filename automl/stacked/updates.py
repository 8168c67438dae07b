"""The optimizers of a stack's runs: their moments between epochs and in checkpoints.

A zero among the second moments would cost: torch's square root of zeros takes six times as
long, so they are kept at or above a number whose root is far below every offset. The formula
is in `update_coefficients.py`, the update itself in `update_steps.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from automl.stacked.blocks import StackBlocks
from automl.stacked.update_coefficients import (
    coefficients_of,
    moment_scales,
    smallest_square,
)
from automl.stacked.update_steps import NativeUpdate, TorchUpdate, UpdateState
from automl.training.config import TrainingConfig
from automl.training.optimizers import MOMENTS
from automl.training.schedules import Schedules, optimizer_at


class StackedUpdates:
    """The optimizers of a stack's runs: their moments, and one update after another.

    Attributes:
        first, second: the moments, laid out like the parameters.
        names: each run's optimizer in the current epoch.
        learning_rates: (K, S) of the current epoch, float64.
        norm_sum: (K,) sum of the epoch's gradient norms, before clipping.
    """

    def __init__(
        self,
        values: StackBlocks,
        gradients: StackBlocks,
        trainings: Sequence[TrainingConfig],
        *,
        is_native: bool,
    ) -> None:
        self._trainings = tuple(trainings)
        layout, device, dtype = values.layout, values.flat.device, values.flat.dtype
        self.first = StackBlocks(layout, device=device, dtype=dtype)
        self.second = StackBlocks(layout, device=device, dtype=dtype)
        self.norm_sum = values.flat.new_zeros(len(trainings))
        self.names = [""] * len(trainings)
        self.learning_rates = torch.zeros(len(trainings), 0)
        state = UpdateState(values, gradients, self.first, self.second, self.norm_sum)
        self._update = (NativeUpdate if is_native else TorchUpdate)(state, trainings)
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
        schedules = Schedules.of(self._trainings, n_steps)
        self.learning_rates = schedules.learning_rates(first_steps, n_steps)
        per_run = zip(self.names, self._trainings, self.learning_rates, first_steps, strict=True)
        coefficients = torch.stack([coefficients_of(*run) for run in per_run], dim=2)
        self._update.begin_epoch(self.names, coefficients.to(self.norm_sum))
        self.norm_sum.zero_()
        self.second.flat.clamp_(min=smallest_square(self.norm_sum.dtype))

    def step(self, step: int) -> None:
        """Update all runs by their gradients, which are used up.

        Args:
            step: of the epoch, from 0.
        """
        self._update.step(step)

    def choose(self, k: int, name: str) -> None:
        """Begin run k's optimizer, with empty moments."""
        self.names[k] = name
        start = 1.0 if "second_moment" not in MOMENTS[name] else 0.0
        for moment, value in ((self.first, 0.0), (self.second, start)):
            for block in (*moment.matrices, moment.vectors):
                if k < len(block):
                    block[k].fill_(value)

    def read_moments(self, k: int, step: int) -> dict[str, Tensor]:
        """Run k's moments as in a `Checkpoint`, on the CPU."""
        if step == 0:
            return {}
        scales = moment_scales(self.names[k], self._trainings[k], step)
        moments = zip(
            ("first_moment", "second_moment"), (self.first, self.second), scales, strict=True
        )
        return {
            # in double precision, so that writing them back gives the same bits
            f"{moment}.{name}": values if scale == 1.0 else values.double() * scale
            for moment, blocks, scale in moments
            if moment in MOMENTS[self.names[k]]
            for name, values in blocks.read(k).items()
        }

    def write_moments(self, k: int, name: str, moments: Mapping[str, Tensor], step: int) -> None:
        """Set run k's optimizer and moments from a checkpoint taken after `step` updates."""
        self.choose(k, name)
        if not moments:
            return
        scales = moment_scales(name, self._trainings[k], step)
        for moment, blocks, scale in zip(
            ("first_moment", "second_moment"), (self.first, self.second), scales, strict=True
        ):
            if moment in MOMENTS[name]:
                prefix = f"{moment}."
                blocks.write(
                    k,
                    {
                        key.removeprefix(prefix): values / scale
                        for key, values in moments.items()
                        if key.startswith(prefix)
                    },
                )
