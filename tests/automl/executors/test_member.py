from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.member import Member, State
from automl.executors.round_clock import FIRST_ROUND_GRACE, MINIMUM_GRACE, READY_LIMIT
from automl.executors.workers.worker import RoundDone, TrainingSetup
from storage.records import EpochRecord
from tests.contracts.executor_contract import LINEAR
from tests.contracts.linear_trainer import tiny_dataset, tiny_run
from tests.contracts.thread_engine import ThreadEngine


@pytest.fixture
def engine() -> Iterator[ThreadEngine]:
    engine = ThreadEngine(TrainingSetup(tiny_dataset(), 1, LINEAR))
    yield engine
    engine.close()


def start(member: Member, *run_ids: int) -> None:
    for run_id in run_ids:
        member.queue.start(tiny_run(run_id))
    member.begin_round(None)


def epoch_of(run_id: int) -> EpochRecord:
    return EpochRecord(run_id, 1, 1, 0.5, 0.5, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0)


def test_what_concerns_runs_that_were_stopped_during_the_round_is_left_out(engine):
    member = Member.launch(engine, 0, None)
    start(member, 1, 2)
    assert member.state is State.TRAINING
    assert member.owes_reply
    member.queue.stop(2)
    epochs = (epoch_of(1), epoch_of(2))
    assert member.end_round(RoundDone(RoundResult(epochs))) == RoundResult(epochs[:1])
    assert member.state is State.DONE
    assert not member.owes_reply


def test_a_round_hangs_some_time_after_the_oldest_run_should_have_ended(engine):
    member = Member.launch(engine, 0, 10.0)
    assert member.hangs_at() == pytest.approx(time.monotonic() + READY_LIMIT, abs=0.5)
    assert member.hangs_with().startswith("loading the libraries")
    member.state = State.IDLE
    assert member.hangs_at() == float("inf")
    start(member, 1)
    limit = time.monotonic() + 10.0
    assert member.hangs_at() == pytest.approx(limit + FIRST_ROUND_GRACE, abs=0.5)
    member.end_round(RoundDone(RoundResult()))
    assert member.hangs_at() == float("inf")
    member.begin_round(None)
    assert member.hangs_at() == pytest.approx(limit + MINIMUM_GRACE, abs=1.5)


def test_without_a_limit_nothing_hangs(engine):
    member = Member.launch(engine, 0, None)
    start(member, 1)
    assert member.hangs_at() == float("inf")


def test_the_time_of_a_run_without_room_has_not_begun(engine):
    member = Member.launch(engine, 0, 0.0)
    start(member, 1, 2)
    member.end_round(RoundDone(RoundResult(), waiting=(2,)))
    time.sleep(0.01)
    assert member.failures("gone") == [
        RunFailure(1, "timed_out", "it took more than 0 seconds"),
        RunFailure(2, "lost", "gone"),
    ]


def test_runs_within_their_time_are_lost_with_a_worker_in_which_another_hangs(engine):
    member = Member.launch(engine, 0, 0.2)
    start(member, 1)
    time.sleep(0.3)
    start(member, 2)
    causes = {failure.run_id: failure.cause for failure in member.failures("gone")}
    assert causes == {1: "timed_out", 2: "lost"}
