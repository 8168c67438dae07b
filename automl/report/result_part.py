"""Part 1 of the report in words: the result, its certainty, the tables."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.diagnostics.wording import count, number, percent
from automl.reference_names import REFERENCE_NAMES
from automl.report import alternatives
from automl.report.figures import style
from automl.report.figures.overview import score_figure
from automl.report.numbers.overview import Overview, Score, TrialRow
from automl.report.numbers.search import Effort
from automl.report.panels import Panel
from automl.score_names import readable, score_name
from storage.records import CAUSES, ParameterValue, StudySettings

TASKS = {
    "binary": "Binary classification",
    "multiclass": "Multiclass classification",
    "regression": "Regression",
}
SHARES = frozenset({"accuracy", "balanced_accuracy", "error_rate"})  # shown as percent


@dataclass(frozen=True, slots=True)
class Card:
    """One figure of the page's head: a label, a number, a remark."""

    label: str
    value: str
    remark: str = ""


def cards(shown: Overview, spent: Effort, settings: StudySettings) -> list[Card]:
    """The head of the page in four numbers."""
    made = []
    if shown.scores:
        made.append(_score_card(shown.scores[0]))
    if shown.best:
        error = shown.best.standard_error
        margin = f"± {number(2 * error, 2)}, " if math.isfinite(error) else ""
        made.append(
            Card(
                "Validation loss",
                style.number(shown.best.valid_loss),
                f"{margin}best of {count(spent.outcomes.get('complete', 0), 'complete trial')}",
            )
        )
    outcomes = ", ".join(f"{n:,} {outcome}" for outcome, n in spent.outcomes.items())
    made.append(Card("Trials", f"{spent.n_trials:,}", outcomes))
    remark = f"{spent.n_epochs:,} epochs, of a run at most {settings.max_epochs}"
    made.append(Card("Time in training", alternatives.duration(spent.seconds), remark))
    return made


def _score_card(score: Score) -> Card:
    remark = ""
    if score.interval:
        low, high = (score_text(score.metric, value) for value in score.interval)
        remark = f"95 % interval {low} to {high}"
    name = score_name(score.metric)
    return Card(f"Test {name}", score_text(score.metric, score.network), remark)


def score_text(metric: str, value: float | None) -> str:
    """A score for people: accuracies in percent, the rest as numbers."""
    if value is None or not math.isfinite(value):
        return style.number(value)
    if metric in SHARES:
        return percent_score(value)
    return style.table_number(readable(metric, value))


def percent_score(value: float) -> str:
    """An accuracy with one decimal, since the last percents are what searches fight for."""
    return f"{100 * value:.1f} %"


def certainty(shown: Overview) -> list[str]:
    """Sentences on how far the result can be believed."""
    if shown.best is None:
        return ["No trial has completed, so there is no best configuration yet."]
    sentences = []
    if shown.n_tied:
        noun = count(shown.n_tied, "other complete trial")
        sentences.append(
            f"By validation loss trial {shown.best.number} cannot be told from {noun}: they lie "
            "within two standard errors of it."
        )
    elif len(shown.rows) == 1:
        sentences.append(f"Trial {shown.best.number} is the only one that has completed.")
    else:
        sentences.append(
            f"No other complete trial lies within two standard errors of trial "
            f"{shown.best.number}'s validation loss."
        )
    if not shown.scores:
        sentences.append("Its weights have not been scored on test rows yet.")
        return sentences
    sentences.append(shown.standing.sentence)
    if shown.evaluated_trial != shown.best.number:
        sentences.append(f"The test scores are those of trial {shown.evaluated_trial}.")
    looks = "once" if shown.n_test_looks == 1 else f"{shown.n_test_looks} times"
    sentences.append(f"Test targets of this study have been looked at {looks}.")
    return sentences


def score_panel(shown: Overview) -> Panel | None:
    """The primary score with its references."""
    if not shown.scores:
        return None
    score = shown.scores[0]
    return Panel("score", "Test score", alternatives.of_score(score), score_figure(score))


def score_head(shown: Overview) -> list[str]:
    """Column titles of the table of test scores."""
    names = [one.name for one in shown.scores[0].references] if shown.scores else []
    return ["score", "network", "95 % interval", *(REFERENCE_NAMES[n] for n in reversed(names))]


def score_rows(shown: Overview) -> list[tuple[str, ...]]:
    """Metric, network, its interval, then the references, best first: as texts."""
    rows = []
    for score in shown.scores:
        interval = "–"
        if score.interval:
            low, high = (score_text(score.metric, value) for value in score.interval)
            interval = f"{low} to {high}"
        rows.append(
            (
                score_name(score.metric),
                score_text(score.metric, score.network),
                interval,
                *_reference_texts(score, shown),
            )
        )
    return rows


def _reference_texts(score: Score, shown: Overview) -> list[str]:
    """A cell for each reference of the head; empty where it has no such score."""
    values = {one.name: score_text(score.metric, one.value) for one in score.references}
    return [values.get(one.name, "–") for one in reversed(shown.scores[0].references)]


def parameter_text(value: ParameterValue) -> str:
    """A hyperparameter's value for people."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return number(value)
    return str(value)


def configuration(row: TrialRow | None) -> list[tuple[str, str]]:
    """The best configuration, name by name."""
    return [(name, parameter_text(value)) for name, value in row.params.items()] if row else []


def best_rows(shown: Overview, metric: str) -> list[list[str]]:
    """The table of best trials as texts; its head is `best_head`."""
    return [
        [
            str(row.number),
            style.table_number(row.valid_loss),
            style.table_number(row.train_loss),
            percent(row.valid_metric)
            if metric == "error_rate"
            else style.table_number(row.valid_metric),
            f"{row.effort.best_in_words or '–'} / {row.effort.epochs_in_words or 0}",
            f"{row.n_parameters:,}" if row.n_parameters else "–",
            *(parameter_text(row.params[n]) if n in row.params else "" for n in shown.varying),
        ]
        for row in shown.rows
    ]


def best_head(shown: Overview, metric: str) -> list[str]:
    """Column titles of the table of best trials."""
    name = "error rate" if metric == "error_rate" else "RMSE"
    return ["trial", "valid loss", "train loss", f"valid {name}", "best epoch", "parameters",
            *shown.varying]  # fmt: skip


def causes(spent: Effort) -> list[tuple[str, str, str, str]]:
    """Why trials ended by themselves: cause, number, meaning, the last one's message."""
    return [
        (cause.replace("_", " "), f"{n:,}", CAUSES.get(cause, ""), spent.messages.get(cause, ""))
        for cause, n in spent.causes.items()
    ]
