import pytest

from automl.report.figures.roc import drawing, figure, panels, roc_curves
from automl.report.numbers.predictions import judged_rows
from automl.report.numbers.study import study_table
from automl.report.panels import Remark
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification, faultless, regression


def test_curves_are_named_with_their_area():
    curves = roc_curves(judged_rows(classification(3), "y", ["a", "b", "<i>c</i>"]))
    assert all(0.5 < curve.area <= 1 for curve in curves)
    made = drawing(curves)
    assert len(made.data) == 4 and made.data[-1].name == "chance"
    assert made.data[0].name.startswith("a (0.") and "&lt;i&gt;" in made.data[2].name
    assert len({trace.line.dash for trace in made.data[:3]}) == 3  # not by colour alone


def test_areas_are_told(records: StudyRecords):
    (panel,) = panels(study_table(records, lambda: classification(10)))
    assert panel.alternative.startswith("Areas under the ROC curve: ")


def test_curves_in_the_corner_are_a_sentence(records: StudyRecords):
    (remark,) = panels(study_table(records, lambda: faultless(6)))
    assert isinstance(remark, Remark) and "lie in the corner" in remark.text


@pytest.mark.parametrize("given", [dict, regression])
def test_without_classes_there_are_no_curves(records: StudyRecords, given):
    assert panels(study_table(records, given)) == []


def test_notebooks_get_the_same(records: StudyRecords):
    assert figure(study_table(records, lambda: classification(2))).data[0].mode == "lines"
