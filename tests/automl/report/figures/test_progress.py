from dataclasses import replace

import pytest

from automl.comparison import compare_studies
from automl.report.figures.progress import Progress, drawing, panels, progress
from automl.report.numbers.effort import effort
from automl.report.numbers.study import StudyTable, study_table
from storage.records import StudyRecords


def test_progress_counts_the_epochs_of_all_trials(table: StudyTable):
    found = progress("one", table)
    assert found.steps[-1].epochs == effort(table).n_epochs
    best = [step.best for step in found.steps]
    assert best == sorted(best, reverse=True)
    assert [step.margin for step in found.steps] == pytest.approx([1.96 * 0.012] * len(best))


def test_each_study_has_a_staircase_and_a_band(table: StudyTable):
    names = ("digits-target", "digits-target (2)")
    made = drawing([progress(name, table) for name in names], "cross_entropy")
    named = [trace.name for trace in made.data if trace.showlegend is not False]
    assert named == ["digits-target", "digits-target (2)"]
    assert len(made.data) == 6
    assert made.data[1].fill == "tonexty"


def test_a_study_of_one_complete_trial_is_a_point(table: StudyTable):
    whole = progress("whole", table)
    first = Progress("one", (whole.steps[0],) * 2)
    made = drawing([whole, first], "cross_entropy")
    modes = [trace.mode for trace in made.data if trace.showlegend is not False]
    assert modes == ["lines", "markers"]


def test_the_page_tells_where_each_search_ended(records: StudyRecords):
    (panel,) = panels(compare_studies([(records, None), (records, None)]))
    assert "digits-target (2) 0." in panel.alternative
    assert "compare the shapes only" not in panel.caption


def test_losses_of_other_rows_are_no_ranking(records: StudyRecords):
    split = {**records.settings.split, "n_folds": 4}
    other = replace(records, settings=replace(records.settings, split=split))
    (panel,) = panels(compare_studies([(records, None), (other, None)]))
    assert panel.caption.endswith("compare the shapes only.")


def test_studies_without_trials_have_no_progress(records: StudyRecords):
    empty = StudyRecords(records.settings)
    assert progress("empty", study_table(empty)).steps == ()
    assert panels(compare_studies([(empty, None), (empty, None)])) == []
