"""Decisions do not depend on how many threads a machine has for its linear algebra."""

from __future__ import annotations

from threadpoolctl import threadpool_info, threadpool_limits

from automl.tuning.policies.freeze_thaw import FreezeThaw
from automl.tuning.threads import one_thread
from tests.contracts.policy_contract import MAX_EPOCHS, Simulation


def n_threads() -> set[int]:
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


def test_one_thread_counts_and_then_as_many_as_before() -> None:
    with threadpool_limits(2, "blas"):
        with one_thread():
            assert n_threads() == {1}
        assert n_threads() == {2}


def test_decisions_and_fits_are_the_same_bits() -> None:
    beliefs, decisions = [], []
    for n in (1, 2):
        with threadpool_limits(n, "blas"):
            simulation = Simulation(FreezeThaw(MAX_EPOCHS), 60)
            simulation.run(n_slots=8, until=120)
        beliefs.append(simulation.policy.belief)
        decisions.append(simulation.decisions)
    assert beliefs[0] is not None
    assert beliefs[0] == beliefs[1]
    assert decisions[0] == decisions[1]
