from __future__ import annotations

import dataclasses

import pytest

from automl.executors.run_progress import RunProgress
from automl.training.best_epoch import BestEpoch
from automl.training.ending import ending
from automl.training.trainer import Checkpoint
from storage.records import EpochRecord
from tests.contracts.linear_trainer import tiny_run

LOSSES = (0.9, 0.7, 0.8, 0.6, 0.7, 0.7, 0.6, 0.5, 0.5, 0.5)


def run_of(*, patience: int = 3, max_epochs: int = 8):
    run = tiny_run(1)
    training = dataclasses.replace(run.training, patience=patience, max_epochs=max_epochs)
    return dataclasses.replace(run, training=training)


def epoch_of(epoch: int, loss: float) -> EpochRecord:
    return EpochRecord(1, epoch, epoch, loss, loss, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0)


def test_a_run_is_due_until_its_limit_and_again_when_that_is_raised():
    progress = RunProgress.of(run_of(), 2)
    progress.advance(epoch_of(1, 0.9))
    assert (progress.is_due, progress.n_epochs_left) == (True, 1)
    progress.advance(epoch_of(2, 0.8))
    assert not progress.is_due
    progress.allow(4)
    assert progress.n_epochs_left == 2
    progress.allow(None)
    assert progress.n_epochs_left == 6


@pytest.mark.parametrize("patience", [2, 3, 4, 100])
def test_it_rests_where_its_curve_has_ended_by_the_rule_of_the_coordinator(patience):
    run = run_of(patience=patience)
    progress, curve = RunProgress.of(run), []
    for number, loss in enumerate(LOSSES, 1):
        curve.append(epoch_of(number, loss))
        progress.advance(curve[-1])
        assert progress.is_due == (ending(curve, run.training) is None)


def test_one_that_is_continued_goes_on_from_there():
    run = run_of()
    start = Checkpoint(run, 5, 5, {}, {}, BestEpoch(5, 4, 0.6), {})
    progress = RunProgress.of(start)
    assert progress.n_epochs_left == 3
    progress.advance(epoch_of(6, 0.7))
    assert progress.is_due
    progress.advance(epoch_of(7, 0.6))
    assert not progress.is_due, "three epochs without a better one"
