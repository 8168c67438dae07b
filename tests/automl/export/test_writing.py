"""A model as a folder: it stands alone, comes back the same, is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import automl
from automl.errors import ConfigError, OutputError, TrainingError
from automl.export import verification
from automl.export.contents import tensor_files
from automl.export.manifest import read_files
from automl.export.verification import as_texts, predicted_numbers, predictions_alone
from automl.export.writing import CODE, export_model
from automl.training.prediction_range import TargetRange
from automl.training.readout import Readout
from automl.training.target_transform import TargetCurve
from automl.training.trained_model import TrainedModel
from tests.automl.export.small_models import data_of, every_kind, model_of, network

CURVE = TargetCurve((-1.0, 0.0, 0.5), (-2.0, 0.0, 3.0))
WITHIN: TargetRange = (-5.0, 0.25)  # some rows lie beyond each end

WIDE: dict[str, Any] = {
    "numeric_encoding": "piecewise_linear",
    "n_members": 3,
    "normalization": "batch_norm",
    "scaling": "quantile",
    "input_scaling": "learned",
    "activation_mixing": "learned",
    "residual": "every_layer",
}
DEEP: dict[str, Any] = {
    "numeric_encoding": "periodic",
    "activation": "maxout",
    "normalization": "layer_norm",
    "scaling": "robust_clip",
    "shape": "funnel",
    "hidden_size": 24,
    "n_layers": 3,
}


def model_named(name: str) -> TrainedModel:
    """Each task, folds, ensembles, thresholds, transforms and every part of a perceptron."""
    if name == "folds":
        data = data_of("regression", folds=2)
        return model_of(data, network(data, 0, **DEEP), network(data, 1, **DEEP))
    data = data_of(name)
    match name:
        case "regression":
            return model_of(data, network(data, readout=Readout(CURVE, WITHIN), **WIDE))
        case "binary":
            other = network(data, activation="prelu", n_layers=1)
            return model_of(data, network(data, **WIDE), other, threshold=0.3)
    linear = network(data, n_layers=0, scaling="min_max")
    return model_of(data, network(data, n_members=2), linear)


@pytest.mark.parametrize("name", ["regression", "folds", "binary", "multiclass"])
def test_a_folder_predicts_as_the_model_does_without_this_project(
    name: str, tmp_path: Path
) -> None:
    model, folder = model_named(name), tmp_path / "exported"
    task = "regression" if name == "folds" else name
    assert export_model(model, folder) == folder
    rows = as_texts(every_kind(task, 40).drop(columns="target"))
    (said,) = predictions_alone(folder, [rows])
    expected = predicted_numbers(model, rows)
    found = np.asarray(said["values" if task == "regression" else "probabilities"])
    assert np.ptp(expected, axis=0).min() > 0.01, "rows that are told apart"
    scale = model.members[0].network.target.scale
    assert np.abs(found - expected).max() <= 1e-5 * (scale if task == "regression" else 1)
    loaded = automl.load_export(folder)
    assert (predicted_numbers(loaded, rows) == expected).all()
    assert (loaded.threshold, loaded.task) == (model.threshold, model.task)
    assert loaded.classes_.tolist() == model.classes_.tolist()
    if task != "regression":
        assert said["values"] == model.predict_table(rows).columns["target"].tolist()


@pytest.fixture(scope="module")
def small() -> TrainedModel:
    data = data_of("binary")
    return model_of(data, network(data, n_layers=1))


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the process of its own, which takes seconds, where a test is of something else."""
    monkeypatch.setattr(verification, "predictions_alone", _as_loaded)


def _as_loaded(folder: Path, tables: Sequence[Any]) -> list[dict[str, Any]]:
    model = automl.load_export(folder)
    said = []
    for table in tables:
        first, *others = model.predict_table(table).columns.values()
        probabilities = np.stack(others, axis=1).tolist()
        said.append({"values": first.tolist(), "probabilities": probabilities})
    return said


@pytest.mark.usefixtures("unchecked")
def test_the_folder_holds_these_files(small: TrainedModel, tmp_path: Path) -> None:
    export_model(small, tmp_path / "exported")
    files = read_files(tmp_path / "exported")
    tensors = {"network-0.safetensors", "preprocessing-0.safetensors"}
    assert files.keys() == {*tensors, "config.json", "schema.json", "README.md", *CODE}
    assert all("automl" not in line or "automl-torch" in line
               for name in CODE for line in files[name].decode().splitlines()
               if line.startswith(("import", "from")))  # fmt: skip
    config = json.loads(files["config.json"])
    assert config["networks"][0]["run"]["model"]["n_layers"] == 1


@pytest.mark.usefixtures("unchecked")
def test_an_earlier_export_is_replaced_only_by_force(small: TrainedModel, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    export_model(small, folder)
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(OutputError, match="force=True"):
        export_model(small, folder)
    assert (folder / "manifest.json").read_bytes() == before
    export_model(replace(small, threshold=0.25), folder, force=True)
    assert automl.load_export(folder).threshold == 0.25
    assert [one.name for one in tmp_path.iterdir()] == ["exported"]


def test_another_folder_is_never_replaced(small: TrainedModel, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(OutputError, match="earlier export"):
        export_model(small, tmp_path / "mine", force=True)
    (tmp_path / "table.csv").write_text("a,b")
    with pytest.raises(OutputError, match="is a file"):
        export_model(small, tmp_path / "table.csv", force=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


def test_what_does_not_agree_is_not_kept(
    small: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder whose own code says something else leaves nothing behind."""

    def off(folder: Path, tables: Sequence[Any]) -> list[dict[str, Any]]:
        said = _as_loaded(folder, tables)
        said[-1]["probabilities"] = (np.asarray(said[-1]["probabilities"]) + 2e-5).tolist()
        return said

    monkeypatch.setattr(verification, "predictions_alone", off)
    with pytest.raises(TrainingError, match="2e-05 apart"):
        export_model(small, tmp_path / "exported")
    assert not list(tmp_path.iterdir())


def test_code_that_fails_is_told_in_a_line(small: TrainedModel, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("raise ValueError('no luck')\n")
    with pytest.raises(TrainingError, match=r"its model\.py failed: ValueError: no luck"):
        predictions_alone(tmp_path, [every_kind("binary", 3)])
    (tmp_path / "model.py").write_text("import automl\n")
    with pytest.raises(TrainingError, match="cannot be imported where an export is checked"):
        predictions_alone(tmp_path, [every_kind("binary", 3)])


def test_other_families_are_refused_before_anything_is_written(
    small: TrainedModel, tmp_path: Path
) -> None:
    member = small.members[0]
    run = replace(member.network.run, family="somewhere:FAMILY")
    other = replace(small, members=(replace(member, network=replace(member.network, run=run)),))
    with pytest.raises(ConfigError, match="somewhere:FAMILY"):
        export_model(other, tmp_path / "exported")
    assert not list(tmp_path.iterdir())


def test_networks_of_one_fold_share_their_preprocessing() -> None:
    data = data_of("regression", folds=2)
    model = model_of(data, network(data, 0), network(data, 1), network(data, 0, n_layers=1))
    config, files = tensor_files(model)
    assert [one.preprocessing for one in config.networks] == [
        "preprocessing-0.safetensors",
        "preprocessing-1.safetensors",
        "preprocessing-0.safetensors",
    ]
    assert len(files) == 5
