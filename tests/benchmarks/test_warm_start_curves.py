"""Warm starts on curves: which pairs, what is tried first, what differences are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl.tuning.policies.policy import Start
from benchmarks.warm_start_curves import Job, StartsWith, difference, pairs_of
from tests.contracts.policy_contract import Simulation, drawn


def test_each_task_starts_from_the_others_that_follow_it() -> None:
    assert len(pairs_of(range(6), None)) == 30
    assert pairs_of(range(6, 9), 1) == [(7, 6), (8, 7), (6, 8)]


def test_first_params_are_tried_before_the_policy_is_asked() -> None:
    first = [drawn(0), drawn(1), drawn(2)]
    simulation = Simulation(StartsWith(20, first), 12)
    simulation.run(n_slots=2, until=6)
    assert simulation.decisions[:3] == [Start(params) for params in first]
    assert len(simulation.decisions) >= 6


def test_a_difference_is_one_of_pairs_and_its_error_that_of_tasks() -> None:
    jobs = [Job(Path(), 9, task, seed) for task in range(2) for seed in range(2)]
    warm = [[0.0, 1.0, 2.0], [2.0, 1.0, 2.0], [3.0, 1.0, 2.0], [3.0, 1.0, 2.0]]
    without = [[1.0, 1.0, 1.0]] * 4
    (first, error), *_ = difference(jobs, warm, without)
    assert first == pytest.approx(1.0)
    assert error == pytest.approx(1.0)  # of 0 and 2: their deviation over the root of 2
    assert difference(jobs, without, without)[2] == (0.0, 0.0)
