"""What scikit-learn asks of a fitted estimator, for models that are trained elsewhere.

With tags and scores, scorers, permutation importances, partial dependence and the calibration of a
frozen estimator take a `TrainedModel` as it is. scikit-learn is loaded when one of these asks.
"""

from __future__ import annotations

from typing import Any

from automl.errors import ConfigError
from storage.records import Task


def tags(task: Task) -> Any:
    """The `sklearn.utils.Tags` of a model: classifier or regressor; its rows may have gaps."""
    from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

    is_regression = task == "regression"
    return Tags(
        estimator_type="regressor" if is_regression else "classifier",
        target_tags=TargetTags(required=True),
        classifier_tags=None if is_regression else ClassifierTags(),
        regressor_tags=RegressorTags() if is_regression else None,
        input_tags=InputTags(allow_nan=True, string=True, sparse=True),
    )


def score(task: Task, y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """Accuracy of classes, R² of quantities.

    Shape:
        y, predicted, sample_weight: (N,).
    """
    from sklearn.metrics import accuracy_score, r2_score

    of_task = r2_score if task == "regression" else accuracy_score
    return float(of_task(y, predicted, sample_weight=sample_weight))


def stays_fitted(asked: str) -> ConfigError:
    """Why a trained model is not fitted again.

    Args:
        asked: the method that would have begun it.
    """
    return ConfigError(
        f"a TrainedModel is trained already, but {asked} would train it anew; take "
        "automl.AutoMLClassifier or AutoMLRegressor for that, or keep it as it is with "
        "sklearn.frozen.FrozenEstimator(model)"
    )
