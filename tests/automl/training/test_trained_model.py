"""Tables in, values of the target's own column out."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.data.table.preprocessing import Preprocessor
from automl.data.targets import class_values
from automl.errors import ConfigError, DataError, DataWarning
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import mlp_for
from automl.training.config import RunConfig, TrainingConfig
from automl.training.predictions import TargetScale, predict
from automl.training.trained_model import (
    TrainedModel,
    TrainedNetwork,
    WeightedNetwork,
    network_from_arrays,
    run_from_details,
)
from search_spaces.hyperparameters import hyperparameter
from storage.artifact_formats import pack_tensors, unpack_tensors
from storage.stored_values import UnfitError


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
    return load_dataset(mixed_table(), target="price", splits=SplitOptions(folds=2))


def network(data: LoadedData, fold: int, scaling: str = "robust", **values: Any) -> TrainedNetwork:
    config = MLPConfig(scaling=scaling, **values)
    run = RunConfig(1, 0, "mlp", config, TrainingConfig(), seed=3, fold=fold)
    model = mlp_for(run.model, data.dataset.describe(fold))
    initialize_(model, fold)
    rows = data.dataset.folds[fold]
    return TrainedNetwork(
        run=run,
        weights=model.state_dict(),
        encoder=data.encoders[fold],
        n_train_rows=len(rows.train),
        target=TargetScale(rows.target_mean, rows.target_scale),
    )


def model_of(data: LoadedData, *networks: TrainedNetwork) -> TrainedModel:
    classes = class_values(data.goal.class_names, data.goal.reading.class_type)
    members = tuple(WeightedNetwork(one, 1 / len(networks)) for one in networks)
    return TrainedModel(data.goal.name, data.goal.task, data.goal.loss, classes, members)


def classifier(labels: list[object]) -> tuple[TrainedModel, pd.DataFrame]:
    """An untrained network for labels of any type, and the table that it is for."""
    table = mixed_table().assign(label=pd.Series(labels * 90).head(90))
    data = load_dataset(table, target="label", splits=SplitOptions(folds=1))
    return model_of(data, network(data, 0)), table


@pytest.mark.parametrize("encoding", ["piecewise_linear", "periodic"])
@pytest.mark.parametrize("scaling", ["standard", "quantile", "robust_clip"])
def test_encoded_numbers_are_predicted_alike_after_a_reload(
    data: LoadedData, scaling: str, encoding: str
) -> None:
    """Bins are not among the weights: they come back with the encoder."""
    one = network(data, 0, scaling, numeric_encoding=encoding)
    encoder = one.encoder
    assert isinstance(encoder, Preprocessor)
    assert not any("bins" in name or "starts" in name for name in one.weights)
    stored = Preprocessor.from_state(*unpack_tensors(pack_tensors(*encoder.to_state())))
    reloaded = replace(one, encoder=stored)
    first, again = (model_of(data, each).predict(mixed_table()) for each in (one, reloaded))
    assert (first == again).all() and len(np.unique(first.round(4))) > 10
    expected = predict(one.run, one.weights, data.dataset, "test").numpy()
    off = np.abs(expected[:, None] - first).min(axis=1)
    assert off.max() < 1e-4, "each test row is one of the table's"


@pytest.mark.parametrize("scaling", hyperparameter("scaling").words)
def test_raw_rows_are_predicted_like_the_encoded_ones(data: LoadedData, scaling: str) -> None:
    """The split's rows, once encoded by the data set and once from the raw table."""
    one = network(data, 0, scaling)
    expected = predict(one.run, one.weights, data.dataset, "test").numpy()
    predicted = model_of(data, one).predict(mixed_table())
    assert set(np.round(expected, 3)) <= set(np.round(predicted, 3).astype(np.float32))


@pytest.mark.parametrize("ends", [[-0.5, 0.25], None])
def test_a_stored_network_predicts_within_the_range_that_was_stored(
    data: LoadedData, ends: list[float] | None
) -> None:
    one, rows = network(data, 0), mixed_table()
    arrays = {name: values.numpy() for name, values in one.weights.items()}
    details = {"n_train_rows": 45, "target_mean": one.target.mean, "target_scale": 20.0}
    read = network_from_arrays(one.run, arrays, {**details, "prediction_range": ends}, one.encoder)
    older = network_from_arrays(one.run, arrays, details, one.encoder)
    free = model_of(data, older).predict(rows)
    low, high = (end * 20.0 + one.target.mean for end in ends or (-np.inf, np.inf))
    assert model_of(data, read).predict(rows) == pytest.approx(free.clip(low, high))
    assert ends is None or (free < low).any() or (free > high).any()


def test_a_stored_network_goes_back_by_the_curve_that_was_stored(data: LoadedData) -> None:
    one, rows = network(data, 0), mixed_table()
    arrays = {name: values.numpy() for name, values in one.weights.items()}
    details = {"n_train_rows": 45, "target_mean": one.target.mean, "target_scale": 20.0}
    curve = {"learned": [-1.0, 0.0, 0.5], "values": [-2.0, 0.0, 3.0]}
    read = network_from_arrays(one.run, arrays, {**details, "target_curve": curve}, one.encoder)
    older = network_from_arrays(one.run, arrays, details, one.encoder)
    plain = (model_of(data, older).predict(rows) - one.target.mean) / 20.0
    bent = np.where(plain < 0, 2 * plain, 6 * plain)
    found = (model_of(data, read).predict(rows) - one.target.mean) / 20.0
    assert found == pytest.approx(bent, abs=1e-5)
    damaged = {**details, "target_curve": {**curve, "values": [0.0, 0.0, 1.0]}}
    with pytest.raises(UnfitError, match="rise"):
        network_from_arrays(one.run, arrays, damaged, one.encoder)


def test_folds_predict_together_by_their_mean(data: LoadedData) -> None:
    first, second = network(data, 0), network(data, 1)
    rows = mixed_table().head(5)
    alone = [model_of(data, one).predict(rows) for one in (first, second)]
    assert model_of(data, first, second).predict(rows) == pytest.approx(np.mean(alone, axis=0))


@pytest.mark.parametrize("encoding", ["none", "piecewise_linear", "periodic"])
def test_in_float64_a_row_is_predicted_alike_beside_any_others(
    data: LoadedData, encoding: str
) -> None:
    single = model_of(data, network(data, 0, numeric_encoding=encoding), network(data, 1))
    rows, double = mixed_table(90), single.double()
    alone = np.concatenate([double.predict(rows.iloc[[place]]) for place in range(len(rows))])
    assert double.predict(rows) == pytest.approx(alone, rel=1e-13)
    off = np.abs(double.predict(rows) - single.predict(rows)).max()
    assert 0 < off < 1e-3, "float32 has seven digits"
    assert double.modules[0].state_dict().keys() == single.modules[0].state_dict().keys()


def test_members_predict_together_by_their_weights(data: LoadedData) -> None:
    first, second = network(data, 0), network(data, 0, "quantile")
    rows = mixed_table().head(5)
    alone = [model_of(data, one).predict(rows) for one in (first, second)]
    members = (WeightedNetwork(first, 0.75), WeightedNetwork(second, 0.25))
    predicted = replace(model_of(data), members=members).predict(rows)
    assert predicted == pytest.approx(0.75 * alone[0] + 0.25 * alone[1])


def test_unknown_categories_do_not_fail(data: LoadedData) -> None:
    rows = mixed_table().head(3).assign(colour="purple")
    predicted = model_of(data, network(data, 0)).predict_table(rows)
    assert np.isfinite(predicted.columns["price"]).all()
    assert "categories that no train row has, such as 'purple'" in predicted.messages[0]


def test_missing_column_is_named(data: LoadedData) -> None:
    with pytest.raises(DataError, match="size"):
        model_of(data, network(data, 0)).predict(mixed_table().drop(columns="size"))


@pytest.mark.parametrize(
    "labels", [[0, 1], [False, True], [-1.5, 2.5], ["no", "yes"], ["a", "b", "c"]]
)
def test_classes_are_predicted_as_the_targets_own_values(labels: list[object]) -> None:
    """The text "1" equals no number: an accuracy would silently be 0."""
    model, table = classifier(labels)
    predicted, probabilities = model.predict(table), model.predict_proba(table)
    assert model.classes_.tolist() == labels
    assert predicted.tolist() == [labels[code] for code in probabilities.argmax(axis=1)]
    assert {type(value) for value in predicted.tolist()} == {type(labels[0])}
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(90))


def test_columns_are_the_prediction_and_each_class(data: LoadedData) -> None:
    model, table = classifier([0, 1])
    columns = model.predict_table(table).columns
    assert list(columns) == ["label", "probability of 0", "probability of 1"]
    assert (columns["probability of 1"] == model.predict_proba(table)[:, 1]).all()
    assert list(model_of(data, network(data, 0)).predict_table(table).columns) == ["price"]


def test_rows_come_in_any_form(tmp_path: Path) -> None:
    model, table = classifier([0, 1])
    table.to_csv(tmp_path / "rows.csv", index=False)
    expected = model.predict_proba(table)
    assert model.predict_proba(tmp_path / "rows.csv") == pytest.approx(expected)
    columns = ["size", "colour", "price"]
    assert model.predict_proba(table[columns].to_numpy()) == pytest.approx(expected)


def test_cells_that_cannot_be_read_are_warned_of_and_count_as_missing(data: LoadedData) -> None:
    model, rows = model_of(data, network(data, 0)), mixed_table().head(4).astype({"size": object})
    rows.loc[1, "size"] = "large"
    said = "size: 1 of 4 cells is no number .* such as 'large' in row 2"
    with pytest.warns(DataWarning, match=said):
        predicted = model.predict(rows)
    assert model.predict_table(rows).messages[0].startswith("size: 1 of 4 cells")
    rows.loc[1, "size"] = None
    assert model.predict(rows) == pytest.approx(predicted)


def test_categories_that_no_fold_has_seen_are_warned_of(data: LoadedData) -> None:
    model, rows = model_of(data, network(data, 0), network(data, 1)), mixed_table().head(4)
    rows.loc[2, "colour"] = "mauve"
    with pytest.warns(DataWarning, match="1 of 4 cells is a category .* such as 'mauve' in row 3"):
        model.predict(rows)


@pytest.mark.parametrize("value", [1.797e308, np.inf, "1e400"])
def test_numbers_beyond_single_precision_are_refused(data: LoadedData, value: object) -> None:
    rows = mixed_table().head(3).astype({"size": object})
    rows.loc[2, "size"] = value
    with pytest.raises(DataError, match=r"'size' is .* in row 3"):
        model_of(data, network(data, 0)).predict(rows)


def test_a_prediction_that_is_not_finite_is_refused(data: LoadedData) -> None:
    """Where numbers fit into single precision, but not what the network makes of them."""
    one = network(data, 0, "standard")
    weights = {name: torch.full_like(values, 1e38) for name, values in one.weights.items()}
    broken = model_of(data, replace(one, weights=weights))
    with pytest.raises(DataError, match="2 of 2 rows give none, the first of them is row 1"):
        broken.predict(mixed_table().head(2))


def test_a_quantity_has_no_probabilities(data: LoadedData) -> None:
    with pytest.raises(ConfigError, match="'price' is a quantity; use predict"):
        model_of(data, network(data, 0)).predict_proba(mixed_table())


def test_a_model_is_shown_in_a_line_without_weights(data: LoadedData) -> None:
    one = network(data, 0)
    assert repr(model_of(data, one, one)) == "TrainedModel(target='price', networks=2)"
    assert repr(classifier([0, 1])[0]) == (
        "TrainedModel(target='label', networks=1, classes_=[0, 1])"
    )
    many, _ = classifier([f"class {n}" for n in range(20)])
    assert len(repr(many)) < 150
    assert "tensor" not in repr(one)


def test_run_comes_back_from_plain_values() -> None:
    run = RunConfig(1, 2, "mlp", MLPConfig(n_layers=3), TrainingConfig(batch_size=None), seed=4)
    assert run_from_details({"run": asdict(run)}) == replace(run, rows=None)
    assert torch.tensor(run.seed).item() == 4


def test_the_module_is_one_network_with_its_weights(data: LoadedData) -> None:
    one = network(data, 0)
    module = model_of(data, one).module()
    assert not module.training
    assert all((module.state_dict()[name] == values).all() for name, values in one.weights.items())
    with pytest.raises(ConfigError, match=r"has 2, of an ensemble .* take `modules`"):
        model_of(data, one, one).module()


def test_a_warning_of_cells_points_at_the_line_that_asked(data: LoadedData) -> None:
    model, rows = model_of(data, network(data, 0)), mixed_table().head(4).astype({"size": object})
    rows.loc[1, "size"] = "large"
    asked = (
        lambda: model.predict(rows),
        lambda: model.score(rows, np.zeros(4)),
    )
    for ask in asked:
        with pytest.warns(DataWarning, match="size: 1 of 4 cells") as told:
            ask()
        assert [one.filename for one in told] == [__file__]
        assert told[0].lineno == ask.__code__.co_firstlineno
