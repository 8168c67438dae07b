"""Promotion: give a pruned, paused or unfinished trial the full budget that it was denied.

A finished Optuna trial cannot be opened again, so a promotion is a run of its own with the
trial's parameters and seed, hence the same curve. It continues the trial's run where its state
was kept, as it is of the best few pruned trials (`pruned_states.py`), and trains from the start
where it was not; which of them is said. It touches neither the sampler nor the study's total; it
tells whether pruning was right. A trial that a process trains now is left to it; but nothing
claims the trial that is promoted, so that a search that is resumed meanwhile may train it too, in
the study.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean

from automl.errors import StudyError
from automl.executors.executor import Executor
from automl.investigation.side_runs import train_beside
from automl.tuning.network_problem import make_run
from automl.tuning.planned_runs import EndedRun, PlannedRun, say_failures, study_space
from automl.tuning.problem import Problem
from automl.tuning.pruned_states import kept_continuations
from storage import Store
from storage.records import TRAINED_IN_PART, Json, Outcome, StudyRecords, TrialRecord, best_epoch

PROMOTABLE: frozenset[Outcome] = TRAINED_IN_PART | {"unfinished"}


@dataclass(frozen=True, slots=True)
class Promotion:
    """What the full budget made of a trial."""

    trial_number: int
    epochs_before: int  # trained when the trial was pruned, paused or left unfinished
    value_before: float | None
    epochs: int
    best_epoch: int
    value: float | None  # None where training diverged
    best_value: float | None  # of the study's best trial
    epochs_kept: int = 0  # that it went on from, on all folds; 0: it was trained from the start

    @property
    def would_be_best(self) -> bool:
        """Whether pruning has cost the study its best trial."""
        return self.value is not None and (self.best_value is None or self.value < self.best_value)

    def to_json(self) -> dict[str, Json]:
        """The answer as plain values: what `automl promote --json` prints, beside the study."""
        return {
            "trial_number": self.trial_number,
            "before": {"n_epochs": self.epochs_before, "valid_loss": self.value_before},
            "n_epochs": self.epochs,
            "n_epochs_kept": self.epochs_kept,  # that it went on from; 0: from the start
            "best_epochs": [self.best_epoch],
            "valid_loss": self.value,  # null: training diverged
            "best": {"valid_loss": self.best_value},  # of the study
            "would_be_best": self.would_be_best,
        }


def check_promotable(
    records: StudyRecords, trial_number: int, abandoned: Collection[int]
) -> TrialRecord:
    """The trial to promote, as the study is now: nothing claims it.

    A search that is resumed later, while the promotion trains, trains a paused or unfinished
    trial too, in its own runs.

    Args:
        abandoned: trials that have not ended, and that no living process holds.

    Raises:
        StudyError: there is no such trial, it has ended by itself or had no epoch yet, or a
            search is training it.
    """
    name = records.settings.study_name
    if not 0 <= trial_number < len(records.trials):
        raise StudyError(
            f"a trial's number must be from 0 to {len(records.trials) - 1} in {name!r}, "
            f"but got {trial_number}"
        )
    trial = records.trials[trial_number]
    is_held = trial.state == "RUNNING" and trial_number not in abandoned
    if is_held:
        why = f"is {trial.outcome}, and a search is at work on it; let that come to its end first"
    elif trial.outcome not in PROMOTABLE:
        why = f"is {trial.outcome}"
    elif not records.search_runs(trial_number):
        why = f"is {trial.outcome}, and has not begun to train; resume the study to go on with it"
    else:
        return trial
    raise StudyError(
        "only a pruned, paused or unfinished trial can be given the full budget, but trial "
        f"{trial_number} of {name!r} {why}"
    )


def promote(
    store: Store, records: StudyRecords, trial_number: int, problem: Problem, executor: Executor
) -> Promotion:
    """Train a pruned, paused or unfinished trial to the end of its budget.

    Raises:
        StudyError: there is no such trial, `check_promotable` refuses it, or its training failed.
    """
    abandoned = store.adoption.dead(records.settings.study_name)
    trial = check_promotable(records, trial_number, abandoned)
    planned = plan_promotion(store, records, trial)
    ended = train_beside(store, problem, executor, planned)
    return judge_promotion(records, trial, ended)


def plan_promotion(
    store: Store, records: StudyRecords, trial: TrialRecord
) -> tuple[PlannedRun, ...]:
    """One run per fold: the trial's own configuration and seed, without early stopping."""
    settings = records.settings
    params = study_space(settings).complete(trial.params)
    runs = {
        before.run_id: make_run(
            settings,
            trial.number,
            params,
            seed=before.seed,
            fold=before.fold,
            patience=settings.max_epochs,
        )
        for before in records.search_runs(trial.number)
    }
    kept = kept_continuations(store, records, runs)
    return tuple(
        PlannedRun("promote", "", run, continues=kept.get(run.fold)) for run in runs.values()
    )


def judge_promotion(
    records: StudyRecords, trial: TrialRecord, ended: Sequence[EndedRun]
) -> Promotion:
    """Say what the full budget has brought.

    Raises:
        StudyError: a run failed otherwise than by diverging.
    """
    if any(run.cause != "diverged" and not run.is_evidence for run in ended):
        raise StudyError(f"the promotion of trial {trial.number} failed: {say_failures(ended)}")
    before = [records.epochs.get(run.run_id, ()) for run in records.search_runs(trial.number)]
    reached = [one for run in ended if run.is_evidence and (one := best_epoch(run.curve))]
    best = records.best_trial
    return Promotion(
        trial_number=trial.number,
        epochs_before=max(map(len, before), default=0),
        value_before=trial.value,
        epochs=max((len(run.curve) for run in ended), default=0),
        best_epoch=max((record.epoch for record in reached), default=0),
        value=fmean(one.valid_loss for one in reached) if len(reached) == len(ended) else None,
        best_value=None if best is None else best.value,
        epochs_kept=min((len(run.planned.epochs_before) for run in ended), default=0),
    )
