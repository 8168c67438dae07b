"""Promotion: give a pruned trial the full budget that it was denied.

A finished Optuna trial cannot be opened again, so a promotion is a run of its own that
continues the trial's run: same parameters and seed, hence the same curve, from its
checkpoint where one was kept and else from the start. It touches neither the sampler nor
the study's total; it tells whether pruning was right.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.data.dataset import Dataset
from automl.errors import StudyError
from automl.executors.executor import Executor
from automl.models.mlp import n_parameters
from automl.training.config import RunConfig, configure
from automl.training.ending import ending
from automl.tuning.trial_in_training import TrialInTraining
from search_spaces import SearchSpace
from storage import Store
from storage.records import RunRecord, StudyRecords, TrialRecord


@dataclass(frozen=True, slots=True)
class Promotion:
    """What the full budget made of a trial."""

    trial_number: int
    epochs_before: int  # trained when the trial was pruned
    value_before: float | None
    epochs: int
    best_epoch: int
    value: float | None  # None where training diverged
    best_value: float | None  # of the study's best trial

    @property
    def would_be_best(self) -> bool:
        """Whether pruning has cost the study its best trial."""
        return self.value is not None and (self.best_value is None or self.value < self.best_value)


def check_promotable(records: StudyRecords, trial_number: int) -> TrialRecord:
    """The trial to promote.

    Raises:
        StudyError: there is no such trial, or it was not pruned.
    """
    name = records.settings.study_name
    if not 0 <= trial_number < len(records.trials):
        raise StudyError(
            f"a trial's number must be from 0 to {len(records.trials) - 1} in {name!r}, "
            f"but got {trial_number}"
        )
    trial = records.trials[trial_number]
    if trial.outcome != "pruned":
        raise StudyError(
            f"only a pruned trial can be given the full budget, but trial {trial_number} of "
            f"{name!r} is {trial.outcome}"
        )
    return trial


def promote(
    store: Store, records: StudyRecords, trial_number: int, dataset: Dataset, executor: Executor
) -> Promotion:
    """Train a pruned trial to the end of its budget.

    Raises:
        StudyError: there is no such trial, it was not pruned, or its training failed.
    """
    trial = check_promotable(records, trial_number)
    training = begin_promotion(store, records, trial, dataset)
    executor.start(list(training.runs.values()))
    while not training.is_ended and not training.is_diverged:
        result = executor.next_round()
        store.add_epochs(result.epochs)
        for failure in result.failures:
            store.finish_run(failure.run_id, "failed", failure.cause)
            raise StudyError(f"the promotion of trial {trial_number} failed: {failure.message}")
        for record in result.epochs:
            training.take(record)
            end = ending(training.curves[record.run_id], training.runs[record.run_id].training)
            if end is not None:
                training.end_run(record.run_id, end)
                executor.stop(record.run_id)
    return end_promotion(store, records, trial, training)


def begin_promotion(
    store: Store, records: StudyRecords, trial: TrialRecord, dataset: Dataset
) -> TrialInTraining:
    """Plan one run per fold: the trial's own configuration and seed, without early stopping."""
    settings = records.settings
    params = SearchSpace.from_dict(settings.space).complete(trial.params)
    model, training = configure(
        params, max_epochs=settings.max_epochs, patience=settings.max_epochs
    )
    size = n_parameters(model, dataset)
    runs: dict[int, RunConfig] = {}
    for before in records.search_runs(trial.number):
        record = _add_run(store, settings.study_name, before, size)
        runs[record.run_id] = RunConfig(
            record.run_id, trial.number, model, training, record.seed, record.fold
        )
    return TrialInTraining(trial.number, params, runs, n_parameters=size)


def _add_run(store: Store, study_name: str, before: RunRecord, size: int) -> RunRecord:
    return store.add_run(
        study_name,
        trial_number=before.trial_number,
        purpose="promote",
        seed=before.seed,
        fold=before.fold,
        continues_run_id=before.run_id,
        n_parameters=size,
    )


def end_promotion(
    store: Store, records: StudyRecords, trial: TrialRecord, training: TrialInTraining
) -> Promotion:
    """Write how the runs ended, and say what the full budget has brought."""
    for run_id in training.runs:
        if training.is_diverged:
            store.finish_run(run_id, "failed", "diverged")
        else:
            store.finish_run(run_id, "complete")
    before = records.search_runs(trial.number)
    best = records.best_trial
    return Promotion(
        trial_number=trial.number,
        epochs_before=max((len(records.epochs.get(run.run_id, ())) for run in before), default=0),
        value_before=trial.value,
        epochs=max((len(curve) for curve in training.curves.values()), default=0),
        best_epoch=max((record.epoch for record in training.best), default=0),
        value=None if training.is_diverged else training.value,
        best_value=None if best is None else best.value,
    )
