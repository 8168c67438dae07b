"""Metrics of many networks at once, held against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference

from automl.training.decisions import OF_DECISIONS, best_threshold, decide
from automl.tuning.metric_errors import metric_errors
from storage.records import Task
from storage.score_records import METRICS, score_of

N, M = 300, 4


def of_classes(n_classes: int, decimals: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of several networks with ties, and codes."""
    generator = np.random.default_rng(n_classes)
    targets = generator.integers(0, n_classes, N)
    logits = generator.normal(size=(M, N, n_classes)) + 1.5 * np.eye(n_classes)[targets]
    probabilities = np.exp(logits)
    probabilities = (probabilities / probabilities.sum(axis=2, keepdims=True)).round(decimals)
    probabilities[..., 0] = 1 - probabilities[..., 1:].sum(axis=2)
    return np.clip(probabilities, 0, 1), targets


def by_scikit_learn(predicted: np.ndarray, targets: np.ndarray, metric: str, task: Task) -> float:
    if metric == "roc_auc":
        two = predicted.shape[1] == 2  # of each against the rest it is the same area
        own = predicted[:, 1] if two else predicted
        return 1 - reference.roc_auc_score(targets, own, multi_class="ovr")
    two = task == "binary"
    best = best_threshold(predicted[:, 1], targets == 1, metric) if two else None
    decided: Any = decide(predicted, best)
    average = "binary" if two else "macro"
    return (
        1
        - {
            "accuracy": lambda: reference.accuracy_score(targets, decided),
            "balanced_accuracy": lambda: reference.balanced_accuracy_score(targets, decided),
            "f1": lambda: reference.f1_score(targets, decided, average=average),
        }[metric]()
    )


OF_CLASSES = [metric for metric in METRICS["multiclass"] if score_of(metric) != "loss"]


@pytest.mark.parametrize(
    ("task", "n_classes"), [("binary", 2), ("multiclass", 2), ("multiclass", 4)]
)
@pytest.mark.parametrize("metric", OF_CLASSES)
def test_classes_agree_with_scikit_learn(metric: str, task: Task, n_classes: int) -> None:
    """Two classes that are learned as several have no threshold, and an F1 of both."""
    probabilities, targets = of_classes(n_classes)
    probabilities = np.clip(probabilities, 1e-3, None)  # none is impossible
    probabilities = probabilities / probabilities.sum(axis=2, keepdims=True)
    found = metric_errors(probabilities, targets, metric, task)
    expected = [by_scikit_learn(one, targets, metric, task) for one in probabilities]
    # Rows of one level count as tied.
    np.testing.assert_allclose(found, expected, atol=1e-3 if metric == "roc_auc" else 1e-9)


@pytest.mark.parametrize("metric", METRICS["regression"])
def test_quantities_are_ordered_as_by_scikit_learn(metric: str) -> None:
    generator = np.random.default_rng(0)
    targets = generator.normal(size=N)
    predictions = targets + generator.normal(size=(M, N)) * [[0.5], [2.0], [0.1], [1.0]]
    expected = [
        {
            "rmse": reference.root_mean_squared_error,
            "mae": reference.mean_absolute_error,
            "r2": lambda true, told: -reference.r2_score(true, told),
        }[metric](targets, one)
        for one in predictions
    ]
    found = metric_errors(predictions, targets, metric, "regression")
    assert np.argsort(found).tolist() == np.argsort(expected).tolist()


@pytest.mark.parametrize("metric", OF_CLASSES)
def test_rows_of_one_class_are_no_error(metric: str) -> None:
    probabilities, _ = of_classes(2)
    for only in (0, 1):
        found = metric_errors(probabilities, np.full(N, only), metric, "binary")
        assert np.isfinite(found).all()


@pytest.mark.parametrize("constant", [0.0, 0.01, 0.5, 1.0])
def test_a_constant_prediction_knows_nothing(constant: float) -> None:
    targets = np.arange(N) % 2
    told = np.tile([1 - constant, constant], (1, N, 1))
    for metric in ("roc_auc", "balanced_accuracy"):
        assert metric_errors(told, targets, metric, "binary") == pytest.approx(0.5)


def test_rare_classes_are_told_apart_at_small_probabilities() -> None:
    generator = np.random.default_rng(1)
    is_rare = np.arange(4000) % 100 == 0
    own = 0.002 * np.exp(generator.normal(size=4000) + is_rare)
    told = np.stack([1 - own, own], axis=1)[None]
    exact = reference.roc_auc_score(is_rare, own)
    found = 1 - metric_errors(told, is_rare.astype(int), "roc_auc", "binary")[0]
    assert found == pytest.approx(exact, 2e-3)


def test_decisions_are_the_only_metrics_with_thresholds() -> None:
    assert set(METRICS["binary"]) > OF_DECISIONS
    for n_classes, task in ((4, "multiclass"), (2, "binary")):
        with pytest.raises(ValueError, match="metric"):
            metric_errors(*of_classes(n_classes), "log_loss", task)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_weights_of_whole_numbers_are_rows_so_often(n_classes: int) -> None:
    predictions, targets = of_classes(n_classes)
    task: Task = "binary" if n_classes == 2 else "multiclass"
    weights = np.random.default_rng(0).integers(1, 6, N)
    for metric in ("roc_auc", *sorted(OF_DECISIONS)):
        found = metric_errors(predictions, targets, metric, task, weights.astype(float))
        often = predictions.repeat(weights, axis=1), targets.repeat(weights)
        assert found == pytest.approx(metric_errors(*often, metric, task), rel=1e-9)
    errors, values = predictions[..., 0], predictions[0, :, 1]
    for metric in ("mae", "rmse"):
        found = metric_errors(errors, values, metric, "regression", weights.astype(float))
        often = errors.repeat(weights, axis=1), values.repeat(weights)
        assert found == pytest.approx(metric_errors(*often, metric, "regression"), rel=1e-9)
