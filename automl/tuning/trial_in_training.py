"""A trial while it trains: its runs (one, or one per fold), their curves, its value.

Numbers only: nothing here asks, tells, trains or stores. `search.py` feeds it epoch
records and reads from it what to report to the pruner and what the trial is worth.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from automl.training.config import RunConfig
from automl.tuning.progress import RunningTrial
from storage.effort import TrialEffort, trial_effort
from storage.records import EpochRecord, ParameterValue, best_epoch


@dataclass(slots=True)
class TrialInTraining:
    """The live state of one trial."""

    number: int
    params: Mapping[str, ParameterValue]
    runs: dict[int, RunConfig]
    attempt: int = 1
    n_lost: int = 0  # earlier attempts that ended with their process
    began_at: float = field(default_factory=time.monotonic)
    saved_at: float = field(default_factory=time.monotonic)  # start, or the last checkpoint
    n_reported: int = 0  # last epoch that the pruner has seen
    n_parameters: int | None = None  # None: who trains it has not told yet
    curves: dict[int, list[EpochRecord]] = field(default_factory=dict)
    ends: dict[int, str] = field(default_factory=dict)  # how runs ended, by run_id

    def take(self, record: EpochRecord) -> None:
        """Append one epoch to its run's curve."""
        self.curves.setdefault(record.run_id, []).append(record)

    def end_run(self, run_id: int, end: str) -> None:
        """Note that a run has come to its own end."""
        self.ends[run_id] = end

    def cause_of(self, run_id: int) -> str | None:
        """What to store as the run's cause; running to the last epoch needs none."""
        end = self.ends.get(run_id)
        return None if end == "max_epochs" else end

    @property
    def epoch(self) -> int:
        """Epochs that all runs have behind them; ended runs hold nobody up."""
        lengths = {run_id: len(self.curves.get(run_id, ())) for run_id in self.runs}
        going = [length for run_id, length in lengths.items() if run_id not in self.ends]
        return min(going) if going else max(lengths.values())

    @property
    def is_begun(self) -> bool:
        """Whether every run has an epoch behind it."""
        return len(self.curves) == len(self.runs)

    @property
    def is_ended(self) -> bool:
        """Whether every run has come to its end."""
        return self.runs.keys() == self.ends.keys()

    @property
    def is_diverged(self) -> bool:
        """Whether the loss of any run is not finite."""
        return any(not curve[-1].is_finite for curve in self.curves.values())

    def value_at(self, epoch: int) -> float:
        """Mean validation loss over the runs at an epoch from 1.

        A run that has ended before stands with its best loss, which is what it will count.
        """
        return fmean(
            curve[epoch - 1].valid_loss if epoch <= len(curve) else _best_loss(curve)
            for curve in self.curves.values()
        )

    @property
    def value(self) -> float:
        """The trial's value so far: mean over its runs of the best epoch's validation loss.

        Infinite where a run has no epoch with finite losses.
        """
        return fmean(_best_loss(curve) for curve in self.curves.values())

    @property
    def best(self) -> list[EpochRecord]:
        """The best epoch of each run that has one with finite losses."""
        return [best for curve in self.curves.values() if (best := best_epoch(curve))]

    @property
    def effort(self) -> TrialEffort:
        """Epochs and seconds, run by run."""
        return trial_effort(self.curves.get(run_id, ()) for run_id in self.runs)

    def seconds_for(self, n_epochs: int) -> float:
        """About how long so many more epochs take, at the pace so far."""
        return n_epochs * (time.monotonic() - self.began_at) / max(1, self.epoch)

    def user_attributes(self) -> dict[str, float | int | str]:
        """What people see of the trial in Optuna Dashboard."""
        attributes: dict[str, float | int | str] = {}
        if self.n_parameters is not None:
            attributes["n_parameters"] = self.n_parameters
        effort = self.effort
        if self.curves:
            attributes |= {"n_epochs": effort.n_epochs, "seconds": round(effort.seconds, 3)}
        if best := self.best:
            attributes |= {
                "best_epochs": effort.best_in_words,
                "train_loss": fmean(record.train_loss for record in best),
                "generalization_gap": fmean(record.generalization_gap for record in best),
            }
        return attributes

    def snapshot(self, max_epochs: int) -> RunningTrial:
        """The trial as the live table shows it."""
        return RunningTrial(
            number=self.number,
            params=self.params,
            epoch=self.epoch if self.is_begun else 0,
            max_epochs=max_epochs,
            valid_loss=self.value_at(self.epoch) if self.is_begun and self.epoch else None,
            best_valid_loss=self.value if self.is_begun else None,
        )


def best_in_training(
    trials: Iterable[TrialInTraining], best_value: float | None
) -> TrialInTraining | None:
    """The best of some trials, if it is better than what the best completed one is worth."""
    begun = [trial for trial in trials if trial.is_begun and not trial.is_diverged]
    best = min(begun, key=lambda trial: trial.value, default=None)
    if best is None or best_value is None:
        return best
    return best if best.value < best_value else None


def _best_loss(curve: Sequence[EpochRecord]) -> float:
    best = best_epoch(curve)
    return math.inf if best is None else best.valid_loss
