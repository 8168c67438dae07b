from __future__ import annotations

from automl.executors.pool_runs import PoolRun, PoolRuns
from automl.executors.run_progress import RunProgress
from automl.training.costs import RunCost
from tests.contracts.linear_trainer import LinearTrainer, tiny_dataset, tiny_run


def add(runs: PoolRuns, run_id: int, trial_number: int, limit: int | None = None) -> PoolRun:
    start = tiny_run(run_id, trial_number)
    run = PoolRun(start, RunCost("stack", 2.0, 1.0), RunProgress.of(start, limit))
    runs.add(run)
    return run


def test_runs_that_are_due_and_with_no_worker_wait_those_of_the_first_trials_first():
    runs = PoolRuns()
    second, first, resting = add(runs, 1, 8), add(runs, 2, 5), add(runs, 3, 6, 0)
    assert runs.active == (1, 2, 3)
    assert runs.waiting == [first, second]
    resting.progress.allow(1)
    assert runs.waiting == [first, resting, second]
    runs.end(first)
    assert (runs.waiting, runs.get(2), runs.active_run(2)) == ([resting, second], first, None)
    runs.remove(first)
    assert runs.get(2) is None


def test_what_is_left_to_do_is_estimated_from_the_cost_of_an_epoch():
    run = add(PoolRuns(), 1, 1, 4)
    assert run.seconds_left == 12.0


def test_the_weights_of_a_run_that_gave_way_are_here():
    trainer = LinearTrainer(tiny_dataset())
    trainer.add([tiny_run(1)])
    trainer.train_round()
    run = add(PoolRuns(), 1, 1)
    assert run.weights_here is None
    run.start = trainer.checkpoint(1)
    assert set(run.weights_here) == {"weight"}
