"""The states of trials in training, so that they can go on: after a stop, a kill, or a pause.

A checkpoint is a file of one run, with a row that says so; a newer one takes its place, of a later
attempt too, and when its trial has ended it goes. One that cannot be written only costs time:
training again from the start gives the same curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from automl.errors import TrainingError
from automl.executors.executor import Executor
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint, Start
from automl.tuning.adoption import AdoptedTrial
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.trial_in_training import TrialInTraining
from storage import StorageError, Store
from storage.errors import ArtifactError
from storage.records import ArtifactRecord, EpochRecord

N_STATES_AT_ONCE = 8
"""Trials whose states are in memory to be written. 44 of digits took 0.41 s one by one, of which
0.17 s were waiting for the disk, and take 0.20 s."""


class Checkpoints:
    """The checkpoints of one study's trials in training.

    Args:
        complain: told of what could not be kept.
    """

    def __init__(
        self, store: Store, study_name: str, complain: Callable[[ArtifactError], None]
    ) -> None:
        self._store = store
        self._study_name = study_name
        self._complain = complain
        self._kept: dict[int, dict[int, tuple[ArtifactRecord, ...]]] = {}  # by trial and fold

    def save(self, trials: Sequence[TrialInTraining], executor: Executor) -> None:
        """Save the states of trials' active runs, so that the next call goes on from them.

        While one file waits for the disk, others are written and the next state is fetched.
        """
        for first in range(0, len(trials), N_STATES_AT_ONCE):
            with ThreadPoolExecutor(N_STATES_AT_ONCE, "automl-states") as pool:
                saving = [
                    (state.run, pool.submit(self._save_state, state))
                    for trial in trials[first : first + N_STATES_AT_ONCE]
                    for state in _states(trial, executor)
                ]
            for run, future in saving:
                try:
                    self._note_saved(run, future.result())
                except ArtifactError as error:  # going on without it only takes longer
                    self._complain(error)

    def _save_state(self, state: Checkpoint) -> ArtifactRecord:
        arrays, details = state.to_arrays()
        return self._store.artifacts.save_checkpoint(
            self._study_name,
            trial_number=state.run.trial_number,
            run_id=state.run.run_id,
            tensors=arrays,
            state=details,
        )

    def _note_saved(self, run: RunConfig, saved: ArtifactRecord) -> None:
        """Let what earlier attempts have left of a fold go: the last state is gone on from."""
        kept = self._kept.setdefault(run.trial_number, {})
        earlier = kept.get(run.fold, ())
        kept[run.fold] = (saved,)
        self.remove([artifact for artifact in earlier if artifact.run_id != saved.run_id])

    def continuations(self, trial: TrialInTraining, adopted: AdoptedTrial) -> list[Start]:
        """Where each run of an adopted trial starts: its fold's checkpoint, or the beginning.

        The epochs before a checkpoint are copied to the new run, so that its curve is whole.
        """
        kept = self._kept.setdefault(trial.number, {})
        starts: list[Start] = []
        for one in trial.runs.values():
            run = one.config
            if found := adopted.checkpoints_of(run.fold):  # else this call may have saved some
                kept[run.fold] = tuple(found.values())
            artifact, curve = adopted.checkpoint_of(run.fold)
            checkpoint = self._load(run, artifact) if artifact is not None else None
            if checkpoint is None or len(curve) < checkpoint.epoch:  # it was ahead of the curve
                starts.append(run)
                continue
            self._continue_curve(one, curve[: checkpoint.epoch])
            starts.append(checkpoint)
        return starts

    def of(self, trial_number: int) -> tuple[ArtifactRecord, ...]:
        """The states that were saved of a trial in training."""
        return tuple(one for kept in self._kept.get(trial_number, {}).values() for one in kept)

    def discard_of(self, trial_number: int) -> None:
        """Remove the checkpoints of a trial that has ended."""
        self.remove(self.of(trial_number))
        self._kept.pop(trial_number, None)

    def remove(self, checkpoints: Sequence[ArtifactRecord]) -> None:
        """Remove states that nobody goes on from."""
        for artifact in checkpoints:
            self._store.artifacts.remove(artifact)

    def _continue_curve(self, run: RunInTraining, curve: Sequence[EpochRecord]) -> None:
        copied = [replace(record, run_id=run.config.run_id) for record in curve]
        self._store.runs.add_epochs(copied)
        run.curve += copied

    def _load(self, run: RunConfig, artifact: ArtifactRecord) -> Checkpoint | None:
        """The checkpoint for the new run; None if its file is gone or altered."""
        try:
            arrays, details = self._store.artifacts.load_checkpoint(artifact)
        except StorageError:
            return None  # training again from the start gives the same curve
        return Checkpoint.from_arrays(run, arrays, details)


def _states(trial: TrialInTraining, executor: Executor) -> Iterator[Checkpoint]:
    """Where a trial's active runs are that have begun."""
    for run_id, run in trial.runs.items():
        if run.curve and run_id in executor.active:
            with suppress(TrainingError):  # its worker has just died; the next round says so
                yield executor.checkpoint(run_id)
