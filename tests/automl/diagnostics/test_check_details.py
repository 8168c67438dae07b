"""Numbers among the details of a check."""

from __future__ import annotations

from automl.diagnostics.check_details import detail, evidence
from storage.records import DataCheckRecord

CHECK = DataCheckRecord("leakage", "answer", 0.99, {"others": 0.4, "columns": ["answer"]})


def test_a_detail_is_a_number_or_was_not_measured() -> None:
    assert detail(CHECK, "others") == 0.4
    assert detail(CHECK, "columns") is None
    assert detail(CHECK, "renames") is None


def test_evidence_is_all_that_was_measured() -> None:
    assert evidence(CHECK) == {"subject": "answer", "value": 0.99, **CHECK.details}
