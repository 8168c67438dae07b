"""Part 9 of the report in words: where the numbers come from, and how to get them again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from automl.report.figures import style
from automl.report.numbers.comparison import describe_range
from automl.report.verdict_part import evidence_text
from storage.records import StudyRecords, StudySettings


def facts(settings: StudySettings) -> list[tuple[str, str]]:
    """Where the numbers come from: the person's command, the data, the seed, the versions."""
    created = ""
    if settings.created_at:
        created = datetime.fromtimestamp(settings.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    rows = ", ".join(f"{n:,} {split}" for split, n in settings.n_rows.items())
    n_folds = settings.split.get("n_folds", 1)
    if n_folds != 1:
        rows += f"; train and valid in the first of {n_folds} folds"
    split = ", ".join(
        f"{k.replace('_', ' ')} {evidence_text(v)}"
        for k, v in settings.split.items()
        if v is not None
    )
    pairs = [
        ("Created", created),
        ("Data", settings.data_source),
        ("Fingerprint", settings.data_fingerprint),
        ("Target", f"{settings.target} ({settings.task})"),
        ("Rows", rows),
        ("Inputs", f"{settings.n_features:,} after encoding"),
        ("Split", split),
        ("Loss", settings.loss),
        ("Epochs", f"at most {settings.max_epochs}, patience {settings.patience}"),
        ("Seed", str(settings.seed)),
        ("Versions", ", ".join(f"{name} {v}" for name, v in settings.versions.items())),
    ]
    return [(name, text) for name, text in pairs if text]


def columns(settings: StudySettings) -> list[tuple[str, str]]:
    """Columns of the table and how they were read; dropped ones first."""
    return sorted(settings.columns.items(), key=lambda pair: not pair[1].startswith("dropped"))


def space_rows(settings: StudySettings) -> list[tuple[str, str, str, str]]:
    """Parameter, range, condition, reason."""
    parameters = cast("Mapping[str, Any]", settings.space.get("parameters") or {})
    return [
        (name, describe_range(entry), _condition(entry), str(entry.get("reason") or ""))
        for name, entry in parameters.items()
    ]


def _condition(entry: Mapping[str, Any]) -> str:
    """When a parameter is there: one table of conditions that all hold, or any of several."""
    when = entry.get("when") or []
    tables = [when] if isinstance(when, Mapping) else when
    return ", or ".join(
        " and ".join(
            f"{name} is {' or '.join(map(str, values))}" for name, values in table.items()
        )
        for table in tables
    )


def data_checks(records: StudyRecords) -> list[tuple[str, str, str]]:
    """What was noticed in the data: kind, subject, value."""
    return [
        (check.kind.replace("_", " "), check.subject, style.number(check.value))
        for check in records.data_checks
    ]
