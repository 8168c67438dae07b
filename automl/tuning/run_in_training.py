"""A run while it trains: its curve so far, and how it has ended once it has.

The search and the runs beside it follow their runs alike: epoch by epoch, until the curve itself
says that the run is over, or somebody else ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from automl.training.best_epoch import BestEpoch
from automl.training.config import RunConfig
from automl.training.ending import ending_after
from storage.records import EpochRecord


@dataclass(slots=True)
class RunInTraining:
    """One run while it trains."""

    config: RunConfig
    n_parameters: int | None = None  # None: who trains it has not told yet
    n_bytes: int | None = None  # that it holds, where that was measured
    curve: list[EpochRecord] = field(default_factory=list)
    end: str | None = None  # "max_epochs", or a key of CAUSES; None: it goes on
    _best: BestEpoch = field(default_factory=BestEpoch)  # of the first epochs
    _best_record: EpochRecord | None = None
    _n_seen: int = 0  # so many

    def advance(self, record: EpochRecord) -> bool:
        """Take one more epoch; whether the run has come to its end with it."""
        self.curve.append(record)
        self._look()
        self.end = self.end or ending_after(record, self._best, self.config.training)
        return self.end is not None

    @property
    def last_round(self) -> int:
        """The round of the virtual order in which it ends, once it has ended.

        That there is no further epoch is found when it is asked for, so in the round of that one.
        """
        return len(self.curve) + (self.end == "finished")

    @property
    def is_diverged(self) -> bool:
        """Whether the losses of its last epoch are not finite."""
        return bool(self.curve) and not self.curve[-1].is_finite

    @property
    def seconds(self) -> float:
        """That its epochs have taken."""
        return sum(record.seconds for record in self.curve)

    @property
    def cause(self) -> str | None:
        """What is stored of its end; running to the last epoch needs no cause."""
        return None if self.end == "max_epochs" else self.end

    @property
    def best(self) -> EpochRecord | None:
        """Its best epoch, if it has one with finite losses."""
        self._look()
        return self._best_record

    @property
    def best_epoch(self) -> int:
        """The number of its best epoch, from 1; 0 where there is none."""
        return 0 if self.best is None else self.best.epoch

    @property
    def best_loss(self) -> float:
        """The validation loss of its best epoch; infinite where there is none."""
        self._look()
        return self._best.valid_loss

    def _look(self) -> None:
        """Take note of new epochs; those of an earlier call come several at once."""
        while self._n_seen < len(self.curve):
            record = self.curve[self._n_seen]
            before, self._best = self._best, self._best.after(record)
            if self._best is not before:
                self._best_record = record
            self._n_seen += 1
