"""What an answer is and what it scored, as frozen dataclasses: records like those of `records.py`.

An answer is trained networks that predict together; an evaluation is one look at the rows of a
split, with what guessing, a linear model and boosted trees score on the same rows; importances say
which columns an answer uses. Only the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from storage.notebook_html import (
    answer_line,
    cross_fitted_line,
    difference_line,
    evaluation_line,
    importance_line,
    importances_line,
    reference_line,
    worth_line,
)


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How much better one predicts than another on the same rows: above 0 is better.

    The rows share their outliers, so its error is far smaller than that of either score.
    """

    value: float  # in the score's own unit
    standard_error: float
    low: float  # 95 % interval
    high: float

    __repr__ = difference_line

    @property
    def is_better(self) -> bool:
        """Whether it is beyond chance that the first is better."""
        return self.low > 0

    @property
    def is_worse(self) -> bool:
        """Whether it is beyond chance that the second is better."""
        return self.high < 0


AnswerKind: TypeAlias = Literal["single", "ensemble", "smallest", "seeds", "refit"]
"""How an answer was chosen: the best trial, several that are best together, or the trial of the
fewest parameters whose validation loss cannot be told from the best one's. Of each trial the runs
of all folds. Two are trained for: "seeds" is the best trial's configuration with further seeds,
beside its own runs; "refit" is one network of it on train and validation rows together."""

MAXIMIZED = "negative objective"
"""The loss of a study of Optuna's that is maximized: its values with their signs turned round."""

N_SEEDS = 4
"""Further seeds: the mean of five networks has a fifth of the variance that comes from seeds."""

METRICS: Mapping[str, tuple[str, ...]] = {
    "binary": ("log_loss", "accuracy", "balanced_accuracy", "f1", "roc_auc"),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy", "f1", "roc_auc"),
    "regression": ("rmse", "mae", "r2"),
}
"""What an answer can be chosen by, by task. Of several classes F1 is the mean over the classes
(macro), and ROC AUC the mean of each class against the rest."""

ReferenceName: TypeAlias = Literal["guessing", "linear_model", "boosted_trees"]


@dataclass(frozen=True, slots=True)
class ReferenceRecord:
    """What a network has to beat, on the rows of an evaluation. Mappings are by score."""

    name: ReferenceName
    scores: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, bootstrap
    # How much better the network is than it, and it than guessing.
    network_gains: Mapping[str, PairedDifference] = field(default_factory=dict)
    guessing_gains: Mapping[str, PairedDifference] = field(default_factory=dict)
    is_final: bool = True  # False: it was still getting better when its effort was spent
    metric: str | None = None  # the study's when it was scored
    threshold: float | None = None  # that it decides by between two classes, see `AnswerRecord`

    __repr__ = reference_line


@dataclass(frozen=True, slots=True)
class AnswerMember:
    """A run whose best weights an answer predicts with."""

    run_id: int
    weight: float  # its share of the mean, above 0; those of all members add up to 1


def score_of(metric: str) -> str:
    """The name of the score that a metric is: the log loss is the loss of classes."""
    return "loss" if metric == "log_loss" else metric


def metric_to_choose_by(metric: str | None) -> str | None:
    """A study's metric, where to choose by it is something else than to choose by the loss."""
    return None if metric is None or score_of(metric) == "loss" else metric


def score_to_choose_by(metric: str | None) -> str:
    """The score by which answers are held against each other: that of a study's metric."""
    return "loss" if metric is None else score_of(metric)


def is_choice(wanted: str, metric: str | None) -> bool:
    """Whether the answer is chosen among trials, and not the one of the lowest loss in any case.

    Args:
        wanted: what a call asks for: an `AnswerKind`, or "auto".
        metric: the study's.
    """
    return wanted != "single" or metric_to_choose_by(metric) is not None


@dataclass(frozen=True, slots=True)
class MetricWorth:
    """What a way to choose by a metric is worth in it, on rows that its choice has not seen."""

    score: str  # of the metric, see `score_of`
    value: float
    low: float  # 95 % interval, bootstrap
    high: float
    gain: PairedDifference | None = None  # over the best single trial, in the score's unit
    # Of a threshold of classes over 0.5; None: the metric has none.
    threshold_gain: PairedDifference | None = None

    __repr__ = worth_line


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """What a way to choose is worth on validation rows that its choice has not seen.

    By some folds of the rows networks are chosen and on the others scored, until all rows are.
    """

    loss: float  # the mean over the rows
    low: float  # 95 % interval
    high: float
    luck: float  # how much lower the loss is on the rows that a choice was made by
    n_candidates: int  # trials that were chosen among
    gain: PairedDifference | None = None  # over the best single trial, in the loss's unit
    metric: MetricWorth | None = None  # None: it was not chosen by a metric

    __repr__ = cross_fitted_line

    @property
    def score(self) -> str:
        """The score by which answers were held against each other."""
        return "loss" if self.metric is None else self.metric.score


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What a study hands over: trained networks that predict together, by their weighted mean.

    It stands while the trial that was the best when it was found is the best, unless another one
    was stored after it.
    """

    kind: str  # how it was found: an `AnswerKind`
    members: tuple[AnswerMember, ...]
    best_trial_number: int
    answer_id: int = -1  # -1: it is not stored
    n_parameters: int | None = None  # of all members; None: not known
    # None: it was not held against others; of a refit, whose train rows they are, there is none.
    validation: CrossFitted | None = None
    threshold: float | None = None  # the second of two classes is decided for above it; None: 0.5

    __repr__ = answer_line


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """Scores of an answer on one split. Each look at test rows is a record."""

    answer_id: int
    split: str  # "valid" or "test"
    scores: Mapping[str, float]  # loss, accuracy, balanced_accuracy, roc_auc, f1 | rmse, mae, r2
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, bootstrap
    references: tuple[ReferenceRecord, ...] = ()
    evaluated_at: float = 0.0
    only_class: str | None = None  # that it decides for on all rows; None: several, or quantities

    __repr__ = evaluation_line

    def reference(self, name: ReferenceName) -> ReferenceRecord | None:
        """A reference by its name; None where it was not fitted."""
        return next((one for one in self.references if one.name == name), None)

    def reference_scores(self, name: ReferenceName) -> Mapping[str, float]:
        """The scores of a reference; none where it was not fitted."""
        reference = self.reference(name)
        return reference.scores if reference else {}

    def gain(self, name: ReferenceName, score: str) -> PairedDifference | None:
        """What the network has on a reference by a score; None where it was not compared."""
        reference = self.reference(name)
        return reference.network_gains.get(score) if reference else None


@dataclass(frozen=True, slots=True)
class ColumnImportance:
    """How much better an answer predicts with a column than with its values shuffled.

    Permutation importance: the values are exchanged among rows that no network was trained on,
    which leaves the column's distribution as it is and takes what it tells of the row.
    Source: Breiman 2001, Random forests, section 10; Fisher, Rudin and Dominici 2019, All models
    are wrong, but many are useful, JMLR 20(177), section 3.
    """

    name: str  # of the raw column
    gains: Mapping[str, PairedDifference]  # by score: the loss, and that of the study's metric
    # Columns that tell nearly the same, each with how strongly it goes with this one, up to 1:
    # with either of two such columns shuffled the other is still there.
    alike: Mapping[str, float] = field(default_factory=dict)

    __repr__ = importance_line

    @property
    def loss(self) -> PairedDifference:
        """By how much the loss is lower with the column than with its values shuffled."""
        return self.gains["loss"]


@dataclass(frozen=True, slots=True)
class ImportancesRecord:
    """Which columns an answer uses, measured on validation rows, or why that is not known."""

    answer_id: int  # whose networks were asked
    columns: tuple[ColumnImportance, ...] = ()  # by the loss, the most important first
    n_columns: int = 0  # that it reads; where these are too many not all were measured
    n_rows: int = 0  # validation rows that values were exchanged among
    n_repeats: int = 0  # times that each column was shuffled
    measured_at: float = 0.0
    metric: str | None = None  # of the study when they were measured, where it is not the loss
    missing_because: str | None = None  # None: they were measured

    __repr__ = importances_line
