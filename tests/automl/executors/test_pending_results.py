from __future__ import annotations

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.pending_results import PendingResults
from tests.automl.executors.test_member import epoch_of


def test_results_come_in_their_order_without_what_is_of_stopped_runs():
    results = PendingResults()
    failure = RunFailure(3, "lost", "gone")
    results.add(RoundResult((epoch_of(1), epoch_of(2))))
    results.add(RoundResult())
    results.add(RoundResult((epoch_of(1, 2),), (failure,)))
    results.drop(2)
    assert len(results) == 2
    assert results.take_all() == RoundResult((epoch_of(1), epoch_of(1, 2)), (failure,))
    assert not results
    assert results.take_all() == RoundResult()


def test_a_result_of_stopped_runs_only_is_none():
    results = PendingResults()
    results.add(RoundResult((epoch_of(2),)))
    results.drop(2)
    assert not results
