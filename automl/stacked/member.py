"""A run between two epochs, wherever its numbers lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint, Start


@dataclass(slots=True)
class Member:
    """A run and how far it has come."""

    run: RunConfig
    epoch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_valid_loss: float = math.inf

    @classmethod
    def of(cls, start: Start) -> Member:
        """A run as it begins or goes on."""
        if isinstance(start, Checkpoint):
            return cls(start.run, start.epoch, start.step, start.best_epoch, start.best_valid_loss)
        return cls(start)

    def checkpoint(
        self,
        weights: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
        best_weights: Mapping[str, Tensor],
        averaged_weights: Mapping[str, Tensor],
    ) -> Checkpoint:
        """From where `of` goes on, with the run's numbers."""
        return Checkpoint(
            run=self.run,
            epoch=self.epoch,
            step=self.step,
            weights=weights,
            optimizer=optimizer,
            best_epoch=self.best_epoch,
            best_valid_loss=self.best_valid_loss,
            best_weights=best_weights,
            averaged_weights=averaged_weights,
        )
