"""A run between two epochs, wherever its numbers lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from automl.training.best_epoch import BestEpoch
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint, Start
from storage.records import EpochRecord


@dataclass(slots=True)
class Member:
    """A run and how far it has come."""

    run: RunConfig
    epoch: int = 0
    step: int = 0
    best: BestEpoch = field(default_factory=BestEpoch)

    @classmethod
    def of(cls, start: Start) -> Member:
        """A run as it begins or goes on."""
        if isinstance(start, Checkpoint):
            return cls(start.run, start.epoch, start.step, start.best)
        return cls(start)

    def is_best(self, record: EpochRecord) -> bool:
        """Take note of its last epoch: whether the weights of that one are to be kept."""
        before, self.best = self.best, self.best.after(record)
        return self.best is not before

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
            best=self.best,
            best_weights=best_weights,
            averaged_weights=averaged_weights,
        )
