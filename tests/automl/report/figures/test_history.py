from dataclasses import replace

import numpy as np
import pytest

from automl.report import style
from automl.report.figures.history import figure, frame, history, panels, words
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_history_follows_each_improvement(table):
    past = history(table)
    values = [t.value for t in past.improvements]
    assert values[-1] == pytest.approx(table.best.value)
    assert values == sorted(values, reverse=True) and past.last_number == 59


def test_a_pruned_trial_is_no_improvement(records: StudyRecords):
    pruned = replace(records.trials[0], state="PRUNED", value=1e-9)
    past = history(study_table(replace(records, trials=(pruned, *records.trials[1:]))))
    assert min(t.value for t in past.improvements) > 1e-9
    assert 1e-9 in [t.value for t in past.trials]


def test_history_has_points_by_outcome_and_a_staircase(table):
    made = figure(table)
    assert [trace.name for trace in made.data] == ["failed", "pruned", "complete", "best so far"]
    assert made.data[-1].line.shape == "hv"
    assert made.data[-1].x[-1] == 59  # drawn to the last trial


def test_it_is_said_what_faint_trials_are(table, paused_records: StudyRecords):
    assert panels(table)[0].caption.startswith("Pruned trials are faint")
    assert panels(study_table(paused_records))[0].caption.startswith("Paused trials are faint")


def test_the_better_half_of_the_trials_is_in_the_frame(records: StudyRecords):
    """Two complete trials do not push the thirteen that were pruned out of it."""
    values = [0.10, 0.11, *np.linspace(0.5, 0.9, 13)]
    trials = tuple(
        replace(t, value=value, cause=None, state="COMPLETE" if value < 0.2 else "PRUNED")
        for t, value in zip(records.trials, values, strict=False)
    )
    past = history(study_table(replace(records, trials=trials)))
    assert style.n_outside(values, frame(past)) <= 7
    (panel,) = panels(study_table(replace(records, trials=trials)))
    assert "outside the frame." in panel.caption


def test_the_search_is_told_in_numbers(table):
    assert "The best validation loss fell from" in words(history(table))


def test_a_study_without_trials_has_no_history(records: StudyRecords):
    assert panels(study_table(StudyRecords(records.settings))) == []
