"""What is kept of trials beyond numbers: the best few's weights, checkpoints of stopped ones.

A trial is told in one transaction with the rows of its weights and of those that it takes
the place of, whose files go last: whenever a process is killed, the best trial has its
weights. Who is among the best, the database says, where other processes tell trials too.
All files go through `storage/artifacts.py`, which hashes, renames and records them. What
cannot be kept (no space, no folder) is said once and ends no search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from automl.data.encoders import Encoder
from automl.errors import TrainingError
from automl.executors.executor import Executor
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint, Start
from automl.tuning.adoption import AdoptedTrial
from automl.tuning.problem import Problem
from automl.tuning.pruned_states import PrunedStates
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.trial_in_training import TrialInTraining
from storage import StorageError, Store
from storage.errors import ArtifactError
from storage.records import ArtifactRecord, EpochRecord

N_STATES_AT_ONCE = 8
"""Trials whose states are in memory to be written. 44 of digits took 0.41 s one by one, of which
0.17 s were waiting for the disk, and take 0.20 s."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The weights of a trial, to be saved."""

    place: tuple[float, int]  # value and number: the lowest is the best
    runs: tuple[RunConfig, ...]
    weights: tuple[Mapping[str, NDArray[Any]], ...]  # of each run


class Keeper:
    """Keeps the artifacts of one study.

    Attributes:
        prepare: called before weights are kept: what makes a model of them must be kept by then.
        pruned: keeps the states of the best pruned trials.
    """

    def __init__(
        self,
        store: Store,
        problem: Problem,
        keep_models: int,
        byte_budget: int | None = None,
    ) -> None:
        self.store = store
        self.problem = problem
        self.study_name = problem.study_name
        self.keep_models = max(keep_models, 1)  # without the best one there is no result
        self.byte_budget = byte_budget
        self._checkpoints: dict[int, tuple[ArtifactRecord, ...]] = {}  # by trial number
        self._best: Collected | None = None  # in memory, in case its files are taken away
        self._messages: list[str] = []
        self.failure: ArtifactError | None = None  # why something could not be kept, the first
        self.prepare: Callable[[], None] = lambda: None
        self.pruned = PrunedStates(store, self.study_name, 0 if byte_budget else keep_models)

    def collect(self, trial: TrialInTraining, executor: Executor) -> Collected | None:
        """The weights of a trial if it is among the best few: to be saved when it is told.

        Raises:
            TrainingError: the worker that has them has died.
        """
        kept = self._kept()
        place = (trial.value, trial.number)
        if len(kept) >= self.keep_models and place > kept[self.keep_models - 1]:
            return None
        self.prepare()
        runs = tuple(run.config for run in trial.runs.values())
        weights = tuple(to_arrays(executor.best_weights(run.run_id)) for run in runs)
        return Collected(place, runs, weights)

    def save(self, collected: Collected | None) -> None:
        """Save weights, in the transaction that tells their trial."""
        if collected is None:
            return
        if self._best is None or collected.place < self._best.place:
            self._best = collected
        saved: list[ArtifactRecord] = []
        try:
            for run, weights in zip(collected.runs, collected.weights, strict=True):
                saved.append(self._save_weights(run, weights))
        except ArtifactError as error:
            for artifact in saved:
                self.store.artifacts.remove(artifact)
            self._complain(error)

    def prune(self) -> None:
        """Let the weights beyond the best few go, once a trial is told."""
        kept = self._kept()
        if len(kept) > self.keep_models or self.byte_budget is not None:
            self.store.artifacts.enforce(
                self.study_name,
                keep=self.keep_models,
                byte_budget=self.byte_budget,
                ranking=[number for _, number in kept],
                spared=self._runs_of_answer(),
            )

    def _runs_of_answer(self) -> set[int]:
        """The runs that are handed over while no better trial completes."""
        best = {number for _, number in self.store.ranking(self.study_name)[:1]}
        answers = self.store.read_answers(self.study_name)
        standing = [one for one in answers if one.best_trial_number in best]
        return {member.run_id for member in standing[-1].members} if standing else set()

    def restore(self) -> None:
        """Save the best trial's weights again if their files were taken away meanwhile."""
        best, ranking = self._best, self.store.ranking(self.study_name)
        if best is None or not ranking or ranking[0] != best.place:
            return  # another call's, or another process's
        kept = [one for one in self._weights() if one.trial_number == best.place[1]]
        if len(kept) == len(best.runs) and all(map(self.store.artifacts.is_whole, kept)):
            return
        self.save_again(best)

    def save_again(self, collected: Collected) -> None:
        """Save weights in the place of what is left of them."""
        with self.store.transaction():
            for artifact in self._weights():
                if artifact.trial_number == collected.place[1]:
                    self.store.artifacts.remove(artifact)
            self.save(collected)

    def new_messages(self) -> list[str]:
        """What could not be kept, said once."""
        messages, self._messages = self._messages, []
        return messages

    def _kept(self) -> list[tuple[float, int]]:
        """(value, number) of the complete trials whose weights are kept, best first."""
        kept = {artifact.trial_number for artifact in self._weights()}
        return [place for place in self.store.ranking(self.study_name) if place[1] in kept]

    def _weights(self) -> list[ArtifactRecord]:
        kept = self.store.artifacts.list(self.study_name)
        return [artifact for artifact in kept if artifact.kind == "weights"]

    def _complain(self, error: ArtifactError) -> None:
        if self.failure is None:
            self.failure = error
            self._messages.append(f"weights and checkpoints cannot be kept for now: {error}")

    def _save_weights(self, run: RunConfig, weights: Mapping[str, NDArray[Any]]) -> ArtifactRecord:
        """Save the weights of one run, with what is needed to build the network."""
        return self.store.artifacts.save_weights(
            self.study_name,
            trial_number=run.trial_number,
            run_id=run.run_id,
            weights=weights,
            details=self.problem.details(run),
        )

    def save_checkpoints(self, trials: Sequence[TrialInTraining], executor: Executor) -> None:
        """Save the states of trials' active runs, so that the next call goes on from them.

        While one file waits for the disk, others are written and the next state is fetched.
        """
        for first in range(0, len(trials), N_STATES_AT_ONCE):
            with ThreadPoolExecutor(N_STATES_AT_ONCE, "automl-states") as pool:
                saving = [
                    (trial.number, pool.submit(self._save_state, state))
                    for trial in trials[first : first + N_STATES_AT_ONCE]
                    for state in _states(trial, executor)
                ]
            for number, future in saving:
                try:
                    self._note_saved(number, future.result())
                except ArtifactError as error:  # going on without it only takes longer
                    self._complain(error)

    def _save_state(self, state: Checkpoint) -> ArtifactRecord:
        arrays, details = state.to_arrays()
        return self.store.artifacts.save_checkpoint(
            self.study_name,
            trial_number=state.run.trial_number,
            run_id=state.run.run_id,
            tensors=arrays,
            state=details,
        )

    def _note_saved(self, number: int, saved: ArtifactRecord) -> None:
        earlier = self._checkpoints.get(number, ())
        kept = [artifact for artifact in earlier if artifact.run_id != saved.run_id]
        self._checkpoints[number] = (*kept, saved)

    def continuations(self, trial: TrialInTraining, adopted: AdoptedTrial) -> list[Start]:
        """Where each run of an adopted trial starts: its fold's checkpoint, or the beginning.

        The epochs before a checkpoint are copied to the new run, so that its curve is whole.
        """
        self._checkpoints[trial.number] = adopted.checkpoints
        artifacts = {artifact.run_id: artifact for artifact in adopted.checkpoints}
        starts: list[Start] = []
        for one in trial.runs.values():
            run = one.config
            before = adopted.run_ids.get(run.fold, -1)
            artifact = artifacts.get(before)
            checkpoint = self._load_checkpoint(run, artifact) if artifact is not None else None
            curve = adopted.epochs.get(before, ())
            if checkpoint is None or len(curve) < checkpoint.epoch:  # it was ahead of the curve
                starts.append(run)
                continue
            self._continue_curve(one, curve[: checkpoint.epoch])
            starts.append(checkpoint)
        return starts

    def checkpoints_of(self, trial_number: int) -> tuple[ArtifactRecord, ...]:
        """The states that were saved of a trial in training."""
        return self._checkpoints.get(trial_number, ())

    def discard_checkpoints(self, trial_number: int) -> None:
        """Remove the checkpoints of a trial that has ended."""
        self.discard(self._checkpoints.pop(trial_number, ()))

    def discard(self, checkpoints: Sequence[ArtifactRecord]) -> None:
        """Remove states that nobody goes on from."""
        for artifact in checkpoints:
            self.store.artifacts.remove(artifact)

    def _continue_curve(self, run: RunInTraining, curve: Sequence[EpochRecord]) -> None:
        copied = [replace(record, run_id=run.config.run_id) for record in curve]
        self.store.runs.add_epochs(copied)
        run.curve += copied

    def _load_checkpoint(self, run: RunConfig, artifact: ArtifactRecord) -> Checkpoint | None:
        """The checkpoint for the new run; None if its file is gone or altered."""
        try:
            arrays, details = self.store.artifacts.load_checkpoint(artifact)
        except StorageError:
            return None  # training again from the start gives the same curve
        return Checkpoint.from_arrays(run, arrays, details)


def _states(trial: TrialInTraining, executor: Executor) -> Iterator[Checkpoint]:
    """Where a trial's active runs are that have begun."""
    for run_id, run in trial.runs.items():
        if run.curve and run_id in executor.active:
            with suppress(TrainingError):  # its worker has just died; the next round says so
                yield executor.checkpoint(run_id)


def to_arrays(weights: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    """Weights as they are stored."""
    return {name: tensor.cpu().numpy() for name, tensor in weights.items()}


def save_preprocessing(store: Store, study_name: str, encoders: Sequence[Encoder]) -> None:
    """Keep what turns rows into inputs, of each fold whose file is not whole."""
    kept = [one for one in store.artifacts.list(study_name) if one.kind == "preprocessing"]
    for fold, encoder in enumerate(encoders):
        stored = [one for one in kept if one.details["fold"] == fold]
        if any(map(store.artifacts.is_whole, stored)):
            continue
        for artifact in stored:
            store.artifacts.remove(artifact)
        arrays, state = encoder.to_state()
        store.artifacts.save_preprocessing(
            study_name, arrays, {"kind": encoder.kind, **state}, fold
        )
