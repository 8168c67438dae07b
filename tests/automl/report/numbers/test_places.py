import math
from dataclasses import replace

import numpy as np
import pytest

from automl.report.numbers.places import comparable, places
from automl.report.numbers.study import study_table
from automl.report.numbers.trials import Curve, Trial
from storage.effort import TrialEffort
from storage.records import Outcome, TrialRecord
from tests.contracts.synthetic_study import synthetic_study


def trial(number: int, valid: list[float], outcome: Outcome = "complete", cause=None) -> Trial:
    losses = np.array(valid)
    curve = Curve(np.arange(1.0, len(valid) + 1), *[losses] * 5)
    value = min(valid, default=math.nan)
    states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "PRUNED"}
    record = TrialRecord(number, states.get(outcome, "RUNNING"), {}, value, cause)
    return Trial(record, curve, None, TrialEffort())


def test_two_trials_are_compared_at_the_last_epoch_that_both_have_reached():
    pruned_early_but_better = trial(0, [0.5], "pruned")
    slow = trial(1, [0.9, 0.6, 0.2])
    bad = trial(2, [0.95, 0.94, 0.93])
    assert places([pruned_early_but_better, slow, bad]).tolist() == [0.0, 0.5, 1.0]


def test_complete_trials_are_compared_by_their_best_loss():
    stopped_early = trial(0, [0.4, 0.5])
    slow = trial(1, [0.9, 0.8, 0.3, 0.35])
    assert places([stopped_early, slow]).tolist() == [1.0, 0.0]


def test_ties_count_half_and_a_trial_alone_is_the_best():
    assert places([trial(0, [0.4]), trial(1, [0.4]), trial(2, [0.9])]).tolist() == [
        0.25, 0.25, 1.0,
    ]  # fmt: skip
    assert places([trial(0, [0.4])]).tolist() == [0.0]
    assert places([]).tolist() == []


def test_a_configuration_that_diverged_is_the_worst_whatever_it_had_reached():
    found = places([trial(0, [0.1, math.nan], "failed", "diverged"), trial(1, [0.9])])
    assert found.tolist() == [1.0, 0.0]


def test_failures_of_the_machine_have_no_place():
    kept = comparable([
        trial(0, [0.5]), trial(1, [0.4], "failed", "out_of_memory"), trial(2, [], "unfinished"),
        trial(3, [], "failed", "hopeless"), trial(4, [0.3], "pruned"),
    ])  # fmt: skip
    assert [one.number for one in kept] == [0, 3, 4]


def test_places_of_a_study_follow_its_ranking(records):
    """Of complete trials, places and values are in one order."""
    table = study_table(records)
    trials = comparable(table.trials)
    place = dict(zip([t.number for t in trials], places(trials), strict=True))
    assert min(place, key=lambda n: place[n]) == table.best.number
    assert sorted(place.values())[-1] <= 1.0


def test_pruning_does_not_change_who_is_better():
    """The same trials, cut at different epochs: places stay alike."""
    table = study_table(synthetic_study(80))
    whole = [t for t in table.trials if t.outcome == "complete" and len(t.curve) > 8]
    cut = [_cut(t, 4 if t.number % 2 else 30) for t in whole]
    before, after = places(whole), places(cut)
    assert np.corrcoef(before, after)[0, 1] > 0.6


def _cut(one: Trial, epochs: int) -> Trial:
    if len(one.curve) <= epochs:
        return one
    names = ("epochs", "train", "valid", "standard_error", "train_metric", "valid_metric")
    shorter = Curve(*[getattr(one.curve, name)[:epochs] for name in names])
    return replace(one, record=replace(one.record, state="PRUNED"), curve=shorter)


@pytest.fixture(autouse=True)
def no_warnings():
    with np.errstate(all="raise"):
        yield
