from dataclasses import replace

import pytest

from automl.report.numbers.importances import importances, rebuilt_study
from automl.report.numbers.parameters import axes
from automl.report.numbers.trials import study_table
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study


def test_importances_find_the_parameter_that_matters():
    found = importances(study_table(synthetic_study(150)))
    assert "learning_rate" in found.names[:3]
    assert sum(found.shares) == pytest.approx(1.0)
    assert list(found.shares) == sorted(found.shares, reverse=True)
    assert set(found.names) == set(axes(study_table(synthetic_study(150))))


def test_too_few_trials_give_a_reason_instead(records: StudyRecords):
    found = importances(study_table(replace(records, trials=records.trials[:5])))
    assert found.shares == ()
    assert "10 are needed" in found.missing_because


def test_a_parameter_that_few_trials_use_is_not_judged(records: StudyRecords):
    """Optuna gives it nearly everything, if the best trial happens to be among them."""
    best = records.best_trial
    rare = {"momentum", "decay_fraction"}
    trials = tuple(
        trial
        if trial.number == best.number
        else replace(trial, params={n: v for n, v in trial.params.items() if n not in rare})
        for trial in records.trials
    )
    known = {**best.params, "momentum": 0.9}
    trials = tuple(replace(t, params=known) if t.number == best.number else t for t in trials)
    found = importances(study_table(replace(records, trials=trials)))
    assert "momentum" in found.unjudged
    assert "momentum" not in found.judged
    assert sum(found.shares) == pytest.approx(1.0)


def test_optuna_does_not_warn_in_the_terminal(records: StudyRecords):
    """Warnings are errors in these tests: one trial without a parameter is one of them."""
    odd = replace(records.trials[0], params={})
    assert importances(study_table(replace(records, trials=(odd, *records.trials[1:])))).shares


def test_equal_values_do_not_fail(records: StudyRecords):
    flat = tuple(replace(t, value=1.0, state="COMPLETE", cause=None) for t in records.trials)
    found = importances(study_table(replace(records, trials=flat)))
    assert found.shares or found.missing_because


def test_a_value_outside_its_range_is_left_out(records: StudyRecords):
    """An enqueued trial may lie outside the space; Optuna would refuse it."""
    best = records.best_trial
    odd = replace(best, number=500, params={**best.params, "learning_rate": 99.0})
    table = study_table(replace(records, trials=(*records.trials, odd)))
    study = rebuilt_study(table.ranked, axes(table))
    assert len(study.trials) == len(table.ranked)
    assert any("learning_rate" not in trial.params for trial in study.trials)
