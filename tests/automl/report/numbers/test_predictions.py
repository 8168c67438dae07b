import numpy as np
import pytest

from automl.report.numbers.predictions import Residuals, judged_rows, residuals
from tests.contracts.predicted_rows import classification


def test_validation_rows_stand_in_for_test_rows():
    both = classification(2) | classification(3, split="valid")
    assert judged_rows(both, "y", ()).split == "test"
    judged = judged_rows(classification(2, split="valid"), "y", ())
    assert judged.split == "valid" and judged.n_rows == 200
    assert judged_rows({}, "y", ()) is None


def test_two_classes_need_one_curve():
    judged = judged_rows(classification(2), "y", ["no", "yes"])
    assert judged.classes_of_curves == {1: "yes"}


def test_of_many_classes_the_most_frequent_get_curves():
    judged = judged_rows(classification(30), "y", ())
    assert len(judged.class_names) == 30 and len(judged.classes_of_curves) == 6


def test_a_class_without_rows_gets_no_curve():
    given = classification(3)
    given["test_targets"] = np.where(given["test_targets"] == 2, 0, given["test_targets"])
    judged = judged_rows(given, "y", ["a", "b", "c"])
    assert [*judged.classes_of_curves.values()] == ["a", "b"]


def test_a_regression_gets_residuals_thinned():
    true = np.linspace(0, 1, 5000)
    given = {"test_targets": true, "test_predictions": true + 0.1}
    judged = judged_rows(given, "price", ())
    assert judged.is_regression and residuals(judged_rows(classification(2), "y", ())) is None
    numbers = residuals(judged)
    assert numbers.target == "price" and len(numbers.true) == 2000
    assert numbers.in_words.startswith("Errors of 2,000 rows: mean -0.1, standard deviation")


def test_predictions_far_out_are_counted_and_not_in_the_frame():
    true = np.linspace(0.0, 10.0, 50)
    numbers = Residuals("y", true, np.append(true[:-1], 5000.0))
    assert numbers.frame == pytest.approx((-0.4, 10.4))
    assert numbers.outside == "1 prediction outside the frame."
    assert Residuals("y", true, true).outside == ""
