"""What is kept of trials beyond numbers: the best few's weights, and states to go on from.

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
from itertools import compress
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from automl.data.encoders import Encoder
from automl.errors import TrainingError
from automl.executors.executor import Executor
from automl.tuning.checkpoints import Checkpoints
from automl.tuning.problem import Problem
from automl.tuning.pruned_states import PrunedStates
from automl.tuning.trial_in_training import TrialInTraining
from automl.tuning.weight_files import (
    BEST_EPOCH,
    NOTHING,
    VALID_LOSS,
    Collected,
    Place,
    WeightFiles,
)
from storage import Store
from storage.errors import ArtifactError
from storage.records import Json

N_FILES_AT_ONCE = 8

MOST_STATES = 5
"""Pruned trials whose states are kept: these are three or four times as large as weights."""


class Keeper:
    """Keeps the artifacts of one study.

    Attributes:
        n_candidates: trials that the answer may be made of, unfinished ones too; 0: the best
            complete one is the answer.
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
        *,
        is_choice: bool = False,
    ) -> None:
        self.files = WeightFiles(store, problem)
        self.keep_models = max(keep_models, 1)  # without the best one there is no result
        self.byte_budget = byte_budget
        # Of an objective nobody can tell what several states predict together.
        self.n_candidates = self.keep_models if is_choice and problem.has_weights else 0
        self._best: Collected | None = None  # in memory, in case its files are taken away
        self._messages: list[str] = []
        self.failure: ArtifactError | None = None  # why something could not be kept, the first
        self.prepare: Callable[[], None] = lambda: None
        name = problem.study_name
        self.checkpoints = Checkpoints(store, name, self._complain)
        n_states = 0 if byte_budget else min(keep_models, MOST_STATES)
        self.pruned = PrunedStates(store, name, n_states)

    def collect(self, trial: TrialInTraining, executor: Executor) -> Collected | None:
        """The weights of a trial if it is among the best few: to be saved when it is told.

        Of an objective it is the state after its best epoch; None where it gave none.

        Raises:
            TrainingError: the worker that has them has died.
        """
        kept = self.files.kept()
        place = (trial.value, trial.number)
        is_beyond = len(kept) >= self.keep_models and place > kept[self.keep_models - 1]
        if is_beyond and any(one < place for one in self.files.complete()):
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
        earlier = self.files.of(collected.place[1])
        if self._saved(collected):
            for artifact in earlier:  # of when it was unfinished
                self.files.store.artifacts.remove(artifact)

    def keep_unfinished(self, trials: Sequence[TrialInTraining], executor: Executor) -> None:
        """Keep the weights of trials that rest unfinished, where they have changed.

        What its worker has taken with it is missing; `candidates.py` trains it again.
        """
        known = {
            one.run_id: (one.details.get(VALID_LOSS), one.details.get(BEST_EPOCH))
            for one in self.files.all()
        }
        changed = [
            one
            for one in trials
            if any(known.get(n) != (one.value, run.best_epoch) for n, run in one.runs.items())
        ]
        if not changed or self.failure is not None:
            return
        self.prepare()
        self.save_unfinished([one for trial in changed for one in _fetched(trial, executor)])

    def save_unfinished(self, collected: Sequence[Collected]) -> None:
        """Save weights of unfinished trials in the place of their earlier ones.

        While one file waits for the disk, others are written.
        """
        if not collected:
            return
        earlier = [artifact for one in collected for artifact in self.files.of(one.place[1])]
        with ThreadPoolExecutor(N_FILES_AT_ONCE, "automl-weights") as pool:
            saved = tuple(pool.map(self._save_unfinished, collected))
        numbers = {one.place[1] for one in compress(collected, saved)}
        with self.files.store.transaction():
            for artifact in earlier:
                if artifact.trial_number in numbers:
                    self.files.store.artifacts.remove(artifact)
            self.prune()

    def _save_unfinished(self, collected: Collected) -> bool:
        return self._saved(collected, {VALID_LOSS: collected.place[0]})

    def _saved(self, collected: Collected, more: Mapping[str, Json] = NOTHING) -> bool:
        """Save weights; whether that could be done."""
        try:
            self.files.save(collected, more)
        except ArtifactError as error:
            self._complain(error)
            return False
        return True

    def prune(self) -> None:
        """Let the weights beyond the best few go, in the transaction that has told a trial."""
        self.files.prune(self.keep_models, self.byte_budget)

    def held(self, weights: Mapping[Place, Mapping[int, int]]) -> frozenset[int]:
        """The trials whose weights would stay, of those that have some: see `WeightFiles.held`."""
        return self.files.held(weights, self.keep_models, self.byte_budget)

    def restore(self) -> None:
        """Save the best trial's weights again if their files were taken away meanwhile."""
        if self._best is not None:
            self.save_again(self._best)

    def save_again(self, collected: Collected) -> None:
        """Save the best trial's weights in the place of what is left of them.

        Nothing is done where they are whole, or another trial is the best by now.
        """
        with self.files.store.transaction(at_once=True):
            best = list(self.files.complete()[:1])
            kept = self.files.of(collected.place[1])
            is_whole = len(kept) == len(collected.runs) and all(
                map(self.files.store.artifacts.is_whole, kept)
            )
            if is_whole or best != [collected.place]:
                return
            for artifact in kept:
                self.files.store.artifacts.remove(artifact)
            self.save(collected)
            self.prune()

    def new_messages(self) -> list[str]:
        """What could not be kept, said once."""
        messages, self._messages = self._messages, []
        return messages

    def _complain(self, error: ArtifactError) -> None:
        if self.failure is None:
            self.failure = error
            self._messages.append(f"weights and checkpoints cannot be kept for now: {error}")


def _fetched(trial: TrialInTraining, executor: Executor) -> Iterator[Collected]:
    """The weights of a trial that rests; none where its worker has just died."""
    runs = tuple(run.config for run in trial.runs.values())
    with suppress(TrainingError):
        weights = tuple(to_arrays(executor.best_weights(run.run_id)) for run in runs)
        epochs = tuple(run.best_epoch for run in trial.runs.values())
        yield Collected((trial.value, trial.number), runs, weights, epochs)


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
