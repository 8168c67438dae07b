"""Runs are trained to their ends, each with its cause, and those that fail stop no others."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
import torch

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, TableEncoding, TableInputs
from automl.executors.choosing import make_executor
from automl.executors.executor import Executor
from automl.training.config import RunConfig, configure
from automl.tuning.planned_runs import (
    Continuation,
    PlannedRun,
    best_losses,
)
from automl.tuning.planned_training import predict_run, train_rounds, train_runs
from storage.records import CAUSES, Task, best_epoch
from tests.contracts import linear_trainer
from tests.contracts.linear_trainer import CRASHES, DIES, DIVERGES, EATS_MEMORY, HANGS

LINEAR = "tests.contracts.linear_trainer:LinearTrainer"


def make_dataset(task: Task = "regression") -> Dataset:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(60, 2, generator=generator)
    codes = torch.zeros((60, 0), dtype=torch.int64)
    y = x[:, 0] if task == "regression" else (x[:, 0] > 0).long()
    splits = [
        Split(TableInputs(x[a:b], x[a:b], codes[a:b]), y[a:b])
        for a, b in ((0, 40), (40, 60), (60, 60))
    ]
    scaling = InputScaling(torch.zeros(2), torch.ones(2))
    names = ("standard", "min_max", "robust", "quantile")
    fold = Fold(
        *splits, TableEncoding(dict.fromkeys(names, scaling)), target_mean=5.0, target_scale=2.0
    )
    if task == "regression":
        return Dataset(task, "mean_squared", 1, (fold,))
    return Dataset(task, "binary_cross_entropy", 2, (fold,))


def make_run(run_id: int, learning_rate: float = 0.01) -> PlannedRun:
    params = {"learning_rate": learning_rate, "optimizer": "sgd", "hidden_size": 8}
    model, training = configure(params, family="mlp", max_epochs=4, patience=4)
    return PlannedRun("confirm", "", RunConfig(run_id, 0, "mlp", model, training, seed=run_id))


def linear_run(run_id: int, trial_number: int = 0) -> PlannedRun:
    """A run for the linear trainer, which makes trouble where the trial's number says so."""
    return PlannedRun("confirm", "", linear_trainer.tiny_run(run_id, trial_number))


def plain_executor() -> Executor:
    return make_executor(make_dataset(), trainer="plain", workers=1)


def test_runs_train_to_their_last_epoch() -> None:
    executor = plain_executor()

    ended = train_runs(executor, [make_run(3), make_run(5)])

    assert [run.planned.config.run_id for run in ended] == [3, 5]
    assert [len(run.curve) for run in ended] == [4, 4]
    assert {(run.state, run.cause) for run in ended} == {("complete", None)}
    assert executor.active == ()


def test_a_diverged_run_does_not_stop_the_others() -> None:
    diverged, good = train_runs(plain_executor(), [make_run(0, learning_rate=1e30), make_run(1)])

    assert len(diverged.curve) < 4
    assert (diverged.state, diverged.cause) == ("failed", "diverged")
    assert diverged.message == f"the loss was not finite in epoch {len(diverged.curve)}"
    assert (good.state, len(good.curve)) == ("complete", 4)


@pytest.mark.parametrize(
    ("trouble", "cause", "message", "options"),
    [
        (CRASHES, "crashed", "ValueError: shapes do not match", {}),
        (DIVERGES, "diverged", "not finite in epoch 2", {}),
        (DIES, "lost", "signal SIGKILL", {}),
        (EATS_MEMORY, "out_of_memory", "can't allocate memory", {"memory_limit": 2**29}),
        (HANGS, "timed_out", "it took more than 1 seconds", {"trial_timeout": 1.0}),
    ],
)
def test_what_ended_a_run_in_a_worker_is_told_and_what_failed_is_no_evidence(
    trouble: int, cause: str, message: str, options: dict[str, float]
) -> None:
    """A run that crashes, diverges, is killed by a signal, takes too much memory, or hangs."""
    with make_executor(
        linear_trainer.tiny_dataset(),
        workers=2,
        trainer=LINEAR,
        **options,  # type: ignore[arg-type]
    ) as executor:
        while not all(member.is_ready for member in executor._members):
            train_runs(executor, [linear_run(3), linear_run(4)])  # else one may get both
        failed, good = train_runs(executor, [linear_run(1, trouble), linear_run(2)])

    assert (failed.state, failed.cause) == ("failed", cause)
    assert cause in CAUSES and message in failed.message
    assert len(failed.curve) in (1, 2), "it had finished an epoch, which counts for nothing"
    assert list(best_losses([failed, good])) == [good.planned.config.seed]
    assert good.is_evidence and len(good.curve) == 20


def test_a_run_without_an_epoch_has_the_cause_of_its_failure() -> None:
    executor = make_executor(linear_trainer.tiny_dataset(), trainer=LINEAR, workers=1)

    (ended,) = train_runs(executor, [linear_run(1, linear_trainer.CANNOT_BEGIN)])

    assert (ended.curve, ended.cause) == ((), "crashed")
    assert "this run cannot begin" in ended.message


def test_a_network_larger_than_memory_is_stored_as_that_and_not_as_diverged() -> None:
    """It has no epoch, and so no loss to guess from."""
    run = make_run(0)
    model = dataclasses.replace(run.config.model, hidden_size=10_000_000)
    huge = dataclasses.replace(run, config=dataclasses.replace(run.config, model=model))

    failed, good = train_runs(plain_executor(), [huge, make_run(1)])

    assert (failed.curve, failed.state, failed.cause) == ((), "failed", "out_of_memory")
    assert good.is_evidence


def test_a_run_goes_on_from_a_state_to_the_same_curve() -> None:
    executor = plain_executor()
    rounds = train_rounds(executor, [make_run(1)])
    epochs = [*next(rounds).epochs, *next(rounds).epochs]
    kept = Continuation(1, executor.checkpoint(1), tuple(epochs))
    (whole,) = [one for each in rounds for one in each.ended]
    run = dataclasses.replace(make_run(1), continues=kept).numbered(9)

    (continued,) = train_runs(plain_executor(), [run])

    assert [record.run_id for record in continued.curve] == [9] * 4
    expected = [dataclasses.replace(one, run_id=9, seconds=0.0) for one in whole.curve]
    assert [dataclasses.replace(one, seconds=0.0) for one in continued.curve] == expected


def test_after_the_deadline_no_epoch_begins() -> None:
    executor = plain_executor()
    rounds = train_rounds(executor, [make_run(1)], deadline=time.monotonic() + 60.0)
    assert [one.epoch for one in next(rounds).epochs] == [1]
    left = train_rounds(executor, [make_run(2)], deadline=time.monotonic())
    assert list(left) == [] and set(executor.active) == {1, 2}


def test_regression_is_predicted_in_standardized_values() -> None:
    dataset = make_dataset()
    (run,) = train_runs(plain_executor(), [make_run(0)], keep="best")

    predicted = predict_run(run, dataset)

    loss = ((predicted - dataset.folds[0].valid.targets.numpy()) ** 2).mean()
    assert np.isclose(loss, min(epoch.valid_loss for epoch in run.curve), rtol=1e-4)


def test_classes_are_predicted_as_codes() -> None:
    dataset = make_dataset("binary")
    executor = make_executor(dataset, trainer="plain", workers=1)
    (run,) = train_runs(executor, [make_run(0)], keep="best")

    predicted = predict_run(run, dataset)

    assert predicted is not None and predicted.shape == (20,)
    assert set(predicted.tolist()) <= {0, 1}


def test_the_last_epochs_weights_can_be_kept_and_of_a_diverged_run_the_best() -> None:
    runs = [dataclasses.replace(linear_run(1, DIVERGES)), linear_run(2), linear_run(3)]
    executor = make_executor(linear_trainer.tiny_dataset(), trainer=LINEAR, workers=1)
    diverged, last, _ = train_runs(executor, runs, keep="last")
    executor = make_executor(linear_trainer.tiny_dataset(), trainer=LINEAR, workers=1)
    diverged_best, best, _ = train_runs(executor, runs, keep="best")

    assert diverged.cause == diverged_best.cause == "diverged"
    assert torch.equal(diverged.weights["weight"], diverged_best.weights["weight"])
    is_last_best = best_epoch(last.curve) == last.curve[-1]
    assert torch.equal(last.weights["weight"], best.weights["weight"]) is is_last_best


def test_what_failed_or_kept_no_weights_predicts_nothing() -> None:
    runs = [make_run(0, learning_rate=1e30), make_run(1)]
    diverged, _ = train_runs(plain_executor(), runs, keep="best")
    _, without = train_runs(plain_executor(), runs)

    assert predict_run(diverged, make_dataset()) is predict_run(without, make_dataset()) is None


def test_a_run_that_is_done_keeps_its_weights_though_its_worker_dies_later() -> None:
    done = linear_run(1)
    training = dataclasses.replace(done.config.training, max_epochs=1)
    done = dataclasses.replace(done, config=dataclasses.replace(done.config, training=training))
    with make_executor(
        linear_trainer.tiny_dataset(), workers=1, engine="processes", trainer=LINEAR
    ) as executor:
        kept, died = train_runs(executor, [done, linear_run(2, DIES)], keep="best")

    assert kept.is_evidence and kept.weights is not None
    assert (died.cause, died.weights) == ("lost", None)


@pytest.mark.parametrize("trainer", ["plain", "stacked"])
def test_the_last_weights_are_those_that_the_last_epoch_was_measured_with(trainer: str) -> None:
    """Where weights are averaged these are the averages."""
    dataset, run = make_dataset(), make_run(1, learning_rate=0.2)
    training = dataclasses.replace(run.config.training, weight_averaging=2.0)
    run = dataclasses.replace(run, config=dataclasses.replace(run.config, training=training))
    with make_executor(dataset, trainer=trainer, workers=1) as executor:
        (ended,) = train_runs(executor, [dataclasses.replace(run, until=3)], keep="last")
    predicted = predict_run(ended, dataset)
    assert predicted is not None and len(ended.curve) == 3
    loss = float(((predicted - dataset.folds[0].valid.targets.numpy()) ** 2).mean())
    assert loss == pytest.approx(ended.curve[-1].valid_loss, rel=1e-4)


@pytest.mark.parametrize("by_time", [True, False])
def test_runs_that_are_cut_off_are_interrupted_and_leave_the_executor_free(by_time: bool) -> None:
    with plain_executor() as executor:
        runs = [make_run(1), make_run(2)]
        ended = train_runs(
            executor,
            runs,
            keep="best",
            is_over=lambda: not by_time,
            deadline=time.monotonic() if by_time else None,
        )
        assert [(one.planned, one.cause, one.is_evidence) for one in ended] == [
            (run, "interrupted", False) for run in runs
        ]
        assert executor.active == ()
        assert all(run.is_evidence for run in train_runs(executor, runs, keep="best"))
