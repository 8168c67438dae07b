"""Ranges that leave out the optimum altogether: few trials show it, all bad alike."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from automl.diagnostics import diagnose_study
from automl.diagnostics.excluded_range import USUAL_ENDS, diagnose_excluded_ranges
from automl.diagnostics.restraint import GENTLE
from search_spaces import load
from storage.records import StudyRecords, TrialRecord


def space(name: str, low: float, high: float) -> dict[str, Any]:
    kind = "int" if name == "hidden_size" else "float"
    log = name in ("learning_rate", "weight_decay")
    return {"parameters": {name: {"type": kind, "low": low, "high": high, "log": log}}}


@pytest.mark.parametrize(
    ("name", "low", "high", "value", "end"),
    [
        ("dropout", 0.7, 0.9, 0.705, "low"),
        ("weight_decay", 0.03, 3.0, 0.053, "low"),
        ("hidden_size", 2, 6, 6, "high"),
    ],
)
def test_what_the_best_trial_lacks_lies_outside(
    study: Any, curve: Any, beside: Any, name: str, low: float, high: float, value: float, end: str
) -> None:
    """One trial suffices: it is far from what boosted trees reach."""
    records = study(
        curve(1.0, 0.5, gap=0.02), params=[{name: value}], space=space(name, low, high)
    )

    first, second, *_ = diagnose_study(beside(records, {"boosted_trees": 0.1}))

    assert (first.kind, first.evidence["parameter"]) == ("range_edge", name)
    assert first.evidence["end"] == end
    assert second.kind in ("over_regularized", "high_bias")
    (change,) = first.advice[0].changes
    advised_low, advised_high = (float(number) for number in change.set.split(".."))
    assert (advised_low < low) if end == "low" else (advised_high > high)


@pytest.mark.parametrize(("ratio", "end"), [(1e-6, "high"), (0.5, "low")])
def test_learning_rates_that_are_all_too_small_or_too_large(
    study: Any, layers_of: Any, ratio: float, end: str
) -> None:
    low, high = (1e-6, 1e-5) if end == "high" else (0.3, 3.0)
    records = study(
        [(1.0, 1.0)] * 8,
        params=[{"learning_rate": 2 * low}],
        layers=[layers_of([1.0, 1.0], update_ratio=ratio)],
        space=space("learning_rate", low, high),
    )

    first, second, *_ = diagnose_study(records)

    assert (first.kind, first.evidence["end"]) == ("range_edge", end)
    assert second.kind == ("steps_too_small" if end == "high" else "steps_too_large")


def searched(study: Any, curve: Any, slope: float, low: float, high: float) -> StudyRecords:
    """Sixteen trials, most of them pruned; the loss rises with weight decay by `slope`."""
    generator = np.random.default_rng(1)
    records = study(curve(1.0, 0.1), params=[{"weight_decay": low * 1.2}])
    trials = list(records.trials)
    for number in range(1, 16):
        place = float(generator.uniform())
        value = 0.3 + slope * place + 0.05 * float(generator.normal())
        params = {"weight_decay": low * (high / low) ** place}
        trials.append(TrialRecord(number, "PRUNED", params, value))
    settings = dataclasses.replace(records.settings, space=space("weight_decay", low, high))
    return dataclasses.replace(records, trials=tuple(trials), settings=settings)


def test_pruned_trials_show_a_trend_towards_usual_values(study: Any, curve: Any) -> None:
    """The best network is no worse than what is known; better ones lie beyond all the same."""
    (found,) = diagnose_excluded_ranges(searched(study, curve, 0.3, 0.03, 3.0), ())

    assert found.evidence["parameter"] == "weight_decay"
    assert "trials get better towards its lower end" in found.message


@pytest.mark.parametrize(("slope", "low", "high"), [(-0.3, 0.03, 3.0), (0.3, 1e-4, 1e-2)])
def test_no_trend_or_a_usual_range_is_no_finding(
    study: Any, curve: Any, slope: float, low: float, high: float
) -> None:
    assert diagnose_excluded_ranges(searched(study, curve, slope, low, high), ()) == ()


def ranked(study: Any, curve: Any, places: list[float]) -> StudyRecords:
    """Trials of weight decays far above the usual: the best first, by their place from below."""
    records = study(curve(1.0, 0.1), params=[{"weight_decay": 0.03 * 100 ** places[0]}])
    pruned = [
        TrialRecord(number, "PRUNED", {"weight_decay": 0.03 * 100**place}, 0.2 + 0.01 * number)
        for number, place in enumerate(places[1:], start=1)
    ]
    settings = dataclasses.replace(records.settings, space=space("weight_decay", 0.03, 3.0))
    return dataclasses.replace(records, trials=(*records.trials, *pruned), settings=settings)


@pytest.mark.parametrize(("seed", "is_found"), [(4, True), (23, False)])
def test_a_trend_that_chance_makes_often_is_none(
    study: Any, curve: Any, seed: int, is_found: bool
) -> None:
    """By chance 24 % of random orders have so much of a trend, or 26 %."""
    places = [0.3, *np.random.default_rng(seed).uniform(0.05, 0.95, 12)[1:]]
    chance = spearmanr(range(12), places, alternative="greater").pvalue
    assert chance == pytest.approx(0.24 if is_found else 0.26, abs=0.005)

    assert bool(diagnose_excluded_ranges(ranked(study, curve, places), ())) == is_found


@pytest.mark.parametrize(("place", "is_found"), [(0.55, True), (0.65, False)])
def test_the_best_trial_lies_on_the_side_of_the_trend(
    study: Any, curve: Any, place: float, is_found: bool
) -> None:
    """All others get better towards the lower end; the best lies near it or not."""
    records = ranked(study, curve, [place, *(0.02 * n for n in range(20))])

    assert bool(diagnose_excluded_ranges(records, ())) == is_found


def test_usual_ends_are_those_of_the_built_in_space() -> None:
    parameters = load("mlp").to_dict()["parameters"]

    for name in ("learning_rate", "hidden_size", "dropout", "weight_decay"):
        assert USUAL_ENDS[name] == (parameters[name]["low"], parameters[name]["high"])
    # Those that it fixes: its reasons say between which values they are worth a search.
    assert "worth 0..0.2 " in parameters["input_dropout"]["reason"]
    assert USUAL_ENDS["input_dropout"] == (0.0, 0.2)
    assert "worth 1e-6..1e-3 " in parameters["l1"]["reason"]
    assert USUAL_ENDS["l1"] == (1e-6, 1e-3)


@pytest.mark.parametrize("name", GENTLE)
def test_gentle_restraint_begins_where_usual_restraint_does(name: str) -> None:
    assert GENTLE[name][0] == USUAL_ENDS[name][0]
    assert GENTLE[name][1] < USUAL_ENDS[name][1]


def slow_search(study: Any, curve: Any, beside: Any, trend: float) -> StudyRecords:
    """SGD from 0.001 to 0.01: the best trial lies at the upper end; the others follow or not."""
    generator = np.random.default_rng(0)
    rates = 10 ** generator.uniform(-3, -2, size=20)
    records = study(curve(1.0, 0.4, gap=0.02), params=[{"learning_rate": 0.0098}])
    pruned = [
        TrialRecord(
            number,
            "PRUNED",
            {"learning_rate": float(rate)},
            1.0 - trend * float(np.log10(rate)) + 0.1 * float(generator.normal()),
        )
        for number, rate in enumerate(rates, start=1)
    ]
    settings = dataclasses.replace(records.settings, space=space("learning_rate", 1e-3, 1e-2))
    records = dataclasses.replace(records, trials=(*records.trials, *pruned), settings=settings)
    return beside(records, {"boosted_trees": 0.1})


@pytest.mark.parametrize(("trend", "is_found"), [(1.0, True), (0.0, False)])
def test_a_usual_range_ends_too_early_where_all_trials_say_so(
    study: Any, curve: Any, beside: Any, trend: float, is_found: bool
) -> None:
    first, *_ = diagnose_study(slow_search(study, curve, beside, trend))

    assert (first.kind == "range_edge") == is_found
    if is_found:
        assert first.evidence["end"] == "high"
        assert first.advice[0].changes[0].set == "0.01..0.16"


def test_steps_that_need_a_rate_beyond_the_range(
    study: Any, curve: Any, layers_of: Any, beside: Any
) -> None:
    """Not too small to learn, but the advice to the best trial lies outside."""
    records = study(
        curve(1.0, 0.3, gap=0.02),
        params=[{"learning_rate": 1.9e-4}],
        layers=[layers_of([1.0, 1.0], update_ratio=6e-4)],
        space=space("learning_rate", 1e-5, 2e-4),
    )

    first, second, *_ = diagnose_study(beside(records, {"linear_model": 0.1}))

    assert (first.kind, second.kind) == ("range_edge", "high_bias")
    assert first.evidence["parameter"] == "learning_rate"


def test_a_limit_of_the_weights_norm_that_holds_back_is_no_range_below_the_best(
    study: Any, curve: Any, beside: Any
) -> None:
    """Less restraint is a higher limit, or none."""
    records = study(
        curve(1.0, 0.5, gap=0.02),
        params=[{"max_norm": 0.5}],
        space=space("max_norm", 0.4, 0.6),
    )

    diagnoses = diagnose_study(beside(records, {"boosted_trees": 0.1}))

    assert "range_edge" not in {one.kind for one in diagnoses}
    assert diagnoses[0].evidence["restraints"] == ["max_norm"]


def early_leaders(study: Any, beside: Any, best_place: float, turn: float) -> StudyRecords:
    """Rates from 1e-4 to 0.1: the higher, the better after two epochs; `turn` is added later.

    Twenty trials were stopped after two epochs. Eight came to twelve, all from the upper third;
    their losses rise by `turn` from the best one's rate to the range's end.
    """
    places = [best_place, *np.linspace(0.7, 1.0, 7), *np.linspace(0.0, 0.95, 20)]
    curves = []
    for number, place in enumerate(places):
        early = [(1.0, 1.0 - 0.3 * place), (0.9, 0.9 - 0.3 * place)]
        late = 0.45 + turn * (place - best_place) + (0.01 if number else 0.0)
        curves.append([*early, *[(0.5, max(late, 0.451 if number else 0.45))] * 10])
    curves = [curve if number < 8 else curve[:2] for number, curve in enumerate(curves)]
    rates = [1e-4 * 1000**place for place in places]
    records = study(
        *curves,
        params=[{"learning_rate": rate} for rate in rates],
        space=space("learning_rate", 1e-4, 1e-1),
    )
    best, *others = records.trials
    paused = [dataclasses.replace(one, state="PRUNED") for one in others]
    records = dataclasses.replace(records, trials=(best, *paused))
    return beside(records, {"boosted_trees": 0.1})


def edges(records: StudyRecords) -> list[Any]:
    return [one for one in diagnose_study(records) if one.kind == "range_edge"]


def test_early_losses_that_favour_high_rates_are_no_end_of_the_range(
    study: Any, beside: Any
) -> None:
    """Those that came far are worse at the end than the best trial, well inside the range."""
    assert edges(early_leaders(study, beside, 0.8, turn=0.3)) == []


def test_a_best_trial_inside_the_range_stays_in_the_one_to_search(study: Any, beside: Any) -> None:
    """Where those that came far go on getting better towards the end, it may lie beyond."""
    (found,) = edges(early_leaders(study, beside, 0.8, turn=-0.3))

    low, high = (float(end) for end in found.advice[0].changes[0].set.split(".."))
    assert low < 1e-4 * 1000**0.8 < 0.1 < high
    assert "whole range" not in found.message
    assert "may lie beyond its range, 0.0001 to 0.1" in found.message
    assert not found.evidence["excludes_optimum"]


def test_a_best_trial_at_the_very_end_does_not(study: Any, beside: Any) -> None:
    (found,) = edges(early_leaders(study, beside, 0.99, turn=-0.3))

    assert found.advice[0].changes[0].set == "0.1..1"
    assert "The whole range" in found.message
