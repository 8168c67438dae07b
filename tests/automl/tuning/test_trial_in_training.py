"""The value of a trial, from the curves of its runs."""

from __future__ import annotations

import math

import optuna
import pytest

from automl.executors.executor import RunFailure
from automl.models.mlp.config import MLPConfig
from automl.training.config import RunConfig, TrainingConfig
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.trial_in_training import TrialInTraining, can_be_complete, losses_ahead
from storage.records import EpochRecord


def record(run_id: int, epoch: int, valid_loss: float) -> EpochRecord:
    return EpochRecord(
        run_id=run_id,
        epoch=epoch,
        step=epoch * 10,
        train_loss=valid_loss - 0.1,
        valid_loss=valid_loss,
        valid_loss_standard_error=0.01,
        train_metric=0.1,
        valid_metric=0.2,
        learning_rate=0.01,
        gradient_norm=1.0,
        seconds=0.5,
    )


def trial_of(*run_ids: int) -> TrialInTraining:
    training = TrainingConfig(max_epochs=9, patience=9)
    runs = {
        run_id: RunInTraining(
            RunConfig(run_id, 7, "mlp", MLPConfig(), training, seed=0, fold=fold)
        )
        for fold, run_id in enumerate(run_ids)
    }
    return TrialInTraining(optuna.create_study().ask(), {"learning_rate": 0.01}, runs)


def take(trial: TrialInTraining, record: EpochRecord) -> None:
    trial.runs[record.run_id].advance(record)


def test_value_is_the_best_epoch_not_the_last() -> None:
    trial = trial_of(1)
    for epoch, loss in enumerate([0.9, 0.5, 0.7], start=1):
        take(trial, record(1, epoch, loss))
    assert trial.value == 0.5
    assert trial.value_at(3) == 0.7


def test_value_of_folds_is_the_mean_of_their_best() -> None:
    trial = trial_of(1, 2)
    for epoch, losses in enumerate([(0.9, 0.4), (0.5, 0.6)], start=1):
        for run_id, loss in zip((1, 2), losses, strict=True):
            take(trial, record(run_id, epoch, loss))
    assert trial.value == pytest.approx(0.45)


def test_trial_is_as_far_as_its_slowest_fold() -> None:
    trial = trial_of(1, 2)
    take(trial, record(1, 1, 0.9))
    take(trial, record(1, 2, 0.8))
    assert trial.epoch == 0
    take(trial, record(2, 1, 0.9))
    assert trial.epoch == 1


def test_ended_fold_stands_with_its_best_loss_and_holds_nobody_up() -> None:
    trial = trial_of(1, 2)
    take(trial, record(1, 1, 0.3))
    trial.runs[1].end = "early_stopped"
    for epoch, loss in enumerate([0.9, 0.7], start=1):
        take(trial, record(2, epoch, loss))
    assert trial.epoch == 2
    assert trial.value_at(2) == pytest.approx(0.5)
    assert not trial.is_ended_at(2)
    trial.runs[2].end = "max_epochs"
    assert trial.is_ended_at(2)
    assert not trial.is_ended_at(1), "the second fold has had another epoch then"
    assert (trial.runs[1].cause, trial.runs[2].cause) == ("early_stopped", None)


def test_a_fold_that_is_not_finite_makes_the_trial_diverge() -> None:
    trial = trial_of(1, 2)
    take(trial, record(1, 1, 0.3))
    assert not trial.is_diverged
    take(trial, record(2, 1, math.nan))
    assert trial.is_diverged


def test_epochs_beyond_the_order_change_nothing_of_what_it_has_had() -> None:
    trial = trial_of(1, 2)
    for epoch, losses in enumerate([(0.9, 0.4), (0.5, 0.6), (0.2, 0.3)], start=1):
        for run_id, loss in zip((1, 2), losses, strict=True):
            take(trial, record(run_id, epoch, loss))
    trial.report(1)
    assert trial.n_reported == 1
    assert trial.value_at(1) == pytest.approx(0.65)
    assert not trial.is_ended_at(1)


def test_the_end_of_a_trial_that_diverges_comes_when_its_other_folds_rest() -> None:
    """How many epochs they have had does not depend on which of them was faster."""
    trial = trial_of(1, 2)
    trial.limit = 4
    for epoch, loss in enumerate([0.9, math.nan], start=1):
        take(trial, record(1, epoch, loss))
    take(trial, record(2, 1, 0.9))
    assert (trial.epochs_for_order, trial.is_resting) == (1, False)
    assert not trial.is_diverged_at(1)
    for epoch in (2, 3):
        take(trial, record(2, epoch, 0.8))
    assert trial.epochs_for_order == 1
    take(trial, record(2, 4, 0.8))
    assert (trial.epochs_for_order, trial.is_resting) == (4, True)
    assert trial.is_diverged_at(2)


def test_a_trial_has_failed_when_its_other_folds_rest() -> None:
    trial = trial_of(1, 2)
    trial.limit = 1
    trial.failures[2] = RunFailure(2, "crashed", "why")
    assert trial.failure is None
    take(trial, record(1, 1, 0.9))
    assert trial.failure is not None and trial.failure.message == "why"
    assert trial.epochs_for_order == 0


def test_what_can_be_complete_has_come_to_where_it_was_and_goes_well() -> None:
    good, diverged, unbegun, again = (trial_of(run_id) for run_id in (1, 2, 3, 4))
    take(good, record(1, 1, 0.4))
    take(diverged, record(2, 1, 0.1))
    take(diverged, record(2, 2, math.inf))
    again.n_reported = 2  # by the attempt before
    take(again, record(4, 1, 0.4))
    can = [can_be_complete(trial) for trial in (good, diverged, unbegun, again)]
    assert can == [True, False, False, False]


def test_losses_ahead_are_those_that_no_round_has_had() -> None:
    trial = trial_of(1, 2)
    for epoch, loss in enumerate([0.9, 0.5, 0.7], start=1):
        take(trial, record(1, epoch, loss))
        take(trial, record(2, epoch, loss))
    trial.n_reported = 1
    assert losses_ahead(trial) == [0.5, 0.7]


def test_an_epoch_that_is_not_finite_is_never_the_best() -> None:
    trial = trial_of(1)
    take(trial, record(1, 1, math.nan))
    assert trial.value == math.inf
    assert trial.user_attributes() == {"n_epochs": 1, "seconds": 0.5}
    take(trial, record(1, 2, 0.4))
    assert trial.value == 0.4
    assert trial.user_attributes()["best_epochs"] == "2"


def test_user_attributes_are_of_the_best_epoch() -> None:
    trial = trial_of(1)
    for epoch, loss in enumerate([0.9, 0.5, 0.7], start=1):
        take(trial, record(1, epoch, loss))
    attributes = trial.user_attributes()
    assert attributes["best_epochs"] == "2"
    assert attributes["train_loss"] == pytest.approx(0.4)
    assert attributes["generalization_gap"] == pytest.approx(0.1)
    assert attributes["n_epochs"] == 3
    assert attributes["seconds"] == pytest.approx(1.5)


def test_snapshot_before_the_first_epoch_has_no_losses() -> None:
    snapshot = trial_of(1).snapshot()
    assert (snapshot.epoch, snapshot.valid_loss, snapshot.best_valid_loss) == (0, None, None)
    assert snapshot.max_epochs == 9
