"""Networks of a person's own: exported without their code, loaded where it is given again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import automl
from automl.data.array.encoder import ArrayEncoder
from automl.data.dataset import DataDescription
from automl.errors import ConfigError, DataError
from automl.export.manifest import read_files
from automl.export.writing import export_model
from automl.models.own.builders import remember
from automl.models.own.family import OwnConfig
from automl.models.own.reference import reference_of
from automl.training.config import RunConfig, TrainingConfig
from automl.training.predictions import TargetScale
from automl.training.trained_model import TrainedModel, TrainedNetwork, WeightedNetwork
from tests.automl.export.small_models import data_of, every_kind, model_of, network


def build_table(params: Any, dataset: Any) -> nn.Module:
    """Reads numbers and codes, as modules on this table are called."""

    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(dataset.cardinalities[0], 2)
            self.linear = nn.Linear(dataset.n_features + 2, params["width"])
            self.output = nn.Linear(params["width"], dataset.n_outputs)

        def forward(self, x: torch.Tensor, codes: torch.Tensor) -> Any:
            joined = torch.cat([x, self.table(codes[:, 0])], dim=1)
            return self.output(torch.tanh(self.linear(joined)))

    return Wide()


def build_images(params: Any, dataset: Any) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, params["channels"], 3), nn.Flatten(), nn.LazyLinear(dataset.n_outputs)
    )


def own_table() -> TrainedModel:
    data = data_of("binary")
    words = reference_of(build_table).words
    remember(reference_of(build_table))
    one = network(data)
    module = build_table({"width": 5}, data.dataset.describe(0))
    config = OwnConfig(words, {"width": 5})
    run = replace(one.run, family="own", model=config)
    return model_of(data, replace(one, run=run, weights=module.state_dict()))


def own_images() -> TrainedModel:
    remember(reference_of(build_images))
    images = np.random.default_rng(0).normal(size=(20, 1, 6, 6)).astype(np.float32)
    encoder = ArrayEncoder.fit(images)
    config = OwnConfig(reference_of(build_images).words, {"channels": 2})
    data = DataDescription("multiclass", 3, 20, encoder.encoding)
    module = build_images(config.params, data)
    module(torch.from_numpy(images))
    run = RunConfig(1, 0, "own", config, TrainingConfig(), seed=3)
    one = TrainedNetwork(run, module.state_dict(), encoder, 20, TargetScale())
    classes = np.array(["a", "b", "c"], dtype=object)
    members = (WeightedNetwork(one, 1.0),)
    return TrainedModel("label", "multiclass", "cross_entropy", classes, members)


def test_a_table_comes_back_where_its_model_is_given(tmp_path: Path) -> None:
    model, folder = own_table(), tmp_path / "exported"
    export_model(model, folder)
    files = read_files(folder)
    assert not [name for name in files if name.endswith(".py")]
    assert b"test_writing_own_networks.py:build_table" in files["README.md"]
    rows = every_kind("binary", 30)
    loaded = automl.load_export(folder, model=build_table)
    expected = model.predict_table(rows).columns["probability of yes"]
    assert (loaded.predict_table(rows).columns["probability of yes"] == expected).all()
    with pytest.raises(ConfigError, match=r"test_writing_own_networks\.py:build_table.*give it"):
        automl.load_export(folder)


def test_arrays_come_back_and_are_held_against_their_shape(tmp_path: Path) -> None:
    model, folder = own_images(), tmp_path / "exported"
    export_model(model, folder)
    loaded = automl.load_export(folder, model=build_images)
    images = np.random.default_rng(1).normal(size=(4, 1, 6, 6))
    assert (loaded.predict_proba(images) == model.predict_proba(images)).all()
    assert b'"shape": [\n    1,\n    6,\n    6\n  ]' in read_files(folder)["schema.json"]
    with pytest.raises(DataError, match="shape"):
        loaded.predict(images[:, :, :5])
