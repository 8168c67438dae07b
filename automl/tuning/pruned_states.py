"""The states of the few best pruned trials: what a promotion goes on from.

A pruned trial leaves the state of each run as a checkpoint, if it has trained for some epochs and
its value is among the best of such ones, as many as models are kept; a better one takes its
place. Nothing depends on them: a promotion without one trains from the start, to the same curve.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from automl.errors import TrainingError
from automl.executors.executor import Executor
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint
from automl.tuning.planned_runs import Continuation
from automl.tuning.trial_in_training import TrialInTraining
from storage import StorageError, Store
from storage.records import TRAINED_IN_PART, StudyRecords, best_epoch

LEAST_EPOCHS = 2
"""The state of a trial of fewer is not kept: it is trained again in about the time that its file
takes to be read. Most trials are pruned after one epoch."""


class PrunedStates:
    """Keeps the states of one study's best pruned trials.

    They are fetched and written now and then: most are soon pushed out by a better one, a file
    takes as long as many an epoch, and a worker breaks off its round for whoever asks. Until then
    the runs rest where they have trained. What a kill takes, of the search or of a worker, is
    trained again where it is asked for.

    Args:
        n_trials: how many trials' states are kept at once; 0: none.
    """

    def __init__(self, store: Store, study_name: str, n_trials: int) -> None:
        self.store = store
        self.study_name = study_name
        self.n_trials = n_trials
        self._values = _kept_values(store.read_study(study_name))  # by trial number
        self.resting: dict[int, TrialInTraining] = {}  # by number, until `write`
        self._candidates: set[int] = set()  # those that rest for their weights' sake
        self._drop_worst()  # an earlier call may have kept more

    def keep(
        self, trial: TrialInTraining, executor: Executor, *, is_candidate: bool = False
    ) -> None:
        """Let a trial that was just pruned rest if it is among the best of these; else free it.

        Args:
            is_candidate: its weights are wanted: it rests until `write` in any case.
        """
        has_state = trial.epoch >= LEAST_EPOCHS and trial.is_resting
        is_among_best = has_state and self._is_among_best(trial.value)
        if not (is_among_best or is_candidate):
            executor.free(trial.runs)
            return
        self.resting[trial.number] = trial
        if is_candidate:
            self._candidates.add(trial.number)
        if is_among_best:
            self._values[trial.number] = trial.value
        for number in self._too_many():
            if number not in self.resting:
                continue
            del self._values[number]
            if number not in self._candidates:
                executor.free(self.resting.pop(number).runs)

    def write(self, executor: Executor) -> str | None:
        """Write the states of those that rest, free them, and remove what they take the place of.

        Returns:
            What to tell people where it cannot be written: no more are kept then, and the
            search goes on without.
        """
        resting, self.resting = self.resting, {}
        self._candidates.clear()
        try:
            for number, trial in resting.items():
                if number not in self._values:
                    continue
                states = _states(trial, executor)
                for state in states:
                    tensors, numbers = state.to_arrays()
                    self.store.artifacts.save_checkpoint(
                        self.study_name, number, state.run.run_id, tensors=tensors, state=numbers
                    )
                if not states:  # lost with their worker
                    del self._values[number]
            self._drop_worst()
        except (StorageError, OSError) as error:
            self.n_trials = 0
            return f"the states of pruned trials are not kept any more: {error}"
        finally:
            for trial in resting.values():
                executor.free(trial.runs)
        return None

    def _is_among_best(self, value: float) -> bool:
        better = [one for one in self._values.values() if one <= value]
        return len(better) < self.n_trials

    def _too_many(self) -> list[int]:
        """The worst trials, beyond as many as are kept."""
        return sorted(self._values, key=lambda number: self._values[number])[self.n_trials :]

    def _drop_worst(self) -> None:
        """Remove the states of the worst trials, of those that are too many."""
        dropped = set(self._too_many())
        if not dropped:
            return
        for one in self.store.artifacts.list(self.study_name):
            if one.kind == "checkpoint" and one.trial_number in dropped:
                self.store.artifacts.remove(one)
        for number in dropped:
            del self._values[number]


def _states(trial: TrialInTraining, executor: Executor) -> list[Checkpoint]:
    """Where the runs of a trial are that had not ended before."""
    states = []
    for run_id, run in trial.runs.items():
        if run_id not in executor.active:
            continue  # it had ended before
        try:
            state = executor.checkpoint(run_id)
        except TrainingError:
            continue  # its worker has just died
        if state.epoch == len(run.curve):  # else its worker is further than what was told of it
            states.append(state)
    return states


def _kept_values(records: StudyRecords) -> dict[int, float]:
    """What the trials told as pruned whose states are kept were worth, by number."""
    told = (trial for trial in records.trials if trial.state == "PRUNED")
    pruned = {trial.number for trial in told if trial.outcome in TRAINED_IN_PART}
    values: dict[int, float] = {}
    for artifact in records.kept_artifacts("checkpoint"):
        number, run_id = artifact.trial_number, artifact.run_id
        if number is not None and run_id is not None and number in pruned:
            best = best_epoch(records.epochs.get(run_id, ()))
            values[number] = math.inf if best is None else best.valid_loss
    return values


def kept_continuations(
    store: Store, records: StudyRecords, runs: Mapping[int, RunConfig]
) -> dict[int, Continuation]:
    """Where runs of a trial can go on, by their fold; without those whose state is not kept.

    Args:
        runs: what goes on, by the id of the run that it continues.
    """
    found = {}
    for artifact in records.kept_artifacts("checkpoint"):
        run = runs.get(-1 if artifact.run_id is None else artifact.run_id)
        if run is None or artifact.run_id is None:
            continue
        try:
            arrays, state = store.artifacts.load_checkpoint(artifact)
        except StorageError:
            continue  # its file is gone or altered: from the start, to the same curve
        checkpoint = Checkpoint.from_arrays(run, arrays, state)
        epochs = records.epochs.get(artifact.run_id, ())[: checkpoint.epoch]
        if len(epochs) == checkpoint.epoch:
            found[run.fold] = Continuation(artifact.run_id, checkpoint, epochs)
    return found
