"""A trained model in scikit-learn's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import PartialDependenceDisplay, partial_dependence, permutation_importance
from sklearn.metrics import accuracy_score, get_scorer, r2_score
from sklearn.model_selection import cross_val_score
from sklearn.utils.validation import check_is_fitted

import automl
from automl.errors import ConfigError
from automl.training.trained_model import TrainedModel

Fitted = tuple[TrainedModel, pd.DataFrame, Any]
QUICK: dict[str, Any] = {"n_trials": 2, "folds": 1, "workers": 1, "references": False}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    frame, codes = load_iris(return_X_y=True, as_frame=True)
    y = np.where(codes == 2, "virginica", "another")
    return _found(tmp_path_factory.mktemp("classes"), frame, y, max_epochs=20)


@pytest.fixture(scope="module")
def regressor(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    return _found(tmp_path_factory.mktemp("quantities"), frame, y, max_epochs=20)


def _found(folder: Path, frame: pd.DataFrame, y: Any, **options: Any) -> Fitted:
    table = frame.assign(goal=y)
    url = f"sqlite:///{folder}/automl.db"
    result = automl.search(table, target="goal", storage=url, **QUICK, **options)
    return result.best_model(), frame, y


def test_it_is_a_fitted_estimator(classifier: Fitted, regressor: Fitted) -> None:
    assert is_classifier(classifier[0]) and not is_regressor(classifier[0])
    assert is_regressor(regressor[0]) and not is_classifier(regressor[0])
    for model, frame, _ in (classifier, regressor):
        check_is_fitted(model)
        assert model.feature_names_in_.tolist() == list(frame.columns)
        assert model.n_features_in_ == frame.shape[1]


def test_it_scores_as_scikit_learn_does(classifier: Fitted, regressor: Fitted) -> None:
    model, frame, y = classifier
    assert model.score(frame, y) == accuracy_score(y, model.predict(frame)) > 0.8
    weights = (y == "virginica").astype(float)
    assert model.score(frame, y, weights) == pytest.approx(
        accuracy_score(y, model.predict(frame), sample_weight=weights)
    )
    model, frame, y = regressor
    assert model.score(frame, y) == r2_score(y, model.predict(frame))


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "neg_log_loss", "f1_macro"])
def test_scorers_of_classes_take_it(classifier: Fitted, scoring: str) -> None:
    model, frame, y = classifier
    assert np.isfinite(get_scorer(scoring)(model, frame, y))


@pytest.mark.parametrize("scoring", ["r2", "neg_root_mean_squared_error"])
def test_scorers_of_quantities_take_it(regressor: Fitted, scoring: str) -> None:
    model, frame, y = regressor
    assert np.isfinite(get_scorer(scoring)(model, frame, y))


def test_importances_are_permuted(regressor: Fitted) -> None:
    model, frame, y = regressor
    found = permutation_importance(model, frame, y, n_repeats=2, random_state=0)
    assert frame.columns[found.importances_mean.argmax()] in ("bmi", "s5")


def test_partial_dependence_is_computed_and_drawn(classifier: Fitted) -> None:
    model, frame, _ = classifier
    width = "petal width (cm)"
    found = partial_dependence(model, frame, [width], grid_resolution=5)
    average = found["average"][0]
    assert average.shape == (5,) and average[-1] > average[0], "wide petals are virginica's"
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    PartialDependenceDisplay.from_estimator(model, frame, [width], grid_resolution=5)


def test_it_is_calibrated_frozen(classifier: Fitted) -> None:
    model, frame, y = classifier
    calibrated = CalibratedClassifierCV(FrozenEstimator(model)).fit(frame, y)
    probabilities = calibrated.predict_proba(frame)
    assert probabilities.shape == (len(frame), 2)
    assert calibrated.classes_.tolist() == ["another", "virginica"]
    assert (calibrated.predict(frame) == y).mean() > 0.8


def test_training_it_anew_is_refused_with_what_to_do(classifier: Fitted) -> None:
    model, frame, y = classifier
    with pytest.raises(ConfigError, match=r"fit would train it anew.*AutoMLClassifier"):
        model.fit(frame, y)
    with pytest.raises(ConfigError, match="clone would train it anew"):
        clone(model)
    with pytest.raises(ConfigError, match="FrozenEstimator"):
        cross_val_score(model, frame, y)
