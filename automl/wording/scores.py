"""Scores as people know and read them, the same in the terminal and in the report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from automl.wording.numbers import number, percent
from storage.records import StudySettings
from storage.score_records import PairedDifference, score_of

NAMES = {
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}
"""Those that are no words of their own."""

HIGHER_IS_BETTER = frozenset({"accuracy", "balanced_accuracy", "f1", "roc_auc", "r2"})
"""Of all others, the lower value is the better one."""

WITH_A_UNIT = frozenset({"loss", "rmse", "mae"})

SHARES = frozenset({"accuracy", "balanced_accuracy", "error_rate"})
"""Read as per cent; with one decimal, since the last per cents are what searches fight for."""


SPLIT_NAMES = {"train": "train", "valid": "validation", "test": "test"}
"""The rows that a score is of, as in "on validation rows"."""


def score_name(metric: str) -> str:
    """The name of a score: "RMSE", "balanced accuracy"."""
    return NAMES.get(metric, metric.replace("_", " "))


def read_score(settings: StudySettings) -> str:
    """The score that people read first: that of the study's metric, if it was given one.

    Else the accuracy, or the RMSE in the target's own unit.
    """
    if settings.metric is not None:
        return score_of(settings.metric)
    return "rmse" if settings.task == "regression" else "accuracy"


def scores_in_order(names: Iterable[str], settings: StudySettings) -> tuple[str, ...]:
    """Names of scores, that of the study's metric first, if it was given one."""
    known = tuple(names)
    first = None if settings.metric is None else score_of(settings.metric)
    return tuple(sorted(known, key=lambda name: name != first))


def readable(metric: str, value: float) -> float:
    """The value without what rounding errors left: the R² of a mean is 0, not -3.5e-06.

    Scores without a unit lie around 1: a fifth decimal says nothing.
    """
    return value if metric in WITH_A_UNIT else round(value, 4) + 0.0


def score_text(metric: str, value: float | None) -> str:
    """A score for people: "97.2 %", "0.9994", "22,064", and a dash where there is none.

    Four digits tell two results of a search apart on any number of rows that it can have seen;
    in front of the decimal point all are shown, so that money reads as money, up to ten of them.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if metric in SHARES:
        return f"{100 * value:.1f} %"
    shown = readable(metric, value)
    if shown == 0:
        return "0"
    if abs(shown) < 1e-3 or abs(shown) >= (1e10 if metric in WITH_A_UNIT else 1e5):
        return f"{shown:.3g}"
    return f"{shown:,.0f}" if abs(shown) >= 999.95 else f"{shown:#.4g}"


def interval_text(metric: str, interval: Sequence[float]) -> str:
    """The ends of a score's interval: "95.6 % to 98.9 %"; empty where it has none."""
    return " to ".join(score_text(metric, end) for end in interval)


def score_and_interval(metric: str, value: float, interval: Sequence[float] | None) -> str:
    """A score and its 95 % interval, where it has one: "97.2 % (95.6 % to 98.9 %)"."""
    ends = f" ({interval_text(metric, interval)})" if interval else ""
    return score_text(metric, value) + ends


def gain_text(metric: str, gain: PairedDifference) -> str:
    """How one's score lies beside another's: "lower by 0.01, 95 % interval 0.002 to 0.02".

    Which way it goes is said in words, so that the same difference has one sign everywhere.
    """
    better, worse = ("higher", "lower") if metric in HIGHER_IS_BETTER else ("lower", "higher")
    low, high = (difference_text(metric, abs(end)) for end in (gain.low, gain.high))
    if gain.low < 0 < gain.high:
        interval = f"{low} {worse} to {high} {better}"
    else:
        interval = f"{low} to {high}" if gain.value >= 0 else f"{high} to {low}"
    word = better if gain.value >= 0 else worse
    return f"{word} by {difference_text(metric, abs(gain.value))}, 95 % interval {interval}"


def difference_text(metric: str, value: float) -> str:
    """A difference of two scores: of shares in percentage points, of others three digits."""
    if metric in SHARES:
        return f"{100 * value:.1f} points"
    return score_text(metric, value) if abs(value) >= 999.5 else f"{value:.3g}"


def error(value: float, metric: str) -> str:
    """An error rate as "6.1 % of rows wrong", an RMSE in the target's own unit."""
    if metric == "error_rate":
        return f"{percent(value)} of rows wrong"
    return f"RMSE {number(value)}"
