"""What is kept of trials beyond numbers: the best few's weights, checkpoints of stopped ones.

Weights are saved before the trial is told, so that the best trial always has its weights.
All files go through `storage/artifacts.py`, which hashes, renames and records them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from automl.executors.executor import Executor
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint
from automl.tuning.adoption import AdoptedTrial
from automl.tuning.trial_in_training import TrialInTraining
from storage import Store, StorageError
from storage.records import ArtifactRecord, EpochRecord


class Keeper:
    """Keeps the artifacts of one study."""

    def __init__(
        self, store: Store, study_name: str, keep_models: int, byte_budget: int | None = None
    ) -> None:
        self.store = store
        self.study_name = study_name
        self.keep_models = max(keep_models, 1)  # without the best one there is no result
        self.byte_budget = byte_budget
        self._checkpoints: dict[int, tuple[ArtifactRecord, ...]] = {}  # by trial number
        records = store.read_study(study_name)
        values = {trial.number: trial.value for trial in records.trials}
        self._kept: dict[int, float] = {
            artifact.trial_number: value
            for artifact in records.artifacts
            if artifact.kind == "weights" and artifact.removed_at is None
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
        for number in ranking[self.keep_models :]:
            del self._kept[number]
        self.store.artifacts.enforce(
            self.study_name, ranking=ranking[: self.keep_models], byte_budget=self.byte_budget
        )

    def save_weights(self, run: RunConfig, executor: Executor) -> ArtifactRecord:
        """Save the best epoch's weights of one run, with what is needed to build the network."""
        return self.store.artifacts.save_weights(
            self.study_name,
            trial_number=run.trial_number,
            run_id=run.run_id,
            weights=_to_arrays(executor.best_weights(run.run_id)),
            details={"run": asdict(run)},
        )

    def save_checkpoints(self, trial: TrialInTraining, executor: Executor) -> None:
        """Save the state of the trial's active runs, so that the next call goes on from it."""
        for run_id in trial.runs:
            if run_id in executor.active:
                checkpoint = executor.checkpoint(run_id)
                arrays, details = checkpoint.to_arrays()
                self.store.artifacts.save_checkpoint(
                    self.study_name,
                    trial_number=trial.number,
                    run_id=run_id,
                    arrays=arrays,
                    details=details,
                )

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
            if checkpoint is None or adopted.epochs is None:
                starts.append(run)
                continue
            curve = adopted.epochs[old_run_ids[run.fold]][: checkpoint.epoch]
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
