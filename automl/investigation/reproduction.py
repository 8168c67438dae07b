"""Reproduction: train a trial again as it was trained, and say whether its curve is the same.

    plan_reproduction -> side_runs.train_beside -> judge_reproduction
    moved_runs.py: where another trainer parts within the first epoch, whether that is chaos

Every random number is a function of the study's seed and the trial's number, so the same curve
is expected to the last bit from the same trainer, with the same versions on the same kind of
processor (ARCHITECTURE.md, "Invariants"). Another trainer adds up in another order: its losses
may part from those that were stored as rounding makes them (`compared_curves.py`). Where they
part within the first epoch, that trainer trains it twice more, with a learning rate that is moved
by rounding: if this moves losses as far, the trial is chaotic, and it cannot be told. A trial that
was cut off, since it was pruned, paused or interrupted, is trained as far as it was; one that
failed must fail again, the same way. Limits of time and memory are not set again. Both curves are
read from the store, so that both have been rounded the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Final

from automl.errors import StudyError
from automl.executors.devices import check_device
from automl.investigation.compared_curves import ComparedFold, compare_curves
from automl.investigation.laboratory import Laboratory, Means
from automl.investigation.moved_runs import plan_moved, sensitivity
from automl.options.search_options import Deciders, ExecutorOptions
from automl.tuning.network_problem import make_run
from automl.tuning.planned_runs import EndedRun, PlannedRun, study_space
from automl.tuning.settings import environment
from storage.call_records import PolicyRecord
from storage.records import (
    WITHOUT_FAILURE,
    EpochRecord,
    Json,
    RunRecord,
    StudyRecords,
    TrialRecord,
)

NO_CHANGES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({})

UNEXPECTED_ENDS = frozenset({"timed_out", "interrupted"})
"""Failures that came from outside: trained again, a trial is not to fail so."""


@dataclass(frozen=True, slots=True)
class ReproducedTrial:
    """A trial that was trained again.

    Attributes:
        cause, cause_now: why it had failed, and why it failed now; None: it did not.
        means: how it was trained again.
        is_exact: whether everything must be the same bit for bit; else losses, but for rounding.
        changes: what is another one now, of what numbers may depend on: before, and now.
    """

    study_name: str
    trial_number: int
    outcome: str
    means: Means
    folds: tuple[ComparedFold, ...]
    cause: str | None = None
    cause_now: str | None = None
    message_now: str = ""
    is_exact: bool = True
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_same(self) -> bool | None:
        """Whether each fold has the same curve, and fails the same way where it had failed.

        None: it cannot be told, since training by this trainer is chaotic.
        """
        each = {self.has_same_end, *(fold.is_same for fold in self.folds)}
        if False in each:
            return False
        return None if None in each else True

    @property
    def has_same_end(self) -> bool:
        """Whether it failed as before, or did not as before."""
        expected = None if self.cause in WITHOUT_FAILURE | UNEXPECTED_ENDS else self.cause
        return self.cause_now == expected

    def to_json(self) -> dict[str, Json]:
        """The answer as plain values: what `automl reproduce --json` prints."""
        return {
            "study": self.study_name,
            "trial_number": self.trial_number,
            "outcome": self.outcome,
            "is_same": self.is_same,
            "trainer": self.means.trainer,
            "device": self.means.device,
            "is_exact": self.is_exact,
            "cause": {"before": self.cause, "now": self.cause_now},
            "folds": [fold.to_json() for fold in self.folds],
            "changes": {name: list(pair) for name, pair in self.changes.items()},
        }


def means_of(
    records: StudyRecords, trial_number: int, trainer: str | None, device: str | None
) -> Means:
    """How a trial is trained again: as it was, but for what is asked for.

    Raises:
        ConfigError: there is no such trainer, or no such device here.
    """
    policy = _policy_of(records, trial_number)
    trained = _means_then(policy)
    chosen = ExecutorOptions(trainer=trainer or trained.trainer, device=device or trained.device)  # type: ignore[arg-type]
    check_device(chosen.device)
    is_same = chosen.trainer == trained.trainer
    return Means(
        chosen.trainer,
        chosen.device,
        trained.arithmetic if is_same else {},
        is_preflight=policy.preflight,
    )


def _policy_of(records: StudyRecords, trial_number: int) -> PolicyRecord:
    """How the call searched that began a trial; by the defaults where nothing is known of it."""
    searched = [one for one in records.policies if one.searches]
    before = [one for one in searched if one.from_trial_number <= trial_number]
    return before[-1] if before else PolicyRecord(0, **asdict(Deciders()))


def _means_then(policy: PolicyRecord) -> Means:
    arithmetic = {name: True for name in ("amp", "channels_last") if getattr(policy, name)}
    return Means("plain" if arithmetic else policy.trainer, policy.device, arithmetic)


def reproduce(laboratory: Laboratory, trial_number: int, means: Means) -> ReproducedTrial:
    """Train a trial again, and hold the curves against each other.

    Args:
        means: of the laboratory, as `means_of` gave them.
    """
    records, problem = laboratory.records, laboratory.problem
    policy, trial = _policy_of(records, trial_number), records.trials[trial_number]
    trainer = problem.trainer(means.trainer)
    is_other = trainer != problem.trainer(_means_then(policy).trainer)
    now = environment(trainer, means.device)
    before = {**records.settings.versions, **policy.environment}
    if is_other:
        before.pop("kernels", None)
    ended = laboratory.train(plan_reproduction(records, trial, label=means.trainer))
    reproduced = judge_reproduction(
        laboratory.store.read_study(records.settings.study_name),
        trial,
        ended,
        means=means,
        is_exact=not is_other,
        changes={
            name: (value, now[name])
            for name, value in before.items()
            if name in now and now[name] != value
        },
    )
    return _held_against_chaos(laboratory, trial, ended, reproduced) if is_other else reproduced


def _held_against_chaos(
    laboratory: Laboratory,
    trial: TrialRecord,
    ended: Sequence[EndedRun],
    reproduced: ReproducedTrial,
) -> ReproducedTrial:
    """The same answer, but for folds that differ at first no more than rounding makes them."""
    doubtful = {one.fold for one in reproduced.folds if one.first and one.n_equal == 0}
    runs = [run.planned for run in ended if run.planned.config.fold in doubtful]
    if not runs:
        return reproduced
    moved = laboratory.train(plan_moved(runs))
    return judge_reproduction(
        laboratory.store.read_study(reproduced.study_name),
        trial,
        ended,
        means=reproduced.means,
        is_exact=False,
        changes=reproduced.changes,
        moved=moved,
    )


def reproducible_trial(records: StudyRecords, trial_number: int) -> TrialRecord:
    """The trial to train again.

    Raises:
        StudyError: there is no such trial, or nothing of it that could be compared.
    """
    name = records.settings.study_name
    if not 0 <= trial_number < len(records.trials):
        raise StudyError(
            f"a trial's number must be from 0 to {len(records.trials) - 1} in {name!r}, "
            f"but got {trial_number}"
        )
    trial = records.trials[trial_number]
    has_epochs = any(curve for _, curve in stored_curves(records, trial_number))
    if not has_epochs and trial.cause in WITHOUT_FAILURE | UNEXPECTED_ENDS:
        raise StudyError(
            f"a trial must have an epoch to be compared with, but trial {trial_number} of "
            f"{name!r} has none yet"
        )
    return trial


def stored_curves(
    records: StudyRecords, trial_number: int
) -> tuple[tuple[RunRecord, tuple[EpochRecord, ...]], ...]:
    """The runs that make a trial's value, one per fold, each with its curve."""
    runs = records.search_runs(trial_number)
    return tuple((run, records.epochs.get(run.run_id, ())) for run in runs)


def plan_reproduction(
    records: StudyRecords, trial: TrialRecord, label: str
) -> tuple[PlannedRun, ...]:
    """One run per fold: the trial's own configuration and seed, as far as it was trained.

    Args:
        label: how, for whoever reads the runs.
    """
    settings = records.settings
    params = study_space(settings).complete(trial.params)
    return tuple(
        PlannedRun(
            "reproduce",
            label,
            make_run(settings, trial.number, params, seed=run.seed, fold=run.fold),
            until=_last_epoch(run, len(curve), settings.max_epochs),
        )
        for run, curve in stored_curves(records, trial.number)
    )


def _last_epoch(run: RunRecord, n_stored: int, max_epochs: int) -> int | None:
    """How far a run is trained again; None: until its curve ends by itself."""
    if run.state == "complete" and run.cause in (None, "early_stopped"):
        return None
    fails_later = run.state == "failed" and run.cause not in UNEXPECTED_ENDS
    return min(max(n_stored + fails_later, 1), max_epochs)


def judge_reproduction(
    records: StudyRecords,
    trial: TrialRecord,
    ended: Sequence[EndedRun],
    *,
    means: Means,
    is_exact: bool = True,
    changes: Mapping[str, tuple[str, str]] = NO_CHANGES,
    moved: Sequence[EndedRun] = (),
) -> ReproducedTrial:
    """Hold the curves of a trial against each other.

    Args:
        records: read after the runs have ended.
        ended: as planned.
        moved: as `plan_moved` planned them, where there was need.
    """
    now = {run.planned.config.fold: run for run in ended}
    failed = [run for run in ended if not run.is_evidence]
    folds = []
    for run, before in stored_curves(records, trial.number):
        again = records.epochs.get(now[run.fold].planned.config.run_id, ())
        if run.state == "failed" and now[run.fold].is_evidence:
            again = again[: len(before)]  # it was given one epoch more, to fail in
        moves = sensitivity(again, run.fold, moved)
        folds.append(compare_curves(run.fold, before, again, is_exact=is_exact, sensitivity=moves))
    return ReproducedTrial(
        study_name=records.settings.study_name,
        trial_number=trial.number,
        outcome=trial.outcome,
        means=means,
        folds=tuple(folds),
        cause=trial.cause,
        cause_now=failed[0].cause if failed else None,
        message_now=failed[0].message if failed else "",
        is_exact=is_exact,
        changes=changes,
    )
