"""Runs with a learning rate that is moved by rounding, and what they tell."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from automl.investigation.moved_runs import plan_moved, sensitivity
from automl.tuning.planned_runs import EndedRun, PlannedRun
from storage.records import EpochRecord
from tests.contracts.linear_trainer import tiny_run

RUN = PlannedRun("reproduce", "plain", tiny_run(-1), until=20)


@pytest.mark.parametrize("rate", [1e-4, 0.1, 0.999, 1.0])
def test_a_learning_rate_moves_by_the_last_place_of_single_precision(rate: float) -> None:
    config = replace(RUN.config, training=replace(RUN.config.training, learning_rate=rate))
    higher, lower = plan_moved([replace(RUN, config=config)])
    for run, sign in ((higher, 1), (lower, -1)):
        moved = np.float32(run.config.training.learning_rate)
        n_places = float(moved - np.float32(rate)) / float(np.spacing(np.float32(rate)))
        assert 1 <= sign * n_places <= 4
        assert run.until == 1
    assert (higher.config.seed, higher.config.model) == (config.seed, config.model)


def curve(loss: float) -> tuple[EpochRecord, ...]:
    return (EpochRecord(7, 1, 10, loss, loss, 0.1, 0.2, 0.3, 0.01, 1.0, 0.5),)


def test_the_larger_of_two_moves_counts_and_one_without_an_epoch_is_beyond_all() -> None:
    higher, lower = plan_moved([RUN])
    moved = [EndedRun(higher, curve(1.0)), EndedRun(lower, curve(0.75))]
    assert sensitivity(curve(1.0), 0, moved) == 0.25
    assert sensitivity(curve(1.0), 1, moved) == 0.0  # of another fold
    assert sensitivity(curve(1.0), 0, [*moved, EndedRun(lower, (), "diverged")]) == math.inf
