import numpy as np

from automl.report.figures.predictions import (
    calibration_figure,
    confusion_figure,
    predicted_figure,
    residuals_figure,
    roc_figure,
)
from automl.report.numbers.predictions import Confusion, Residuals, prediction_numbers


def judged():
    random = np.random.default_rng(1)
    targets = random.integers(0, 3, 90)
    predictions = random.dirichlet(np.ones(3), 90)
    given = {"test_targets": targets, "test_predictions": predictions}
    return prediction_numbers(given, target="y", class_names=["a", "b", "<i>c</i>"])


def test_the_confusion_matrix_shows_counts_and_escapes_classes():
    heat = confusion_figure(judged().confusion).data[0]
    assert list(heat.x) == ["a", "b", "&lt;i&gt;c&lt;/i&gt;"]
    assert heat.customdata[..., 0].sum() == 90


def test_cells_without_rows_are_blank():
    confusion = Confusion(("a", "b"), np.array([[5, 0], [0, 1200]]), 0)
    assert [list(row) for row in confusion_figure(confusion).data[0].text] == [
        ["5", ""],
        ["", "1,200"],
    ]


def test_roc_curves_are_named_with_their_area():
    figure = roc_figure(judged().roc)
    assert len(figure.data) == 4 and figure.data[-1].name == "chance"
    assert figure.data[0].name.startswith("a (0.")
    assert len({trace.line.dash for trace in figure.data[:3]}) == 3  # not by colour alone


def test_calibration_has_a_diagonal():
    figure = calibration_figure(judged().calibration)
    assert figure.data[-1].name == "perfect" and len(figure.data) == 4


def test_residuals_are_true_minus_predicted():
    numbers = Residuals("price", np.array([1.0, 3.0]), np.array([2.0, 2.5]), 0)
    assert residuals_figure(numbers).data[0].y.tolist() == [-1.0, 0.5]
    assert predicted_figure(numbers).layout.xaxis.title.text == "true price"
