"""Lines on data checks that a person may want to act on before anything is trained.

They are printed when a table is loaded, warned of in Python, and asked again of a stored study:
which columns were left out, why, and how each can be used all the same; and which may say whose
rows they are. What is said here changes no score, and is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from automl.wording.counts import count
from automl.wording.option_names import is_typed, named
from storage.records import DataCheckRecord

FREE_TEXT = "free text"
"""Why texts of several words that nearly all differ are left out."""

SAY_NOTHING = ("constant", "all missing")
"""Why columns are left out that could teach nothing."""

MOST_NAMED = 8
"""Columns in a list of names."""


def data_notes(checks: Sequence[DataCheckRecord]) -> tuple[str, ...]:
    """All such lines of what is kept of a study's data."""
    return (*dropped_lines(checks), *group_lines(checks))


def warned_notes(checks: Sequence[DataCheckRecord]) -> tuple[str, ...]:
    """Those of which something may be lost: a column of one value says nothing to anybody."""
    lost = [one for one in checks if one.details.get("why") not in SAY_NOTHING]
    return data_notes(lost)


def noted(notes: Sequence[str]) -> str:
    """How many there are, for the `repr` of what has them; "" where there are none."""
    return f", data_notes={len(notes)}" if notes else ""


def dropped_lines(checks: Iterable[DataCheckRecord]) -> Iterator[str]:
    """Which columns were left out: those of one reason in one line, with how to use them."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for check in checks:
        if check.kind == "dropped_column":
            key = str(check.details.get("why", "")), _how_to_keep(check)
            reasons.setdefault(key, []).append(check.subject)
    for (reason, how), names in reasons.items():
        yield f"dropped as {reason}: {_listed(names)}{how}"


def group_lines(checks: Iterable[DataCheckRecord]) -> Iterator[str]:
    """Which columns may say whose rows they are, see `automl/data/table/possible_groups.py`."""
    for check in checks:
        n_values, rows_each = check.details.get("n_values"), check.details.get("rows_each")
        if check.kind == "possible_group" and isinstance(n_values, int):
            rows = count(round(float(str(rows_each))), "row")
            how = named("group", check.subject)
            if not is_typed():
                how += ", or groups in an estimator's fit"
            yield (
                f"{check.subject}: {n_values:,} values, about {rows} each, in train and test rows "
                f"alike; if rows to predict have others: {how}"
            )


def _how_to_keep(check: DataCheckRecord) -> str:
    reason, details = str(check.details.get("why", "")), check.details
    as_categories = named("categorical")
    if " % dates, but " in reason:
        return f" (keep with {named('date')}: other cells count as missing; or {as_categories})"
    if " % numbers, but " in reason:
        return f" (keep with {named('numeric')}: other cells count as missing; or {as_categories})"
    if reason == "id-like" and (details.get("kind") == "numeric" or "could_be_numeric" in details):
        return f" (keep with {named('numeric')} or {as_categories})"
    if reason == FREE_TEXT:
        return " (make numbers of it first, as by scikit-learn's TfidfVectorizer: docs/data.md)"
    if reason in ("id-like", "codes that hardly repeat") or "numbers in" in reason:
        return f" (keep with {as_categories})"
    return ""


def _listed(names: Sequence[str]) -> str:
    n_more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {n_more} more" if n_more > 0 else "")
