"""Which columns give the target away, judged from what `automl/data/table/leaks.py` measured.

A strong column is no leak by being strong. It is held against all others: where they know the
target as well, the problem is easy; where they know nothing of it, the column is the only
predictor there is. A leak is far ahead of others that know something. Only what has the target
itself, in another unit or under other names, needs no comparison.
"""

from __future__ import annotations

import shlex

from automl.diagnostics.check_details import detail, evidence
from automl.diagnostics.thresholds import (
    EXACT_REST,
    LEAKAGE_LEAD,
    LEAKAGE_MARGIN,
    LEAKAGE_SHARE,
    LEAST_OTHERS,
    RENAMED_CLASSES,
    RENAMED_SHARE,
)
from automl.wording.numbers import percent
from storage.records import Advice, DataCheckRecord, Diagnosis


def judge_leakage(check: DataCheckRecord) -> Diagnosis | None:
    """A sum of few columns that is the target, or one that knows it far better than all others.

    Its scores are void, a "problem". The only predictor of a table is worth knowing, no more.
    """
    others = detail(check, "others")
    if "columns" in check.details:
        is_leak, message = _judge_sum(check, others)
    else:
        is_leak, message = _judge_column(check, others)
    if not message:
        return None
    if not is_leak:
        return Diagnosis("only_predictor", "info", message, evidence(check))
    columns = check.details.get("drop", [check.subject])
    names = [str(name) for name in columns] if isinstance(columns, list) else [check.subject]
    are = "they are" if len(names) > 1 else "it is"
    drop = " ".join(f"--drop {shlex.quote(name)}" for name in names)
    return Diagnosis(
        kind="leakage",
        severity="problem",
        message=(
            f"{message} If {are} not known when a prediction is needed, every score here is too "
            f"good."
        ),
        evidence=evidence(check),
        advice=(
            Advice(f"Then leave {'them' if len(names) > 1 else 'it'} out: search with `{drop}`."),
        ),
    )


def _judge_sum(check: DataCheckRecord, others: float | None) -> tuple[bool, str]:
    """Whether a sum of columns leaks, and what is to be said of it.

    A column that is exactly the target in other units is a leak whatever is beside it. Else the
    columns are the target's parts only where others know something of it too: a law without
    noise, in a table of nothing but its variables, looks the same.
    """
    is_exact = 1 - check.value <= EXACT_REST
    message = _described_sum(check, "exactly" if is_exact else "almost exactly")
    columns = check.details.get("columns")
    if is_exact and isinstance(columns, list) and len(columns) == 1:
        return True, message
    if others is None:
        return False, ""
    if others < LEAST_OTHERS:
        return False, f"{message} All others together tell nothing of it."
    return True, message


def _described_sum(check: DataCheckRecord, exactly: str) -> str:
    target, weights = check.details.get("target", "the target"), check.details.get("weights")
    columns = check.details.get("columns")
    is_one = isinstance(columns, list) and len(columns) == 1
    gives = f"Column {check.subject} gives" if is_one else f"Columns {check.subject} together give"
    message = f"{gives} {target} {exactly}"
    if not isinstance(weights, list):  # of classes
        return f"{message}."
    rounded = sorted(round(one, 2) for one in weights if isinstance(one, int | float))
    if is_one:
        return f"{message}: it {'is the same' if rounded == [1] else 'only has another unit'}."
    named = {(1.0,): "their sum", (-1.0, 1.0): "their difference"}
    how = named.get(tuple(dict.fromkeys(rounded)), "a weighted sum of them")
    return f"{message}: {how}."


def _judge_column(check: DataCheckRecord, others: float | None) -> tuple[bool, str]:
    """Whether a column leaks by what it knows alone, and what is to be said of it.

    The only column of a table has nothing to be held against, and is a leak only where it has
    the classes under other names. Beside columns that know nothing it is one where it nearly
    has them.
    """
    renames = detail(check, "renames") or 0.0
    if renames == 1:
        return True, f"Column {check.subject} has the classes of the target under other names."
    if others is None:
        return False, ""
    alone = (
        f"Column {check.subject} alone explains {percent(check.value)} of the target's variance"
    )
    missing, missing_of_others = 1 - check.value, 1 - others
    beside = f"; all others together explain {percent(others)}."
    if (
        renames >= RENAMED_CLASSES
        and check.value >= RENAMED_SHARE
        and missing_of_others >= missing
    ):
        return True, f"{alone}: it names the class of {percent(renames)} of the rows{beside}"
    if check.value < LEAKAGE_SHARE or missing_of_others < LEAKAGE_LEAD * missing + LEAKAGE_MARGIN:
        return False, ""
    return others >= LEAST_OTHERS, f"{alone}{beside}"
