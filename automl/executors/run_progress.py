"""How far a run has trained, and how far it may: whether it is due for another epoch.

A run rests at its limit, the epoch up to which the coordinator has allowed it to train, and
where its curve has ended by itself. Both sides follow it: the worker, which trains what is due
without asking, and the pool, which knows from the epochs it hears of who has work left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.training.config import TrainingConfig
from automl.training.ending import ending_at
from automl.training.trainer import Checkpoint, Start, run_of
from storage.records import EpochRecord


@dataclass(slots=True)
class RunProgress:
    """One run between its start and its end."""

    training: TrainingConfig
    limit: int | None = None  # the last epoch it may train for now; None: to its end
    epoch: int = 0
    best_epoch: int = 0
    best_valid_loss: float = math.inf

    @classmethod
    def of(cls, start: Start, limit: int | None = None) -> RunProgress:
        """A run where it is started."""
        training = run_of(start).training
        if not isinstance(start, Checkpoint):
            return cls(training, limit)
        return cls(training, limit, start.epoch, start.best_epoch, start.best_valid_loss)

    @property
    def is_due(self) -> bool:
        """Whether it is to train another epoch; else it rests."""
        return self.n_epochs_left > 0

    @property
    def has_ended(self) -> bool:
        """Whether its curve has come to its end by itself."""
        return ending_at(self.epoch, self.best_epoch, self.training) is not None

    @property
    def n_epochs_left(self) -> int:
        """How many epochs it may train as things are; early stopping may make it fewer."""
        if self.has_ended:
            return 0
        last = self.training.max_epochs
        return max(0, (last if self.limit is None else min(last, self.limit)) - self.epoch)

    def advance(self, record: EpochRecord) -> None:
        """Take note of an epoch with finite losses."""
        self.epoch = record.epoch
        if record.valid_loss < self.best_valid_loss:
            self.best_epoch, self.best_valid_loss = record.epoch, record.valid_loss
