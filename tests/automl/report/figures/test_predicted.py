import numpy as np

from automl.report.figures.predicted import drawing, panels
from automl.report.numbers.predictions import Residuals
from automl.report.numbers.study import study_table
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification, regression


def test_true_values_lie_along_the_axis():
    made = drawing(Residuals("price", np.array([1.0, 3.0]), np.array([2.0, 2.5])))
    assert made.data[1].x.tolist() == [1.0, 3.0] and made.data[1].y.tolist() == [2.0, 2.5]
    assert made.layout.xaxis.title.text == "true price"


def test_predictions_far_out_are_counted_not_drawn_to(records: StudyRecords):
    (panel,) = panels(study_table(records, regression))
    assert panel.caption == "1 prediction outside the frame."
    assert panel.figure.layout.yaxis.range[1] < 20
    assert panel.alternative.startswith("Errors of 50 rows")


def test_a_classifier_has_none(records: StudyRecords):
    assert panels(study_table(records, lambda: classification(10))) == []
