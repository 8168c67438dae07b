"""Tables in, predictions out."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data import LoadedData, SplitChoices, load_dataset
from automl.errors import DataError
from automl.models.initialization import initialize_
from automl.models.mlp import MLPConfig, mlp_for
from automl.training.config import RunConfig, TrainingConfig
from automl.training.predictions import predict
from automl.training.trained_model import TrainedModel, TrainedNetwork, run_from_details


def mixed_table(n_rows: int = 90) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": generator.normal(size=n_rows),
            "colour": generator.choice(["red", "green", "blue"], size=n_rows),
            "price": generator.normal(loc=100.0, scale=20.0, size=n_rows),
        }
    )


@pytest.fixture(scope="module")
def data() -> LoadedData:
    return load_dataset(mixed_table(), target="price", splits=SplitChoices(n_folds=2))


def network(data: LoadedData, fold: int, scaling: str = "robust") -> TrainedNetwork:
    run = RunConfig(1, 0, MLPConfig(scaling=scaling), TrainingConfig(), seed=3, fold=fold)
    model = mlp_for(run.model, data.dataset, fold)
    initialize_(model, fold)
    rows = data.dataset.folds[fold]
    return TrainedNetwork(
        run=run,
        weights=model.state_dict(),
        preprocessor=data.preprocessors[fold],
        cardinalities=rows.cardinalities,
        target_mean=rows.target_mean,
        target_scale=rows.target_scale,
    )


def model_of(data: LoadedData, *networks: TrainedNetwork) -> TrainedModel:
    return TrainedModel(data.task, data.loss, data.class_names, networks)


@pytest.mark.parametrize("scaling", ["standard", "min_max", "robust", "quantile"])
def test_raw_rows_are_predicted_like_the_encoded_ones(data: LoadedData, scaling: str) -> None:
    """The split's rows, once encoded by the data set and once from the raw table."""
    one = network(data, 0, scaling)
    expected = predict(one.run, one.weights, data.dataset, "test").numpy()
    predicted = model_of(data, one).predict(mixed_table())
    assert set(np.round(expected, 3)) <= set(np.round(predicted, 3).astype(np.float32))


def test_folds_predict_together_by_their_mean(data: LoadedData) -> None:
    first, second = network(data, 0), network(data, 1)
    rows = mixed_table().head(5)
    alone = [model_of(data, one).predict(rows) for one in (first, second)]
    assert model_of(data, first, second).predict(rows) == pytest.approx(np.mean(alone, axis=0))


def test_unknown_categories_do_not_fail(data: LoadedData) -> None:
    rows = mixed_table().head(3).assign(colour="purple")
    assert np.isfinite(model_of(data, network(data, 0)).predict(rows)).all()


def test_missing_column_is_named(data: LoadedData) -> None:
    with pytest.raises(DataError, match="size"):
        model_of(data, network(data, 0)).predict(mixed_table().drop(columns="size"))


def test_classes_are_predicted_by_name() -> None:
    table = mixed_table().rename(columns={"colour": "label"})
    data = load_dataset(table, target="label", splits=SplitChoices(n_folds=1))
    model = model_of(data, network(data, 0))
    assert set(model.predict(table)) <= {"red", "green", "blue"}
    probabilities = model.predict_proba(table)
    assert probabilities.shape == (90, 3)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(90))


def test_run_comes_back_from_plain_values() -> None:
    run = RunConfig(1, 2, MLPConfig(n_layers=3), TrainingConfig(batch_size=None), seed=4)
    assert run_from_details({"run": asdict(run)}) == replace(run, rows=None)
    assert torch.tensor(run.seed).item() == 4
