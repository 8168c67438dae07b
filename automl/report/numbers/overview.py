"""Numbers of the report's first part: the best configuration, its scores, its certainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automl.diagnostics.standing import Standing, standing
from automl.report.numbers.trials import StudyTable, Trial
from automl.score_names import HIGHER_IS_BETTER
from storage.answers import evaluated_trials, latest_evaluation, study_evaluation
from storage.effort import TrialEffort
from storage.records import (
    EvaluationRecord,
    ParameterValue,
    ReferenceName,
)

N_BEST_TRIALS = 10  # rows of the table of best trials
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ReferenceScore:
    """A test score of a reference."""

    name: ReferenceName
    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Score:
    """One test score of the network beside those of the references."""

    metric: str
    network: float
    interval: Interval | None  # 95 %, bootstrap over test rows
    references: tuple[ReferenceScore, ...]

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger score is the better one."""
        return self.metric in HIGHER_IS_BETTER


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One row of the table of best trials."""

    number: int
    valid_loss: float
    standard_error: float
    train_loss: float
    valid_metric: float
    effort: TrialEffort
    n_parameters: int | None
    params: Mapping[str, ParameterValue]


@dataclass(frozen=True, slots=True)
class Overview:
    """The answer to "what is the best configuration, and how good is it?"."""

    best: TrialRow | None
    rows: tuple[TrialRow, ...]  # the best first
    varying: tuple[str, ...]  # parameters that differ between the rows
    n_tied: int  # complete trials that the best cannot be told from, itself not counted
    scores: tuple[Score, ...]
    standing: Standing
    scored_trials: tuple[int, ...]  # whose networks have the scores
    n_test_looks: int  # how often test targets were read


PRIMARY_METRICS = ("accuracy", "rmse", "balanced_accuracy", "roc_auc", "mae", "r2", "loss")


def overview(table: StudyTable) -> Overview:
    """The best trials and the test scores of the answer; if it has none, the latest of any."""
    rows = tuple(_row(trial) for trial in table.ranked[:N_BEST_TRIALS])
    records = table.records
    evaluation = study_evaluation(records, "test") or latest_evaluation(records, "test")
    return Overview(
        best=rows[0] if rows else None,
        rows=rows,
        varying=_varying(rows),
        n_tied=_n_tied(table.ranked),
        scores=_scores(evaluation) if evaluation else (),
        standing=standing(records),
        scored_trials=evaluated_trials(records, evaluation) if evaluation else (),
        n_test_looks=sum(e.split == "test" for e in records.evaluations),
    )


def _row(trial: Trial) -> TrialRow:
    return TrialRow(
        number=trial.number,
        valid_loss=trial.value,
        standard_error=trial.standard_error,
        train_loss=trial.train_loss,
        valid_metric=trial.valid_metric,
        effort=trial.effort,
        n_parameters=trial.n_parameters,
        params=trial.params,
    )


def _varying(rows: tuple[TrialRow, ...]) -> tuple[str, ...]:
    names = dict.fromkeys(name for row in rows for name in row.params)
    return tuple(n for n in names if len({row.params.get(n) for row in rows}) > 1)


def _n_tied(ranked: tuple[Trial, ...]) -> int:
    """Trials within two standard errors of the best one's validation loss.

    The rows are the same, so this rule is cautious: it calls more trials equal than a paired
    test would. Two standard errors are about 95 %.
    """
    if not ranked:
        return 0
    best = ranked[0]
    margin = 2.0 * best.standard_error
    return sum(t.value <= best.value + margin for t in ranked[1:]) if margin > 0 else 0


def _scores(evaluation: EvaluationRecord) -> tuple[Score, ...]:
    known = [m for m in PRIMARY_METRICS if m in evaluation.scores]
    more = [m for m in evaluation.scores if m not in PRIMARY_METRICS]
    return tuple(
        Score(
            metric=metric,
            network=evaluation.scores[metric],
            interval=evaluation.intervals.get(metric),
            references=tuple(
                ReferenceScore(one.name, one.scores[metric], one.intervals.get(metric))
                for one in evaluation.references
                if metric in one.scores
            ),
        )
        for metric in (*known, *more)
    )
