import pytest

from automl.report.numbers.comparison import progress
from automl.report.numbers.search import effort
from automl.report.numbers.trials import StudyTable, study_table
from storage.records import StudyRecords


def test_progress_counts_the_epochs_of_all_trials(table: StudyTable):
    found = progress("one", table)
    assert found.epochs[-1] == effort(table).n_epochs
    assert (found.best[1:] <= found.best[:-1]).all()
    assert (found.low <= found.best).all()
    width = found.high - found.best
    assert width == pytest.approx(1.96 * 0.012 + 0 * width)


def test_a_study_without_trials_has_no_progress(records: StudyRecords):
    empty = study_table(StudyRecords(records.settings))
    assert len(progress("empty", empty).epochs) == 0
