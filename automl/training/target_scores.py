"""How good predictions are on rows that have the target among their columns.

A study keeps the classes of its target, not how a table writes its quantities: that is learned
from the first rows that come, as it was by the search from its own. Rows without a target, or
with a class that the model has not, are left out and counted. Where the search had a column of
row weights, and these rows have it too, they are scored by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from automl.data.sources import Table
from automl.data.table.cells import number_text
from automl.data.targets import ClassType, Target, known_classes, learn_target
from automl.data.weight_reading import WeightReading, learn_weights
from automl.training.decisions import Decided
from automl.training.metrics import Weighted, score
from automl.training.predicted_table import PredictedTable
from automl.training.trained_model import TrainedModel

MOST_NUMBERS: Final = 20_000_000
"""Predicted numbers that are kept until they are scored, 160 MB; of more rows the first are."""


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """The score of the rows that have a target."""

    metric: str
    value: float
    n_rows: int  # that it is of
    weight: str | None = None  # the column by which they are weighed


class TargetScorer:
    """Collects predictions and targets, and scores them."""

    def __init__(self, model: TrainedModel, metric: str | None = None) -> None:
        self._model = model
        self._metric = metric or ("rmse" if model.task == "regression" else "accuracy")
        self._goal: Target | None = None
        self._predicted: list[NDArray[np.float64]] = []
        self._targets: list[NDArray[Any]] = []
        self._weighing: WeightReading | None = None
        self._weights: list[NDArray[np.float64]] = []
        self._n_numbers = 0

    def add(self, piece: PredictedTable) -> None:
        """Take the rows of a piece, if they have the target."""
        table, name = piece.table, self._model.target
        if not isinstance(table, Table) or name not in table.frame.columns:
            return
        if self._n_numbers + piece.predicted.size > MOST_NUMBERS and self._n_numbers:
            return
        values = table.frame[name]
        if self._goal is None:
            self._goal = _goal(self._model, values, table)
        targets = self._goal.encode(values, table.decimal)
        is_known = np.isfinite(targets) if self._model.task == "regression" else targets >= 0
        is_known &= ~self._goal.reading.missing(values)
        weights = self._weights_of(table)
        if weights is not None:
            is_known &= weights > 0
            self._weights.append(weights[is_known])
        self._predicted.append(piece.predicted[is_known])
        self._targets.append(targets[is_known])
        self._n_numbers += piece.predicted.size

    def _weights_of(self, table: Table) -> NDArray[np.float64] | None:
        """What rows weigh, 0 where a cell says nothing; None where no column says it."""
        name = self._model.weight
        if name is None or name not in table.frame.columns:
            return None
        values = table.frame[name]
        if self._weighing is None:
            self._weighing = learn_weights(name, values, decimal=table.decimal)
        return self._weighing.read_known(values, table.decimal)

    def scored(self) -> ScoredRows | None:
        """The score; None where no row has a target, or these rows do not define it."""
        n_rows = sum(map(len, self._targets))
        if not n_rows:
            return None
        model = self._model
        found = score(
            Decided(np.concatenate(self._predicted), model.threshold),
            Weighted(
                np.concatenate(self._targets),
                np.concatenate(self._weights) if self._weights else None,
            ),
            task=model.task,
            loss=model.loss,
            metric=self._metric,
        )
        if self._metric not in found:
            return None
        weight = model.weight if self._weights else None
        return ScoredRows(self._metric, found[self._metric], n_rows, weight)


def _goal(model: TrainedModel, values: Any, table: Table) -> Target:
    """How the target of these rows is read."""
    if model.task == "regression":
        reading = learn_target(
            model.target, values, has_types=table.has_types, decimal=table.decimal
        )
        return Target(model.target, model.task, model.loss, reading)
    kinds: dict[str, ClassType] = {"b": "boolean", "i": "integer", "f": "number"}
    class_type = kinds.get(model.classes_.dtype.kind, "text")
    is_coded = class_type in ("integer", "number")
    names = tuple(number_text(one) if is_coded else str(one) for one in model.classes_.tolist())
    reading = known_classes(model.target, class_type)
    return Target(model.target, model.task, model.loss, reading, names)
