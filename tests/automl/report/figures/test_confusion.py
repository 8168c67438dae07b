import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.confusion import Confusion, confusion, drawing, figure, panels
from automl.report.numbers.predictions import judged_rows
from automl.report.numbers.study import study_table
from automl.report.panels import Remark
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification, faultless, regression


def test_the_matrix_shows_counts_and_escapes_classes():
    numbers = confusion(judged_rows(classification(3), "y", ["a", "b", "<i>c</i>"]))
    assert numbers.shares.sum(axis=1) == pytest.approx([1, 1, 1])
    heat = drawing(numbers).data[0]
    assert list(heat.x) == ["a", "b", "&lt;i&gt;c&lt;/i&gt;"]
    assert heat.customdata[..., 0].sum() == numbers.counts.sum() == 200


def test_cells_without_rows_are_blank():
    numbers = Confusion(("a", "b"), np.array([[5, 0], [0, 1200]]), 0)
    assert [list(row) for row in drawing(numbers).data[0].text] == [["5", ""], ["", "1,200"]]


def test_many_classes_are_cut_to_the_most_frequent():
    numbers = confusion(judged_rows(classification(30), "y", ()))
    assert len(numbers.classes) == 20
    assert numbers.counts.sum() + numbers.n_other == 200


def test_a_classifier_gets_a_matrix_and_a_regression_none(records: StudyRecords):
    (panel,) = panels(study_table(records, lambda: classification(10)))
    assert "The commonest mistake:" in panel.alternative
    assert panels(study_table(records, regression)) == [] == panels(study_table(records))
    with pytest.raises(ConfigError, match="No predictions of classes"):
        figure(study_table(records, regression))


def test_where_all_rows_are_right_a_sentence_says_so(records: StudyRecords):
    perfect = study_table(records, lambda: faultless(6))
    (remark,) = panels(perfect)
    assert isinstance(remark, Remark)
    assert remark.text == "60 of 60 rows are classified correctly."
    with pytest.raises(ConfigError, match="60 of 60 rows"):
        figure(perfect)


def test_the_threshold_of_the_answer_decides():
    rows = classification(2)
    even, low = (confusion(judged_rows(rows, "y", ["a", "b"], one)) for one in (None, 0.0))
    assert low.counts[:, 1].sum() == 200 > even.counts[:, 1].sum()
