"""Ranges that end before the optimum, told from ranges where it lies inside."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from automl.diagnostics.range_edge import (
    Range,
    _crowds_end,
    _fall_at_end,
    _Tested,
    diagnose_range_edges,
    numeric_ranges,
)
from storage.records import StudyRecords, TrialRecord

LEARNING_RATE = {"type": "float", "low": 1e-4, "high": 1e-2, "log": True}


def searched(
    study: Any,
    optimum: float,
    *,
    n_trials: int = 30,
    noise: float = 0.02,
    scale: float = 1.0,
    seed: int = 0,
) -> StudyRecords:
    """Trials over 1e-4..1e-2 times `scale`, the loss a parabola around the optimum's logarithm."""
    generator = np.random.default_rng(seed)
    trials = []
    for number in range(n_trials):
        rate = scale * 10 ** generator.uniform(-4, -2)
        loss = 0.1 * np.log10(rate / optimum) ** 2 + noise * generator.normal()
        trials.append(TrialRecord(number, "COMPLETE", {"learning_rate": float(rate)}, float(loss)))
    entry = {**LEARNING_RATE, "low": scale * 1e-4, "high": scale * 1e-2}
    records = study(space={"parameters": {"learning_rate": entry}})
    return dataclasses.replace(records, trials=tuple(trials))


def test_an_optimum_above_the_range_is_seen(study: Any) -> None:
    (diagnosis,) = diagnose_range_edges(searched(study, optimum=0.1))

    assert diagnosis.evidence["parameter"] == "learning_rate"
    assert diagnosis.evidence["end"] == "high"
    assert "upper quarter of its range 0.0001 to 0.01" in diagnosis.message


def test_an_optimum_below_the_range_is_seen(study: Any) -> None:
    (diagnosis,) = diagnose_range_edges(searched(study, optimum=1e-5))

    assert diagnosis.evidence["end"] == "low"


def test_thousands_of_trials_are_judged(study: Any) -> None:
    """Binomial coefficients of so many are beyond floating point."""
    (diagnosis,) = diagnose_range_edges(searched(study, optimum=0.1, n_trials=12_000, noise=0.3))

    assert diagnosis.evidence["end"] == "high"


def test_the_advice_widens_the_range_beyond_its_end(study: Any) -> None:
    (diagnosis,) = diagnose_range_edges(searched(study, optimum=0.1))

    (change,) = diagnosis.advice[0].changes
    low, high = (float(end) for end in change.set.split(".."))
    assert low == pytest.approx(1e-4)
    assert 0.02 < high <= 1.0


def test_learning_rates_are_widened_no_farther_than_people_try(study: Any) -> None:
    (diagnosis,) = diagnose_range_edges(searched(study, optimum=50.0, scale=50.0))

    assert diagnosis.advice[0].changes[0].set == "0.005..1"


def test_an_optimum_inside_is_no_edge(study: Any) -> None:
    for seed in range(20):
        assert diagnose_range_edges(searched(study, optimum=1e-3, seed=seed)) == ()


def test_a_parameter_without_effect_is_rarely_at_an_edge(study: Any) -> None:
    found = [
        diagnose_range_edges(searched(study, optimum=1e-3, noise=100.0, seed=seed))
        for seed in range(60)
    ]

    assert sum(bool(one) for one in found) <= 6


def test_what_another_range_does_to_the_loss_is_taken_out() -> None:
    """Ranks are not additive, so what is taken out is most of it, not all."""
    generator = np.random.default_rng(0)
    places, other = generator.uniform(size=(2, 40))
    losses = 4 * (other - 0.5) ** 2 - places + 0.1 * generator.normal(size=40)

    alone, _ = _fall_at_end(places, losses)
    adjusted, degrees = _fall_at_end(places, losses, [other])

    assert adjusted > 2 * alone > 0
    assert degrees == 35


def test_a_range_that_some_trials_lack_is_not_taken_out() -> None:
    places, other = np.random.default_rng(0).uniform(size=(2, 40))
    other[0] = np.nan

    assert _fall_at_end(places, -places, [other])[1] == 37


def test_few_of_the_best_are_many_where_few_trials_lie() -> None:
    """Three of forty trials lie at the end, and all three are the best."""
    places = np.concatenate([np.linspace(0, 0.7, 37), [0.85, 0.9, 0.95]])

    crowding = _crowds_end(_Tested(places, 1 - places + 0.02 * np.sin(99 * places), (), 1), "high")

    assert crowding is not None
    assert crowding.n_crowded == 3


def test_few_trials_show_no_crowding(study: Any) -> None:
    assert diagnose_range_edges(searched(study, optimum=0.1, n_trials=9)) == ()


def test_a_range_is_not_widened_beyond_its_natural_limit(study: Any) -> None:
    records = searched(study, optimum=0.1)
    space = {"parameters": {"learning_rate": {**LEARNING_RATE, "high": 100.0}}}
    records = dataclasses.replace(
        records, settings=dataclasses.replace(records.settings, space=space)
    )

    assert diagnose_range_edges(records) == ()


def test_places_are_in_the_scale_of_the_search() -> None:
    one = Range("learning_rate", 1e-4, 1e-2, log=True, is_integer=False)

    assert one.place(1e-3) == pytest.approx(0.5)
    assert one.at(1.5) == pytest.approx(0.1)


def test_integer_ranges_widen_to_integers() -> None:
    assert Range("hidden_size", 4, 64, log=False, is_integer=True).at(1.33) == 84


def test_categories_and_fixed_values_have_no_range(study: Any) -> None:
    space = {
        "parameters": {
            "activation": {"type": "categorical", "choices": ["relu", "tanh"]},
            "optimizer": {"type": "fixed", "value": "adam"},
            "learning_rate": LEARNING_RATE,
        }
    }

    assert [one.name for one in numeric_ranges(study(space=space))] == ["learning_rate"]


def test_a_range_knows_where_it_need_not_go_on(study: Any) -> None:
    parameters = {
        "learning_rate": LEARNING_RATE,
        "blocks": {"type": "int", "low": 2, "high": 6, "meaning": "blocks", "role": "depth"},
        "mixing": {"type": "float", "low": 0.2, "high": 0.6, "meaning": "share"},
        "shift": {"type": "float", "low": -1.0, "high": 1.0, "meaning": "of the logits"},
    }
    records = study(space={"family": "own", "parameters": parameters})

    ranges = {one.name: one for one in numeric_ranges(records)}

    assert ranges["learning_rate"].useful == (1e-7, 1.0)
    assert ranges["blocks"].useful == (1, math.inf)
    assert ranges["blocks"].role == "depth"
    assert ranges["mixing"].useful == (0, math.inf)
    assert ranges["shift"].useful == (-math.inf, math.inf)
    assert ranges["blocks"].change(1.2, 9.7).set == "1..10"
