from __future__ import annotations

import pytest
import torch

from automl.executors.executor import Executor
from automl.executors.guarded_training import InProcessExecutor, halves
from tests.contracts.executor_contract import (
    LINEAR,
    ExecutorContract,
    MakeExecutor,
    curve_alone,
    train,
)
from tests.contracts.linear_trainer import (
    CRASHES,
    NEEDS_ROOM,
    LinearTrainer,
    tiny_dataset,
    tiny_run,
    without_seconds,
)


class TestInProcessExecutor(ExecutorContract):
    @pytest.fixture
    def make_executor(self) -> MakeExecutor:
        def make(*, trainer: str = LINEAR, **options: object) -> Executor:
            return InProcessExecutor(tiny_dataset(), trainer=trainer, **options)

        return make


@pytest.fixture
def executor():
    with InProcessExecutor(tiny_dataset(), trainer=LINEAR) as executor:
        yield executor


def test_all_runs_are_in_one_trainer_again_after_the_culprit_is_gone(executor):
    executor.start([tiny_run(1), tiny_run(2, CRASHES), tiny_run(3), tiny_run(4)])
    for _ in range(6):
        executor.next_round()
    assert [sorted(trainer.active) for trainer in executor._trainers] == [[1, 3, 4]]


def test_several_culprits_are_found_one_by_one(executor):
    runs = [tiny_run(run_id, CRASHES if run_id in (0, 1, 6) else 0) for run_id in range(8)]
    curves, failures = train(executor, runs, 4)
    assert sorted(failure.run_id for failure in failures) == [0, 1, 6]
    assert all(without_seconds(curves[i]) == curve_alone(runs[i], 4) for i in (2, 3, 4, 5, 7))


def test_the_limit_on_runs_goes_with_the_runs_that_were_too_many(executor):
    train(executor, [tiny_run(run_id, NEEDS_ROOM) for run_id in range(8)], 3)
    executor.start([tiny_run(run_id) for run_id in range(10, 18)])
    assert len(executor.next_round().epochs) == 8


def test_a_run_that_needs_more_memory_than_there_is_fails_alone(executor, monkeypatch):
    monkeypatch.setattr("tests.contracts.linear_trainer.ROOM", 0)
    runs = [tiny_run(0), tiny_run(1, NEEDS_ROOM), tiny_run(2)]
    curves, failures = train(executor, runs, 4)
    assert [(failure.run_id, failure.cause) for failure in failures] == [(1, "out_of_memory")]
    assert without_seconds(curves[2]) == curve_alone(runs[2], 4)


def test_no_more_runs_train_at_once_than_are_allowed():
    executor = InProcessExecutor(tiny_dataset(), trainer=LINEAR, max_runs=2)
    executor.start([tiny_run(run_id) for run_id in range(5)])
    assert {epoch.run_id for epoch in executor.next_round().epochs} == {0, 1}
    assert executor.waiting == (2, 3, 4)
    executor.stop(0)
    assert {epoch.run_id for epoch in executor.next_round().epochs} == {1, 2}


def test_a_waiting_run_that_continues_is_where_it_was_started():
    executor = InProcessExecutor(tiny_dataset(), trainer=LINEAR, max_runs=1)
    trainer = LinearTrainer(tiny_dataset())
    trainer.add([tiny_run(1)])
    trainer.train_round()
    checkpoint = trainer.checkpoint(1)
    executor.start([tiny_run(0), checkpoint])
    executor.next_round()
    assert executor.checkpoint(1) is checkpoint


def test_the_thread_is_as_it_was_after_a_round(executor):
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(executor, [tiny_run(1)], 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)


def test_halves_keep_the_order():
    assert halves([1, 2, 3]) == ([1, 2], [3])
