"""Epochs and seconds are counted in one place, and mean the same for one run and for folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from storage.effort import (
    TotalEffort,
    effort_of_trial,
    search_effort,
    side_effort,
    trial_effort,
)
from storage.records import EpochRecord, RunRecord
from tests.contracts.synthetic_study import synthetic_study


def curve(run_id: int, losses: Sequence[float], seconds: float = 0.5) -> tuple[EpochRecord, ...]:
    return tuple(
        EpochRecord(run_id, epoch, epoch, loss, loss, 0.1, 0.1, 0.2, 0.01, 1.0, seconds)
        for epoch, loss in enumerate(losses, start=1)
    )


def test_each_fold_has_its_own_epochs_and_its_own_best() -> None:
    effort = trial_effort([curve(1, (3, 1, 2)), curve(2, (2, 1)), curve(3, (math.nan,)), ()])
    assert effort.epochs == (3, 2, 1)
    assert effort.best_epochs == (2, 2, None)
    assert (effort.n_epochs, effort.seconds) == (6, 3.0)
    assert (effort.best_in_words, effort.epochs_in_words) == ("2, 2, –", "3, 2, 1")


def test_one_run_reads_as_one_number() -> None:
    effort = trial_effort([curve(1, (3, 1, 2))])
    assert (effort.best_in_words, effort.epochs_in_words) == ("2", "3")


def test_a_loop_that_reports_every_fifth_epoch_has_trained_all_of_them() -> None:
    sparse = [replace(one, epoch=5 * one.epoch) for one in curve(1, (3, 1, 2))]
    effort = trial_effort([sparse])
    assert (effort.best_in_words, effort.epochs_in_words) == ("10", "15")


def test_a_trial_that_has_not_begun_took_nothing() -> None:
    effort = trial_effort([(), ()])
    assert (effort.epochs, effort.n_epochs, effort.seconds, effort.best_in_words) == ((), 0, 0, "")


def test_a_study_takes_what_its_trials_take() -> None:
    records = synthetic_study(6, n_folds=3)
    trials = [effort_of_trial(records, trial.number) for trial in records.trials]
    assert all(len(trial.epochs) == 3 for trial in trials)
    total = search_effort(records)
    assert total.n_epochs == sum(trial.n_epochs for trial in trials)
    assert math.isclose(total.seconds, sum(trial.seconds for trial in trials))
    assert side_effort(records) == TotalEffort()


def test_an_earlier_attempt_and_runs_beside_the_search_are_not_the_trials() -> None:
    records = synthetic_study(2)
    lost = replace(records.runs[0], run_id=100, attempt=0)
    beside = RunRecord(101, 0, "confirm", seed=1)
    epochs = {**records.epochs, 100: curve(100, (9, 9)), 101: curve(101, (9, 9, 9))}
    more = replace(records, runs=(*records.runs, lost, beside), epochs=epochs)
    assert search_effort(more) == search_effort(records)
    assert effort_of_trial(more, 0) == effort_of_trial(records, 0)
    assert side_effort(more) == TotalEffort(3, 1.5)


def test_what_a_run_has_taken_over_is_not_counted_twice() -> None:
    """A promotion goes on from a pruned trial's state, and has its epochs in its curve."""
    records = synthetic_study(1)
    (before,) = records.epochs.values()
    first = records.runs[0].run_id
    taken = tuple(replace(record, run_id=50) for record in before)
    new = tuple(replace(record, seconds=2.0) for record in curve(50, (1, 1)))
    promoted = RunRecord(50, 0, "promote", seed=1, continues_run_id=first)
    more = replace(
        records,
        runs=(*records.runs, promoted),
        epochs={first: before, 50: (*taken, *new)},
    )
    assert side_effort(more) == TotalEffort(2, 4.0)
