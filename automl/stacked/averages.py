"""Averages of the weights of a stack's runs: what is measured and kept in their place.

Where no run of the stack has any, these are the weights themselves. Where some have, the averages
of the others are their weights after each update (a weight of 1), so that all are measured in one
pass. See `training/averaging.py`; the compiled kernels average in `kernels/epoch.h`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from automl.stacked.blocks import StackBlocks
from automl.training.averaging import averaging_weights
from automl.training.config import TrainingConfig


class StackedAverages:
    """The averages of K runs.

    Attributes:
        blocks: parameters and running statistics as they are measured.
    """

    def __init__(self, values: StackBlocks, trainings: Sequence[TrainingConfig]) -> None:
        self._values, self._trainings = values, tuple(trainings)
        self.is_any = any(training.weight_averaging is not None for training in trainings)
        flat = values.flat
        self.blocks = (
            StackBlocks(values.layout, device=flat.device, dtype=flat.dtype, statistics=True)
            if self.is_any
            else values
        )
        self._weights = flat.new_ones(0, len(trainings))

    def begin_epoch(self, first_steps: Sequence[int], n_steps: int) -> None:
        """Get ready for an epoch; `first_steps`: updates that each run has done."""
        if self.is_any:
            per_run = [
                averaging_weights(training, n_steps, first_step, n_steps)
                for training, first_step in zip(self._trainings, first_steps, strict=True)
            ]
            self._weights = torch.from_numpy(np.stack(per_run, axis=1)).to(self._values.flat)

    def step(self, step: int) -> None:
        """Take in the weights after an update of the epoch, counted from 0."""
        if not self.is_any:
            return
        for average, values in zip(self.blocks.blocks, self._values.blocks, strict=True):
            weights = self._weights[step, : len(values)]
            average.lerp_(values, weights.view(-1, *[1] * (values.ndim - 1)))

    def take_over(self, other: StackedAverages, moves: Sequence[tuple[int, int]]) -> None:
        """Copy runs from another stack on the same columns; see `StackBlocks.take_over`."""
        if self.is_any:
            self.blocks.take_over(other.blocks, moves)
