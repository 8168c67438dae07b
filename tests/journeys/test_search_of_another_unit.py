"""Trials that learn the target in another unit: compared and handed over in its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import automl
from automl.result import SearchResult
from automl.studies import load_study


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    """A skewed target that is far from 0, with deviation 4e4."""
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(240, 3))
    noise = 0.1 * generator.normal(size=240)
    price = 1e5 + 2e4 * np.exp(numbers[:, 0] + 0.3 * numbers[:, 1] + noise)
    return pd.DataFrame(numbers, columns=["a", "b", "c"]).assign(price=price)


@pytest.fixture(scope="module")
def result(prices: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    folder = tmp_path_factory.mktemp("prices")
    return automl.search(
        prices,
        target="price",
        set=["target_transform=none,log,quantile", "learning_rate=0.01", "batch_size=16"],
        storage=f"sqlite:///{folder}/automl.db",
        study="prices",
        n_trials=9,
        max_epochs=8,
        folds=2,
        answer="ensemble",
        references=False,
        workers=1,
        portfolio=False,  # whose first configurations learn the column's own unit
    )


def test_the_model_predicts_in_the_unit_of_the_column(
    result: SearchResult, prices: pd.DataFrame
) -> None:
    """The ensemble's members have different transforms, and of each fold a curve of its own."""
    model = result.best_model()
    learned = [member.network.target.readout.curve for member in model.members]
    curves = {curve for curve in learned if curve is not None}
    assert len(curves) >= 2
    kept = result.predictions()
    assert kept is not None and result.evaluation is not None
    truth, predicted = kept["test_targets"], kept["test_predictions"]
    rmse = float(np.sqrt(np.mean((truth - predicted) ** 2)))
    assert result.evaluation.scores["rmse"] == pytest.approx(rmse, rel=1e-5)
    assert rmse < 0.8 * prices["price"].std()
    of_all = model.predict(prices)
    for value, target in zip(predicted, truth, strict=True):
        row = int(np.abs(prices["price"] - target).argmin())
        assert of_all[row] == pytest.approx(value, rel=1e-5)


def test_a_stored_study_has_the_same_model(result: SearchResult, prices: pd.DataFrame) -> None:
    again = load_study("prices", result.storage)
    first, second = (one.best_model().predict(prices) for one in (result, again))
    assert np.array_equal(first, second)
