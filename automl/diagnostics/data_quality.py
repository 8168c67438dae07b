"""What is wrong with the data, judged from the checks kept when they were loaded.

The checks themselves (`automl/data/table/checks.py`) see the data and give numbers; here the
numbers get a severity, a sentence and advice (those on leaks in `leakage.py`). A "problem" voids
the scores: remembered rows, a leaked target or a shifted split come before any verdict on the
network.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from automl.diagnostics.check_details import detail, evidence
from automl.diagnostics.leakage import judge_leakage
from automl.diagnostics.thresholds import (
    CONFLICT_SHARE,
    DUPLICATE_SHARE,
    IMBALANCE_RATIO,
    LOOK_ALIKE_SHARE,
    MEMORY_SHARE,
    MIN_CLASS_ROWS,
    MIN_ROWS_PER_INPUT,
    MISSING_SHARE,
    NOISE_MULTIPLE,
    OUTLIER_VARIANCE_SHARE,
    OUTLIER_WIDTHS,
    ROOM_FOR_ROWS,
    SHIFT_AUC,
    STRONG_SHIFT_AUC,
    VOID_DUPLICATE_SHARE,
)
from automl.wording.counts import agree, count, listing
from automl.wording.numbers import number, percent
from storage.records import Advice, DataCheckRecord, Diagnosis, Severity, SpaceChange

SPLIT_WORDS: Mapping[str, str] = {
    "train": "the train rows",
    "train/valid": "the validation rows",
    "train/test": "the test rows",
}

ORDER: Mapping[str, int] = {"problem": 0, "warning": 1, "info": 2, "good": 3}

FIRST: Sequence[str] = ("duplicated_rows", "leakage", "shift")
"""Of equally grave findings these lead: a score of remembered rows says nothing, neither of the
columns nor of the splits."""


def diagnose_data(checks: Sequence[DataCheckRecord]) -> tuple[Diagnosis, ...]:
    """Judge the data checks; what makes scores untrue comes first."""
    judged = [judge(check) for check in checks if (judge := JUDGES.get(check.kind))]
    found = [one for one in judged if one]
    for kind, join in (("duplicated_rows", _in_one), ("sentinel", _first_of_many)):
        alike = [one for one in found if one.kind == kind]
        if len(alike) > 1:
            found = [one for one in found if one not in alike] + [join(alike)]
    return tuple(sorted(found, key=_rank))


def _rank(one: Diagnosis) -> tuple[int, int]:
    return ORDER[one.severity], FIRST.index(one.kind) if one.kind in FIRST else len(FIRST)


def _in_one(diagnoses: Sequence[Diagnosis]) -> Diagnosis:
    """One diagnosis of several splits with the same advice, the gravest first."""
    ordered = sorted(diagnoses, key=lambda one: ORDER[one.severity])
    return replace(
        ordered[0],
        message=" ".join(one.message for one in ordered),
        evidence={"splits": [dict(one.evidence) for one in ordered]},
    )


def _first_of_many(diagnoses: Sequence[Diagnosis]) -> Diagnosis:
    """The first of several columns with the same fault, and the names of the others."""
    first, *others = diagnoses
    names = [str(one.evidence["subject"]) for one in others]
    shown = names if len(names) <= 8 else [*names[:8], f"{len(names) - 8} more"]
    return replace(
        first,
        message=f"{first.message} Such numbers are in {listing(shown)} too.",
        evidence={"columns": [dict(one.evidence) for one in diagnoses]},
    )


def is_shift(check: DataCheckRecord) -> bool:
    """Whether rows can be told from train rows by more than chance, and more than a little."""
    noise = detail(check, "standard_error") or 0.0
    # The standard error is a lower bound (see the check), hence twice the usual multiple.
    return check.kind == "shift" and check.value >= max(
        SHIFT_AUC, 0.5 + 2 * NOISE_MULTIPLE * noise
    )


def _shift(check: DataCheckRecord) -> Diagnosis | None:
    if not is_shift(check):
        return None
    columns = check.details.get("columns")
    names = list(columns) if isinstance(columns, Mapping) else []
    where = f" Most of it lies in {listing(names)}." if names else ""
    other = SPLIT_WORDS.get(check.subject, check.subject)
    is_strong = check.value >= STRONG_SHIFT_AUC
    said, advice = SHIFTS.get(str(check.details.get("split_by")), SHIFTS["random"])
    severity: Severity = "problem" if is_strong else "warning"
    if check.details.get("split_by") in ("time", "group"):  # asked for, and to be expected
        severity = "warning" if is_strong else "info"
    return Diagnosis(
        kind="shift",
        severity=severity,
        message=(
            f"The train rows and {other} differ: a classifier tells them apart with an area under "
            f"the ROC curve of {number(check.value, 2)} (0.5 if they were alike).{where} {said}"
        ),
        evidence=evidence(check),
        advice=(Advice(advice),),
    )


SHIFTS: Mapping[str, tuple[str, str]] = {
    "random": (
        "What is learned on the train rows need not hold there.",
        "Split as the network will be used: `--time COLUMN` for rows in order, `--group COLUMN` "
        "for rows that belong together, or leave out what only tells the splits apart "
        "(`--drop COLUMN`).",
    ),
    "file": (
        "What is learned on the train rows need not hold there.",
        "Check that both files were made in the same way, and leave out what only tells them "
        "apart (`--drop COLUMN`).",
    ),
    "time": (
        "Things change with time, and the scores include that, as they should.",
        "Train again as new rows come, and leave out what only tells the time (`--drop COLUMN`).",
    ),
    "group": (
        "Groups differ, and the scores include that, as they should.",
        "Bring rows of more groups, and leave out what only tells the groups apart "
        "(`--drop COLUMN`).",
    ),
}
"""What a shift means and what to do, by what divides the rows; see `data/table/probes.py`."""


def _duplicates(check: DataCheckRecord) -> Diagnosis | None:
    across = check.subject != "train"
    if check.value < DUPLICATE_SHARE:
        return None
    share = f"{percent(check.value)} of {SPLIT_WORDS.get(check.subject, check.subject)}"
    differing = detail(check, "other_target") or 0.0
    room = detail(check, "n_possible_per_row")
    severity: Severity = "info"
    if differing > LOOK_ALIKE_SHARE or (room is not None and room < ROOM_FOR_ROWS):
        message = f"{share} look like {'a train row' if across else 'another one'}."
        advice = "They need be no copies: the columns have few values, so that rows are alike."
        if differing > LOOK_ALIKE_SHARE:
            advice = (
                f"They are no copies: {percent(differing)} of the rows that look like others have "
                f"another target. A further column could tell them apart."
            )
    else:
        message = f"{share} repeat another one: they count more than once."
        advice = "Keep one of each, or keep them in one split with `--group COLUMN`."
        if across:
            message = f"{share} are in the train rows too: scores on them reward memory."
            severity = "warning" if check.value >= MEMORY_SHARE else severity
        if across and check.value >= VOID_DUPLICATE_SHARE:
            message = f"{message[:-1]}, and say nothing of new rows."
            severity = "problem"
    return Diagnosis(
        kind="duplicated_rows",
        severity=severity,
        message=message,
        evidence=evidence(check),
        advice=(Advice(advice),),
    )


def _conflicts(check: DataCheckRecord) -> Diagnosis | None:
    if check.value < CONFLICT_SHARE:
        return None
    return Diagnosis(
        kind="conflicting_rows",
        severity="info",
        message=(
            f"{percent(check.value)} of the train rows have the same inputs as another row and a "
            f"different target: no network can be right on all of them."
        ),
        evidence=evidence(check),
        advice=(Advice("Check these labels, or add a column that tells the rows apart."),),
    )


def _imbalance(check: DataCheckRecord) -> Diagnosis | None:
    if check.value < IMBALANCE_RATIO:
        return None
    return Diagnosis(
        kind="imbalance",
        severity="info",
        message=(
            f"The commonest class has {number(check.value, 2)} rows for each row of class "
            f"{check.subject}: accuracy says little about the rare ones, balanced accuracy does."
        ),
        evidence=evidence(check),
        advice=(
            Advice(
                "Give each class the same weight in training: `--class-weights`.",
                (SpaceChange("class_weights", "true"),),
            ),
        ),
    )


def _few_rows(check: DataCheckRecord) -> Diagnosis | None:
    if check.value >= MIN_CLASS_ROWS:
        return None
    return Diagnosis(
        kind="few_rows_per_class",
        severity="info",
        message=(
            f"Class {check.subject} has {count(int(check.value), 'train row')}: too few to learn, "
            f"or to measure, what is typical of it."
        ),
        evidence=evidence(check),
        advice=(Advice("Get more rows of it, or merge it with a class that is alike."),),
    )


def _outliers(check: DataCheckRecord) -> Diagnosis | None:
    if check.value < OUTLIER_WIDTHS:
        return None
    farthest = detail(check, "farthest")
    value = "" if farthest is None else f" of {number(farthest)}"
    if "variance_share" in check.details:
        return _target_outliers(check, value)
    return Diagnosis(
        kind="outliers",
        severity="info",
        message=(
            f"Column {check.subject} has a value{value}, {number(check.value, 2)} times the width "
            f"of its middle half away from the median."
        ),
        evidence=evidence(check),
        advice=(Advice("Check it. As an input, `--set scaling=quantile` makes it harmless."),),
    )


def _target_outliers(check: DataCheckRecord, value: str) -> Diagnosis:
    """Far values of the target: where they make most of its variance, the loss is about them."""
    share, n_rows = detail(check, "variance_share") or 0.0, int(detail(check, "n_beyond") or 0)
    outweigh = share >= OUTLIER_VARIANCE_SHARE
    said = (
        f"{count(n_rows, 'train row')} with such values {agree(n_rows, 'makes', 'make')} "
        f"{percent(share)} of its variance"
    )
    effect = ": every score here is about them more than about the others." if outweigh else "."
    return Diagnosis(
        kind="outliers",
        severity="problem" if outweigh else "info",
        message=(
            f"The target {check.subject} has a value{value}, {number(check.value, 2)} times the "
            f"width of its middle half away from the median; {said}{effect}"
        ),
        evidence=evidence(check),
        advice=(
            Advice(
                "Check these rows. Where the values are wrong, leave the rows out; where they are "
                "right, a logarithm of the target may bring them nearer."
            ),
        ),
    )


def _sentinel(check: DataCheckRecord) -> Diagnosis | None:
    """Whether it means "missing" only a person knows, so that it is no problem yet."""
    marks = check.details.get("marks")
    if not isinstance(marks, list):
        return None
    written = [number(float(mark), 15) for mark in marks if isinstance(mark, int | float)]
    options = listing([f"`--missing '{check.subject}={mark}'`" for mark in written])
    return Diagnosis(
        kind="sentinel",
        severity="warning",
        message=(
            f"Column {check.subject} is {listing(written, 'or')} in {percent(check.value)} of the "
            f"train rows, unlike its other numbers: it may mean that the value is missing, but "
            f"counts as a number."
        ),
        evidence=evidence(check),
        advice=(Advice(f"If it does, search with {options}."),),
    )


def _missing(check: DataCheckRecord) -> Diagnosis | None:
    if check.value < MISSING_SHARE:
        return None
    return Diagnosis(
        kind="missing_values",
        severity="info",
        message=f"Column {check.subject} is empty in {percent(check.value)} of the train rows.",
        evidence=evidence(check),
    )


def _rows_per_input(check: DataCheckRecord) -> Diagnosis | None:
    if check.value >= MIN_ROWS_PER_INPUT:
        return None
    return Diagnosis(
        kind="few_rows",
        severity="info",
        message=(
            f"There are {number(check.value, 2)} train rows for each input of the network: with "
            f"so few, expect high variance."
        ),
        evidence=evidence(check),
        advice=(Advice("Leave out columns that cannot matter (`--drop`), or get more rows."),),
    )


def _possible_group(check: DataCheckRecord) -> Diagnosis:
    n_values, rows_each = detail(check, "n_values") or 0.0, detail(check, "rows_each") or 0.0
    return Diagnosis(
        kind="possible_group",
        severity="info",
        message=(
            f"Column {check.subject} has {int(n_values):,} values, of about "
            f"{count(round(rows_each), 'row')} each: {percent(check.value)} of the test rows have "
            f"one that train rows have too. Scores say nothing of rows that have others."
        ),
        evidence=evidence(check),
        advice=(
            Advice(
                "If rows to predict will have others, keep those of each together: "
                f"`--group {shlex.quote(check.subject)}`."
            ),
        ),
    )


JUDGES: Mapping[str, Callable[[DataCheckRecord], Diagnosis | None]] = {
    "leakage": judge_leakage,
    "shift": _shift,
    "duplicated_rows": _duplicates,
    "conflicting_rows": _conflicts,
    "imbalance": _imbalance,
    "few_rows_per_class": _few_rows,
    "outliers": _outliers,
    "sentinel": _sentinel,
    "missing_values": _missing,
    "possible_group": _possible_group,
    "rows_per_input": _rows_per_input,
}
"""By kind of check. `dropped_column` has no judge: it is told when the data are loaded."""
