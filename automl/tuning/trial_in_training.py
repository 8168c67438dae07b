"""A trial while it trains: its runs (one, or one per fold), their curves, its value.

It holds Optuna's handle, by which it reports its epochs and is told in the end. Nothing here
asks, tells, trains or stores: the search feeds it epoch records and reads from it what the
trial is worth. Its runs are further than the virtual order (`order.py`) while epochs of other
trials are missing: what the order asks of is `value_at` an epoch, and whether it is over there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

import optuna

from automl.executors.executor import RunFailure
from automl.tuning.progress import RunningTrial
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.setbacks import Setbacks
from storage.effort import TrialEffort, trial_effort
from storage.records import ParameterValue


@dataclass(slots=True)
class TrialInTraining:
    """The live state of one trial."""

    handle: optuna.trial.Trial
    params: Mapping[str, ParameterValue]
    runs: dict[int, RunInTraining]  # by run_id
    attempt: int = 1
    setbacks: Setbacks = field(default_factory=Setbacks)  # of earlier attempts in this call
    n_reported: int = 0  # last epoch that rounds have had
    limit: int | None = None  # epoch up to which its runs may train for now; None: to their ends
    failures: dict[int, RunFailure] = field(default_factory=dict)  # by run_id
    began_at: float = field(default_factory=time.monotonic)
    saved_at: float = field(default_factory=time.monotonic)  # start, or the last checkpoint

    @property
    def number(self) -> int:
        """The trial's number in its study."""
        return self.handle.number

    @property
    def max_epochs(self) -> int:
        """Epochs that it trains for at most."""
        return max(run.config.training.max_epochs for run in self.runs.values())

    @property
    def epoch(self) -> int:
        """Epochs that all runs have behind them; ended runs hold nobody up."""
        going = [len(run.curve) for run in self.runs.values() if run.end is None]
        return min(going) if going else max(len(run.curve) for run in self.runs.values())

    @property
    def is_begun(self) -> bool:
        """Whether every run has an epoch behind it."""
        return all(run.curve for run in self.runs.values())

    @property
    def is_diverged(self) -> bool:
        """Whether the loss of any run is not finite."""
        return bool(self._diverged)

    @property
    def is_resting(self) -> bool:
        """Whether none of its runs trains now: they have ended, failed, or are at the limit."""
        return all(
            run.end is not None
            or run_id in self.failures
            or (self.limit is not None and len(run.curve) >= self.limit)
            for run_id, run in self.runs.items()
        )

    @property
    def epochs_for_order(self) -> int:
        """Epochs that rounds of the virtual order may have.

        The one in which a run diverges ends the trial, and so it comes when the other folds' runs
        rest: how many epochs they have had does not depend on which was faster.
        """
        if self.is_resting or not self._diverged:
            return self.epoch
        return min(self.epoch, min(len(run.curve) for run in self._diverged) - 1)

    @property
    def failure(self) -> RunFailure | None:
        """Why it has failed, once none of its runs trains any more; its first run's failure."""
        if not self.failures or not self.is_resting:
            return None
        return self.failures[min(self.failures)]

    def is_diverged_at(self, epoch: int) -> bool:
        """Whether the loss of any run is not finite up to an epoch."""
        return any(len(run.curve) <= epoch and run.is_diverged for run in self.runs.values())

    def is_ended_at(self, epoch: int) -> bool:
        """Whether every run has come to its end by an epoch."""
        return all(run.end is not None and run.last_round <= epoch for run in self.runs.values())

    def lift_limits(self) -> None:
        """Train on whatever the networks come to: they were looked at before."""
        for run in self.runs.values():
            run.config = replace(run.config, limits=None)

    def report(self, epoch: int) -> None:
        """Tell Optuna what the trial is worth at its next epoch."""
        self.handle.report(self.value_at(epoch), epoch)
        self.n_reported = epoch

    def value_at(self, epoch: int) -> float:
        """Mean validation loss over the runs at an epoch from 1.

        A run that has ended before stands with its best loss, which is what it will count.
        """
        losses = [
            run.curve[epoch - 1].valid_loss if epoch <= len(run.curve) else run.best_loss
            for run in self._begun
        ]
        return losses[0] if len(losses) == 1 else fmean(losses)  # asked for again and again

    @property
    def value(self) -> float:
        """The trial's value so far: mean over its runs of the best epoch's validation loss.

        Infinite where a run has no epoch with finite losses.
        """
        return fmean(run.best_loss for run in self._begun)

    @property
    def seconds(self) -> float:
        """That its runs have trained."""
        return sum(run.seconds for run in self.runs.values())

    @property
    def seconds_to_finish(self) -> float:
        """About how long its other epochs take, at the pace so far."""
        pace = (time.monotonic() - self.began_at) / max(1, self.epoch)
        return (self.max_epochs - self.epoch) * pace

    def user_attributes(self) -> dict[str, float | int | str]:
        """What people see of the trial in Optuna Dashboard."""
        attributes: dict[str, float | int | str] = {}
        if (n_parameters := next(iter(self.runs.values())).n_parameters) is not None:
            attributes["n_parameters"] = n_parameters
        if self._begun:
            attributes |= _spent(trial_effort(run.curve for run in self.runs.values()))
        if best := [one for run in self._begun if (one := run.best)]:
            at_best = {
                "train_loss": fmean(record.train_loss for record in best),
                "generalization_gap": fmean(record.generalization_gap for record in best),
            }
            attributes |= {name: value for name, value in at_best.items() if math.isfinite(value)}
        return attributes

    def snapshot(self) -> RunningTrial:
        """The trial as the live table shows it."""
        return RunningTrial(
            number=self.number,
            params=self.params,
            epoch=self.epoch if self.is_begun else 0,
            max_epochs=self.max_epochs,
            valid_loss=self.value_at(self.epoch) if self.is_begun and self.epoch else None,
            best_valid_loss=self.value if self.is_begun else None,
        )

    @property
    def _begun(self) -> list[RunInTraining]:
        return [run for run in self.runs.values() if run.curve]

    @property
    def _diverged(self) -> list[RunInTraining]:
        return [run for run in self.runs.values() if run.is_diverged]


def losses_ahead(trial: TrialInTraining) -> Sequence[float]:
    """What a trial is worth at the epochs that it has had and no round has."""
    return [trial.value_at(epoch) for epoch in range(trial.n_reported + 1, trial.epoch + 1)]


def can_be_complete(trial: TrialInTraining) -> bool:
    """Whether a trial can end as it is; not one that has not come again to where it was."""
    is_well = trial.is_begun and not trial.is_diverged and not trial.failures
    return is_well and trial.epoch >= trial.n_reported


def _spent(effort: TrialEffort) -> dict[str, float | int | str]:
    attributes: dict[str, float | int | str] = {
        "n_epochs": effort.n_epochs,
        "seconds": round(effort.seconds, 3),
    }
    if any(effort.best_epochs):
        attributes["best_epochs"] = effort.best_in_words
    return attributes
