from __future__ import annotations

from collections.abc import Iterator

import pytest

from automl.errors import ConfigError
from automl.executors.choosing import make_executor
from automl.executors.executor import Executor
from automl.executors.workers.in_process import InProcessEngine
from automl.executors.workers.worker import TrainingSetup
from tests.contracts.executor_contract import (
    LINEAR,
    ExecutorContract,
    MakeExecutor,
    curve_alone,
    epochs_until_all_rest,
    train,
)
from tests.contracts.linear_trainer import LinearTrainer, tiny_dataset, tiny_run, without_seconds
from tests.contracts.worker_contract import MakeEngine, WorkerContract


class TestInProcessWorker(WorkerContract):
    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        return InProcessEngine


class TestInProcessExecutor(ExecutorContract):
    @pytest.fixture
    def make_executor(self) -> MakeExecutor:
        def make(*, trainer: str = LINEAR, **options: object) -> Executor:
            return make_executor(
                tiny_dataset(), workers=1, engine="in_process", trainer=trainer, **options
            )

        return make


@pytest.fixture
def executor() -> Iterator[Executor]:
    with make_executor(tiny_dataset(), workers=1, trainer=LINEAR) as executor:
        yield executor


def test_runs_in_the_middle_of_an_epoch_that_was_broken_off_begin_again(executor, monkeypatch):
    executor.start([tiny_run(1)])
    executor.next_round()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LinearTrainer, "_train_epoch", interrupt)
        executor.next_round()
    (failure,) = executor.next_round().failures
    assert (failure.run_id, failure.cause) == (1, "lost")
    assert failure.message == "the training in this process was broken off"
    executor.start([tiny_run(1)])
    (epoch,) = executor.next_round().epochs
    assert without_seconds([epoch]) == curve_alone(tiny_run(1), 1)


def test_a_run_that_is_told_of_after_an_epoch_was_broken_off_is_not_lost(executor, monkeypatch):
    executor.start([tiny_run(1)], {1: 1})
    epochs_until_all_rest(executor)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LinearTrainer, "_train_epoch", interrupt)
        executor.allow({1: 2})
        executor.next_round()
    executor.start([tiny_run(2)], {2: 3})
    curves, failures = train(executor, [], 3)
    assert [(failure.run_id, failure.cause) for failure in failures] == [(1, "lost")]
    assert without_seconds(curves[2]) == curve_alone(tiny_run(2), 3)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("options", [{"n_workers": 2}, {"n_workers": 1, "memory_limit": 2**30}])
def test_what_needs_processes_is_refused(options):
    with pytest.raises(ConfigError, match="train in processes"):
        InProcessEngine(TrainingSetup(tiny_dataset(), **options))
