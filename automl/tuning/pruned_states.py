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
from storage.records import StudyRecords, best_epoch

LEAST_EPOCHS = 2
"""The state of a trial of fewer is not kept: it is trained again in less time than its file takes
to be written. Most trials are pruned after one; of 143 on digits 43 were written, at 17 ms."""


class PrunedStates:
    """Keeps the states of one study's best pruned trials.

    Args:
        n_trials: how many trials' states are kept at once; 0: none.
    """

    def __init__(self, store: Store, study_name: str, n_trials: int) -> None:
        self.store = store
        self.study_name = study_name
        self.n_trials = n_trials
        self._values = _kept_values(store.read_study(study_name))  # by trial number
        self._drop_worst()  # an earlier call may have kept more

    def keep(self, trial: TrialInTraining, executor: Executor) -> str | None:
        """Save the state of a trial that was just pruned, if it is among the best of these.

        Returns:
            What to tell people where it cannot be written: no more are kept then, and the
            search goes on without.
        """
        if trial.epoch < LEAST_EPOCHS or not self._is_among_best(trial.value):
            return None
        try:
            self._save(trial, executor)
            self._drop_worst()
        except (StorageError, OSError) as error:
            self.n_trials = 0
            return f"the states of pruned trials are not kept any more: {error}"
        return None

    def _save(self, trial: TrialInTraining, executor: Executor) -> None:
        for run_id, run in trial.runs.items():
            if run_id not in executor.active:
                continue  # it had ended before
            try:
                checkpoint = executor.checkpoint(run_id)
            except TrainingError:
                continue  # its worker has just died
            if checkpoint.epoch != len(run.curve):
                continue  # of several folds: its worker is further than what was told of it
            tensors, state = checkpoint.to_arrays()
            self.store.artifacts.save_checkpoint(
                self.study_name, trial.number, run_id, tensors=tensors, state=state
            )
            self._values[trial.number] = trial.value

    def _is_among_best(self, value: float) -> bool:
        better = [one for one in self._values.values() if one <= value]
        return len(better) < self.n_trials

    def _drop_worst(self) -> None:
        """Remove the states of the worst trials, of those that are too many."""
        ranking = sorted(self._values, key=lambda number: self._values[number])
        dropped = set(ranking[self.n_trials :])
        if not dropped:
            return
        for one in self.store.artifacts.list(self.study_name):
            if one.kind == "checkpoint" and one.trial_number in dropped:
                self.store.artifacts.remove(one)
        for number in dropped:
            del self._values[number]


def _kept_values(records: StudyRecords) -> dict[int, float]:
    """What the pruned trials whose states are kept were worth, by number."""
    pruned = {trial.number for trial in records.trials if trial.outcome == "pruned"}
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
