"""Validation rows of a fold beside the networks that predict them, as they are and shuffled.

With folds each row is predicted by networks that were not trained on it, and exchanges values
with rows of its own fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Fold
from automl.data.inputs import InputColumns
from automl.data.shuffled_rows import ShuffledRows
from automl.executors.predicting import Predict
from automl.training.metrics import row_losses
from automl.training.predictions import PredictedRows
from automl.training.trained_model import WeightedNetwork, weighted_mean

Floats: TypeAlias = NDArray[np.float64]
Orders: TypeAlias = NDArray[np.int64]

ROUNDING: Final = 1e-5
"""Predictions that differ by less are the same: what a network does not read changes them in
their last digits, as rows come to lie elsewhere in its products."""


@dataclass(frozen=True, slots=True, eq=False)
class FoldRows:
    """Some validation rows of a fold, and the networks that predict them.

    Shape:
        rows: (n,); targets, scale, weights: (n,), the last None where all are 1; predicted: (n,)
        or (n, C).
    """

    columns: Mapping[str, InputColumns]
    networks: Sequence[WeightedNetwork]
    rows: Orders
    targets: NDArray[Any]
    scale: Floats
    predicted: Floats
    weights: Floats | None = None

    @classmethod
    def of(
        cls,
        fold: Fold,
        rows: Orders,
        columns: Mapping[str, InputColumns],
        networks: Sequence[WeightedNetwork],
        predict: Predict,
    ) -> FoldRows:
        """These validation rows of a fold."""
        return cls(
            columns=columns,
            networks=networks,
            rows=rows,
            targets=fold.original_targets("valid").numpy()[rows],
            scale=np.full(len(rows), fold.target_scale, dtype=np.float64),
            predicted=_together(networks, predict, "valid")[rows],
        )

    def shuffled(self, names: Sequence[str], orders: Orders, predict: Predict) -> Floats:
        """What is predicted with columns shuffled.

        Shape:
            orders: (R, n); result: (len(names), R, n), or with C at the end.
        """
        columns = tuple(self.columns.get(name, InputColumns()) for name in names)
        found = _together(self.networks, predict, ShuffledRows(self.rows, orders, columns))
        found = found.reshape(len(names), *orders.shape, *self.predicted.shape[1:])
        if self.predicted.ndim == 2:  # probabilities, of which small ones matter too
            is_same = np.isclose(found, self.predicted, rtol=ROUNDING, atol=0.0)
        else:
            is_same = np.abs(found - self.predicted) <= ROUNDING * self.scale
        return np.where(is_same, self.predicted, found)

    def losses(self, predicted: Floats, loss: str) -> Floats:
        """Of each row, times its weight, of any number of predictions of these rows.

        Shape:
            predicted: (..., n) or (..., n, C); result: (..., n).
        """
        n_copies = predicted.size // self.predicted.size
        flat = predicted.reshape(n_copies * len(self.rows), *self.predicted.shape[1:])
        targets, scale = np.tile(self.targets, n_copies), np.tile(self.scale, n_copies)
        found = row_losses(flat, targets, loss=loss, target_scale=scale)
        found = found.reshape(predicted.shape[: predicted.ndim - self.predicted.ndim + 1])
        return found if self.weights is None else found * self.weights

    def moves(self, predicted: Floats) -> Floats:
        """How far predictions are from those of the rows as they are, in all, (K, ...) -> (K,).

        Values are in units of the standardized target.
        """
        moved = np.abs(predicted - self.predicted).reshape(len(predicted), -1)
        return np.asarray(moved.sum(axis=1) / self.scale[0])


def cycles(random: np.random.Generator, n_repeats: int, n_rows: int) -> Orders:
    """Orders in which no row keeps its place: each is one cycle through all rows, (R, n)."""
    orders = np.empty((n_repeats, n_rows), dtype=np.int64)
    for order in orders:
        cycle = random.permutation(n_rows)
        order[cycle] = np.roll(cycle, -1)
    return orders


def _together(
    networks: Sequence[WeightedNetwork], predict: Predict, rows: PredictedRows
) -> Floats:
    """What networks of one fold predict together of some rows."""
    return weighted_mean(
        [predict(one.network.run, one.network.weights, rows).double().numpy() for one in networks],
        [one.weight for one in networks],
    )
