"""What every engine and its workers must do; a pool relies on no more than this."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import torch

from automl.errors import TrainingError
from automl.executors.workers.worker import (
    Engine,
    Orders,
    Ready,
    RoundDone,
    TrainingSetup,
    Worker,
    WorkerLost,
)
from automl.training.trainer import RunBegan
from tests.contracts.executor_contract import LINEAR, NAMING, curve_alone
from tests.contracts.linear_trainer import CRASHES, tiny_dataset, tiny_run, without_seconds

BROKEN = "tests.contracts.linear_trainer:BrokenTrainer"
MakeEngine = Callable[[TrainingSetup], Engine]


def hear(engine: Engine, worker: Worker) -> Ready | RoundDone:
    """Wait for a worker's reply."""
    until = time.monotonic() + 60
    while worker not in engine.wait([worker], 0.5):
        assert time.monotonic() < until, "the worker says nothing"
    return worker.reply()


class WorkerContract:
    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        """The kind of engine."""
        raise NotImplementedError

    @pytest.fixture
    def engine(self, make_engine: MakeEngine) -> Iterator[Engine]:
        engine = make_engine(TrainingSetup(tiny_dataset(), 1, NAMING))
        yield engine
        engine.close()

    @pytest.fixture
    def worker(self, engine: Engine) -> Worker:
        """One that is ready."""
        worker = engine.launch(0)
        assert hear(engine, worker) == Ready()
        return worker

    def test_a_round_gives_the_epochs_and_what_became_known(self, engine, worker):
        worker.begin(Orders(start=(tiny_run(1), tiny_run(2))))
        done = hear(engine, worker)
        assert isinstance(done, RoundDone)
        first = [curve_alone(tiny_run(run_id), 1)[0] for run_id in (1, 2)]
        assert without_seconds(done.result.epochs) == first
        assert done.result.begun == (RunBegan(1, 8), RunBegan(2, 8))
        assert (done.result.failures, done.waiting) == ((), ())

    def test_runs_end_are_forgotten_and_begin_before_the_round(self, engine, worker):
        worker.begin(Orders(start=(tiny_run(1), tiny_run(2))))
        hear(engine, worker)
        worker.begin(Orders(stop=(1,), forget=(1,), start=(tiny_run(3),)))
        epochs = hear(engine, worker).result.epochs
        assert {(epoch.run_id, epoch.epoch) for epoch in epochs} == {(2, 2), (3, 1)}
        with pytest.raises(TrainingError, match="no weights of run 1"):
            worker.best_weights(1)

    def test_a_round_without_time_gives_no_epochs(self, engine, worker):
        worker.begin(Orders(start=(tiny_run(1),), seconds=0.0))
        assert hear(engine, worker).result.epochs == ()

    def test_states_and_weights_are_given_between_rounds(self, engine, worker):
        worker.begin(Orders(start=(tiny_run(1),)))
        hear(engine, worker)
        checkpoint = worker.checkpoint(1)
        assert (checkpoint.run, checkpoint.epoch) == (tiny_run(1), 1)
        assert torch.equal(worker.best_weights(1)["weight"], checkpoint.best_weights["weight"])
        worker.begin(Orders(stop=(1,), start=(tiny_run(2),)))
        hear(engine, worker)
        assert torch.equal(worker.best_weights(1)["weight"], checkpoint.best_weights["weight"])
        with pytest.raises(TrainingError, match="run 1 is not"):
            worker.checkpoint(1)

    def test_a_run_that_raises_is_part_of_the_result(self, engine, worker):
        worker.begin(Orders(start=(tiny_run(1, CRASHES), tiny_run(2))))
        hear(engine, worker)
        worker.begin(Orders())
        (failure,) = hear(engine, worker).result.failures
        assert (failure.run_id, failure.cause) == (1, "crashed")

    def test_a_worker_that_cannot_train_says_why(self, make_engine):
        engine = make_engine(TrainingSetup(tiny_dataset(), 1, BROKEN))
        message = "a worker cannot train: OSError: the driver is too old"
        with pytest.raises(TrainingError, match=message):
            hear(engine, engine.launch(0))
        engine.close()

    @pytest.mark.parametrize("give_up", [Worker.abandon, Worker.end], ids=["abandoned", "ended"])
    def test_a_worker_that_was_given_up_is_lost_and_another_takes_its_place(
        self, engine, worker, give_up
    ):
        getattr(worker, give_up.__name__)()
        with pytest.raises(WorkerLost):
            worker.best_weights(1)
        with pytest.raises(WorkerLost):
            worker.begin(Orders())
            worker.reply()
        worker.end()
        successor = engine.launch(0)
        assert hear(engine, successor) == Ready()
        successor.begin(Orders(start=(tiny_run(1),)))
        assert len(hear(engine, successor).result.epochs) == 1

    def test_waiting_for_nobody_names_nobody(self, engine):
        assert list(engine.wait([], 0.0)) == []

    def test_there_are_as_many_places_as_were_asked_for(self, engine):
        assert engine.n_workers == 1

    def test_an_engine_may_be_closed_again(self, make_engine):
        engine = make_engine(TrainingSetup(tiny_dataset(), 1, LINEAR))
        engine.launch(0)
        engine.close()
        engine.close()
