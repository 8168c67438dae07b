from dataclasses import replace

import pytest

from automl.report.numbers.search import effort, history, timeline
from automl.report.numbers.trials import study_table
from storage.records import StudyRecords


def test_history_follows_each_improvement(table):
    past = history(table)
    assert past.best_values[-1] == pytest.approx(table.best.value)
    assert (past.best_values[1:] < past.best_values[:-1]).all()
    assert past.last_number == 59


def test_a_pruned_trial_is_no_improvement(records: StudyRecords):
    pruned = replace(records.trials[0], state="PRUNED", value=1e-9)
    past = history(study_table(replace(records, trials=(pruned, *records.trials[1:]))))
    assert past.best_values.min() > 1e-9
    assert 1e-9 in past.values


def test_effort_counts_causes_as_failures(table):
    spent = effort(table)
    assert spent.n_trials == 60 == sum(spent.outcomes.values())
    assert spent.outcomes["failed"] == spent.causes["diverged"]
    assert spent.n_epochs == sum(spent.n_epochs_by_outcome.values())


def test_saved_epochs_are_what_pruned_trials_lack_of_a_complete_one(table):
    complete = [len(t.curve) for t in table.trials if t.outcome == "complete"]
    usual = sum(complete) / len(complete)
    expected = sum(usual - len(t.curve) for t in table.trials if t.outcome == "pruned")
    assert effort(table).n_epochs_saved == round(expected)


def test_the_timeline_begins_at_zero_and_counts_what_it_leaves_out(table):
    times = timeline(table)
    assert min(bar.start for bar in times.bars) == 0
    assert all(bar.end >= bar.start for bar in times.bars)
    assert len(times.bars) + times.n_omitted == 60


def test_a_running_trial_ends_with_the_last_thing_known(records: StudyRecords):
    running = replace(records.trials[-1], state="RUNNING", finished_at=None, cause=None)
    times = timeline(study_table(replace(records, trials=(*records.trials[:-1], running))))
    assert times.bars[-1].end >= times.bars[-1].start


def test_a_study_that_has_not_begun_is_empty(records: StudyRecords):
    table = study_table(StudyRecords(records.settings))
    assert timeline(table).bars == ()
    assert effort(table).n_trials == 0 and effort(table).seconds == 0
    assert len(history(table).values) == 0
