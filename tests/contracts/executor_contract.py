"""What every executor must do, wherever it trains."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest
import torch

from automl.errors import TrainingError
from automl.executors.executor import Executor, RunFailure
from automl.executors.numerics import training_arithmetic
from automl.training.config import RunConfig
from automl.training.trainer import Start
from storage.records import EpochRecord
from tests.contracts.linear_trainer import (
    CANNOT_BEGIN,
    CRASHES,
    DIVERGES,
    NEEDS_ROOM,
    LinearTrainer,
    tiny_dataset,
    tiny_run,
    without_seconds,
)

MakeExecutor = Callable[..., Executor]
LINEAR = "tests.contracts.linear_trainer:LinearTrainer"
NAMING = "tests.contracts.linear_trainer:NamingTrainer"
SLOW = "tests.contracts.linear_trainer:SlowTrainer"


def train(
    executor: Executor, starts: Sequence[Start], n_epochs: int
) -> tuple[dict[int, list[EpochRecord]], list[RunFailure]]:
    """Train runs to an epoch, stopping each when it gets there, as a coordinator does."""
    curves: dict[int, list[EpochRecord]] = defaultdict(list)
    failures: list[RunFailure] = []
    executor.start(starts)
    wanted = set(executor.active)
    for _ in range(1000):
        if not executor.active:
            return curves, failures
        result = executor.next_round()
        failures += result.failures
        for epoch in result.epochs:
            if epoch.run_id in wanted:  # what came together with its last epoch is too much
                curves[epoch.run_id].append(epoch)
            if epoch.epoch >= n_epochs:
                executor.stop(epoch.run_id)
                wanted.discard(epoch.run_id)
    raise AssertionError(f"runs {executor.active} never end")


def epochs_until_all_rest(executor: Executor) -> dict[int, list[EpochRecord]]:
    """What runs train until none of them is due."""
    curves: dict[int, list[EpochRecord]] = defaultdict(list)
    while result := executor.next_round().epochs:
        for epoch in result:
            curves[epoch.run_id].append(epoch)
    return curves


def curve_alone(run: RunConfig, n_epochs: int) -> list[EpochRecord]:
    """The run's epochs where nothing else is trained."""
    trainer = LinearTrainer(tiny_dataset())
    with training_arithmetic():
        trainer.add([run])
        return without_seconds([trainer.train_round()[0] for _ in range(n_epochs)])


class ExecutorContract:
    @pytest.fixture
    def make_executor(self) -> MakeExecutor:
        """Make an executor on `tiny_dataset` that is closed after the test."""
        raise NotImplementedError

    def test_each_run_gives_its_epochs_bit_for_bit_as_alone(self, make_executor):
        runs = [tiny_run(run_id) for run_id in range(6)]
        curves, failures = train(make_executor(), runs, 5)
        assert failures == []
        for run in runs:
            assert without_seconds(curves[run.run_id]) == curve_alone(run, 5)

    def test_active_are_the_runs_that_were_started_and_not_stopped(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(3), tiny_run(1)])
        assert executor.active == (3, 1)
        executor.next_round()
        executor.stop(3)
        executor.stop(3)
        assert executor.active == (1,)

    def test_a_stopped_run_gives_no_more_records(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1), tiny_run(2)])
        executor.next_round()
        executor.stop(1)
        seen = {epoch.run_id for _ in range(4) for epoch in executor.next_round().epochs}
        assert seen <= {2}

    def test_a_run_that_is_stopped_while_it_rests_trains_no_more(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1), tiny_run(2)], {1: 1, 2: 1})
        executor.next_round()
        executor.stop(1)
        executor.allow({1: 4, 2: 4})
        assert set(epochs_until_all_rest(executor)) == {2}

    def test_runs_may_be_started_while_others_go_on(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1)], {1: 1})
        first = executor.next_round().epochs
        executor.allow({1: 4})
        curves, _ = train(executor, [tiny_run(2)], 4)
        assert without_seconds([*first, *curves[1]]) == curve_alone(tiny_run(1), 4)
        assert without_seconds(curves[2]) == curve_alone(tiny_run(2), 4)

    def test_a_run_cannot_be_started_twice_at_once(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1)])
        with pytest.raises(ValueError, match="run 1 is active already"):
            executor.start([tiny_run(1)])

    def test_a_run_that_was_stopped_before_its_first_round_never_trains(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1), tiny_run(2)])
        executor.stop(1)
        curves, _ = train(executor, [], 2)
        assert set(curves) == {2}
        with pytest.raises(TrainingError, match="no weights of run 1"):
            executor.best_weights(1)

    def test_a_run_id_can_be_started_again_after_it_was_stopped(self, make_executor):
        executor = make_executor()
        train(executor, [tiny_run(1)], 2)
        executor.forget(1)
        curves, _ = train(executor, [tiny_run(1)], 3)
        assert without_seconds(curves[1]) == curve_alone(tiny_run(1), 3)

    def test_a_run_trains_to_its_limit_and_rests_there_until_it_is_allowed_more(
        self, make_executor
    ):
        executor = make_executor()
        executor.start([tiny_run(1), tiny_run(2)], {1: 2, 2: 3})
        first = epochs_until_all_rest(executor)
        assert {run_id: len(curve) for run_id, curve in first.items()} == {1: 2, 2: 3}
        assert executor.active == (1, 2)
        assert executor.checkpoint(1).epoch == 2
        executor.allow({1: 4, 7: 9})
        rest = epochs_until_all_rest(executor)
        assert set(rest) == {1}
        assert without_seconds([*first[1], *rest[1]]) == curve_alone(tiny_run(1), 4)
        assert without_seconds(first[2]) == curve_alone(tiny_run(2), 3)

    def test_a_run_whose_curve_has_ended_rests_without_having_been_stopped(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1), tiny_run(2)], {2: 999})
        curves = epochs_until_all_rest(executor)
        assert {run_id: len(curve) for run_id, curve in curves.items()} == {
            1: 20,
            2: 20,
        }
        executor.stop(1)
        assert "weight" in executor.best_weights(1)

    def test_a_run_at_its_limit_goes_on_elsewhere_from_its_checkpoint(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1)], {1: 2})
        first = epochs_until_all_rest(executor)
        checkpoint = executor.checkpoint(1)
        executor.stop(1)
        executor.start([checkpoint], {1: 3})
        rest = epochs_until_all_rest(executor)
        assert without_seconds([*first[1], *rest[1]]) == curve_alone(tiny_run(1), 3)

    def test_best_weights_stay_until_they_are_forgotten(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1)], {1: 1})
        executor.next_round()
        during = executor.best_weights(1)["weight"].clone()
        executor.stop(1)
        assert torch.equal(executor.best_weights(1)["weight"], during)
        executor.forget(1)
        executor.forget(1)
        with pytest.raises(TrainingError, match="no weights of run 1"):
            executor.best_weights(1)

    def test_a_checkpoint_goes_on_as_if_nothing_had_happened(self, make_executor):
        executor = make_executor()
        curves, _ = train(executor, [tiny_run(1)], 1)
        executor.start([tiny_run(2)], {2: 1})
        first = executor.next_round().epochs
        checkpoint = executor.checkpoint(2)
        executor.stop(2)
        curves, _ = train(executor, [checkpoint], 4)
        assert without_seconds([*first, *curves[2]]) == curve_alone(tiny_run(2), 4)

    def test_after_the_rounds_are_finished_checkpoints_are_of_the_last_epochs_given(
        self, make_executor
    ):
        """Also of runs that other workers were training in the meantime."""
        executor = make_executor()
        executor.start([tiny_run(run_id) for run_id in range(4)])
        executor.next_round()
        epochs = [*executor.next_round().epochs, *executor.finish_rounds().epochs]
        last = {epoch.run_id: epoch.epoch for epoch in epochs}
        assert last == {run_id: executor.checkpoint(run_id).epoch for run_id in last}
        assert executor.finish_rounds().epochs == ()
        assert {epoch.run_id for epoch in executor.next_round().epochs} <= {0, 1, 2, 3}

    def test_there_is_no_checkpoint_of_a_run_that_is_not_active(self, make_executor):
        with pytest.raises(TrainingError, match="run 7 is not"):
            make_executor().checkpoint(7)

    def test_a_diverged_run_ends_with_its_record_and_keeps_its_best_weights(self, make_executor):
        executor = make_executor()
        curves, failures = train(executor, [tiny_run(1, DIVERGES), tiny_run(2)], 4)
        assert failures == []
        assert [epoch.is_finite for epoch in curves[1]] == [True, False]
        assert without_seconds(curves[2]) == curve_alone(tiny_run(2), 4)
        assert torch.isfinite(executor.best_weights(1)["weight"]).all()

    @pytest.mark.parametrize("trouble", [CRASHES, CANNOT_BEGIN])
    def test_of_runs_in_one_trainer_only_the_culprit_of_a_crash_is_lost(
        self, make_executor, trouble
    ):
        executor = make_executor()
        runs = [tiny_run(run_id) for run_id in range(1, 8)]
        curves, failures = train(executor, [*runs[:4], tiny_run(0, trouble), *runs[4:]], 5)
        assert [(failure.run_id, failure.cause) for failure in failures] == [(0, "crashed")]
        assert failures[0].message.startswith("ValueError: ")
        assert "nobody reads" not in failures[0].message
        for run in runs:
            assert without_seconds(curves[run.run_id]) == curve_alone(run, 5)

    @pytest.mark.parametrize("trouble", [CRASHES, CANNOT_BEGIN])
    def test_where_a_trainer_says_whose_error_it_was_nobody_else_notices(
        self, make_executor, trouble
    ):
        executor = make_executor(trainer=NAMING)
        runs = [tiny_run(run_id) for run_id in range(1, 8)]
        curves, failures = train(executor, [*runs[:4], tiny_run(0, trouble), *runs[4:]], 5)
        assert [(failure.run_id, failure.cause) for failure in failures] == [(0, "crashed")]
        assert failures[0].message.startswith("ValueError: ")
        assert ", in " in failures[0].message, "the trainer is not ours: its place has its name"
        for run in runs:
            assert without_seconds(curves[run.run_id]) == curve_alone(run, 5)
        with pytest.raises(TrainingError):
            executor.best_weights(0)

    def test_runs_of_which_each_could_be_named_train_fewer_at_once_where_memory_is_short(
        self, make_executor
    ):
        runs = [tiny_run(run_id, NEEDS_ROOM) for run_id in range(12)]
        curves, failures = train(make_executor(trainer=NAMING), runs, 4)
        assert failures == []
        for run in runs:
            assert without_seconds(curves[run.run_id]) == curve_alone(run, 4)

    def test_what_became_known_of_a_run_as_it_began_is_told_once(self, make_executor):
        """In the order in which workers are done, which is no order of the runs."""
        executor = make_executor(trainer=NAMING)
        executor.start([tiny_run(1), tiny_run(2, CRASHES)])
        results = [executor.next_round() for _ in range(4)]
        executor.start([tiny_run(3)])

        def n_epochs(run_id):
            return sum(each.run_id == run_id for result in results for each in result.epochs)

        # Later rounds tell nothing more, and a worker may be done long after another.
        while n_epochs(3) < 3 or not any(result.failures for result in results):
            results.append(executor.next_round())
        begun = [began for result in results for began in result.begun]
        begun.sort(key=lambda each: each.run_id)
        assert [(each.run_id, each.n_parameters, each.layers) for each in begun] == [
            (1, 8, ()),
            (2, 8, ()),
            (3, 8, ()),
        ]

    def test_weights_of_runs_that_had_ended_outlive_a_crash(self, make_executor):
        executor = make_executor()
        train(executor, [tiny_run(1)], 3)
        weights = executor.best_weights(1)["weight"].clone()
        train(executor, [tiny_run(2, CRASHES), tiny_run(3)], 4)
        assert torch.equal(executor.best_weights(1)["weight"], weights)

    def test_where_memory_does_not_suffice_fewer_runs_train_at_once(self, make_executor):
        runs = [tiny_run(run_id, NEEDS_ROOM) for run_id in range(12)]
        curves, failures = train(make_executor(), runs, 4)
        assert failures == []
        for run in runs:
            assert without_seconds(curves[run.run_id]) == curve_alone(run, 4)

    def test_the_time_limit_of_a_trial_is_checked_between_rounds(self, make_executor):
        executor = make_executor(trainer=SLOW, trial_timeout=0.3)
        executor.start([tiny_run(0)])
        executor.next_round()  # loads what is loaded once
        executor.stop(0)
        curves, failures = train(executor, [tiny_run(1, max_epochs=1000)], 1000)
        assert [(failure.run_id, failure.cause) for failure in failures] == [(1, "timed_out")]
        assert len(curves[1]) <= 8
        executor.start([tiny_run(2)])
        assert {epoch.run_id for epoch in executor.next_round().epochs} == {2}

    def test_a_round_without_runs_gives_nothing(self, make_executor):
        result = make_executor().next_round()
        assert (result.epochs, result.failures) == ((), ())

    def test_a_deadline_that_has_passed_ends_the_round(self, make_executor):
        executor = make_executor()
        executor.start([tiny_run(1)])
        before = time.monotonic()
        assert executor.next_round(deadline=before).epochs == ()
        assert time.monotonic() - before < 2
        assert executor.active == (1,)

    def test_what_is_closed_has_no_runs_and_may_be_closed_again(self, make_executor):
        with make_executor() as executor:
            executor.start([tiny_run(1)])
            executor.next_round()
        assert executor.active == ()
        executor.close()
