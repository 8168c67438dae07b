"""How far a run has trained, and how far it may: whether it is due for another epoch.

A run rests at its limit, the epoch up to which the coordinator has allowed it to train, and
where its curve has ended by itself. Both sides follow it: the worker, which trains what is due
without asking, and the pool, which knows from the epochs it hears of who has work left.
"""

from __future__ import annotations

from automl.training.best_epoch import BestEpoch
from automl.training.config import TrainingConfig
from automl.training.ending import ending_at
from automl.training.trainer import Checkpoint, Start, run_of
from storage.records import EpochRecord


class RunProgress:
    """One run between its start and its end.

    Most runs of a search rest, and who is due is asked all the time: so the answer is worked out
    where something changes, not where it is asked for.

    Args:
        limit: the last epoch it may train for now; None: to its end.

    Attributes:
        n_epochs_left: how many epochs it may train as things are; early stopping may make it
            fewer.
        has_ended: whether its curve has come to its end by itself.
    """

    __slots__ = (
        "best",
        "epoch",
        "has_ended",
        "limit",
        "n_epochs_left",
        "training",
    )

    def __init__(self, training: TrainingConfig, limit: int | None = None) -> None:
        self.training = training
        self.limit = limit
        self.epoch = 0
        self.best = BestEpoch()
        self._look()

    @classmethod
    def of(cls, start: Start, limit: int | None = None) -> RunProgress:
        """A run where it is started."""
        progress = cls(run_of(start).training, limit)
        if isinstance(start, Checkpoint):
            progress.epoch, progress.best = start.epoch, start.best
            progress._look()
        return progress

    @property
    def is_due(self) -> bool:
        """Whether it is to train another epoch; else it rests."""
        return self.n_epochs_left > 0

    def allow(self, limit: int | None) -> None:
        """Let it train to an epoch from now on; None: to its end."""
        self.limit = limit
        self._look()

    def advance(self, record: EpochRecord) -> None:
        """Take note of an epoch with finite losses."""
        self.epoch = record.epoch
        self.best = self.best.after(record)
        self._look()

    def _look(self) -> None:
        last = self.training.max_epochs
        if self.limit is not None:
            last = min(last, self.limit)
        self.has_ended = ending_at(self.epoch, self.best, self.training) is not None
        self.n_epochs_left = 0 if self.has_ended else max(0, last - self.epoch)
