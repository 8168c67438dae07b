"""Runs of an investigation: planned together, trained together, judged together.

`confirmation.py` and `retraining.py` plan runs and judge their curves, both as pure
functions; here they are trained on an executor in one go, so that they stack. The caller
stores the runs (which gives them their ids) and what comes out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl.data.dataset import Dataset
from automl.errors import StudyError
from automl.executors.executor import Executor
from automl.training.config import RowSubset, RunConfig, configure
from automl.training.ending import ending
from automl.training.predictions import predict
from search_spaces import SearchSpace
from storage.records import (
    EpochRecord,
    ParameterValue,
    Purpose,
    StudyRecords,
    StudySettings,
    TrialRecord,
)

Params = Mapping[str, ParameterValue]
Epochs = Mapping[int, tuple[EpochRecord, ...]]  # by run_id


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run to be made: what `Store.add_run` asks for, and what a trainer asks for."""

    purpose: Purpose
    label: str  # groups the runs of one question, for example "unchanged"
    config: RunConfig
    params: Params | None = None  # where they differ from the trial's

    @property
    def rows_fraction(self) -> float:
        """The share of the train rows that it trains on."""
        return 1.0 if self.config.rows is None else self.config.rows.fraction


def planned_run(
    settings: StudySettings,
    trial_number: int,
    params: Params,
    *,
    purpose: Purpose,
    label: str,
    seed: int,
    rows: RowSubset | None = None,
    changed: Params | None = None,
) -> PlannedRun:
    """A run at the study's full number of epochs, without early stopping.

    Early stopping would give the compared runs different numbers of epochs.
    """
    epochs = settings.max_epochs
    model, training = configure(params, max_epochs=epochs, patience=epochs)
    config = RunConfig(-1, trial_number, model, training, seed, rows=rows)
    return PlannedRun(purpose, label, config, changed)


def number_runs(planned: Sequence[PlannedRun], run_ids: Iterable[int]) -> tuple[PlannedRun, ...]:
    """Give planned runs the ids under which they were stored."""
    return tuple(
        dataclasses.replace(run, config=dataclasses.replace(run.config, run_id=run_id))
        for run, run_id in zip(planned, run_ids, strict=True)
    )


def train_runs(executor: Executor, runs: Sequence[RunConfig]) -> Epochs:
    """Train runs to their ends, all at once; those that fail keep the epochs they finished.

    Their best weights stay readable until `executor.forget`.
    """
    by_id = {run.run_id: run for run in runs}
    epochs: dict[int, list[EpochRecord]] = {run_id: [] for run_id in by_id}
    waiting = set(by_id)
    executor.start(runs)
    while waiting:
        result = executor.next_round()
        waiting -= {failure.run_id for failure in result.failures}
        for record in result.epochs:
            curve = epochs[record.run_id]
            curve.append(record)
            if ending(curve, by_id[record.run_id].training):
                executor.stop(record.run_id)
                waiting.discard(record.run_id)
    return {run_id: tuple(curve) for run_id, curve in epochs.items()}


def predict_runs(
    executor: Executor, dataset: Dataset, runs: Sequence[RunConfig], epochs: Epochs
) -> Mapping[int, np.ndarray]:
    """Predictions of validation rows with each run's best weights, in the loss's own terms.

    Runs without a finite epoch have none.

    Shape:
        each (N,): class codes, or standardized values for regression.
    """
    predictions = {}
    for run in runs:
        if not any(epoch.is_finite for epoch in epochs.get(run.run_id, ())):
            continue
        fold = dataset.folds[run.fold]
        values = predict(run, executor.best_weights(run.run_id), dataset, "valid").cpu().numpy()
        if dataset.task == "regression":
            predictions[run.run_id] = (values - fold.target_mean) / fold.target_scale
        else:
            predictions[run.run_id] = values.argmax(axis=1)
    return predictions


def best_configuration(records: StudyRecords) -> tuple[TrialRecord, Params]:
    """The best trial with all of its params, fixed ones included.

    Raises:
        StudyError: no trial has completed.
    """
    best = records.best_trial
    if best is None:
        raise StudyError(
            f"retraining needs a completed trial, but the study {records.settings.study_name!r} "
            f"has none; continue the search first"
        )
    return best, study_space(records.settings).complete(best.params)


def study_space(settings: StudySettings) -> SearchSpace:
    """The study's search space."""
    return SearchSpace.from_dict(settings.space)


def best_losses(runs: Iterable[PlannedRun], epochs: Epochs) -> dict[int, float]:
    """The lowest validation loss of each run that has a finite epoch, by its seed."""
    losses = {}
    for run in runs:
        curve = [epoch for epoch in epochs.get(run.config.run_id, ()) if epoch.is_finite]
        if curve:
            losses[run.config.seed] = min(epoch.valid_loss for epoch in curve)
    return losses
