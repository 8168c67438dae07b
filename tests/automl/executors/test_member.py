from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.member import Member
from automl.executors.pool_runs import PoolRun
from automl.executors.round_clock import FIRST_ROUND_GRACE, MINIMUM_GRACE, READY_LIMIT
from automl.executors.run_progress import RunProgress
from automl.executors.workers.worker import RoundDone, TrainingSetup
from automl.training.costs import RunCost
from storage.records import EpochRecord
from tests.contracts.executor_contract import LINEAR
from tests.contracts.linear_trainer import tiny_dataset, tiny_run
from tests.contracts.thread_engine import ThreadEngine


@pytest.fixture
def engine() -> Iterator[ThreadEngine]:
    engine = ThreadEngine(TrainingSetup(tiny_dataset(), 1, LINEAR))
    yield engine
    engine.close()


def run_of(run_id: int, limit: int | None = None, *, alone: bool = False) -> PoolRun:
    start = tiny_run(run_id, run_id)
    return PoolRun(start, RunCost(None, 0.0, 1.0), RunProgress.of(start, limit), alone)


def member_of(engine: ThreadEngine, *runs: PoolRun, timeout: float | None = None) -> Member:
    """A worker that is ready and was told these runs."""
    member = Member.launch(engine, 0, timeout)
    member.is_ready = True
    if runs:
        member.tell(runs, None)
    return member


def epoch_of(run_id: int, epoch: int = 1) -> EpochRecord:
    return EpochRecord(run_id, epoch, epoch, 0.5, 0.5, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0)


def done_of(*epochs: EpochRecord, n_orders: int = 1, goes_on: bool = False) -> RoundDone:
    return RoundDone(RoundResult(epochs), (), n_orders, goes_on, 0.1 * len(epochs))


def test_a_worker_trains_until_it_has_taken_its_orders_and_does_not_go_on(engine):
    member = member_of(engine, run_of(1, 2))
    assert member.is_training
    member.end_round(done_of(epoch_of(1), goes_on=True))
    assert member.is_training
    member.orders.allow(1, 3)
    assert member.must_hear(None)
    member.tell([], None)
    member.end_round(done_of(epoch_of(1, 2), n_orders=1))
    assert member.is_training, "it has not taken the last order yet"
    member.end_round(done_of(epoch_of(1, 3), n_orders=2))
    assert not member.is_training
    assert (member.due, member.must_hear(None)) == ([], False)
    member.runs[1].progress.allow(4)
    assert member.must_hear(None)


def test_what_concerns_runs_that_were_stopped_during_the_round_is_left_out(engine):
    first, second = run_of(1), run_of(2)
    member = member_of(engine, first, second)
    member.release(second)
    epochs = (epoch_of(1), epoch_of(2))
    assert member.end_round(done_of(*epochs)) == RoundResult(epochs[:1])
    assert (first.progress.epoch, second.progress.epoch) == (1, 0)


def test_a_run_that_begins_again_is_not_told_of_by_rounds_from_before(engine):
    member = member_of(engine, run_of(1))
    member.release(member.runs[1])
    member.tell([run_of(1)], None)
    assert member.end_round(done_of(epoch_of(1, 7))) == RoundResult()
    assert member.end_round(done_of(epoch_of(1), n_orders=2)).epochs == (epoch_of(1),)


def test_epochs_that_are_repeated_after_a_move_are_told_of_once(engine):
    run = run_of(1, 4)
    member = member_of(engine, run)
    member.end_round(done_of(epoch_of(1), epoch_of(1, 2)))
    member.release(run)
    member.tell([run], None)
    repeated = (epoch_of(1), epoch_of(1, 2), epoch_of(1, 3))
    assert member.end_round(done_of(*repeated, n_orders=2)).epochs == repeated[2:]
    assert run.progress.epoch == 3


def test_a_worker_is_told_of_another_deadline_and_to_go_on_where_it_was_held(engine):
    member = member_of(engine, run_of(1))
    assert not member.must_hear(None)
    assert member.must_hear(time.monotonic() + 5)
    member.hold()
    member.hold()
    member.end_round(done_of(n_orders=2))
    assert not member.is_training
    assert member.must_hear(None)
    member.tell([], None)
    assert (member.is_training, member.orders.n_told) == (True, 3)


def test_a_round_hangs_some_time_after_the_oldest_run_should_have_ended(engine):
    member = Member.launch(engine, 0, 10.0)
    assert member.hangs_at() == pytest.approx(time.monotonic() + READY_LIMIT, abs=0.5)
    assert member.hangs_with().startswith("loading the libraries")
    member.is_ready = True
    assert member.hangs_at() == float("inf")
    member.tell([run_of(1)], None)
    limit = time.monotonic() + 10.0
    assert member.hangs_at() == pytest.approx(limit + FIRST_ROUND_GRACE, abs=0.5)
    member.end_round(done_of())
    assert member.hangs_at() == float("inf")
    member.tell([], None)
    member.end_round(done_of(epoch_of(1), n_orders=1))
    assert member.hangs_at() == pytest.approx(limit + MINIMUM_GRACE, abs=1.5)


def test_the_clock_of_a_run_that_rests_stands_still(engine):
    member = member_of(engine, run_of(1, 1), run_of(2), timeout=10.0)
    member.end_round(done_of(epoch_of(1), goes_on=True))
    time.sleep(0.2)
    member.release(member.runs[2])
    member.orders.allow(1, 2)
    member.runs[1].progress.allow(2)
    member.tell([], None)
    expected = time.monotonic() + 10.0 + MINIMUM_GRACE + 0.2
    assert member.hangs_at() == pytest.approx(expected, abs=0.15)


def test_without_a_limit_nothing_hangs(engine):
    assert member_of(engine, run_of(1)).hangs_at() == float("inf")


def test_who_has_not_ended_an_epoch_for_long_is_said(engine, monkeypatch):
    monkeypatch.setattr("automl.executors.round_clock.LONG_ROUND", 0.5)
    member = member_of(engine, run_of(7), run_of(9))
    assert member.long_round() == ""
    time.sleep(0.5)
    said = member.long_round()
    assert re.match(r"worker 1 has not ended an epoch of trials 7 and 9 for \d\.\d s", said)
    assert "trial_timeout=" in said
    assert member.long_round() == ""  # it is said once
    limited = member_of(engine, run_of(7), timeout=60.0)
    time.sleep(0.5)
    assert limited.long_round() == ""  # its time will end it


def test_the_time_of_a_run_without_room_has_not_begun(engine):
    member = member_of(engine, run_of(1), run_of(2), timeout=0.0)
    member.end_round(RoundDone(RoundResult(), waiting=(2,), n_orders=1))
    time.sleep(0.01)
    assert member.failures("gone") == [
        RunFailure(1, "timed_out", "it took more than 0 seconds"),
        RunFailure(2, "lost", "gone", had_company=True),
    ]


def test_runs_within_their_time_are_lost_with_a_worker_in_which_another_hangs(engine):
    member = member_of(engine, run_of(1), timeout=0.2)
    time.sleep(0.3)
    member.tell([run_of(2)], None)
    causes = {failure.run_id: failure.cause for failure in member.failures("gone")}
    assert causes == {1: "timed_out", 2: "lost"}


@pytest.mark.parametrize(("others", "had_company"), [([], False), ([1], True), ([0], False)])
def test_who_trained_alone_in_a_lost_worker_is_known(engine, others, had_company):
    """Another that rests, at an epoch that it has had, has not trained."""
    member = member_of(engine, run_of(1), *(run_of(2, limit) for limit in others))
    lost = {failure.run_id: failure for failure in member.failures("gone")}
    assert lost[1].had_company is had_company


def test_a_worker_lost_while_all_its_runs_rest_was_lost_in_no_company(engine):
    """What one does behind its last epoch, as it gives its state, may have ended the worker."""
    member = member_of(engine, run_of(1, 0), run_of(2, 0))
    assert [failure.had_company for failure in member.failures("gone")] == [False, False]
