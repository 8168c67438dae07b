"""The exported training: parts as the project's, a folder that learns and is a model again."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shlex
import sys
from dataclasses import asdict, replace
from pathlib import Path
from subprocess import run
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import automl
from automl.export.manifest import MANIFEST, manifest_of
from automl.export.standalone import first_weights, model, updates
from automl.export.verification import predicted_numbers
from automl.export.writing import code_files, exported_files
from automl.models.mlp.initialization import INITIALIZATIONS
from automl.training import losses, optimizers, schedules
from automl.training.config import TrainingConfig
from automl.training.readout import Readout
from automl.training.target_transform import fitted_curve
from automl.training.trained_model import TrainedModel
from search_spaces.hyperparameters import hyperparameter
from tests.automl.export.small_models import data_of, every_kind, model_of, network


def written(folder: Path, trained: TrainedModel, **training: Any) -> Path:
    """A folder without the check of it, whose networks are to be trained in this way."""
    files, _ = exported_files(trained, None)
    config = json.loads(files["config.json"])
    for one in config["networks"]:
        one["run"]["training"] |= {"max_epochs": 6, "learning_rate": 0.02, **training}
    files |= {"config.json": json.dumps(config).encode(), **code_files()}
    folder.mkdir()
    for name, content in {**files, MANIFEST: manifest_of(files)}.items():
        (folder / name).write_bytes(content)
    return folder


def training_of(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("train", folder / "train.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def learnable(task: str) -> Any:
    """A table whose target follows from size and colour."""
    table = every_kind(task)
    size = table["size"].replace("", "0").astype(float) + 2.0 * (table["colour"] == "red")
    if task == "regression":
        return table.assign(target=(30 + 30 * size).round(4).astype(str))
    names = np.array(["no", "yes"] if task == "binary" else ["0", "1", "2"])
    cuts = [0.5] if task == "binary" else [0.0, 1.0]
    return table.assign(target=names[np.digitize(size, cuts)])


WAYS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "adamw": (
        "binary",
        {"n_members": 3, "numeric_encoding": "piecewise_linear", "dropout": 0.1},
        {"optimizer": "adamw", "weight_decay": 0.01, "schedule": "one_cycle", "l1": 1e-5},
    ),
    "sgd": (
        "multiclass",
        {"normalization": "batch_norm", "activation": "maxout", "mixup": 0.2},
        {"optimizer": "nesterov", "schedule": "switch_to_sgd", "max_norm": 3.0,
         "label_smoothing": 0.1, "batch_size": 16, "max_epochs": 20},
    ),
    "adam": (
        "regression",
        {"numeric_encoding": "periodic", "initialization": "data_driven",
         "input_scaling": "learned", "residual": "every_layer"},
        {"optimizer": "adam", "weight_averaging": 1.0, "gradient_clip_norm": 1.0,
         "regularization_schedule": "flat_cosine", "warmup_fraction": 0.2, "epoch_steps": 3,
         "batch_size": 16, "max_epochs": 30},
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_is_trained_again_is_a_model_that_has_learned(way: str, tmp_path: Path) -> None:
    task, of_model, of_training = WAYS[way]
    data, table = data_of(task), learnable(task)
    readout = Readout()
    if task == "regression":
        fold = data.dataset.folds[0]
        values = (table["target"].astype(float) - fold.target_mean) / fold.target_scale
        curve = fitted_curve("quantile", torch.tensor(values.to_numpy()))
        readout = Readout(curve, (-5.0, 5.0))
    trained = model_of(data, network(data, readout=readout, **of_model))
    folder = written(tmp_path / "first", trained, **of_training)
    table.to_csv(tmp_path / "table.csv", index=False)
    (loss,) = training_of(folder).train_again(tmp_path / "table.csv", tmp_path / "again", seed=1)
    again = automl.load_export(tmp_path / "again")
    rows = table.drop(columns="target")
    predicted = again.predict_table(rows).columns["target"]
    if task == "regression":
        wanted = table["target"].astype(float)
        assert np.corrcoef(np.asarray(predicted, float), wanted)[0, 1] > 0.6
    else:
        right = np.mean([str(a) == b for a, b in zip(predicted, table["target"], strict=True)])
        assert right > 0.65 and loss < {"binary": 0.69, "multiclass": 1.09}[task]
    assert (predicted_numbers(again, rows) != predicted_numbers(trained, rows)).any()
    card = (tmp_path / "again" / "README.md").read_text()
    assert card.startswith("---\nlibrary_name") and "Trained again" in card


def test_the_commands_of_the_card_leave_two_models_that_load(tmp_path: Path) -> None:
    data = data_of("binary")
    folder = written(tmp_path / "first", model_of(data, network(data)), max_epochs=1)
    learnable("binary").to_csv(tmp_path / "table.csv", index=False)
    every_kind("binary", 5).to_csv(tmp_path / "rows.csv", index=False)
    (folder / "notes.txt").write_text("my own")
    card = (folder / "README.md").read_text()
    commands = re.findall(r"^\$ python (.+)$", card, flags=re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run(f"{shlex.quote(sys.executable)} {command}", shell=True, check=True, cwd=folder)
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 6
    automl.load_export(folder)
    automl.load_export(tmp_path / "retrained")
    assert not (tmp_path / "retrained" / "notes.txt").exists()
    wrong = every_kind("binary", 5)
    wrong = wrong.drop(columns=list(wrong.columns[:2]))
    wrong.to_csv(tmp_path / "rows.csv", index=False)
    lacking = ", ".join(map(repr, every_kind("binary", 5).columns[:2]))
    for command in commands:
        command = command.replace("table.csv", "rows.csv").replace("retrained", "never")
        words = [sys.executable, *shlex.split(command.partition(" > ")[0])]
        done = run(words, check=False, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 1 and not done.stdout
        (line,) = done.stderr.splitlines()
        assert line.startswith("Error: ") and f"lacks {lacking}; if" in line


def test_rows_without_a_target_are_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = data_of("binary")
    folder = written(tmp_path / "first", model_of(data, network(data)), max_epochs=1)
    table = learnable("binary")
    table.loc[:4, "target"] = ["", "maybe", "no", "yes", ""]
    table.to_csv(tmp_path / "table.csv", index=False)
    train = training_of(folder)
    train.train_again(tmp_path / "table.csv", tmp_path / "again")
    assert "3 rows without a known target are left out" in capsys.readouterr().err
    with pytest.raises(FileExistsError, match="name another folder"):
        train.train_again(tmp_path / "table.csv", tmp_path / "again")
    table.drop(columns="target").to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(ValueError, match="must have the target 'target'"):
        train.train_again(tmp_path / "rows.csv", tmp_path / "other")


def test_targets_that_are_no_plain_numbers_are_refused(tmp_path: Path) -> None:
    data = data_of("regression")
    folder = written(tmp_path / "first", model_of(data, network(data)))
    train, schema = training_of(folder), json.loads((folder / "schema.json").read_bytes())
    read = train.read_targets(pd.Series(["2.5", "NA", "", None, 8, "-1e3"]), schema)
    assert np.array_equal(read, [2.5, np.nan, np.nan, np.nan, 8, -1000], equal_nan=True)
    with pytest.raises(ValueError, match=r"but 3 of 'target' are not, such as '3,5'"):
        train.read_targets(pd.Series(["3,5", "2", "1,250", "$7", "8"]), schema)


def test_classes_that_are_truth_values_are_read_as_they_are_written(tmp_path: Path) -> None:
    data = data_of("binary")
    trained = replace(model_of(data, network(data)), classes_=np.array([False, True]))
    folder = written(tmp_path / "first", trained)
    train, schema = training_of(folder), json.loads((folder / "schema.json").read_bytes())
    texts = pd.Series(["True", "false", "YES", "n", 1, 0.0, True, "maybe", ""])
    expected = [1, 0, 1, 0, 1, 0, 1, np.nan, np.nan]
    assert np.array_equal(train.read_targets(texts, schema), expected, equal_nan=True)


def test_schedules_are_those_of_the_project() -> None:
    for name in schedules.FACTORS:
        for share, decay in itertools.product(np.linspace(0, 1, 21), (0.1, 0.3)):
            expected = float(schedules.FACTORS[name](np.array(share), decay))
            assert updates.schedule_factor(name, float(share), decay) == pytest.approx(expected)


def test_losses_are_those_of_the_project() -> None:
    generator = torch.Generator().manual_seed(0)
    weights = torch.tensor([0.5, 2.0, 1.0])
    for name in losses.LOSSES:
        n_outputs = 3 if name == "cross_entropy" else 1
        outputs = torch.randn(20, n_outputs, generator=generator)
        is_classes = "cross_entropy" in name
        targets = torch.randint(0, 3 if n_outputs == 3 else 2, (20,), generator=generator)
        learned = targets if is_classes else torch.randn(20, generator=generator)
        own = weights[: max(n_outputs, 2)] if is_classes else None
        expected = losses.objective(name, outputs, learned, 0.1, own)
        assert updates.loss_of(name, outputs, learned, 0.1, own) == pytest.approx(expected.item())
        of_rows = torch.rand(20, generator=generator)
        expected = losses.objective(name, outputs, learned, 0.1, own, of_rows)
        found = updates.loss_of(name, outputs, learned, 0.1, own, of_rows)
        assert found == pytest.approx(expected.item())


def test_rows_are_weighed_where_those_of_the_search_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, table = data_of("binary"), learnable("binary")
    weighed = replace(model_of(data, network(data)), weight="heft")
    train = training_of(written(tmp_path / "first", weighed, max_epochs=2))
    heft = np.where(table["target"] == "yes", 50.0, 0.5)
    heft[:3] = 0
    table.assign(heft=heft).to_csv(tmp_path / "table.csv", index=False)
    train.train_again(tmp_path / "table.csv", tmp_path / "again")
    assert automl.load_export(tmp_path / "again").weight == "heft"
    names = {"heft": "heft"}
    frame = pd.DataFrame({"heft": ["1", "0", "2.5"]})
    assert train.read_weights(frame, names, "heft", np.zeros(3)).tolist() == [1.0, 0.0, 2.5]
    assert train.read_weights(frame, names, None, np.zeros(3)).tolist() == [1.0, 1.0, 1.0]
    lacking = np.array([0.0, np.nan, 1.0])
    frame = pd.DataFrame({"heft": ["1", "", "2.5"]})
    assert train.read_weights(frame, names, "heft", lacking).tolist() == [1.0, 0.0, 2.5]
    for cells, words in ((["1", "-1"], "such as '-1'"), (["x", "1"], "'x'"), (["0"], "all are 0")):
        with pytest.raises(ValueError, match=words):
            train.read_weights(pd.DataFrame({"heft": cells}), names, "heft", np.zeros(len(cells)))
    table.to_csv(tmp_path / "without.csv", index=False)
    with pytest.raises(ValueError, match="must have the column of row weights 'heft'"):
        train.train_again(tmp_path / "without.csv", tmp_path / "third")
    capsys.readouterr()


@pytest.mark.parametrize("name", hyperparameter("optimizer").words)
def test_decay_and_rates_of_each_parameter_are_those_of_the_project(name: str) -> None:
    data = data_of("binary")
    own = {"n_members": 2, "numeric_encoding": "piecewise_linear", "input_scaling": "learned",
           "normalization": "layer_norm", "activation_mixing": "learned"}  # fmt: skip
    trained = model_of(data, network(data, **own))
    training = TrainingConfig(
        weight_decay=0.1, bias_rate_factor=0.5, first_layer_rate_factor=0.25,
        embedding_rate_factor=0.125, encoding_rate_factor=2.0, input_scaling_rate_factor=3.0,
        mixing_rate_factor=4.0,
    )  # fmt: skip
    module = trained.modules[0]
    exported = exported_network(trained)
    expected = groups(
        optimizers.make_optimizer(str(name), training, module), module, "rate_factor"
    )
    made = updates.make_optimizer(exported, asdict(training), str(name))
    assert groups(made, exported, "factor") == expected
    assert len({factor for _, factor in expected.values()}) == 7
    ours = optimizers.make_optimizer(str(name), training, module)
    assert type(made) is type(ours)


def groups(optimizer: Any, module: torch.nn.Module, factor: str) -> dict[str, Any]:
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    return {
        names[id(parameter)]: (group["weight_decay"], group[factor])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


def exported_network(trained: TrainedModel) -> Any:
    config, table = trained.members[0].network.run.model, trained.members[0].network.encoder
    encoding = table.encoding
    data = {
        "task": trained.task,
        "n_outputs": 1,
        "n_features": encoding.n_features,
        "n_numbers": encoding.n_numbers,
        "cardinalities": encoding.cardinalities,
        "limits": {config.scaling: None},
    }
    return model.Network(asdict(config), data)


@pytest.mark.parametrize("rule", INITIALIZATIONS)
def test_first_weights_spread_as_those_of_the_project(rule: str) -> None:
    data = data_of("binary")
    values = {"initialization": rule, "hidden_size": 64, "activation": "maxout", "n_members": 2}
    trained = model_of(data, network(data, **values))
    exported = exported_network(trained)
    first_weights.initialize_(exported, torch.Generator().manual_seed(1))
    weight = exported.hidden[1].linear.weight.detach()
    assert weight.shape == (128, 64)
    expected = INITIALIZATIONS[rule]((2, 64, 64), torch.Generator().manual_seed(2)).std()
    assert float(weight.std()) == pytest.approx(float(expected), rel=0.1)
    assert set(exported.members.scale.tolist()) == {-1.0, 1.0}
