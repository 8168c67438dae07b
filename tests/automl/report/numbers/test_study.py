import pytest

from automl.report.numbers.places import comparable, places
from automl.report.numbers.study import StudyTable, study_table
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification
from tests.contracts.synthetic_study import synthetic_study


def test_ranked_trials_are_complete_and_in_order(table):
    values = [trial.value for trial in table.ranked]
    assert values == sorted(values)
    assert {trial.outcome for trial in table.ranked} == {"complete"}
    assert table.best.number == table.records.best_trial.number


def test_folds_of_a_study_are_joined():
    folded = study_table(synthetic_study(6, n_folds=3))
    assert len(folded.trials) == 6
    assert folded.trials[0].value == pytest.approx(folded.records.trials[0].value)


def test_an_empty_study_gives_an_empty_table(records: StudyRecords):
    empty = study_table(StudyRecords(records.settings))
    assert empty.trials == () and empty.best is None


def test_axes_come_by_importance_and_none_is_lost(table: StudyTable):
    names = list(table.axes_by_importance)
    assert names[: len(table.importances.names)] == list(table.importances.names)
    assert set(names) == set(table.axes) and names != list(table.axes)


def test_places_are_those_of_comparable_trials(table: StudyTable):
    trials = comparable(table.trials)
    assert tuple(table.placed) == trials
    assert list(table.placed.values()) == places(trials).tolist()


def test_predictions_are_read_once_and_only_when_they_are_asked_for(records: StudyRecords):
    read = []

    def predictions():
        read.append(1)
        return classification(10)

    table = study_table(records, predictions)
    assert table.best is not None and not read
    assert table.judged_rows is table.judged_rows and len(read) == 1
    assert table.judged_rows.target == records.settings.target
