"""Trials with their curves, from which all other numbers of a report are drawn.

The runs of a trial (one, or one per fold) become one curve, the mean over folds at every
epoch that all of them reached. What a trial is judged by is taken from each fold's own best
epoch, whose weights are kept, and then averaged. Arrays are thinned where a figure cannot
show more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.diagnostics.trade_off import latency_of
from storage.effort import TrialEffort, trial_effort
from storage.records import EpochRecord, Outcome, ParameterValue, StudyRecords, TrialRecord
from storage.records import best_epoch as best_of_run

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Losses of one trial epoch by epoch, averaged over its folds.

    Shape:
        epochs, train, valid, standard_error, train_metric, valid_metric: (T,).
    """

    epochs: Floats
    train: Floats
    valid: Floats
    standard_error: Floats  # of the validation loss, over rows
    train_metric: Floats
    valid_metric: Floats
    n_folds: int = 1

    def __len__(self) -> int:
        return len(self.epochs)

    @property
    def best(self) -> int:
        """Index of the last of the lowest finite validation losses; 0 where none is finite."""
        finite = np.isfinite(self.valid)
        lowest = np.min(self.valid, where=finite, initial=np.inf)
        return int(np.flatnonzero(self.valid == lowest)[-1]) if finite.any() else 0

    def thinned(self, at_most: int) -> Curve:
        """The curve at so many epochs, evenly spread, and at its lowest point."""
        kept = np.union1d(thin(len(self), at_most), [self.best])
        return Curve(
            self.epochs[kept],
            self.train[kept],
            self.valid[kept],
            self.standard_error[kept],
            self.train_metric[kept],
            self.valid_metric[kept],
            self.n_folds,
        )


@dataclass(frozen=True, slots=True)
class BestEpoch:
    """What a trial is judged by: the mean over its folds of each one's own best epoch."""

    train: float
    valid: float
    standard_error: float  # of the validation loss, over rows
    valid_metric: float


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One trial as people read of it: its record, and what its runs say together."""

    record: TrialRecord
    curve: Curve
    best: BestEpoch | None  # None before the first epoch
    effort: TrialEffort
    n_parameters: int | None = None

    @property
    def latency(self) -> float | None:
        """Seconds of one call of its network, where that was measured."""
        return latency_of(self.record)

    @property
    def number(self) -> int:
        """Its number in the study."""
        return self.record.number

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        return self.record.outcome

    @property
    def params(self) -> Mapping[str, ParameterValue]:
        """Its hyperparameters by name."""
        return self.record.params

    @property
    def value(self) -> float:
        """The validation loss that ranks it; NaN where there is none."""
        return math.nan if self.record.value is None else self.record.value

    @property
    def message(self) -> str:
        """Of the error that ended it, if one did."""
        return str(self.record.user_attributes.get("cause_message") or "")

    @property
    def train_loss(self) -> float:
        """Train loss at the best epoch."""
        return self.best.train if self.best else math.nan

    @property
    def gap(self) -> float:
        """Validation minus train loss at the best epoch."""
        return self.best.valid - self.best.train if self.best else math.nan

    @property
    def standard_error(self) -> float:
        """Standard error of the validation loss at the best epoch."""
        return self.best.standard_error if self.best else math.nan

    @property
    def valid_metric(self) -> float:
        """Error rate or RMSE on validation rows at the best epoch."""
        return self.best.valid_metric if self.best else math.nan

    @property
    def is_ranked(self) -> bool:
        """Whether its value may be compared with others: complete and finite."""
        return self.outcome == "complete" and math.isfinite(self.value)


def joined_trials(records: StudyRecords) -> tuple[Trial, ...]:
    """Each trial with the epochs of its runs, in order of their numbers."""
    trials = []
    for record in sorted(records.trials, key=lambda trial: trial.number):
        own = records.search_runs(record.number)
        folds = [records.epochs.get(run.run_id, ()) for run in own]
        trials.append(
            Trial(
                record,
                curve=mean_curve(folds),
                best=best_epoch(folds),
                effort=trial_effort(folds),
                n_parameters=own[0].n_parameters if own else None,
            )
        )
    return tuple(trials)


def mean_curve(runs: Sequence[Sequence[EpochRecord]]) -> Curve:
    """Average runs epoch by epoch, over the epochs that all have reached."""
    runs = [run for run in runs if run]
    length = min((len(run) for run in runs), default=0)
    columns = ("train_loss", "valid_loss", "valid_loss_standard_error")
    metrics = ("train_metric", "valid_metric")
    with np.errstate(invalid="ignore", over="ignore"):
        means = [_mean(runs, name, length) for name in (*columns, *metrics)]
    epochs = np.array([e.epoch for e in runs[0][:length]] if runs else [], dtype=np.float64)
    train, valid, standard_error, train_metric, valid_metric = means
    # Folds are different rows, so the error of their mean shrinks with their number.
    standard_error = standard_error / math.sqrt(max(1, len(runs)))
    losses = (train, valid, standard_error)
    return Curve(epochs, *losses, train_metric, valid_metric, max(1, len(runs)))


def best_epoch(runs: Sequence[Sequence[EpochRecord]]) -> BestEpoch | None:
    """Average each run's best epoch; of one without finite losses, its first."""
    runs = [run for run in runs if run]
    if not runs:
        return None
    best = [best_of_run(run) or run[0] for run in runs]
    return BestEpoch(
        train=fmean(record.train_loss for record in best),
        valid=fmean(record.valid_loss for record in best),
        standard_error=fmean(r.valid_loss_standard_error for r in best) / math.sqrt(len(runs)),
        valid_metric=fmean(record.valid_metric for record in best),
    )


def _mean(runs: Sequence[Sequence[EpochRecord]], name: str, length: int) -> Floats:
    if not length:
        return np.empty(0)
    values = [[getattr(record, name) for record in run[:length]] for run in runs]
    table = np.array(values, dtype=np.float64)
    mean: Floats = table[0] if len(runs) == 1 else np.mean(table, axis=0)
    return mean


def thin(length: int, at_most: int) -> NDArray[np.int64]:
    """Indices of at most `at_most` points, evenly spread, first and last among them."""
    if length <= at_most:
        return np.arange(length)
    return np.unique(np.linspace(0, length - 1, at_most).round().astype(np.int64))


def sample_trials(trials: Sequence[Trial], at_most: int) -> tuple[Trial, ...]:
    """At most so many trials: the best fifth of the places, the rest evenly by number.

    A figure that leaves trials out must not leave out the good ones.
    """
    if len(trials) <= at_most:
        return tuple(trials)
    n_best = at_most // 5
    order = sorted(trials, key=lambda t: (not t.is_ranked, _finite(t.value)))
    kept = {trial.number for trial in order[:n_best]}
    rest = [trial for trial in trials if trial.number not in kept]
    kept |= {rest[index].number for index in thin(len(rest), at_most - n_best)}
    return tuple(trial for trial in trials if trial.number in kept)


def _finite(value: float) -> float:
    """The value as a sort key: what is no number comes last."""
    return value if math.isfinite(value) else math.inf
