from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from automl.errors import TrainingError
from automl.executors.predicting import ProcessPredictor, RememberedPredictions
from automl.executors.workers.worker import TrainingSetup
from automl.models.own.builders import remember
from automl.models.own.family import OwnConfig
from automl.models.own.reference import reference_of
from automl.training.config import RunConfig, TrainingConfig
from automl.training.plain import PlainTrainer
from automl.training.predictions import PredictedRows, predict
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers need Linux or macOS")


def build(params: Any, dataset: Any) -> nn.Module:
    class Network(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if params["end"] == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            if params["end"] == "raises":
                raise ValueError("no such end")
            return super().forward(x)

    return Network(dataset.n_features, dataset.n_outputs)


def run_that(end: str) -> RunConfig:
    config = OwnConfig(reference_of(build).words, {"end": end})
    return RunConfig(1, 0, "own", config, TrainingConfig(), seed=0)


def test_networks_predict_elsewhere_as_here_and_do_no_harm() -> None:
    dataset, reference = tiny_dataset(), reference_of(build)
    remember(reference)
    weights = build({"end": ""}, dataset.describe()).state_dict()
    predictor = ProcessPredictor(TrainingSetup(dataset, model=reference.packed()))
    try:
        there = predictor(run_that(""), weights, "valid")
        torch.testing.assert_close(there, predict(run_that(""), weights, dataset, "valid"))
        with pytest.raises(TrainingError, match=r"ValueError: no such end \(test_predicting.py, "):
            predictor(run_that("raises"), weights, "valid")
        with pytest.raises(TrainingError, match=r"a prediction has failed: .* ended with"):
            predictor(run_that("dies"), weights, "valid")
        assert predictor(run_that(""), weights, "test").shape[0] == len(dataset.folds[0].test)
    finally:
        predictor.close()


def test_each_network_predicts_validation_rows_once_as_long_as_there_is_room() -> None:
    dataset, asked = tiny_dataset(), []
    runs = [tiny_run(number, seed=number) for number in (1, 2, 3)]
    trainer = PlainTrainer(dataset)
    trainer.add(runs)
    trainer.train_round()
    weights = [trainer.best_weights(run.run_id) for run in runs]

    def asking(run: RunConfig, weights: Mapping[str, Tensor], split: PredictedRows) -> Tensor:
        asked.append((run.run_id, split))
        return predict(run, weights, dataset, split)

    n_numbers = predict(runs[0], weights[0], dataset, "valid").numel()
    remembered = RememberedPredictions(asking, most_numbers=2 * n_numbers)
    for _ in range(2):
        for run, of_run in zip(runs, weights, strict=True):
            for split in ("valid", "test"):
                found = remembered(run, of_run, split)  # type: ignore[arg-type]
                assert torch.equal(found, predict(run, of_run, dataset, split))  # type: ignore[arg-type]
    valid = [run_id for run_id, split in asked if split == "valid"]
    assert valid == [1, 2, 3, 3], "there is room for two"
    assert len(asked) - len(valid) == 6
