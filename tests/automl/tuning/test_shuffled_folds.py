"""Rows of a fold, predicted as they are and with a column of other rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from automl.data.dataset import Fold
from automl.data.encoders import Encoder
from automl.data.inputs import InputColumns
from automl.data.shuffled_rows import ShuffledRows
from automl.data.table.inputs import table_inputs
from automl.training.config import RunConfig
from automl.training.predictions import AS_IT_IS, PredictedRows
from automl.training.trained_model import TrainedNetwork, WeightedNetwork
from automl.tuning.shuffled_folds import FoldRows, cycles
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

COLUMNS = {f"x{place}": InputColumns((place,)) for place in range(5)}
ROWS = np.arange(0, 30, 2)


@dataclass
class Sums:
    """Predicts by a weighted sum of columns, as a linear network without an offset."""

    fold: Fold
    noise: float = 0.0

    def __call__(
        self, run: RunConfig, weights: Mapping[str, Tensor], split: PredictedRows
    ) -> Tensor:
        inputs = self.fold.valid.inputs
        if isinstance(split, ShuffledRows):
            inputs = split.inputs(inputs)
        summed = table_inputs(inputs).numeric.double() @ weights["weights"]
        if isinstance(split, ShuffledRows):
            summed = summed * (1 + self.noise)
        if not self.fold.valid.targets.is_floating_point():
            second = torch.sigmoid(summed / 10)
            return torch.stack([1 - second, second], dim=1)
        return summed


def fold_rows(fold: Fold, predict: Sums, **shares: float) -> FoldRows:
    """Rows that networks of one column each predict together."""
    networks = [
        WeightedNetwork(
            TrainedNetwork(
                tiny_run(),
                {"weights": torch.eye(5).double()[COLUMNS[name].numbers[0]]},
                cast(Encoder, None),
                90,
                AS_IT_IS,
            ),
            share,
        )
        for name, share in shares.items()
    ]
    return FoldRows.of(fold, ROWS, COLUMNS, networks, predict)


def test_networks_predict_together_with_one_column_of_other_rows() -> None:
    fold = tiny_dataset("mean_squared").folds[0]
    predict = Sums(fold)
    rows = fold_rows(fold, predict, x1=0.25, x3=0.75)
    x = table_inputs(fold.valid.inputs).numeric.numpy()[ROWS]
    assert rows.predicted == pytest.approx(0.25 * x[:, 1] + 0.75 * x[:, 3])
    orders = cycles(np.random.default_rng(0), 2, len(ROWS))
    found = rows.shuffled(["x1", "x0", "x3"], orders, predict)
    for number, order in enumerate(orders):
        assert found[0, number] == pytest.approx(0.25 * x[order, 1] + 0.75 * x[:, 3])
        assert found[2, number] == pytest.approx(0.25 * x[:, 1] + 0.75 * x[order, 3])
    assert (found[1] == rows.predicted).all()  # which no network reads
    moves = rows.moves(found)
    assert moves[1] == 0.0 and moves[2] > moves[0] > 0.0


@pytest.mark.parametrize("loss", ["mean_squared", "binary_cross_entropy"])
def test_rounding_is_no_difference(loss: str) -> None:
    fold = tiny_dataset(loss).folds[0]
    predict = Sums(fold, noise=1e-7)
    rows = fold_rows(fold, predict, x1=1.0)
    orders = cycles(np.random.default_rng(0), 2, len(ROWS))
    found = rows.shuffled(["x2"], orders, predict)
    assert (found == rows.predicted).all()
    assert rows.losses(found, loss).shape == (1, 2, len(ROWS))
    assert (rows.losses(found, loss) == rows.losses(rows.predicted, loss)).all()


def test_losses_are_in_units_of_the_standardized_target() -> None:
    fold = tiny_dataset("mean_squared").folds[0]
    rows = fold_rows(fold, Sums(fold), x1=1.0)
    targets = fold.original_targets("valid").numpy()[ROWS]
    wanted = ((rows.predicted - targets) / 2.5) ** 2
    assert rows.losses(rows.predicted, "mean_squared") == pytest.approx(wanted)
    both = np.stack([rows.predicted, targets])
    assert rows.losses(both, "mean_squared") == pytest.approx(np.stack([wanted, 0 * wanted]))
    weights = np.linspace(0.5, 1.5, len(ROWS))
    weighted = replace(rows, weights=weights).losses(both, "mean_squared")
    assert weighted == pytest.approx(np.stack([wanted * weights, 0 * wanted]))


def test_no_row_keeps_its_own_value_and_each_is_given_once() -> None:
    orders = cycles(np.random.default_rng(0), 6, 9)
    for order in orders:
        assert sorted(order) == list(range(9)) and (order != np.arange(9)).all()
        place, visited = 0, set[int]()
        while place not in visited:
            visited.add(place)
            place = int(order[place])
        assert len(visited) == 9
    assert len(np.unique(orders, axis=0)) == 6
    assert cycles(np.random.default_rng(0), 1, 2).tolist() == [[1, 0]]
