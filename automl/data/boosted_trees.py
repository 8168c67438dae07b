"""Gradient-boosted trees: what many would fit to a table first, so what a network has to beat.

scikit-learn's histogram trees, fitted on a fold's train rows with an effort that is a matter of
the table and not of the clock (`tree_growth.py`). They grow until the loss of the validation rows,
by which a network's epoch is chosen too, has not fallen for a while, or until their effort is
spent; of all rounds the best one on these rows is taken. Trees do not mind a column's scale, and
get imputed numbers with their missing-indicators, as the networks do. Rows and classes are weighed
where the study weighs them, see `automl/data/baselines.py`.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from automl.data.baselines import every_class, has_one_class, row_weights
from automl.data.dataset import Dataset, Fold, Split
from automl.data.guessing import (
    Floats,
    Predictions,
    in_own_unit,
    plain_weights,
    trivial_predictions,
)
from automl.data.tree_growth import FULL_EFFORT, MOST_ROUNDS, Growth

MAX_NATIVE_CATEGORIES = 255
"""What scikit-learn splits as categories. Columns with more are ordered by their codes."""

LOSSES = {
    "mean_squared": "squared_error",
    "mean_absolute": "absolute_error",
    "huber": "squared_error",  # there is no closer one
}


def tree_predictions(dataset: Dataset, fold: int = 0, effort: int = FULL_EFFORT) -> Predictions:
    """Predict by boosted trees; not final where they were still getting better at their bound."""
    rows = dataset.folds[fold]
    chosen_by = _rows_to_choose_by(dataset, rows)
    if not chosen_by.any() or (dataset.task != "regression" and has_one_class(rows)):
        return trivial_predictions(dataset, fold)
    growth = Growth.of(dataset, rows, effort)
    model = _model(dataset, rows, growth)
    valid, test = _inputs(rows.valid), _inputs(rows.test)
    of_valid = plain_weights(rows.valid)
    with threadpool_limits(1):
        model.fit(
            _inputs(rows.train),
            rows.train.targets.numpy(),
            sample_weight=row_weights(rows),
            X_val=valid[chosen_by],
            y_val=rows.valid.targets.numpy()[chosen_by],
            sample_weight_val=None if of_valid is None else of_valid[chosen_by],
        )
        best = max(1, int(np.argmax(model.validation_score_)))  # of no round is the first
        of_valid, of_test = (_after(model, best, dataset, rows, each) for each in (valid, test))
    is_final = model.n_iter_ < growth.rounds or growth.rounds == MOST_ROUNDS
    if dataset.task == "regression":
        found = in_own_unit(rows, of_valid, of_test)
        return Predictions(found.valid, found.test, is_final)
    return Predictions(
        torch.from_numpy(of_valid).float(), torch.from_numpy(of_test).float(), is_final
    )


def _rows_to_choose_by(dataset: Dataset, rows: Fold) -> NDArray[np.bool_]:
    """The validation rows whose class trees can know, which is one that train rows have."""
    targets = rows.valid.targets.numpy()
    if dataset.task == "regression":
        return np.ones(len(targets), dtype=bool)
    return np.isin(targets, rows.train.targets.numpy())


def _after(
    model: Any, n_rounds: int, dataset: Dataset, rows: Fold, inputs: NDArray[np.float32]
) -> Floats:
    """What the trees of so many rounds say."""
    if dataset.task == "regression":
        quantities: Floats = next(islice(model.staged_predict(inputs), n_rounds - 1, None))
        return quantities
    found = next(islice(model.staged_predict_proba(inputs), n_rounds - 1, None))
    n_classes, n_rows = dataset.n_classes, len(rows.train)
    return every_class(found, model.classes_, n_classes=n_classes, n_rows=n_rows)


def _model(dataset: Dataset, rows: Fold, growth: Growth) -> Any:
    native = [n_codes <= MAX_NATIVE_CATEGORIES for n_codes in rows.encoding.cardinalities]
    choices = {
        "categorical_features": [False] * rows.encoding.n_features + native,
        "early_stopping": True,
        "scoring": "loss",
        "n_iter_no_change": growth.kind.patience,
        "tol": 0.0,
        "max_iter": growth.rounds,
        "learning_rate": growth.rate,
        "max_leaf_nodes": growth.kind.leaves,
        "max_features": growth.kind.columns,
        "random_state": 0,
    }
    if dataset.task == "regression":
        return HistGradientBoostingRegressor(loss=LOSSES[dataset.loss], **choices)
    return HistGradientBoostingClassifier(**choices)


def _inputs(split: Split) -> NDArray[np.float32]:
    """Numbers as they are, then the codes of categories, (N, D + E)."""
    numbers, codes = split.inputs.columns()
    return np.hstack([numbers.numpy(), codes.numpy().astype(np.float32)])
