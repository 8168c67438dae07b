"""What is kept of trials beyond numbers: the best few's weights, checkpoints of stopped ones.

Weights are saved before the trial is told, so that the best trial always has its weights.
All files go through `storage/artifacts.py`, which hashes, renames and records them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from automl.data.dataset import Dataset
from automl.data.preprocessing import Preprocessor
from automl.data.targets import class_values
from automl.errors import StudyError, TrainingError
from automl.executors.executor import Executor
from automl.training.config import RunConfig
from automl.training.trained_model import (
    TrainedModel,
    TrainedNetwork,
    network_from_arrays,
    run_from_details,
)
from automl.training.trainer import Checkpoint
from automl.tuning.adoption import AdoptedTrial
from automl.tuning.trial_in_training import TrialInTraining
from storage import StorageError, Store
from storage.records import ArtifactRecord, EpochRecord, StudyRecords


class Keeper:
    """Keeps the artifacts of one study."""

    def __init__(
        self,
        store: Store,
        study_name: str,
        dataset: Dataset,
        keep_models: int,
        byte_budget: int | None = None,
    ) -> None:
        self.store = store
        self.study_name = study_name
        self.dataset = dataset
        self.keep_models = max(keep_models, 1)  # without the best one there is no result
        self.byte_budget = byte_budget
        self._checkpoints: dict[int, tuple[ArtifactRecord, ...]] = {}  # by trial number
        records = store.read_study(study_name)
        values = {trial.number: trial.value for trial in records.trials}
        self._kept: dict[int, float] = {
            artifact.trial_number: value
            for artifact in records.kept_artifacts("weights")
            if artifact.trial_number is not None
            if (value := values.get(artifact.trial_number)) is not None
        }

    def consider(self, trial: TrialInTraining, executor: Executor) -> None:
        """Save the weights of a trial if it is among the best few, and let the worst go."""
        kept = sorted(self._kept.values())
        if len(kept) >= self.keep_models and trial.value >= kept[self.keep_models - 1]:
            return
        for run in trial.runs.values():
            self.save_weights(run, executor)
        self._kept[trial.number] = trial.value
        ranking = sorted(self._kept, key=lambda number: self._kept[number])
        removed = self.store.artifacts.enforce(
            self.study_name,
            keep=self.keep_models,
            byte_budget=self.byte_budget,
            ranking=ranking,
        )
        gone = {artifact.trial_number for artifact in removed}
        stays = [number for number in ranking[: self.keep_models] if number not in gone]
        self._kept = {number: self._kept[number] for number in stays}

    def save_weights(self, run: RunConfig, executor: Executor) -> ArtifactRecord:
        """Save the best epoch's weights of one run, with what is needed to build the network."""
        fold = self.dataset.folds[run.fold]
        return self.store.artifacts.save_weights(
            self.study_name,
            trial_number=run.trial_number,
            run_id=run.run_id,
            weights=_to_arrays(executor.best_weights(run.run_id)),
            details={
                "run": asdict(run),
                "cardinalities": list(fold.cardinalities),
                "target_mean": fold.target_mean,
                "target_scale": fold.target_scale,
            },
        )

    def save_checkpoints(self, trial: TrialInTraining, executor: Executor) -> None:
        """Save the state of the trial's active runs, so that the next call goes on from it."""
        saved = []
        for run_id in trial.runs:
            if run_id in executor.active and run_id in trial.curves:  # it has begun
                try:
                    checkpoint = executor.checkpoint(run_id)
                except TrainingError:
                    continue  # its worker has just died; the next round says so
                arrays, details = checkpoint.to_arrays()
                artifact = self.store.artifacts.save_checkpoint(
                    self.study_name,
                    trial_number=trial.number,
                    run_id=run_id,
                    tensors=arrays,
                    state=details,
                )
                saved.append(artifact)
        earlier = [
            one for one in self._checkpoints.get(trial.number, ()) if one.run_id not in trial.runs
        ]
        self._checkpoints[trial.number] = (*earlier, *saved)

    def continuations(
        self, trial: TrialInTraining, adopted: AdoptedTrial
    ) -> list[RunConfig | Checkpoint]:
        """Where each run of an adopted trial starts: its fold's checkpoint, or the beginning.

        The epochs before a checkpoint are copied to the new run, so that its curve is whole.
        """
        self._checkpoints[trial.number] = adopted.checkpoints
        old_run_ids = {run.fold: run.run_id for run in adopted.runs}
        artifacts = {artifact.run_id: artifact for artifact in adopted.checkpoints}
        starts: list[RunConfig | Checkpoint] = []
        for run in trial.runs.values():
            artifact = artifacts.get(old_run_ids.get(run.fold))
            checkpoint = self._load_checkpoint(run, artifact) if artifact is not None else None
            curve = (adopted.epochs or {}).get(old_run_ids.get(run.fold, -1), ())
            if checkpoint is None or len(curve) < checkpoint.epoch:  # it was ahead of the curve
                starts.append(run)
                continue
            curve = curve[: checkpoint.epoch]
            self._continue_curve(trial, run, curve)
            starts.append(checkpoint)
        return starts

    def discard_checkpoints(self, trial_number: int) -> None:
        """Remove the checkpoints of a trial that has ended."""
        for artifact in self._checkpoints.pop(trial_number, ()):
            self.store.artifacts.remove(artifact)

    def _continue_curve(
        self, trial: TrialInTraining, run: RunConfig, curve: Sequence[EpochRecord]
    ) -> None:
        copied = [replace(record, run_id=run.run_id) for record in curve]
        self.store.add_epochs(copied)
        for record in copied:
            trial.take(record)

    def _load_checkpoint(self, run: RunConfig, artifact: ArtifactRecord) -> Checkpoint | None:
        """The checkpoint for the new run; None if its file is gone or altered."""
        try:
            arrays, details = self.store.artifacts.load_checkpoint(artifact)
        except StorageError:
            return None  # training again from the start gives the same curve
        return Checkpoint.from_arrays(run, arrays, details)


def _to_arrays(weights: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: tensor.cpu().numpy() for name, tensor in weights.items()}


def save_preprocessing(
    store: Store, study_name: str, preprocessors: Sequence[Preprocessor]
) -> None:
    """Keep what turns raw columns into inputs, once per study and fold."""
    for fold, preprocessor in enumerate(preprocessors):
        transformer, state = preprocessor.to_state()
        store.artifacts.save_preprocessing(
            study_name, {"transformer": transformer}, json.dumps(state), fold=fold
        )


def kept_networks(store: Store, records: StudyRecords, trial_number: int) -> list[TrainedNetwork]:
    """The networks of a trial, one per fold, from their files.

    Raises:
        StudyError: the trial's weights are not kept.
        StorageError: a file is missing or altered.
    """
    run_ids = {run.run_id for run in records.search_runs(trial_number)}
    weights = [one for one in records.kept_artifacts("weights") if one.run_id in run_ids]
    if len(weights) < len(run_ids) or not weights:
        raise StudyError(
            f"a trial's model can be loaded while it is among the best few, but the weights of "
            f"trial {trial_number} of {records.settings.study_name!r} are not kept; keep more "
            "with --keep-models"
        )
    preprocessing = {one.details["fold"]: one for one in records.kept_artifacts("preprocessing")}
    networks = []
    for artifact in weights:
        run = run_from_details(artifact.details)
        estimators, state = store.artifacts.load_preprocessing(preprocessing[run.fold])
        networks.append(
            network_from_arrays(
                run,
                store.artifacts.load_weights(artifact),
                artifact.details,
                Preprocessor.from_state(estimators["transformer"], json.loads(state)),
            )
        )
    return networks


def load_trained_model(store: Store, records: StudyRecords, trial_number: int) -> TrainedModel:
    """A trial's model, ready to predict tables."""
    settings = records.settings
    return TrainedModel(
        target=settings.target,
        task=settings.task,
        loss=settings.loss,
        classes_=class_values(settings.class_names, settings.class_type),
        networks=tuple(kept_networks(store, records, trial_number)),
    )
