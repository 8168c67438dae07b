import pytest

from automl.report.figures.calibration import calibration_curves, drawing, panels
from automl.report.numbers.predictions import judged_rows
from automl.report.numbers.study import study_table
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification, regression


def test_curves_have_a_diagonal():
    made = drawing(calibration_curves(judged_rows(classification(3), "y", ["a", "b", "c"])))
    assert made.data[-1].name == "perfect" and len(made.data) == 4
    assert all(len(trace.x) == 10 for trace in made.data[:3])  # bins of equal counts


def test_the_largest_distance_from_the_diagonal_is_told(records: StudyRecords):
    (panel,) = panels(study_table(records, lambda: classification(10)))
    assert "differ from observed frequencies by at most 0." in panel.alternative


@pytest.mark.parametrize("given", [dict, regression])
def test_without_classes_there_are_no_curves(records: StudyRecords, given):
    assert panels(study_table(records, given)) == []
