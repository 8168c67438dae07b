import numpy as np

from automl.report.figures.residuals import drawing, panels
from automl.report.numbers.predictions import Residuals
from automl.report.numbers.study import study_table
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification, regression


def test_residuals_are_true_minus_predicted():
    made = drawing(Residuals("price", np.array([1.0, 3.0]), np.array([2.0, 2.5])))
    assert made.data[0].y.tolist() == [-1.0, 0.5]


def test_errors_far_out_are_counted_not_drawn_to(records: StudyRecords):
    (panel,) = panels(study_table(records, regression))
    assert panel.caption == "1 prediction outside the frame."
    assert panel.figure.layout.yaxis.range[0] > -20


def test_a_classifier_has_none(records: StudyRecords):
    assert panels(study_table(records, lambda: classification(10))) == []
