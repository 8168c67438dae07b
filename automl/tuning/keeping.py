"""What is kept of trials beyond numbers: the best few's weights, and states to go on from.

A trial is told in one transaction with the rows of its weights and of those that it takes
the place of, whose files go last: whenever a process is killed, the best trial has its
weights. Who is among the best, the database says, where other processes tell trials too.
All files go through `storage/artifacts.py`, which hashes, renames and records them. What
cannot be kept (no space, no folder) is said once and ends no search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from automl.data.encoders import Encoder
from automl.executors.executor import Executor
from automl.training.config import RunConfig
from automl.tuning.checkpoints import Checkpoints
from automl.tuning.problem import Problem
from automl.tuning.pruned_states import PrunedStates
from automl.tuning.trial_in_training import TrialInTraining
from storage import Store
from storage.errors import ArtifactError
from storage.records import ArtifactRecord


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
        checkpoints: keeps the states of trials in training.
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
        self.keep_models = max(keep_models, 1)  # without the best one there is no result
        self.byte_budget = byte_budget
        self._best: Collected | None = None  # in memory, in case its files are taken away
        self._messages: list[str] = []
        self.failure: ArtifactError | None = None  # why something could not be kept, the first
        self.prepare: Callable[[], None] = lambda: None
        name = problem.study_name
        self.checkpoints = Checkpoints(store, name, self._complain)
        self.pruned = PrunedStates(store, name, 0 if byte_budget else keep_models)

    def collect(self, trial: TrialInTraining, executor: Executor) -> Collected | None:
        """The weights of a trial if it is among the best few: to be saved when it is told.

        Of an objective it is the state after its best epoch; None where it gave none.

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
        if not any(weights):
            return None
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
        """Let the weights beyond the best few go, in the transaction that has told a trial."""
        if len(self._kept()) <= self.keep_models and self.byte_budget is None:
            return
        with self.store.transaction(at_once=True):  # others cannot change what this is decided by
            self.store.artifacts.enforce(
                self.problem.study_name,
                keep=self.keep_models,
                byte_budget=self.byte_budget,
                ranking=[number for _, number in self._kept()],
                spared=self._runs_of_answer(),
            )

    def _runs_of_answer(self) -> set[int]:
        """The runs that are handed over while no better trial completes."""
        best = {number for _, number in self.store.ranking(self.problem.study_name)[:1]}
        answers = self.store.read_answers(self.problem.study_name)
        standing = [one for one in answers if one.best_trial_number in best]
        return {member.run_id for member in standing[-1].members} if standing else set()

    def restore(self) -> None:
        """Save the best trial's weights again if their files were taken away meanwhile."""
        if self._best is not None:
            self.save_again(self._best)

    def save_again(self, collected: Collected) -> None:
        """Save the best trial's weights in the place of what is left of them.

        Nothing is done where they are whole, or another trial is the best by now.
        """
        with self.store.transaction(at_once=True):
            best = self.store.ranking(self.problem.study_name)[:1]
            kept = [one for one in self._weights() if one.trial_number == collected.place[1]]
            is_whole = len(kept) == len(collected.runs) and all(
                map(self.store.artifacts.is_whole, kept)
            )
            if is_whole or best != [collected.place]:
                return
            for artifact in kept:
                self.store.artifacts.remove(artifact)
            self.save(collected)
            self.prune()

    def new_messages(self) -> list[str]:
        """What could not be kept, said once."""
        messages, self._messages = self._messages, []
        return messages

    def _kept(self) -> list[tuple[float, int]]:
        """(value, number) of the complete trials whose weights are kept, best first."""
        kept = {artifact.trial_number for artifact in self._weights()}
        return [place for place in self.store.ranking(self.problem.study_name) if place[1] in kept]

    def _weights(self) -> list[ArtifactRecord]:
        kept = self.store.artifacts.list(self.problem.study_name)
        return [artifact for artifact in kept if artifact.kind == "weights"]

    def _complain(self, error: ArtifactError) -> None:
        if self.failure is None:
            self.failure = error
            self._messages.append(f"weights and checkpoints cannot be kept for now: {error}")

    def _save_weights(self, run: RunConfig, weights: Mapping[str, NDArray[Any]]) -> ArtifactRecord:
        """Save the weights of one run, with what is needed to build the network."""
        return self.store.artifacts.save_weights(
            self.problem.study_name,
            trial_number=run.trial_number,
            run_id=run.run_id,
            weights=weights,
            details=self.problem.details(run),
        )


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
