from __future__ import annotations

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.member import State
from automl.executors.pending_results import PendingResults
from tests.automl.executors.test_member import Member, engine, epoch_of

__all__ = ["engine"]


def test_results_come_in_their_order_then_failures_and_a_worker_may_go_on(engine):
    member, results = Member.launch(engine, 0, None), PendingResults()
    member.state = State.DONE
    failure = RunFailure(3, "lost", "gone")
    results.fail([failure])
    results.add(member, RoundResult((epoch_of(1), epoch_of(2))))
    results.drop(2)
    assert len(results) == 2
    assert results.take() == RoundResult((epoch_of(1),))
    assert member.state is State.IDLE
    assert results.take() == RoundResult(failures=(failure,))
    assert not results


def test_all_of_them_can_be_taken_as_one(engine):
    member, results = Member.launch(engine, 0, None), PendingResults()
    for run_id in (1, 2):
        results.add(member, RoundResult((epoch_of(run_id),)))
    assert results.take_all() == RoundResult((epoch_of(1), epoch_of(2)))
    assert results.take_all() == RoundResult()
