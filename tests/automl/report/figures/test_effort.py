from dataclasses import replace

from automl.report.figures.effort import figure, panels
from automl.report.numbers.effort import effort
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_effort_is_two_bars_of_shares(table):
    made = figure(table)
    assert sum(trace.x[1] for trace in made.data) == 1.0
    assert [trace.name for trace in made.data] == list(effort(table).outcomes)


def test_what_pruning_saved_is_said(table, records: StudyRecords):
    (panel,) = panels(table)
    assert "Pruning saved about" in panel.caption
    all_done = tuple(replace(t, state="COMPLETE", cause=None) for t in records.trials)
    (panel,) = panels(study_table(replace(records, trials=all_done)))
    assert panel.caption == ""


def test_what_pausing_saved_is_said(paused_records: StudyRecords):
    (panel,) = panels(study_table(paused_records))
    assert panel.caption.startswith("Pausing saved about")
    assert "paused" in panel.alternative and "pruned" not in panel.alternative


def test_a_study_that_has_not_begun_has_no_effort(records: StudyRecords):
    assert panels(study_table(StudyRecords(records.settings))) == []
