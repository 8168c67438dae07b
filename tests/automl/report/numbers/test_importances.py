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
