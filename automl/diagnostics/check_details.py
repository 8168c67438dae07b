"""What a data check says beside its value, for those who judge it."""

from __future__ import annotations

from storage.records import DataCheckRecord, Json


def detail(check: DataCheckRecord, name: str) -> float | None:
    """A number among the details; None where it was not measured."""
    value = check.details.get(name)
    return float(value) if isinstance(value, int | float) else None


def evidence(check: DataCheckRecord) -> dict[str, Json]:
    """All that was measured, for the diagnosis."""
    return {"subject": check.subject, "value": check.value, **check.details}
