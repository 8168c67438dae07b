"""What is read for a list; that it is what whole studies say is in test_study_list.py."""

from __future__ import annotations

from dataclasses import replace

from storage import listed_studies, schema_changes, tables
from storage.call_records import StopReason
from storage.listed_studies import listed_study
from tests.contracts.synthetic_study import synthetic_study


def test_what_is_said_of_the_tables_is_so() -> None:
    assert schema_changes.CHANGES[-1].number == listed_studies.LATEST_CHANGE
    for name, columns in listed_studies.JSON_COLUMNS.items():
        table = tables.METADATA.tables[name]
        found = {one.name for one in table.c if isinstance(one.type, tables.Json)}
        assert found == columns


def test_the_last_call_is_known_by_its_end_or_by_the_last_trial() -> None:
    records = synthetic_study(20)
    last = max(one.finished_at or 0.0 for one in records.trials)
    assert listed_study(records).last_call_at == last
    stopped = replace(records, stops=(StopReason("timeout", ended_at=last + 5.0),))
    assert listed_study(stopped).last_call_at == last + 5.0
    unbegun = replace(records, trials=())
    assert listed_study(unbegun).last_call_at == records.settings.created_at


def test_outcomes_are_those_that_people_are_told() -> None:
    outcomes = listed_study(synthetic_study(40)).outcomes
    assert sum(outcomes.values()) == 40
    assert list(outcomes) == ["complete", "pruned", "paused", "failed", "refused", "unfinished"]
