"""What is wrong with the data, judged from the checks kept when they were loaded.

The checks themselves (`automl/data/checks.py`) see the data and give numbers; here the
numbers get a severity, a sentence and advice. A leaked target or a shifted split comes
before any verdict on the network: with them its score means something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from automl.diagnostics.thresholds import (
    DUPLICATE_SHARE,
    IMBALANCE_SHARE,
    LEAKAGE_SHARE,
    MIN_CLASS_ROWS,
    SHIFT_AUC,
)
from automl.diagnostics.wording import count, number, percent
from storage.records import Advice, DataCheckRecord, Diagnosis, Json


def diagnose_data(checks: Sequence[DataCheckRecord]) -> tuple[Diagnosis, ...]:
    """Judge the data checks; what makes scores untrue comes first."""
    found = [judge(check) for check in checks if (judge := JUDGES.get(check.kind))]
    order = {"problem": 0, "warning": 1, "info": 2, "good": 3}
    return tuple(sorted((one for one in found if one), key=lambda one: order[one.severity]))


def _leakage(check: DataCheckRecord) -> Diagnosis | None:
    if check.value < LEAKAGE_SHARE:
        return None
    return Diagnosis(
        kind="leakage",
        severity="problem",
        message=(
            f"Column {check.subject} alone predicts the target almost perfectly "
            f"({percent(check.value)} of the error of guessing is gone). If it is not known when "
            f"a prediction is needed, all scores here are too good."
        ),
        evidence=_evidence(check),
        advice=(Advice(f"If it holds the answer, search again with `--drop {check.subject}`."),),
    )


def _shift(check: DataCheckRecord) -> Diagnosis | None:
    if check.value < SHIFT_AUC:
        return None
    return Diagnosis(
        kind="shift",
        severity="problem",
        message=(
            f"The rows of {check.subject} differ: a classifier tells them apart with an area "
            f"under the ROC curve of {number(check.value, 2)} (0.5 if they were alike). What is "
            f"learned on one split need not hold on the other."
        ),
        evidence=_evidence(check),
        advice=(
            Advice(
                "Split as the network will be used: `--time COLUMN` or `--group COLUMN`, or at "
                "random if order means nothing."
            ),
        ),
    )


def _duplicates(check: DataCheckRecord) -> Diagnosis | None:
    return Diagnosis(
        kind="duplicated_rows",
        severity="warning" if check.value >= DUPLICATE_SHARE else "info",
        message=(
            f"{percent(check.value)} of the rows of {check.subject} are repetitions: scores on "
            f"them reward memory."
        ),
        evidence=_evidence(check),
        advice=(Advice("Keep one of each, or keep repetitions together with `--group COLUMN`."),),
    )


def _imbalance(check: DataCheckRecord) -> Diagnosis | None:
    if check.value >= IMBALANCE_SHARE:
        return None
    return Diagnosis(
        kind="imbalance",
        severity="info",
        message=(
            f"Class {check.subject} makes up {percent(check.value)} of the rows: a network that "
            f"never predicts it is wrong on no more than these. Read balanced accuracy."
        ),
        evidence=_evidence(check),
        advice=(Advice("Weigh the classes: `--class-weights`."),),
    )


def _few_rows(check: DataCheckRecord) -> Diagnosis | None:
    if check.value >= MIN_CLASS_ROWS:
        return None
    return Diagnosis(
        kind="few_rows",
        severity="info",
        message=(
            f"Class {check.subject} has {count(int(check.value), 'train row')}: too few to learn, "
            f"or to measure, what is typical of it."
        ),
        evidence=_evidence(check),
        advice=(Advice("Get more rows of it, or merge it with a class alike."),),
    )


def _outliers(check: DataCheckRecord) -> Diagnosis | None:
    return Diagnosis(
        kind="outliers",
        severity="info",
        message=(
            f"{percent(check.value)} of the values of {check.subject} lie far outside the others."
        ),
        evidence=_evidence(check),
        advice=(
            Advice(
                "Scale by quantiles.",
            ),
        ),
    )


def _evidence(check: DataCheckRecord) -> dict[str, Json]:
    return {"subject": check.subject, "value": check.value, **check.details}


JUDGES: Mapping[str, Callable[[DataCheckRecord], Diagnosis | None]] = {
    "leakage": _leakage,
    "shift": _shift,
    "duplicated_rows": _duplicates,
    "imbalance": _imbalance,
    "few_rows": _few_rows,
    "outliers": _outliers,
}
