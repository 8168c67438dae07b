"""A pool whose workers are threads: another engine, of which nothing else knows."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from automl.data import load_dataset
from automl.executors.choosing import make_executor
from automl.executors.executor import Executor
from automl.options.data_options import SplitOptions
from storage import open_store
from tests.automl.tuning.searches import make_search, settings_for
from tests.contracts.executor_contract import (
    LINEAR,
    ExecutorContract,
    MakeExecutor,
    epochs_until_all_rest,
)
from tests.contracts.linear_trainer import Stuck, tiny_dataset, tiny_run
from tests.contracts.thread_engine import ThreadEngine
from tests.contracts.worker_contract import MakeEngine, WorkerContract

THREADS = "tests.contracts.thread_engine:ThreadEngine"


class TestThreadWorker(WorkerContract):
    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        return ThreadEngine


class TestThreadExecutor(ExecutorContract):
    @pytest.fixture
    def make_executor(self) -> MakeExecutor:
        def make(*, trainer: str = LINEAR, **options: object) -> Executor:
            return make_executor(
                tiny_dataset(), workers=2, engine=THREADS, trainer=trainer, **options
            )

        return make


def test_a_worker_without_work_begins_at_once_what_is_allowed_or_started() -> None:
    """It does not wait until the coordinator, which has more to decide, takes the next round."""
    with make_executor(tiny_dataset(), workers=2, engine=THREADS, trainer=LINEAR) as executor:
        executor.start([tiny_run(1), tiny_run(2)], {1: 1, 2: 1})
        epochs_until_all_rest(executor)
        executor.allow({1: 2})
        executor.start([tiny_run(3)], {3: 4})
        until = time.monotonic() + 60
        while executor.checkpoint(1).epoch < 2 or executor.checkpoint(3).epoch < 4:
            assert time.monotonic() < until, "nobody trains"
        curves = epochs_until_all_rest(executor)
        assert {run_id: [one.epoch for one in curve] for run_id, curve in curves.items()} == {
            1: [2],
            3: [1, 2, 3, 4],
        }


def test_a_worker_that_ends_no_epoch_is_said_while_it_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("automl.executors.round_clock.LONG_ROUND", 0.2)
    monkeypatch.setattr("automl.executors.pool.LISTEN_SECONDS", 0.05)
    with make_executor(
        tiny_dataset(), workers=1, engine=THREADS, trainer="tests.contracts.linear_trainer:Stuck"
    ) as executor:
        executor.start([tiny_run(3, 3)])
        result = executor.next_round()  # without a deadline it would wait for ever
        said = " ".join(executor.take_messages())
        assert not result.epochs and not result.failures
        assert "worker 1 has not ended an epoch of trial 3 for " in said
        Stuck.goes_on.set()
        assert executor.next_round(time.monotonic() + 30).epochs


def test_how_busy_the_machine_is_is_told_by_rounds_and_their_work() -> None:
    """A trainer that sleeps half of its time has the processor for less than that."""
    slow = "tests.contracts.linear_trainer:SlowTrainer"
    with make_executor(tiny_dataset(), workers=1, engine=None, trainer=slow) as executor:
        assert executor.busyness is None
        executor.start([tiny_run(1)], {1: 3})
        epochs_until_all_rest(executor)
        busyness = executor.busyness
        assert busyness is not None and busyness > 1.5


def test_nobody_begins_anything_once_the_rounds_are_finished() -> None:
    with make_executor(tiny_dataset(), workers=2, engine=THREADS, trainer=LINEAR) as executor:
        executor.start([tiny_run(1)], {1: 1})
        epochs_until_all_rest(executor)
        executor.finish_rounds()
        executor.allow({1: 2})
        time.sleep(0.1)
        assert executor.checkpoint(1).epoch == 1


def test_a_search_goes_on_the_same_in_workers_of_another_engine(tmp_path: Path) -> None:
    """Two threads, of which the search, its study and its records know nothing."""
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=1))
    curves = []
    for engine, workers in ((None, 1), (THREADS, 2)):
        executor = make_executor(data.dataset, workers=workers, engine=engine)
        with open_store(f"sqlite:///{tmp_path}/{workers}.db") as store, executor:
            search = make_search(store, data, settings_for(data), executor=executor, n_trials=6)
            list(search)
            records = store.read_study("iris")
        assert [trial.outcome for trial in records.trials] == ["complete"] * 6
        losses = {
            run.trial_number: [epoch.valid_loss for epoch in records.epochs[run.run_id]]
            for run in records.runs
        }
        curves.append(losses)
    assert curves[0] == curves[1]
