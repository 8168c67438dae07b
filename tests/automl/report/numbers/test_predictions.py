import numpy as np
import pytest

from automl.report.numbers.predictions import prediction_numbers


def classification(n_classes: int, n: int = 200, prefix: str = "test"):
    random = np.random.default_rng(0)
    targets = random.integers(0, n_classes, n)
    predictions = random.dirichlet(np.ones(n_classes), n)
    predictions[np.arange(n), targets] += random.random(n)
    predictions /= predictions.sum(axis=1, keepdims=True)
    return {f"{prefix}_targets": targets, f"{prefix}_predictions": predictions}


def test_a_classifier_gets_confusion_roc_and_calibration():
    judged = prediction_numbers(classification(3), target="y", class_names=["a", "b", "c"])
    assert judged is not None and judged.split == "test" and judged.n_rows == 200
    assert judged.confusion.counts.sum() == 200
    assert judged.confusion.shares.sum(axis=1) == pytest.approx([1, 1, 1])
    assert [curve.label for curve in judged.roc] == ["a", "b", "c"]
    assert all(0.5 < curve.area <= 1 for curve in judged.roc)
    assert len(judged.calibration) == 3 and judged.residuals is None


def test_two_classes_need_one_curve():
    judged = prediction_numbers(classification(2), target="y", class_names=["no", "yes"])
    assert [curve.label for curve in judged.roc] == ["yes"]


def test_many_classes_are_cut_to_the_most_frequent():
    judged = prediction_numbers(classification(30), target="y", class_names=())
    assert len(judged.confusion.classes) == 20
    assert judged.confusion.counts.sum() + judged.confusion.n_other == 200
    assert len(judged.roc) == 6


def test_a_class_without_rows_gets_no_curve():
    given = classification(3)
    given["test_targets"] = np.where(given["test_targets"] == 2, 0, given["test_targets"])
    judged = prediction_numbers(given, target="y", class_names=["a", "b", "c"])
    assert [curve.label for curve in judged.roc] == ["a", "b"]


def test_a_regression_gets_residuals_thinned():
    true = np.linspace(0, 1, 5000)
    given = {"test_targets": true, "test_predictions": true + 0.1}
    judged = prediction_numbers(given, target="price", class_names=())
    assert judged.residuals.target == "price"
    assert len(judged.residuals.true) == 2000 and judged.residuals.n_omitted == 3000
    assert judged.confusion is None


def test_validation_rows_stand_in_for_test_rows():
    judged = prediction_numbers(classification(2, prefix="valid"), target="y", class_names=())
    assert judged.split == "valid"
    assert prediction_numbers({}, target="y", class_names=()) is None
