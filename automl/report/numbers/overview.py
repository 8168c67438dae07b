"""Numbers of the report's first part: the best configuration, its scores, its certainty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from automl.diagnostics.choice import choice_sentences, scored_name
from automl.diagnostics.standing import Standing, standing
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial
from automl.wording.scores import HIGHER_IS_BETTER, scores_in_order
from storage.answers import evaluated_trials, latest_evaluation, study_evaluation
from storage.records import StudyRecords
from storage.score_records import EvaluationRecord, ReferenceName

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
    """One test score of the answer beside those of the references."""

    metric: str
    network: float
    interval: Interval | None  # 95 %, bootstrap over test rows
    references: tuple[ReferenceScore, ...]
    scored: str = "network"  # what has it, see `scored_name`

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger score is the better one."""
        return self.metric in HIGHER_IS_BETTER


@dataclass(frozen=True, slots=True)
class Overview:
    """The answer to "what is the best configuration, and how good is it?"."""

    best: Trial | None
    rows: tuple[Trial, ...]  # the best first
    varying: tuple[str, ...]  # parameters that differ between the rows
    n_tied: int  # complete trials that the best cannot be told from, itself not counted
    scores: tuple[Score, ...]
    standing: Standing
    scored_trials: tuple[int, ...]  # whose networks have the scores
    n_test_looks: int  # how often test targets were read
    choice: tuple[str, ...] = ()  # sentences on what is handed over, if there was a choice


PRIMARY_METRICS = ("accuracy", "rmse", "balanced_accuracy", "f1", "roc_auc", "mae", "r2", "loss")


def overview(table: StudyTable) -> Overview:
    """The best trials and the test scores of the answer; if it has none, the latest of any."""
    rows = table.ranked[:N_BEST_TRIALS]
    records = table.records
    evaluation = _evaluation(records)
    return Overview(
        best=rows[0] if rows else None,
        rows=rows,
        varying=_varying(rows),
        n_tied=_n_tied(table.ranked),
        scores=test_scores(records),
        standing=standing(records),
        scored_trials=evaluated_trials(records, evaluation) if evaluation else (),
        n_test_looks=_n_test_looks(records),
        choice=tuple(choice_sentences(records)),
    )


def _n_test_looks(records: StudyRecords) -> int:
    """How often test rows were scored; the best trial beside the answer is of the same look."""
    test = Counter((e.evaluated_at, e.answer_id) for e in records.evaluations if e.split == "test")
    looks: dict[float, int] = {}
    for (moment, _), n in test.items():
        looks[moment] = max(n, looks.get(moment, 0))
    return sum(looks.values())


def _varying(rows: tuple[Trial, ...]) -> tuple[str, ...]:
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


def test_scores(records: StudyRecords) -> tuple[Score, ...]:
    """All test scores of the network that was evaluated: the study's metric, the primary ones."""
    evaluation = _evaluation(records)
    if evaluation is None:
        return ()
    known = [m for m in PRIMARY_METRICS if m in evaluation.scores]
    more = [m for m in evaluation.scores if m not in PRIMARY_METRICS]
    ordered = scores_in_order((*known, *more), records.settings)
    scored = scored_name(records, evaluation)
    return tuple(replace(_score(evaluation, metric), scored=scored) for metric in ordered)


def _evaluation(records: StudyRecords) -> EvaluationRecord | None:
    """The answer's on test rows; if it has none, the latest of any."""
    return study_evaluation(records, "test") or latest_evaluation(records, "test")


def _score(evaluation: EvaluationRecord, metric: str) -> Score:
    return Score(
        metric=metric,
        network=evaluation.scores[metric],
        interval=evaluation.intervals.get(metric),
        references=tuple(
            ReferenceScore(one.name, one.scores[metric], one.intervals.get(metric))
            for one in evaluation.references
            if metric in one.scores
        ),
    )
