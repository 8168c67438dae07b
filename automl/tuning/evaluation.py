"""The honest score: the best trial's stored weights on the test rows.

Nothing is retrained. Beside the network stand a trivial baseline and a linear model, so
that a person sees whether it earned its place. With folds, the folds' networks predict
together, by their mean, and so do the folds' linear models. Each look at the test rows is
a record; a trial that has one is not evaluated again. A second record compares the three on
the validation rows, where the curves of all trials were measured: verdicts hold them against
it. Predictions are kept, so that figures need no data.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl.data.baselines import Predictions, linear_predictions, trivial_predictions
from automl.data.dataset import Dataset
from automl.training.metrics import bootstrap_intervals, row_losses, score
from automl.training.predictions import predict
from automl.training.trained_model import TrainedNetwork
from automl.tuning.keeping import kept_networks
from automl.tuning.seeds import derive_seed
from storage import Store
from storage.records import EvaluationRecord, StudyRecords

Floats = NDArray[np.float64]
Rows: TypeAlias = dict[str, Floats]  # "loss" and, of classes, "error_rate": a number a row


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
    folds = range(len(dataset.folds))
    linear = [linear_predictions(dataset, fold) for fold in folds]
    trivial = [trivial_predictions(dataset, fold) for fold in folds]
    record = evaluate(
        arrays["test_predictions"], dataset, records, best.number, linear=linear, trivial=trivial
    )
    compared = compare(networks, dataset, best.number, linear=linear, trivial=trivial)
    with store.transaction():
        store.artifacts.save_predictions(study_name, best.number, arrays)
        store.add_evaluation(study_name, compared)
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
    predictions: Floats,
    dataset: Dataset,
    records: StudyRecords,
    trial_number: int,
    *,
    linear: Sequence[Predictions],
    trivial: Sequence[Predictions],
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

    by_line = np.mean([of_fold.test.numpy() for of_fold in linear], axis=0)
    by_constant = np.mean([of_fold.test.numpy() for of_fold in trivial], axis=0)
    return EvaluationRecord(
        trial_number=trial_number,
        split="test",
        scores=scores(predictions),
        intervals=intervals(predictions),
        baseline=scores(by_constant),
        linear=scores(by_line),
        linear_intervals=intervals(by_line),
        evaluated_at=time.time(),
    )


def compare(
    networks: Sequence[TrainedNetwork],
    dataset: Dataset,
    trial_number: int,
    *,
    linear: Sequence[Predictions],
    trivial: Sequence[Predictions],
) -> EvaluationRecord:
    """Hold network and linear model against guessing on the same validation rows.

    Besides means, scores and linear have `loss_gain_standard_error` (for classes also
    `error_rate_gain_standard_error`): of what is better than guessing, row by row. The rows
    share their outliers, so it is far smaller than the error of either loss.
    """
    network_rows, linear_rows, trivial_rows = [], [], []
    for network in networks:
        fold = network.run.fold
        predicted = _prediction(network, dataset, "valid")
        network_rows.append(_row_scores(predicted, dataset, fold))
        linear_rows.append(_row_scores(linear[fold].valid.numpy(), dataset, fold))
        trivial_rows.append(_row_scores(trivial[fold].valid.numpy(), dataset, fold))
    by_network, by_line, guessed = (
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for parts in (network_rows, linear_rows, trivial_rows)
    )
    return EvaluationRecord(
        trial_number=trial_number,
        split="valid",
        scores=_means(by_network) | gain_errors(by_network, guessed),
        baseline=_means(guessed),
        linear=_means(by_line) | gain_errors(by_line, guessed),
        evaluated_at=time.time(),
    )


def gain_errors(rows: Rows, guessed: Rows) -> dict[str, float]:
    """Standard errors of the mean differences, row by row; none of a single row."""
    return {
        f"{name}_gain_standard_error": float((guessed[name] - values).std(ddof=1))
        / math.sqrt(len(values))
        for name, values in rows.items()
        if len(values) > 1
    }


def _row_scores(predictions: Floats, dataset: Dataset, fold: int) -> Rows:
    rows = dataset.folds[fold]
    targets = rows.original_targets("valid").numpy()
    losses = row_losses(predictions, targets, loss=dataset.loss, target_scale=rows.target_scale)
    if dataset.task == "regression":
        return {"loss": losses}
    wrong = (predictions.argmax(axis=1) != targets).astype(np.float64)
    return {"loss": losses, "error_rate": wrong}


def _means(rows: Rows) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in rows.items()}


def _prediction(
    network: TrainedNetwork, dataset: Dataset, split: Literal["valid", "test"]
) -> Floats:
    return predict(network.run, network.weights, dataset, split).double().numpy()
