"""What a network has to beat: a linear model on the same inputs, fitted on a fold's train rows.

Where a study weighs rows or classes, so does the linear model: a weighted network gives up
likelihood for the rare classes, and is held against a model that does the same. One thread only:
on products of this size the threads of BLAS wait for each other longer than they compute.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits
from torch import Tensor

from automl.data.dataset import Dataset, Fold
from automl.data.guessing import (
    Floats,
    Predictions,
    in_own_unit,
    plain_weights,
    regression_loss,
    trivial_predictions,
)

INVERSE_PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
"""Of logistic regression (scikit-learn's C), tried on the validation rows."""

PENALTIES_PER_ROW = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Of ridge regression, times the number of train rows, tried on the validation rows."""

MAX_TRIAL_CELLS = 3_000_000
"""Rows x inputs x classes on which penalties are compared, in a second or two."""


def linear_predictions(dataset: Dataset, fold: int = 0) -> Predictions:
    """Predict by logistic or ridge regression on standardized inputs and one-hot categories.

    The penalty is the best of a few on the validation rows, as a network's hyperparameters
    are. For mean_absolute and huber, the regression minimizes that loss.
    """
    rows = dataset.folds[fold]
    if dataset.task != "regression" and has_one_class(rows):
        return trivial_predictions(dataset, fold)
    with threadpool_limits(1):
        if dataset.task == "regression":
            return _linear_regression(dataset, rows)
        return _logistic_regression(dataset, rows)


def has_one_class(rows: Fold) -> bool:
    """Whether the train rows are all of one class, as is possible where groups are few."""
    return len(torch.unique(rows.train.targets)) < 2


def row_weights(rows: Fold) -> Floats | None:
    """The weight of each train row, its own times its class's, (N,); None where neither is."""
    own = plain_weights(rows.train)
    if rows.class_weights is None:
        return own
    of_classes: Floats = rows.class_weights[rows.train.targets].double().numpy()
    return of_classes if own is None else own * of_classes


def _logistic_regression(dataset: Dataset, rows: Fold) -> Predictions:
    codes = rows.train.targets.numpy()
    x, x_valid, x_test = (_inputs(rows, name) for name in ("train", "valid", "test"))
    n_trial = max(200, MAX_TRIAL_CELLS // (x.shape[1] * dataset.n_classes))
    trial = _some_rows(len(codes), n_trial)
    weights = row_weights(rows)

    def fit(chosen: NDArray[np.int64], inverse_penalty: float) -> LogisticRegression:
        of_rows = None if weights is None else weights[chosen]
        return _fit_logistic(x[chosen], codes[chosen], of_rows, inverse_penalty)

    def probabilities(model: LogisticRegression, inputs: Any, n_rows: int) -> Floats:
        found = model.predict_proba(inputs)
        return every_class(found, model.classes_, n_classes=dataset.n_classes, n_rows=n_rows)

    def valid_loss(inverse_penalty: float) -> float:
        model = fit(trial, inverse_penalty)
        found = probabilities(model, x_valid, len(trial))
        return class_loss(found, rows.valid.targets, plain_weights(rows.valid))

    n_rows = len(codes)
    model = fit(np.arange(n_rows), min(INVERSE_PENALTIES, key=valid_loss))
    return Predictions(
        torch.from_numpy(probabilities(model, x_valid, n_rows)).float(),
        torch.from_numpy(probabilities(model, x_test, n_rows)).float(),
    )


def _fit_logistic(
    x: Any, codes: NDArray[np.int64], weights: Floats | None, inverse_penalty: float
) -> LogisticRegression:
    model = LogisticRegression(C=inverse_penalty, max_iter=200)
    with warnings.catch_warnings():
        # Nearly separable classes with a small penalty: 200 steps are as good a fit as any.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, codes, sample_weight=weights)


def every_class(
    probabilities: Floats, classes: NDArray[np.int64], *, n_classes: int, n_rows: int
) -> Floats:
    """Probabilities of all classes from those of the classes that have train rows.

    One without train rows gets 1 / (N + C), as in the trivial prediction. Others are kept above
    a millionth of that, since the logarithm of 0 is no loss to average.

    Args:
        n_rows: N, the number of train rows.

    Shape:
        probabilities: (M, P); classes: (P,) codes; result: (M, C).
    """
    floor = 1.0 / (n_rows + n_classes)
    found = np.full((len(probabilities), n_classes), floor)
    found[:, classes] = np.maximum(probabilities, 1e-6 * floor)
    normalized: Floats = found / found.sum(axis=1, keepdims=True)
    return normalized


def class_loss(probabilities: Floats, codes: Tensor, weights: Floats | None = None) -> float:
    """The plain classification loss, by the rows' weights: what epochs are compared by."""
    chosen = probabilities[np.arange(len(codes)), codes.numpy()]
    return float(np.average(-np.log(chosen), weights=weights))


def _linear_regression(dataset: Dataset, rows: Fold) -> Predictions:
    x, x_valid, x_test = (_inputs(rows, name) for name in ("train", "valid", "test"))
    targets = rows.train.targets.double().numpy()
    valid_targets = rows.valid.targets.double().numpy()
    trial = _some_rows(len(targets), max(200, MAX_TRIAL_CELLS // x.shape[1]))
    weights, of_valid = row_weights(rows), plain_weights(rows.valid)

    def valid_loss(penalty: float) -> float:
        model = Ridge(alpha=penalty * len(trial))
        model.fit(x[trial], targets[trial], None if weights is None else weights[trial])
        return regression_loss(dataset, model.predict(x_valid) - valid_targets, of_valid)

    model = Ridge(alpha=min(PENALTIES_PER_ROW, key=valid_loss) * len(targets))
    model.fit(x, targets, weights)
    if dataset.loss != "mean_squared":
        _reweight_(model, x, targets, dataset.loss, weights)
    return in_own_unit(rows, model.predict(x_valid), model.predict(x_test))


def _reweight_(
    model: Ridge, x: Any, targets: Floats, loss: str, of_rows: Floats | None = None
) -> None:
    """Refit with weights that make squared errors the wanted loss, until they settle.

    Args:
        of_rows: which these multiply.

    Source: iteratively reweighted least squares, Holland & Welsch 1977: weight psi(e) / e, with
    |e| at least 0.001 standard deviations.
    """
    for _ in range(20):
        size = np.maximum(np.abs(model.predict(x) - targets), 1e-3)
        weights = 1 / size if loss == "mean_absolute" else np.minimum(1.0, 1 / size)
        weights = weights if of_rows is None else weights * of_rows
        # Weights of mean 1 keep the penalty's meaning.
        model.fit(x, targets, sample_weight=weights / weights.mean())


def _some_rows(n_rows: int, limit: int) -> NDArray[np.int64]:
    if n_rows <= limit:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(0).choice(n_rows, limit, replace=False))


def _inputs(rows: Fold, name: str) -> Any:
    """Standardized numbers and one column per category; sparse where there are categories."""
    numbers, categories = rows.split(name).inputs.columns()
    numeric = rows.encoding.standardized(numbers).double().numpy()
    if not rows.encoding.cardinalities:
        return numeric
    blocks = [scipy.sparse.csr_matrix(numeric)]
    for column, n_codes in enumerate(rows.encoding.cardinalities):
        codes = categories[:, column].numpy()
        ones = np.ones(len(codes))
        blocks.append(
            scipy.sparse.csr_matrix(
                (ones, (np.arange(len(codes)), codes)), shape=(len(codes), n_codes)
            )
        )
    return scipy.sparse.hstack(blocks).tocsr()
