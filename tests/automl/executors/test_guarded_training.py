"""How a place of training helps itself; what comes of it is in the contract of executors."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import pytest
import torch

from automl.errors import TrainingError
from automl.executors.executor import RunFailure
from automl.executors.guarded_training import GuardedTraining, halves
from automl.training.plain import PlainTrainer
from automl.training.trainer import Start
from storage.records import EpochRecord
from tests.contracts.executor_contract import curve_alone
from tests.contracts.linear_trainer import (
    CANNOT_BEGIN,
    CRASHES,
    NEEDS_ROOM,
    LinearTrainer,
    NamingTrainer,
    tiny_dataset,
    tiny_run,
    without_seconds,
)
from tests.contracts.tiny_datasets import tiny_dataset as mlp_data
from tests.contracts.trainer_contract import tiny_run as mlp_run


class CountingTrainer(NamingTrainer):
    """One that counts the epochs it has trained, whoever was given them."""

    n_epochs = 0

    def _train_epoch(self, run: object) -> EpochRecord:
        type(self).n_epochs += 1
        return super()._train_epoch(run)


class UnhurriedTrainer(LinearTrainer):
    """One that trains all of its runs where any time is left, and takes a while for it."""

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        if deadline is not None and time.monotonic() >= deadline:
            return []
        time.sleep(0.05)
        return super().train_round(None, run_ids)


def make(kind: type[LinearTrainer] = LinearTrainer) -> GuardedTraining:
    return GuardedTraining(lambda: kind(tiny_dataset()))


@pytest.fixture
def training() -> GuardedTraining:
    return make()


def rounds(
    training: GuardedTraining,
    starts: Sequence[Start],
    n_rounds: int,
    n_epochs: int = 4,
) -> tuple[dict[int, list[EpochRecord]], list[RunFailure]]:
    """Train some runs for some rounds, each to an epoch at most."""
    curves: dict[int, list[EpochRecord]] = {}
    failures: list[RunFailure] = []
    training.start(starts)
    for _ in range(n_rounds):
        result = training.train_round()
        failures += result.failures
        for epoch in result.epochs:
            curves.setdefault(epoch.run_id, []).append(epoch)
            if epoch.epoch == n_epochs:
                training.stop(epoch.run_id)
    return curves, failures


def trained_together(training: GuardedTraining) -> list[list[int]]:
    return [sorted(trainer.active) for trainer in training._trainers.trainers]


def test_all_runs_are_in_one_trainer_again_after_the_culprit_is_gone(training):
    rounds(training, [tiny_run(1), tiny_run(2, CRASHES), tiny_run(3), tiny_run(4)], 6, 100)
    assert trained_together(training) == [[1, 3, 4]]


def test_a_culprit_is_found_where_time_is_up_after_the_first_half():
    training, failures = make(UnhurriedTrainer), []
    training.start([tiny_run(1), tiny_run(2), tiny_run(3), tiny_run(4, CRASHES)])
    for _ in range(12):
        failures += training.train_round(time.monotonic() + 0.03).failures
    assert [failure.run_id for failure in failures] == [4]
    assert min(run.n_reported for run in training.runs.values()) > 1


def test_several_culprits_are_found_one_by_one(training):
    runs = [tiny_run(run_id, CRASHES if run_id in (0, 1, 6) else 0) for run_id in range(8)]
    curves, failures = rounds(training, runs, 12)
    assert sorted(failure.run_id for failure in failures) == [0, 1, 6]
    for run_id in (2, 3, 4, 5, 7):
        assert without_seconds(curves[run_id]) == curve_alone(runs[run_id], 4)


def test_no_epoch_is_trained_twice_where_the_trainer_says_whose_error_it_was(monkeypatch):
    monkeypatch.setattr(CountingTrainer, "n_epochs", 0)
    training = make(CountingTrainer)
    trouble = {2: CRASHES, 4: CANNOT_BEGIN, 5: CRASHES}
    runs = [tiny_run(run_id, trouble.get(run_id, 0)) for run_id in range(8)]
    curves, failures = rounds(training, runs, 6, 100)
    assert sorted(failure.run_id for failure in failures) == [2, 4, 5]
    assert CountingTrainer.n_epochs == sum(map(len, curves.values()))
    assert trained_together(training) == [[0, 1, 3, 6, 7]]


def test_the_limit_on_runs_goes_with_the_runs_that_were_too_many(training):
    runs = [tiny_run(run_id, NEEDS_ROOM) for run_id in range(8)]
    rounds(training, runs, 3)
    assert len(training.train_round().epochs) < 8
    for run in runs:
        training.stop(run.run_id)
    training.start([tiny_run(run_id) for run_id in range(10, 18)])
    assert len(training.train_round().epochs) == 8


def test_a_run_that_needs_more_memory_than_there_is_fails_alone(training, monkeypatch):
    monkeypatch.setattr("tests.contracts.linear_trainer.ROOM", 0)
    runs = [tiny_run(0), tiny_run(1, NEEDS_ROOM), tiny_run(2)]
    curves, failures = rounds(training, runs, 20)
    assert [(failure.run_id, failure.cause) for failure in failures] == [(1, "out_of_memory")]
    assert without_seconds(curves[2]) == curve_alone(runs[2], 4)


def test_runs_without_room_are_named_and_one_that_continues_is_where_it_was_started(training):
    other = LinearTrainer(tiny_dataset())
    other.add([tiny_run(4)])
    other.train_round()
    checkpoint = other.checkpoint(4)
    runs = [*(tiny_run(run_id, NEEDS_ROOM) for run_id in range(4)), checkpoint]
    rounds(training, runs, 3)
    result = training.train_round()
    assert {epoch.run_id for epoch in result.epochs} == {0, 1}
    assert training.waiting == (2, 3, 4)
    assert training.checkpoint(4) is checkpoint


def test_where_room_is_short_runs_that_rest_give_way_to_those_that_wait(training):
    """Else those in slots would wait at their limits for others that wait for room."""
    runs = [tiny_run(run_id, NEEDS_ROOM) for run_id in range(6)]
    training.start(runs)
    training.runs.allow(dict.fromkeys(range(6), 2))
    curves: dict[int, list[EpochRecord]] = {}
    seen = []
    for limit in (2, 5):
        training.runs.allow(dict.fromkeys(range(6), limit))
        for _ in range(40):
            for epoch in training.train_round().epochs:
                curves.setdefault(epoch.run_id, []).append(epoch)
            assert len(training._trainers.first().active) <= 6
        seen.append({run_id: len(curve) for run_id, curve in curves.items()})
        assert training.runs.due == ()
    assert seen == [dict.fromkeys(range(6), 2), dict.fromkeys(range(6), 5)]
    for run in runs:
        assert without_seconds(curves[run.run_id]) == curve_alone(run, 5)
        assert training.checkpoint(run.run_id).epoch == 5
    away = [run_id for run_id in range(6) if not training._trainers.has(run_id)]
    assert away, "some have given way"
    weights = training.checkpoint(away[0]).best_weights["weight"]
    training.stop(away[0])
    assert torch.equal(training.best_weights(away[0])["weight"], weights)
    training.forget(away[0])
    with pytest.raises(TrainingError, match="no weights"):
        training.best_weights(away[0])


def test_a_run_without_hope_fails_before_its_first_epoch_and_what_is_known_of_it_is_told():
    hopeless = mlp_run(1, n_layers=2, initialization="zeros")
    runs = [hopeless, mlp_run(2, n_layers=2)]
    for is_preflight, n_epochs in ((True, 1), (False, 2)):
        training = GuardedTraining(lambda: PlainTrainer(mlp_data()), is_preflight=is_preflight)
        training.start(runs)
        result = training.train_round()
        assert [began.run_id for began in result.begun] == [1, 2]
        assert all(began.layers for began in result.begun)
        causes = [(failure.run_id, failure.cause) for failure in result.failures]
        assert causes == ([(1, "hopeless")] if is_preflight else [])
        assert len(result.epochs) == n_epochs
        assert training.train_round().begun == ()


def test_the_thread_is_as_it_was_after_a_round(training):
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        rounds(training, [tiny_run(1)], 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)


def test_halves_keep_the_order():
    assert halves([1, 2, 3]) == ([1, 2], [3])
