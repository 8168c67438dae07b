"""The rows that are kept, as frozen dataclasses: what every layer of the project speaks.

A trainer returns an `EpochRecord`, the store writes it, a diagnosis and a figure read it.
Only the standard library is imported here, so that a worker process can speak records
without loading SQLAlchemy or Optuna. A record is written once; nothing updates a finished
trial. Tables are in `storage/tables.py`, reading and writing in `storage/store.py`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from storage.call_records import BeliefRecord, PolicyRecord, StopReason
from storage.notebook_html import diagnosis_html, diagnosis_line, trial_html, trial_line
from storage.score_records import AnswerRecord, EvaluationRecord, ImportancesRecord
from storage.widening_records import WideningRecord, widened_space

ParameterValue: TypeAlias = float | int | str | bool | None
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

# "objective": nothing is predicted, a person's own loop gives the losses.
Task: TypeAlias = Literal["binary", "multiclass", "regression", "objective"]
Purpose: TypeAlias = Literal[
    "search", "promote", "reproduce", "confirm", "bootstrap", "half", "data_size",
    "seeds", "refit",  # of answers of these kinds
]  # fmt: skip
RunState: TypeAlias = Literal["running", "complete", "pruned", "failed"]
Severity: TypeAlias = Literal["good", "info", "warning", "problem"]
Outcome: TypeAlias = Literal["complete", "pruned", "paused", "failed", "refused", "unfinished"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
TrialState: TypeAlias = Literal["COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"]


@dataclass(frozen=True, slots=True)
class StudySettings:
    """What was fixed when a study was created.

    A search that continues the study must bring the same values for all fields but
    `command` and `versions`; the error otherwise names the fields that differ.
    """

    study_name: str
    task: Task
    loss: str  # "cross_entropy", "binary_cross_entropy", "mean_squared", ...; "objective"
    target: str
    data_source: str  # as the person gave it: a path, sklearn:NAME, "DataFrame"; an objective
    data_fingerprint: str  # hash of the data's content, not of its path; of an objective's code
    split: Mapping[str, Json]  # kind, fractions, n_folds, group, time, seed, files
    space: Mapping[str, Json]  # SearchSpace.to_dict()
    max_epochs: int
    patience: int
    seed: int
    class_weights: bool = False
    class_names: tuple[str, ...] = ()
    n_rows: Mapping[str, int] = field(default_factory=dict)  # train, valid, test
    n_measured: int | None = None  # validation rows of a fold that measure an epoch; None: all
    n_features: int = 0  # inputs of the network after encoding
    columns: Mapping[str, str] = field(default_factory=dict)  # column -> kind, "dropped: why"
    target_error: float | None = None  # what the person hopes for, in that of `epoch_metric`
    data_options: Mapping[str, Json] = field(default_factory=dict)  # how the data were read
    is_from_files: bool = False  # whether the data can be read again; else they are an object
    command: str = ""  # what the person typed or called
    versions: Mapping[str, str] = field(default_factory=dict)
    created_at: float = 0.0  # seconds since 1970, UTC
    class_type: str = "text"  # of the class names in the target's own column: "integer", ...
    space_source: str = "mlp"  # as the person gave it: a built-in name, a file, or "SearchSpace"
    space_changes: tuple[str, ...] = ()  # what came after `--set`
    is_named: bool = False  # by the person; else it is called by its data and target
    # Most updates of an epoch; "full": it is a pass over the train rows, as it once always was.
    epoch_steps: int | Literal["full"] = "full"
    portfolio: bool = False  # whether what did well on many tables is tried first
    warm_start: tuple[str, ...] = ()  # names of the earlier studies that it learns from
    widen: bool = False  # whether ranges that the best trials crowd are doubled
    max_parameters: int | None = None  # trainable numbers of a network; None: no limit
    max_latency: float | None = None  # seconds of one call of a network; None: no limit
    latency_rows: int = 1  # rows in that call
    metric: str | None = None  # what the answer is chosen by: "roc_auc", ...; None: the loss

    @property
    def epoch_metric(self) -> str:
        """What of each epoch is measured beside its losses.

        "error_rate" of classes, "rmse" of quantities, in the target's own unit; of an objective
        there is but its "loss".
        """
        return {"regression": "rmse", "objective": "loss"}.get(self.task, "error_rate")

    @property
    def has_limits(self) -> bool:
        """Whether some networks are not to be trained, however good they may be."""
        return self.max_parameters is not None or self.max_latency is not None

    @property
    def is_objective(self) -> bool:
        """Whether a person's own loop is searched: then there are no data, and no networks."""
        return self.task == "objective"

    @property
    def n_measured_rows(self) -> int:
        """Validation rows of a fold by which epochs and trials are judged; 0: not known."""
        return self.n_rows.get("valid", 0) if self.n_measured is None else self.n_measured


@dataclass(frozen=True, slots=True)
class LayerGradientRecord:
    """The signals of one layer at one moment, measured on one batch.

    Kept at epoch 0 (initialization) and at epochs 2, 4, 8, ... of a run.
    """

    layer: int  # 0 is nearest the input; the last one is the output layer
    name: str  # "hidden 1", ..., "output"
    gradient_norm: float  # Euclidean norm of the loss's gradient in the layer's weights
    weight_norm: float
    update_ratio: float  # norm of the last update / norm of the weights; NaN at epoch 0
    activation_mean: float
    activation_standard_deviation: float
    saturated_fraction: float  # share of activations at the flat ends (sigmoid, tanh); else 0
    dead_fraction: float  # share of units that are zero on the whole batch (relu); else 0


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch of one run. Losses are the task's plain loss in evaluation mode.

    No label smoothing, penalty or class weight is in them. `train_loss` is measured on at
    most 10,000 fixed train rows. For regression, losses are in units of the standardized
    target (1.0 is about what predicting the mean gives) and metrics in the target's own.
    Of a person's own objective, what it does not give is NaN, and what is of networks alone.
    """

    run_id: int
    epoch: int  # from 1
    step: int  # updates done so far
    train_loss: float
    valid_loss: float
    valid_loss_standard_error: float  # over the rows of the validation split
    train_metric: float  # error rate in [0, 1], or RMSE in the target's unit: lower is better
    valid_metric: float
    learning_rate: float  # at the last step of the epoch, after the schedule
    gradient_norm: float  # mean over the epoch's steps, of the whole gradient before clipping
    seconds: float  # the round's wall-clock time divided by the runs active in it
    layers: tuple[LayerGradientRecord, ...] = ()

    @property
    def generalization_gap(self) -> float:
        """Validation minus train loss."""
        return self.valid_loss - self.train_loss

    @property
    def is_finite(self) -> bool:
        """Whether the losses are finite: otherwise the run has diverged."""
        return math.isfinite(self.valid_loss) and not math.isinf(self.train_loss)


def best_epoch(curve: Sequence[EpochRecord]) -> EpochRecord | None:
    """The last epoch with the lowest validation loss among those with finite losses; or None.

    Its weights are the ones kept, and its validation loss is what a complete run counts.
    """
    best = None
    for record in curve:
        if record.is_finite and (best is None or record.valid_loss <= best.valid_loss):
            best = record
    return best


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One training of one configuration. Only runs with purpose `search` make a trial's value."""

    run_id: int
    trial_number: int
    purpose: Purpose
    seed: int
    fold: int = 0
    rows_fraction: float = 1.0
    continues_run_id: int | None = None  # whose state and epochs it has taken over
    attempt: int = 1  # 2 after a process died with the run
    state: RunState = "running"
    cause: str | None = None  # see CAUSES, where the run ended by itself
    n_parameters: int | None = None
    label: str = ""  # groups runs of one investigation, for example "learning_rate=0.001"
    params: Mapping[str, ParameterValue] | None = None  # where they differ from the trial's


CAUSES: Mapping[str, str] = {
    "early_stopped": "no better validation loss for `patience` epochs",
    "out_of_time": "the search's time was up, and no trial was better",
    "search_over": "the search ended, and no trial was better",
    "finished": "the objective had no further epoch",
    "diverged": "the loss became infinite or not a number",
    "hopeless": "the check before the first epoch found vanishing or exploding signals",
    "over_limit": "the network is larger or slower than allowed, and was not trained",
    "out_of_memory": "the device's memory did not suffice",
    "timed_out": "the trial's time limit passed",
    "crashed": "an error while training",
    "lost": "the process died with the trial, and so did its repetitions",
    "interrupted": "the search was stopped before the trial had ended",
}
"""Why a run or trial ended by itself; the first four are no failures."""

OVER_LIMIT = "over_limit"
"""The cause of trials whose networks `max_parameters` or `max_latency` does not allow."""

WITHOUT_FAILURE = frozenset({None, "early_stopped", "out_of_time", "search_over", "finished"})

BY_MACHINE = "decided_by_machine"
"""User attribute of a trial in which time or memory decided: its "end", that others were to "wait"
for it, or its "params": then they, and all later ones, need not be the same on another machine. So
is it from the trial on that has "limits": what may be trained was measured (`max_latency`)."""

PAUSED = "paused"
"""User attribute of a trial that pauses, and may go on: the epoch that it has come to; null once
it has gone on. When a search ends, such a trial is told as pruned."""

CAUSES_BY_MACHINE = frozenset({"out_of_memory", "timed_out", "lost"})


@dataclass(frozen=True, slots=True, repr=False)
class TrialRecord:
    """One configuration tried, as Optuna keeps it."""

    number: int
    state: TrialState
    params: Mapping[str, ParameterValue]
    value: float | None = None  # best epoch's validation loss; the last where it is not complete
    cause: str | None = None  # key of CAUSES
    started_at: float | None = None  # seconds since 1970, UTC
    finished_at: float | None = None
    user_attributes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """What people are told: a trial with a cause has failed, whatever Optuna's state.

        One whose network is over a limit was refused: that is no failure of the network. One that
        pauses can go on, also where the search has ended and Optuna has it as pruned. One that has
        begun, or waits to, and has not ended is unfinished, whether a process trains it or none.
        """
        if self.cause == OVER_LIMIT:
            return "refused"
        if self.cause not in WITHOUT_FAILURE:
            return "failed"
        if self.state in ("RUNNING", "PRUNED") and self.user_attributes.get(PAUSED) is not None:
            return "paused"
        return _OUTCOMES.get(self.state, "unfinished")

    __repr__, _repr_html_ = trial_line, trial_html


_OUTCOMES: Mapping[TrialState, Outcome] = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
}

TRAINED_IN_PART: frozenset[Outcome] = frozenset({"pruned", "paused"})
TRAINED: frozenset[Outcome] = TRAINED_IN_PART | {"complete"}
"""Outcomes of trials whose losses say something of them: after a part of their epochs, or all."""


def best_first(trials: Iterable[TrialRecord]) -> tuple[TrialRecord, ...]:
    """Those that completed with a value, the lowest value first, then the lowest number."""
    complete = [one for one in trials if one.outcome == "complete" and one.value is not None]
    return tuple(sorted(complete, key=lambda trial: (trial.value or 0.0, trial.number)))


@dataclass(frozen=True, slots=True)
class DataCheckRecord:
    """Something noticed in the data when they were loaded."""

    kind: str  # "dropped_column", "duplicated_rows", "imbalance", "leakage", "shift", ...
    subject: str  # a column, a class, a pair of splits
    value: float
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpaceChange:
    """One change of the search space that an advice proposes, readable by machines.

    `set` is what `--set` takes after the equals sign: a value, `LOW..HIGH`, or `a,b,c`.
    `parameter` may also be an option of the search: `max_epochs`, `n_trials`, `folds`, `loss`.
    """

    parameter: str
    set: str


@dataclass(frozen=True, slots=True)
class Advice:
    """One next step: a sentence for people, changes for machines; best expected gain first."""

    text: str
    changes: tuple[SpaceChange, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis:
    """One verdict with the numbers it rests on. Computed from records, without torch or data."""

    kind: str  # "high_bias", "high_variance", "vanishing_gradients", "range_edge", ...
    severity: Severity
    message: str
    evidence: Mapping[str, Json] = field(default_factory=dict)
    advice: tuple[Advice, ...] = ()
    trial_number: int | None = None  # None: of the study as a whole

    __repr__, _repr_html_ = diagnosis_line, diagnosis_html


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """A file in the artifact folder."""

    artifact_id: str
    kind: str  # "weights", "answer_weights", "preprocessing", "predictions", "checkpoint"
    trial_number: int | None
    run_id: int | None
    answer_id: int | None  # of predictions
    file_name: str
    n_bytes: int
    sha256: str
    details: Mapping[str, Json] = field(default_factory=dict)
    removed_at: float | None = None


@dataclass(frozen=True)
class StudyRecords:
    """Everything stored of one study: all that diagnoses, report and dashboard read.

    Which trial has which runs, and which is the best, is found once: it is asked for every trial.
    """

    settings: StudySettings
    trials: tuple[TrialRecord, ...] = ()
    runs: tuple[RunRecord, ...] = ()
    epochs: Mapping[int, tuple[EpochRecord, ...]] = field(default_factory=dict)  # by run_id
    initial_layers: Mapping[int, tuple[LayerGradientRecord, ...]] = field(default_factory=dict)
    data_checks: tuple[DataCheckRecord, ...] = ()
    answers: tuple[AnswerRecord, ...] = ()
    evaluations: tuple[EvaluationRecord, ...] = ()
    importances: tuple[ImportancesRecord, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    artifacts: tuple[ArtifactRecord, ...] = ()
    policies: tuple[PolicyRecord, ...] = ()
    stops: tuple[StopReason, ...] = ()
    widenings: tuple[WideningRecord, ...] = ()
    beliefs: tuple[BeliefRecord, ...] = ()

    @cached_property
    def space(self) -> Mapping[str, Json]:
        """The search space as it is by now: that of the settings, with what was widened since."""
        return widened_space(self.settings.space, self.widenings)

    @cached_property
    def complete_trials(self) -> tuple[TrialRecord, ...]:
        """The trials that completed with a value, the lowest value first."""
        return best_first(self.trials)

    @property
    def best_trial(self) -> TrialRecord | None:
        """The complete trial of the lowest value; None where none has completed."""
        return next(iter(self.complete_trials), None)

    @property
    def stop(self) -> StopReason | None:
        """Why the last call ended; None where it is not known, or has asked for more since."""
        last = self.stops[-1] if self.stops else None
        return last if last is not None and last.n_trials == len(self.trials) else None

    @cached_property
    def last_attempts(self) -> Mapping[int, tuple[RunRecord, ...]]:
        """The runs that make each trial's value, by its number: one, or one per fold.

        Of a trial that was trained again they are those of its last attempt.
        """
        grouped: dict[int, list[RunRecord]] = defaultdict(list)
        for run in self.runs:
            if run.purpose == "search":
                grouped[run.trial_number].append(run)
        last = {number: max(run.attempt for run in runs) for number, runs in grouped.items()}
        return {
            number: tuple(run for run in runs if run.attempt == last[number])
            for number, runs in grouped.items()
        }

    def search_runs(self, trial_number: int) -> tuple[RunRecord, ...]:
        """The runs that make a trial's value; none where it has none."""
        return self.last_attempts.get(trial_number, ())

    def kept_artifacts(self, kind: str) -> tuple[ArtifactRecord, ...]:
        """Those of one kind whose files are still there."""
        return tuple(one for one in self.artifacts if one.kind == kind and one.removed_at is None)
