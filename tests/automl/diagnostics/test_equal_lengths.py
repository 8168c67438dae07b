"""Trials that came equally far, and what they say against those of a few epochs."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from automl.diagnostics.equal_lengths import chance_of_trend, losses_at_one_epoch, turns_back
from storage.records import StudyRecords

LENGTHS = (16, 12, 8, 8, 9, 2, 1)
"""Of the best trial and of six others, which pause."""


def falling_to(end: float, n_epochs: int) -> list[tuple[float, float]]:
    return [(1.0, end + 1 / epoch) for epoch in range(1, n_epochs + 1)]


def half_searched(study: Any, lengths: tuple[int, ...] = LENGTHS) -> StudyRecords:
    """Every trial's loss is a little higher than that of the one before, at each epoch."""
    records = study(*(falling_to(0.1 * n, length) for n, length in enumerate(lengths)))
    best, *others = records.trials
    paused = [dataclasses.replace(one, state="PRUNED") for one in others]
    return dataclasses.replace(records, trials=(best, *paused))


def test_losses_are_compared_at_the_last_epoch_that_all_have_reached(study: Any) -> None:
    records = half_searched(study)

    far = losses_at_one_epoch(records, records.trials)

    assert [trial.number for trial, _ in far] == [0, 1, 2, 3, 4]  # half of 16 epochs and more
    assert [loss for _, loss in far] == pytest.approx([0.1 * n + 1 / 8 for n in range(5)])


def test_a_complete_trial_counts_with_what_it_trained(study: Any) -> None:
    """It stopped early by itself: no later epoch is to be expected of it."""
    records = half_searched(study)
    over = dataclasses.replace(records.trials[-1], state="COMPLETE")

    far = losses_at_one_epoch(records, (*records.trials[:-1], over))

    assert far[-1] == (over, pytest.approx(0.6 + 1))


def test_a_trial_that_diverged_has_no_loss_to_compare(study: Any) -> None:
    records = half_searched(study)
    lost = tuple(dataclasses.replace(one, valid_loss=math.nan) for one in records.epochs[3])
    records = dataclasses.replace(records, epochs={**records.epochs, 3: lost})

    assert 3 not in {trial.number for trial, _ in losses_at_one_epoch(records, records.trials)}


@pytest.mark.parametrize("last", [math.nan, math.inf])
def test_a_trial_that_came_far_and_then_diverged_counts_by_its_lowest_loss(
    study: Any, last: float
) -> None:
    records = half_searched(study)
    *before, end = records.epochs[3]
    diverged = (*before, dataclasses.replace(end, valid_loss=last))
    records = dataclasses.replace(records, epochs={**records.epochs, 3: diverged})

    far = {trial.number: loss for trial, loss in losses_at_one_epoch(records, records.trials)}

    assert far[3] == pytest.approx(0.3 + 1 / 7)
    assert turns_back(records, records.trials, [0.8, 0.82, 0.9, 0.95, 1.0, 0.1, 0.0])


@pytest.mark.parametrize(
    ("toward", "is_said"),
    [
        ([0.8, 0.82, 0.9, 0.95, 1.0, 0.1, 0.0], True),  # the farther ones get worse towards it
        ([0.8, 1.0, 0.9, 0.95, 0.82, 0.1, 0.0], False),
        ([1.0, 0.95, 0.9, 0.82, 0.8, 0.1, 0.0], False),
    ],
)
def test_trials_that_came_far_turn_a_trend_round(
    study: Any, toward: list[float], is_said: bool
) -> None:
    records = half_searched(study)

    assert turns_back(records, records.trials, toward) == is_said


def test_few_trials_that_came_far_say_nothing(study: Any) -> None:
    records = half_searched(study, (16, 12, 8, 8, 2, 2))

    assert not turns_back(records, records.trials, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


def test_without_epochs_nothing_is_said(study: Any) -> None:
    records = dataclasses.replace(half_searched(study), epochs={})

    assert not turns_back(records, records.trials, [0.1 * n for n in range(7)])


def test_the_chance_is_that_of_spearmans_rank_correlation() -> None:
    generator = np.random.default_rng(0)
    places = generator.integers(0, 5, size=12) / 4  # some alike
    losses = generator.normal(size=12) - places

    expected = spearmanr(places, losses, alternative="less").pvalue

    assert chance_of_trend(places, losses) == pytest.approx(float(expected))
    assert chance_of_trend(np.ones(12), losses) == 1.0
