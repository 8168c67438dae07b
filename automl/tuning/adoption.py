"""Adopting trials: going on with those whose process died, or that were stopped.

An adopted trial keeps its number, parameters and seed, and so its curve. It stays RUNNING
in Optuna and is opened again by its id, which draws no random number. Its earlier runs are
ended as `lost` (the process died) or `interrupted` (it was stopped in good order), and new
runs of the next attempt continue them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from automl.tuning.setbacks import Setbacks, setbacks_of
from automl.tuning.trial_in_training import TrialInTraining
from storage import Store
from storage.records import ArtifactRecord, EpochRecord, RunRecord, StudySettings


@dataclass(frozen=True, slots=True)
class AdoptedTrial:
    """A trial to go on with, and what is left of its earlier attempts."""

    handle: optuna.trial.Trial
    n_attempts: int
    n_reported: int  # last epoch that rounds have had
    n_lost: int = 0  # attempts of earlier calls that were lost in a row, see `Setbacks`
    setbacks: Setbacks = field(default_factory=Setbacks)  # in this call
    run_ids: Mapping[int, int] = field(default_factory=dict)  # of the last attempt, by fold
    epochs: Mapping[int, Sequence[EpochRecord]] = field(default_factory=dict)  # by run_id
    folds: Mapping[int, int] = field(default_factory=dict)  # by run_id
    checkpoints: tuple[ArtifactRecord, ...] = ()  # in the order of attempts

    @property
    def number(self) -> int:
        """The trial's number in its study."""
        return self.handle.number

    def checkpoints_of(self, fold: int) -> dict[int, ArtifactRecord]:
        """The states of a fold's runs, by run_id, in the order of attempts."""
        return {
            run_id: one
            for one in self.checkpoints
            if (run_id := one.run_id) is not None and self.folds.get(run_id) == fold
        }

    def checkpoint_of(self, fold: int) -> tuple[ArtifactRecord | None, Sequence[EpochRecord]]:
        """The last state of a fold's run, with the curve of that run.

        An attempt that was killed soon has none, but an earlier one may have.
        """
        found = self.checkpoints_of(fold)
        if not found:
            return None, ()
        last = next(reversed(found))
        return found[last], self.epochs.get(last, ())

    def epochs_of_state(self, fold: int) -> int:
        """How many epochs of a fold's run its last state saves; 0 where it is of no use."""
        kept, curve = self.checkpoint_of(fold)
        epoch = None if kept is None else kept.details.get("epoch")
        return epoch if isinstance(epoch, int) and epoch <= len(curve) else 0


def adopt_dead_trials(
    study: optuna.Study, store: Store, settings: StudySettings
) -> list[AdoptedTrial]:
    """Claim the study's RUNNING trials that no living process trains, those that pause too."""
    claimed = store.adoption.claim(study.study_name)
    handles = [store.adoption.open_again(study, trial.number) for trial in claimed]
    return _adopted(store, settings, handles)


def adopt_told_trials(
    study: optuna.Study, store: Store, settings: StudySettings, numbers: Sequence[int]
) -> list[AdoptedTrial]:
    """Reopen trials that pause and were told as pruned when an earlier call ended.

    Without those that another coordinator has reopened.
    """
    handles = []
    for number in numbers:
        with suppress(UpdateFinishedTrialError):
            handles.append(store.adoption.reopen(study, number))
    return _adopted(store, settings, handles)


def _adopted(
    store: Store, settings: StudySettings, handles: Sequence[optuna.trial.Trial]
) -> list[AdoptedTrial]:
    """Trials that are open again, with what is left of them."""
    if not handles:
        return []
    records = store.adoption.records(settings, [handle.number for handle in handles])
    runs: dict[int, list[RunRecord]] = defaultdict(list)
    for run in records.runs:
        if run.purpose == "search":
            runs[run.trial_number].append(run)
    checkpoints = {one.run_id: one for one in records.kept_artifacts("checkpoint")}
    adopted = []
    for handle in handles:
        own = sorted(runs[handle.number], key=lambda run: run.attempt)
        adopted.append(
            AdoptedTrial(
                handle=handle,
                n_attempts=max((run.attempt for run in own), default=0),
                n_reported=_last_reported(handle),
                n_lost=setbacks_of(own, records.epochs).n_lost,
                run_ids={run.fold: run.run_id for run in records.search_runs(handle.number)},
                epochs={run.run_id: records.epochs.get(run.run_id, ()) for run in own},
                folds={run.run_id: run.fold for run in own},
                checkpoints=tuple(
                    checkpoints[run.run_id] for run in own if run.run_id in checkpoints
                ),
            )
        )
    return adopted


def adopt_lost_trial(trial: TrialInTraining, *, had_company: bool) -> AdoptedTrial:
    """Take a trial back whose worker died while this process lives.

    One that rested at its limit did not train, and cannot be why it died.

    Args:
        had_company: whether others trained in that worker, and may be why as well.
    """
    n_epochs = sum(len(run.curve) for run in trial.runs.values())
    has_waited = trial.is_resting and any(run.end is None for run in trial.runs.values())
    return AdoptedTrial(
        handle=trial.handle,
        n_attempts=trial.attempt,
        n_reported=trial.n_reported,
        setbacks=trial.setbacks.after(n_epochs, is_lost=not (has_waited or had_company)),
    )


def adopt_resting_trial(
    trial: TrialInTraining, checkpoints: tuple[ArtifactRecord, ...] = ()
) -> AdoptedTrial:
    """Take a pausing trial back whose runs are not held any more.

    Args:
        checkpoints: their states, if these were kept.
    """
    return AdoptedTrial(
        handle=trial.handle,
        n_attempts=trial.attempt,
        n_reported=trial.n_reported,
        setbacks=trial.setbacks,
        run_ids={run.config.fold: run_id for run_id, run in trial.runs.items()},
        epochs={run_id: run.curve for run_id, run in trial.runs.items()},
        folds={run_id: run.config.fold for run_id, run in trial.runs.items()},
        checkpoints=checkpoints,
    )


def _last_reported(handle: optuna.trial.Trial) -> int:
    trial = handle.storage.get_trial(handle._trial_id)
    return max(trial.intermediate_values, default=0)
