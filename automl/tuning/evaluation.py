"""The honest score: the best trial's stored weights on the test rows.

Nothing is retrained. Beside the network stand a trivial baseline and a linear model, so
that a person sees whether it earned its place. With folds, the folds' networks predict
together, by their mean, and so do the folds' linear models. Each look at the test rows is
a record; a trial that has one is not evaluated again. Predictions are kept, so that figures
need no data.
"""

from __future__ import annotations

import time
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl.data.baselines import linear_predictions, trivial_predictions
from automl.data.dataset import Dataset
from automl.training.metrics import bootstrap_intervals, score
from automl.training.predictions import predict
from automl.training.trained_model import TrainedNetwork
from automl.tuning.keeping import kept_networks
from automl.tuning.seeds import derive_seed
from storage import Store
from storage.records import EvaluationRecord, StudyRecords

Floats = NDArray[np.float64]


def evaluate_best(store: Store, study_name: str, dataset: Dataset) -> EvaluationRecord | None:
    """Score the best trial on the test rows, unless it has been; None if none has completed."""
    records = store.read_study(study_name)
    best = records.best_trial
    if best is None:
        return None
    for record in records.evaluations:
        if record.trial_number == best.number and record.split == "test":
            return record
    networks = kept_networks(store, records, best.number)
    arrays = out_of_sample_predictions(networks, dataset)
    record = evaluate(arrays["test_predictions"], dataset, records, best.number)
    with store.transaction():
        store.artifacts.save_predictions(study_name, best.number, arrays)
        store.add_evaluation(study_name, record)
    return record


def out_of_sample_predictions(
    networks: list[TrainedNetwork], dataset: Dataset
) -> dict[str, NDArray[Any]]:
    """Predictions and targets of rows that no network was trained on.

    Each network predicts its own fold's validation rows; all predict the test rows.

    Shape:
        *_predictions: (N, C) probabilities, or (N,) values in the target's own unit;
        *_targets: (N,) class codes, or values in the target's own unit.
    """
    valid = [_prediction(network, dataset, "valid") for network in networks]
    test = [_prediction(network, dataset, "test") for network in networks]
    folds = [dataset.folds[network.run.fold] for network in networks]
    valid_targets = [fold.original_targets("valid").numpy() for fold in folds]
    return {
        "valid_predictions": np.concatenate(valid),
        "valid_targets": np.concatenate(valid_targets),
        "test_predictions": np.mean(test, axis=0),
        "test_targets": folds[0].original_targets("test").numpy(),
    }


def evaluate(
    predictions: Floats, dataset: Dataset, records: StudyRecords, trial_number: int
) -> EvaluationRecord:
    """Score predictions of the test rows, with intervals, beside baseline and linear model."""
    fold = dataset.folds[0]
    targets = fold.original_targets("test").numpy()
    seed = derive_seed(records.settings.seed, "bootstrap")

    def scores(values: ArrayLike) -> dict[str, float]:
        return score(
            values,
            targets,
            task=dataset.task,
            loss=dataset.loss,
            target_scale=fold.target_scale,
        )

    def intervals(values: ArrayLike) -> dict[str, tuple[float, float]]:
        return bootstrap_intervals(
            values,
            targets,
            task=dataset.task,
            loss=dataset.loss,
            target_scale=fold.target_scale,
            seed=seed,
        )

    folds = range(len(dataset.folds))
    linear = np.mean([linear_predictions(dataset, k).test.numpy() for k in folds], axis=0)
    trivial = np.mean([trivial_predictions(dataset, k).test.numpy() for k in folds], axis=0)
    return EvaluationRecord(
        trial_number=trial_number,
        split="test",
        scores=scores(predictions),
        intervals=intervals(predictions),
        baseline=scores(trivial),
        linear=scores(linear),
        linear_intervals=intervals(linear),
        evaluated_at=time.time(),
    )


def _prediction(
    network: TrainedNetwork, dataset: Dataset, split: Literal["valid", "test"]
) -> Floats:
    return predict(network.run, network.weights, dataset, split).double().numpy()
