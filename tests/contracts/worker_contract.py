"""What every engine and its workers must do; a pool relies on no more than this."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch

from automl.errors import TrainingError
from automl.executors.workers.worker import (
    Engine,
    Orders,
    Ready,
    Reply,
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


def hear(engine: Engine, worker: Worker) -> list[Reply]:
    """Wait for what a worker says."""
    until = time.monotonic() + 60
    while worker not in engine.wait([worker], 0.5):
        assert time.monotonic() < until, "the worker says nothing"
    return list(worker.replies())


def rounds_until_rest(engine: Engine, worker: Worker, n_orders: int) -> list[RoundDone]:
    """Its rounds until it has taken so many orders and does not go on by itself."""
    done: list[RoundDone] = []
    while not done or done[-1].goes_on or done[-1].n_orders < n_orders:
        for reply in hear(engine, worker):
            assert isinstance(reply, RoundDone)
            done.append(reply)
    return done


def epochs_of(done: Sequence[RoundDone]) -> list[tuple[int, int]]:
    """Runs and epochs, in order."""
    return sorted((epoch.run_id, epoch.epoch) for each in done for epoch in each.result.epochs)


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
        assert hear(engine, worker) == [Ready()]
        return worker

    def test_rounds_give_the_epochs_up_to_the_limits_and_what_became_known(self, engine, worker):
        runs = (tiny_run(1), tiny_run(2))
        worker.tell(Orders(start=runs, limits={1: 1, 2: 1}))
        done = rounds_until_rest(engine, worker, 1)
        first = [curve_alone(run, 1)[0] for run in runs]
        assert without_seconds([epoch for each in done for epoch in each.result.epochs]) == first
        assert [each for one in done for each in one.result.begun] == [
            RunBegan(1, 8),
            RunBegan(2, 8),
        ]
        assert all((each.result.failures, each.waiting) == ((), ()) for each in done)

    def test_a_worker_trains_on_while_nobody_listens(self, engine, worker):
        """It does not wait for its pool: twelve rounds and more, in which it is told nothing."""
        worker.tell(Orders(start=(tiny_run(1), tiny_run(2)), limits={1: 12, 2: 9}))
        time.sleep(0.3)
        done = rounds_until_rest(engine, worker, 1)
        assert len(done) >= 12
        assert epochs_of(done) == [(1, n) for n in range(1, 13)] + [(2, n) for n in range(1, 10)]
        assert not done[-1].goes_on
        assert all(each.goes_on for each in done[:-1])

    def test_orders_are_carried_out_in_their_order_between_rounds(self, engine, worker):
        worker.tell(Orders(start=(tiny_run(1), tiny_run(2)), limits={1: 1, 2: 1}))
        rounds_until_rest(engine, worker, 1)
        worker.tell(Orders(stop=(1,), forget=(1,), start=(tiny_run(3),), limits={2: 2, 3: 1}))
        worker.tell(Orders(limits={3: 2}))
        done = rounds_until_rest(engine, worker, 3)
        assert epochs_of(done) == [(2, 2), (3, 1), (3, 2)]
        assert [each.n_orders for each in done] == sorted(each.n_orders for each in done)
        with pytest.raises(TrainingError, match="no weights of run 1"):
            worker.best_weights(1)

    def test_what_a_worker_has_taken_is_known_when_it_has_ended_too(self, engine, worker):
        worker.tell(Orders(start=(tiny_run(1),), limits={1: 1}))
        rounds_until_rest(engine, worker, 1)
        assert worker.has_taken(1)
        worker.end()
        with pytest.raises(WorkerLost):
            worker.tell(Orders())
        assert worker.has_taken(1)
        assert not worker.has_taken(2)

    def test_without_time_there_are_no_epochs_until_there_is_some(self, engine, worker):
        worker.tell(Orders(start=(tiny_run(1),), seconds=0.0, limits={1: 1}))
        assert epochs_of(rounds_until_rest(engine, worker, 1)) == []
        worker.tell(Orders())
        assert epochs_of(rounds_until_rest(engine, worker, 2)) == [(1, 1)]

    def test_a_worker_that_is_held_trains_no_more_and_gives_states_and_weights(
        self, engine, worker
    ):
        worker.tell(Orders(start=(tiny_run(1, max_epochs=100_000),)))
        first = hear(engine, worker)
        worker.tell(Orders(is_held=True))
        done = [*first, *rounds_until_rest(engine, worker, 2)]
        checkpoint = worker.checkpoint(1)
        assert (checkpoint.run.run_id, checkpoint.epoch) == (1, len(epochs_of(done)))
        assert torch.equal(worker.best_weights(1)["weight"], checkpoint.best_weights["weight"])
        worker.tell(Orders(stop=(1,), start=(tiny_run(2),), limits={2: 1}))
        rounds_until_rest(engine, worker, 3)
        assert torch.equal(worker.best_weights(1)["weight"], checkpoint.best_weights["weight"])
        with pytest.raises(TrainingError, match="run 1 is not"):
            worker.checkpoint(1)

    def test_a_worker_gives_states_and_weights_between_rounds_that_go_untold_no_less(
        self, engine, worker
    ):
        worker.tell(Orders(start=(tiny_run(1, max_epochs=100_000),)))
        done = hear(engine, worker)
        checkpoint = worker.checkpoint(1, 60.0)
        assert checkpoint.epoch >= len(epochs_of(done)) > 0
        assert set(worker.best_weights(1)) == set(checkpoint.weights)
        worker.tell(Orders(is_held=True))
        done += rounds_until_rest(engine, worker, 2)
        n_epochs = len(epochs_of(done))
        assert n_epochs >= checkpoint.epoch
        assert epochs_of(done) == [(1, epoch) for epoch in range(1, n_epochs + 1)]

    def test_a_run_that_raises_is_part_of_the_result(self, engine, worker):
        worker.tell(Orders(start=(tiny_run(1, CRASHES), tiny_run(2)), limits={2: 3}))
        done = rounds_until_rest(engine, worker, 1)
        (failure,) = [failure for each in done for failure in each.result.failures]
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
            worker.tell(Orders())
            worker.replies()
        worker.end()
        successor = engine.launch(0)
        assert hear(engine, successor) == [Ready()]
        successor.tell(Orders(start=(tiny_run(1),), limits={1: 1}))
        assert epochs_of(rounds_until_rest(engine, successor, 1)) == [(1, 1)]

    def test_waiting_for_nobody_names_nobody(self, engine):
        assert list(engine.wait([], 0.0)) == []

    def test_there_are_as_many_places_as_were_asked_for(self, engine):
        assert engine.n_workers == 1

    def test_an_engine_may_be_closed_again(self, make_engine):
        engine = make_engine(TrainingSetup(tiny_dataset(), 1, LINEAR))
        engine.launch(0)
        engine.close()
        engine.close()
