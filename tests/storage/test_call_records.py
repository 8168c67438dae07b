from __future__ import annotations

from dataclasses import replace
from typing import get_args

from storage.call_records import STOPS_IN_ORDER, StopReason, StopWord
from storage.records import StudyRecords, TrialRecord
from tests.contracts.store_contract import settings


def test_what_the_order_decides_are_reasons() -> None:
    assert set(get_args(StopWord)) >= STOPS_IN_ORDER


def test_a_reason_stands_until_more_trials_were_asked_for() -> None:
    trials = (TrialRecord(0, "COMPLETE", {}), TrialRecord(1, "RUNNING", {}))
    stops = (StopReason("timeout", n_trials=1), StopReason("interrupted", n_trials=2))
    records = StudyRecords(settings(), trials=trials, stops=stops)
    assert records.stop is stops[1]
    assert replace(records, trials=trials * 2).stop is None
    assert replace(records, stops=()).stop is None
