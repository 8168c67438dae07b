"""The result in words: the scores, their certainty, the best configuration, the tables."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from automl.report.numbers.effort import Effort
from automl.report.numbers.overview import Overview, Score
from automl.report.numbers.trials import Trial
from automl.wording.counts import agree, count, counted, trial_words
from automl.wording.numbers import duration, number
from automl.wording.references import REFERENCE_NAMES
from automl.wording.scores import score_name, score_text
from automl.wording.settings import parameter_text
from storage.records import CAUSES, ParameterValue, StudySettings
from storage.score_records import ReferenceName

TASKS = {
    "binary": "Binary classification",
    "multiclass": "Multiclass classification",
    "regression": "Regression",
    "objective": "An objective of one's own",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One figure of the page's head: a label, a number, a remark."""

    label: str
    value: str
    remark: str = ""


def subject(settings: StudySettings) -> str:
    """What was searched, and of what: "Regression of price from houses.csv"."""
    if settings.is_objective:
        return f"{TASKS['objective']}, {settings.data_source}"
    return f"{TASKS[settings.task]} of {settings.target} from {settings.data_source}"


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
                score_text("loss", shown.best.value),
                f"{margin}best of {count(spent.outcomes.get('complete', 0), 'complete trial')}",
            )
        )
    made.append(Card("Trials", f"{spent.n_trials:,}", counted(spent.outcomes)))
    remark = f"{count(spent.n_epochs, 'epoch')}, at most {settings.max_epochs} a run"
    made.append(Card("Time in training", duration(spent.seconds), remark))
    return made


def _score_card(score: Score) -> Card:
    remark = ""
    if score.interval:
        low, high = (score_text(score.metric, value) for value in score.interval)
        remark = f"95 % interval {low} to {high}"
    name = score_name(score.metric)
    return Card(f"Test {name}", score_text(score.metric, score.network), remark)


def certainty(shown: Overview) -> list[str]:
    """Sentences on how far the result can be believed, beside the headline."""
    if shown.best is None:
        return ["No trial has completed, so there is no best configuration yet."]
    sentences = []
    if shown.n_tied:
        others = count(shown.n_tied, "other complete trial")
        sentences.append(
            f"By validation loss trial {shown.best.number} cannot be told from {others}: "
            f"{agree(shown.n_tied, 'it lies', 'they lie')} within two standard errors of it."
        )
    elif len(shown.rows) == 1:
        sentences.append(f"Trial {shown.best.number} is the only one that has completed.")
    elif not shown.rows[0].standard_error > 0:
        sentences.append(
            "How far chance moves these losses is not known: trials that lie close may be equals."
        )
    else:
        sentences.append(
            f"No other complete trial lies within two standard errors of trial "
            f"{shown.best.number}'s validation loss."
        )
    sentences += shown.choice
    if not shown.scores:
        return sentences
    if shown.scored_trials not in ((), (shown.best.number,)):
        sentences.append(f"The test scores are those of {trial_words(shown.scored_trials)}.")
    looks = agree(shown.n_test_looks, "once", f"{shown.n_test_looks} times")
    sentences.append(f"Test targets of this study have been looked at {looks}.")
    return sentences


def score_head(shown: Overview) -> list[str]:
    """Column titles of the table of test scores: the scores."""
    return ["", *(score_name(score.metric) for score in shown.scores)]


def score_rows(shown: Overview) -> list[tuple[str, ...]]:
    """The answer with its intervals, then the references, best first: as texts.

    Models are rows, so that all of them are seen on a phone too.
    """
    if not shown.scores:
        return []
    rows = [
        (shown.scores[0].scored, *(score_text(s.metric, s.network) for s in shown.scores)),
        ("its 95 % interval", *(_interval_text(score) for score in shown.scores)),
    ]
    for one in reversed(shown.scores[0].references):
        cells = (_reference_text(score, one.name) for score in shown.scores)
        rows.append((REFERENCE_NAMES[one.name], *cells))
    return rows


def _interval_text(score: Score) -> str:
    if not score.interval:
        return "–"
    low, high = (score_text(score.metric, value) for value in score.interval)
    return f"{low.removesuffix(' %')} to {high}".replace(" %", "\u00a0%")


def _reference_text(score: Score, name: ReferenceName) -> str:
    """A dash where the reference has no such score."""
    values = {one.name: one.value for one in score.references}
    return score_text(score.metric, values[name]) if name in values else "–"


def configuration(row: Trial | None, searched: Collection[str]) -> list[tuple[str, str]]:
    """The searched part of the best configuration, name by name."""
    params = row.params if row else {}
    return [(name, parameter_text(value)) for name, value in params.items() if name in searched]


def fixed(
    row: Trial | None, searched: Collection[str], known: Mapping[str, ParameterValue]
) -> str:
    """What the best configuration has in common with all trials.

    Args:
        known: what the space fixes.
    """
    if row is None:
        return ""
    params = {**known, **{n: value for n, value in row.params.items() if n not in searched}}
    return ", ".join(f"{name} {parameter_text(value)}" for name, value in params.items())


def best_rows(shown: Overview, metric: str) -> list[list[str]]:
    """The table of best trials as texts; its head is `best_head`."""
    return [
        [
            str(row.number),
            score_text("loss", row.value),
            score_text("loss", row.train_loss),
            *([score_text(metric, row.valid_metric)] if metric != "loss" else []),
            f"{row.effort.best_in_words or '–'} / {row.effort.epochs_in_words or 0}",
            f"{row.n_parameters:,}" if row.n_parameters else "–",
            *(parameter_text(row.params[n]) if n in row.params else "" for n in shown.varying),
        ]
        for row in shown.rows
    ]


def best_head(shown: Overview, metric: str) -> list[str]:
    """Column titles of the table of best trials."""
    names = {"error_rate": ["valid error rate"], "rmse": ["valid RMSE"]}.get(metric, [])
    return ["trial", "valid loss", "train loss", *names, "best epoch", "parameters",
            *shown.varying]  # fmt: skip


def causes(spent: Effort) -> list[tuple[str, str, str, str]]:
    """Why trials ended by themselves: cause, number, meaning, the last one's message."""
    return [
        (cause.replace("_", " "), f"{n:,}", CAUSES.get(cause, ""), spent.messages.get(cause, ""))
        for cause, n in spent.causes.items()
    ]
