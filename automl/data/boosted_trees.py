"""Gradient-boosted trees: what many would fit to a table first, so what a network has to beat.

scikit-learn's histogram trees with its defaults, fitted on a fold's train rows. How many trees
there are is chosen on the validation rows, as a network's epoch is; nothing else is. They grow
step by step, so that whoever has no more time takes those that there are. Trees do not mind a
column's scale, and get imputed numbers with their missing-indicators, as the networks do. Classes
are weighed where the study weighs them, see `automl/data/baselines.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from automl.data.baselines import class_loss, every_class, has_one_class, row_weights
from automl.data.dataset import Dataset, Fold, Split
from automl.data.guessing import (
    Floats,
    Predictions,
    in_own_unit,
    regression_loss,
    trivial_predictions,
)

MAX_ITERATIONS = 1000
"""Of boosting. At scikit-learn's learning rate of 0.1 few tables of some 10,000 rows ask for as
many."""

PATIENCE = 20
"""Iterations without a lower validation loss that end the growth."""

STEP = 20
"""Iterations at a time; half of those there are where that is more, since each step begins with
the predictions of all trees so far. Of digits, concrete and segment, steps of 5 or a quarter took
1.2 to 1.4 times the processor time."""

PRESENTABLE = 20
"""Iterations below which trees that still get better are no reference: at a learning rate of 0.1
they are within 0.9 ** 20 = 12 % of where they are going."""

MAX_NATIVE_CATEGORIES = 255
"""What scikit-learn splits as categories. Columns with more are ordered by their codes."""

LOSSES = {
    "mean_squared": "squared_error",
    "mean_absolute": "absolute_error",
    "huber": "squared_error",  # there is no closer one; the number of trees is chosen by huber
}


class BoostedTrees:
    """The trees of one fold. `grow` them until `is_grown`, or for as long as there is time."""

    def __init__(self, dataset: Dataset, fold: int = 0) -> None:
        self._dataset = dataset
        self._rows = dataset.folds[fold]
        self._n_iterations = 0
        self._best_iteration = 0
        self._lowest_loss = np.inf
        self._predictions = trivial_predictions(dataset, fold)  # those of no tree
        self.is_grown = dataset.task != "regression" and has_one_class(self._rows)
        self._inputs = {name: _inputs(self._rows.split(name)) for name in ("valid", "test")}
        self._train_inputs = _inputs(self._rows.train)
        self._model = _model(dataset, self._rows)

    @property
    def predictions(self) -> Predictions:
        """Of the best iteration so far."""
        return replace(self._predictions, is_final=self.is_grown)

    @property
    def is_presentable(self) -> bool:
        """Whether there are enough trees for a reference."""
        return self.is_grown or self._n_iterations >= PRESENTABLE

    def grow(self) -> None:
        """Add some trees; no-op once no more are needed."""
        if self.is_grown:
            return
        before = self._n_iterations
        self._n_iterations = min(before + max(STEP, before // 2), MAX_ITERATIONS)
        self._model.set_params(max_iter=self._n_iterations)
        with threadpool_limits(1):
            targets, weights = self._rows.train.targets.numpy(), row_weights(self._rows)
            self._model.fit(self._train_inputs, targets, sample_weight=weights)
            self._choose(before)
        waited = self._n_iterations - self._best_iteration
        self.is_grown = waited >= PATIENCE or self._n_iterations == MAX_ITERATIONS

    def _choose(self, before: int) -> None:
        """See whether one of the new iterations is the best so far, and predict with it."""
        best = None
        for iteration, predicted in enumerate(self._stages("valid", before), start=before + 1):
            loss = self._valid_loss(predicted)
            if loss < self._lowest_loss:
                best = predicted
                self._lowest_loss, self._best_iteration = loss, iteration
        if best is not None:
            test = next(self._stages("test", self._best_iteration - 1))
            self._predictions = self._in_form(best, test)

    def _stages(self, name: str, after: int) -> Iterator[Floats]:
        """What the trees of each further iteration say of a split, with all before them."""
        inputs = self._inputs[name]
        if self._dataset.task == "regression":
            yield from islice(self._model.staged_predict(inputs), after, None)
            return
        n_classes, n_rows = self._dataset.n_classes, len(self._rows.train)
        for found in islice(self._model.staged_predict_proba(inputs), after, None):
            yield every_class(found, self._model.classes_, n_classes=n_classes, n_rows=n_rows)

    def _valid_loss(self, predicted: Floats) -> float:
        targets = self._rows.valid.targets
        if self._dataset.task == "regression":
            return regression_loss(self._dataset, predicted - targets.double().numpy())
        return class_loss(predicted, targets)

    def _in_form(self, valid: Floats, test: Floats) -> Predictions:
        if self._dataset.task == "regression":
            return in_own_unit(self._rows, valid, test)
        return Predictions(torch.from_numpy(valid).float(), torch.from_numpy(test).float())


def _model(dataset: Dataset, rows: Fold) -> Any:
    native = [n_codes <= MAX_NATIVE_CATEGORIES for n_codes in rows.encoding.cardinalities]
    choices = {
        "categorical_features": [False] * rows.encoding.n_features + native,
        "early_stopping": False,
        "warm_start": True,
        "random_state": 0,
    }
    if dataset.task == "regression":
        return HistGradientBoostingRegressor(loss=LOSSES[dataset.loss], **choices)
    return HistGradientBoostingClassifier(**choices)


def _inputs(split: Split) -> NDArray[np.float32]:
    """Numbers as they are, then the codes of categories, (N, D + E)."""
    numbers, codes = split.inputs.columns()
    return np.hstack([numbers.numpy(), codes.numpy().astype(np.float32)])
