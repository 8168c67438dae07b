"""One graph from raw columns: onnxruntime predicts what the stored model does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from scipy.special import ndtri

from automl.data import SplitOptions, load_dataset
from automl.errors import ConfigError, DataError, TrainingError
from automl.export import onnx_format
from automl.export.contents import json_text
from automl.export.loading import load_export
from automl.export.manifest import read_files
from automl.export.onnx_format import (
    USE,
    check_onnx,
    export_onnx,
    fed,
    onnx_model,
    run_onnx,
    tolerance_of,
)
from automl.export.onnx_graph import Graph
from automl.export.onnx_inputs import normal_deviate
from automl.export.onnx_network import ACTIVATIONS
from automl.export.schema import input_schema
from automl.export.verification import as_texts, compare, made_up_rows, predicted_numbers
from automl.models.mlp import network as perceptron
from automl.options.data_options import ColumnOptions
from automl.training.trained_model import TrainedModel
from tests.automl.export.small_models import data_of, every_kind, model_of, network
from tests.automl.export.small_tables import BENT, MODELS, odd_rows


def agreed(model: TrainedModel) -> np.ndarray[Any, Any]:
    """What onnxruntime decides for; its numbers are held against the model's."""
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    task = model.task
    decided: list[Any] = []
    for table in (*made_up_rows(model), every_kind(task).drop(columns="target")):
        rows = as_texts(table)
        expected = predicted_numbers(model, rows)
        found, numbers = run_onnx(session, model, rows)
        compare(model, expected, numbers, tolerance_of(model, rows, expected))
        assert np.ptp(expected, axis=0).min() > 1e-3, "rows that are told apart"
        if task != "regression":
            assert found.tolist() == model.predict_table(rows).columns["target"].tolist()
        decided += found.tolist()
    return np.asarray(decided)


@pytest.mark.parametrize("name", MODELS)
def test_raw_rows_of_many_tables_are_predicted_alike(name: str) -> None:
    model = MODELS[name]()
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    for table in (*made_up_rows(model), odd_rows(model)):
        rows = as_texts(table)
        expected = predicted_numbers(model, rows)
        found, numbers = run_onnx(session, model, rows)
        compare(model, expected, numbers, tolerance_of(model, rows, expected))
        if model.task != "regression":
            assert found.tolist() == model.predict_table(rows).columns["target"].tolist()


@pytest.mark.parametrize("scaling", ["standard", "min_max", "robust", "quantile", "robust_clip"])
@pytest.mark.parametrize("encoding", ["piecewise_linear", "periodic"])
def test_quantities_are_predicted_alike(scaling: str, encoding: str) -> None:
    data = data_of("regression")
    one = network(data, readout=BENT, scaling=scaling, numeric_encoding=encoding)
    agreed(model_of(data, one))


def test_an_ensemble_of_folds_and_members_is_one_graph() -> None:
    data = data_of("multiclass", folds=2)
    members = network(data, 0, n_members=3, normalization="layer_norm", residual="every_layer")
    other = network(data, 1, normalization="batch_norm", input_scaling="learned", n_layers=1)
    decided = agreed(model_of(data, members, other, network(data, 0, n_layers=0)))
    assert len(set(decided.tolist())) > 1


@pytest.mark.parametrize("classes", [[0, 1], [-1.5, 2.5], [False, True]])
def test_classes_are_the_targets_own_values(classes: list[Any]) -> None:
    data = data_of("binary")
    model = replace(model_of(data, network(data)), classes_=np.asarray(classes))
    assert agreed(model).dtype == model.classes_.dtype


@pytest.mark.parametrize("threshold", [None, 0.35])
def test_two_classes_are_decided_between_by_their_threshold(threshold: float | None) -> None:
    data = data_of("binary")
    model = model_of(data, network(data, n_members=2), threshold=threshold)
    assert set(agreed(model).tolist()) == {"no", "yes"}


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "prelu"])
def test_every_activation_is_a_node(activation: str) -> None:
    data = data_of("regression")
    agreed(model_of(data, network(data, activation=activation, activation_mixing="learned")))


def test_no_activation_is_forgotten() -> None:
    assert {*ACTIVATIONS, "prelu"} == set(perceptron.ACTIVATIONS)


def test_normal_deviates_are_those_of_scipy() -> None:
    graph = Graph()
    shares = graph.take("shares", 11)  # double
    graph.give(normal_deviate(graph, shares), "deviates", 11, ["rows", 1])
    session = onnxruntime.InferenceSession(graph.model("test", {}).SerializeToString())
    given = np.array([1e-7, 1e-4, 0.02, 0.07, 0.08, 0.5, 0.9, 0.95, 1 - 1e-7])[:, None]
    (found,) = session.run(None, {"shares": given})
    assert np.abs(found - ndtri(given)).max() < 1e-12


def test_dates_come_apart_as_calendars_have_them() -> None:
    """Leap years, ends of months, days before 1970."""
    data = data_of("regression")
    model = model_of(data, network(data))
    moments = ["29.02.2020 23:59", "01.03.1900 00:00", "31.12.1969 12:30", "01.01.2000 00:01"]
    rows = as_texts(every_kind().drop(columns="target").head(4).assign(sold=moments))
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    _, numbers = run_onnx(session, model, rows)
    compare(model, predicted_numbers(model, rows), numbers)


def test_the_folder_has_one_graph_with_schema_and_card(tmp_path: Path) -> None:
    data = data_of("binary")
    model = model_of(data, network(data))
    export_onnx(model, tmp_path / "exported", rows=[every_kind("binary", 30)])
    files = read_files(tmp_path / "exported")
    assert files.keys() == {"model.onnx", "schema.json", "README.md"}
    session = onnxruntime.InferenceSession(files["model.onnx"])
    inputs = {one.name: one.type for one in session.get_inputs()}
    assert inputs["size"] == inputs["sold"] == inputs["flag"] == "tensor(double)"
    assert inputs["colour"] == inputs["is_new"] == inputs["town"] == "tensor(string)"
    assert "constant" not in inputs
    assert [one.name for one in session.get_outputs()] == ["prediction", "probabilities"]
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["schema"])["target"]["classes"] == ["no", "yes"]
    with pytest.raises(DataError, match=r"an ONNX graph, which onnxruntime runs.*format='folder'"):
        load_export(tmp_path / "exported")


def test_a_graph_that_does_not_agree_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = data_of("binary")
    one = network(data)
    weights = {**one.weights, "output.bias": one.weights["output.bias"] + 1e-3}
    other = onnx_model(model_of(data, replace(one, weights=weights)))
    monkeypatch.setattr(onnx_format, "onnx_model", lambda model: other)
    with pytest.raises(TrainingError, match="apart; nothing was written"):
        export_onnx(model_of(data, one), tmp_path / "exported")
    assert not list(tmp_path.iterdir())
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(TrainingError, match="onnxruntime can run it"):
        check_onnx(tmp_path, model_of(data, one))


def test_what_cannot_be_expressed_is_refused_first(tmp_path: Path) -> None:
    data = data_of("binary")
    one = network(data)
    own = replace(one, run=replace(one.run, family="own"))
    with pytest.raises(ConfigError, match="built by a function of yours"):
        export_onnx(model_of(data, own), tmp_path / "exported")
    assert not list(tmp_path.iterdir())


def test_missing_cells_are_fed_as_nan_and_empty_texts() -> None:
    plans = {plan.name: plan for plan in data_of("regression").encoders[0].plans}  # type: ignore[attr-defined]
    column = pd.Series(["", "n/a", "$1,250.50"])
    assert fed(column, plans["price"])[2, 0] == 1250.5
    assert np.isnan(fed(column, plans["price"])[:2]).all()
    assert fed(pd.Series([None, " red "]), plans["colour"]).tolist() == [[""], ["red"]]
    assert fed(pd.Series(["02.01.1970 12:00", ""]), plans["sold"])[0, 0] == 1.5


def test_the_card_says_how_rows_are_fed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its code is run: days before months, codes with zeros in front, "NA" as a category."""
    table = every_kind("binary")[["size", "sold", "is_new", "flag", "colour", "zip", "target"]]
    moments = pd.Timestamp("2021-01-05") + pd.to_timedelta(np.arange(len(table)) * 7, unit="h")
    table = table.assign(
        epoch=(moments - pd.Timestamp(0)) // pd.Timedelta(seconds=1),
        zoned=[f"{moment:%d/%b/%Y:%H:%M:%S} +0200" for moment in moments],
    ).astype(str)
    options = ColumnOptions(date=["epoch"], missing=["size=-99", "sold=01.01.1900 00:00"])
    data = load_dataset(table, target="target", columns=options, splits=SplitOptions(folds=1))
    model = model_of(data, network(data))
    files = {"model.onnx": onnx_model(model).SerializeToString(),
             "schema.json": json_text(input_schema(model))}  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    odd = {"size": ["NA", "n/a", "-99.0", ""],
           "sold": ["31.12.9999 00:00", "01.01.1900 00:00", "NA"],
           "is_new": ["1", "0", "1.0", "0.0", "TRUE"], "flag": ["1.0", "NA"],
           "epoch": ["0", "n/a", "253370764800", "9999999999"],
           "zoned": ["NA", "soon"]}  # fmt: skip
    for name, cells in odd.items():
        table.loc[: len(cells) - 1, name] = cells
    table.to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    said: dict[str, Any] = {}
    exec(USE.split("```python\n")[1].split("```")[0], said)
    expected = predicted_numbers(model, as_texts(table))
    compare(model, expected, said["outputs"][1])
    assert "zoned: 'soon' counts as missing\n" in capsys.readouterr().out


def test_dates_that_mean_never_are_missing_in_the_graph_itself() -> None:
    """Whatever feeds it: bounds and marks are nodes, and the check sees them."""
    table = every_kind()[["sold", "size", "target"]]
    options = ColumnOptions(missing=["sold=01.01.1900 00:00"])
    data = load_dataset(table, target="target", columns=options, splits=SplitOptions(folds=1))
    model = model_of(data, network(data))
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    never = ["", "31.12.2900 00:00", "01.01.0900 00:00", "01.01.1900 00:00", "01.01.2500 00:00"]
    sold = [*never, "02.01.1900 00:00", "31.12.2499 23:59", *["05.01.2021 07:00"] * 4]
    rows = as_texts(table.head(len(sold)).assign(size="1", sold=sold))
    _, numbers = run_onnx(session, model, rows)
    compare(model, predicted_numbers(model, rows), numbers)
    assert np.ptp(numbers[:5]) == 0 and abs(numbers[5:] - numbers[0]).min() > 1e-3
    days = fed(rows["sold"], data.encoders[0].plans[0])[:, 0]  # type: ignore[attr-defined]
    assert np.isfinite(days[1:]).all(), "what is checked is the graph, not what feeds it"


def test_truth_values_that_became_floats_are_truth_values() -> None:
    data = data_of("binary")
    model = model_of(data, network(data))
    rows = as_texts(every_kind("binary").head(2).assign(is_new=["1.0", "0.0"]))
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    _, numbers = run_onnx(session, model, rows)
    words = as_texts(rows.assign(is_new=["yes", "no"]))
    compare(model, predicted_numbers(model, words), numbers)
