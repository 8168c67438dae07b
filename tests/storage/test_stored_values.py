from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from storage import records, score_records
from storage.errors import DamagedError
from storage.records import DataCheckRecord, Diagnosis, ParameterValue, StudySettings
from storage.stored_values import UnfitError, attribute, fitting, parse_json, record_of
from tests.contracts.store_contract import settings


@pytest.mark.parametrize("text", ["{", "", "nul", "[1,]", "[" * 100_000, b"\xff"])
def test_what_is_no_json_is_refused(text: Any) -> None:
    with pytest.raises(UnfitError, match="no JSON"):
        parse_json(text)


def test_absurdly_nested_json_is_refused() -> None:
    assert parse_json("[" * 50 + "]" * 50) is not None
    with pytest.raises(UnfitError, match="50 levels"):
        parse_json('{"a":' * 51 + "1" + "}" * 51)


def test_numbers_that_sqlite_made_of_texts_are_read() -> None:
    assert parse_json(5) == 5
    assert parse_json(None) is None
    assert math.isnan(parse_json("NaN"))


def test_lists_become_tuples_and_mappings_dataclasses() -> None:
    advice = [{"text": "train longer", "changes": [{"parameter": "max_epochs", "set": "100"}]}]
    (one,) = fitting(advice, tuple[records.Advice, ...])
    assert one == records.Advice("train longer", (records.SpaceChange("max_epochs", "100"),))
    assert fitting([1, 2.5], tuple[float, float]) == (1.0, 2.5)


@pytest.mark.parametrize(
    ("value", "hint", "reason"),
    [
        ("1", float, "must be a number, but is '1'"),
        (True, int, "must be a whole number"),
        (1.5, int, "must be a whole number"),
        (10**400, float, "too large"),
        ([1.0], tuple[float, float], "must have 2 entries, but has 1"),
        ({"a": [1]}, dict[str, float], "in 'a': it must be a number"),
        ("huge", records.Task, "must be one of binary"),
        ([], records.Task, "must be one of binary"),
        ([], StudySettings, "must be a mapping"),
        ({}, records.SpaceChange, "lacks parameter, set"),
        ({}, float | None, "null"),
    ],
)
def test_what_does_not_fit_is_said(value: Any, hint: Any, reason: str) -> None:
    with pytest.raises(UnfitError, match=reason):
        fitting(value, hint)


def test_values_of_several_possible_types_keep_their_own() -> None:
    stored = {"blocks": 3, "rate": 0.5, "flag": True, "none": None}
    params = fitting(stored, Mapping[str, ParameterValue])
    assert [type(value) for value in params.values()] == [int, float, bool, type(None)]


def test_settings_fit_their_own_json() -> None:
    stored = json.loads(json.dumps(_plain(settings())))
    assert fitting({**stored, "of a later version": 1}, StudySettings) == settings()


def _plain(record: StudySettings) -> dict[str, Any]:
    return {name: getattr(record, name) for name in StudySettings.__slots__}


def test_row_that_does_not_fit_is_named() -> None:
    row = {"data_check_id": 7, "kind": "shift", "subject": "x", "value": 1, "details": "{}"}
    check = record_of(
        DataCheckRecord, "automl_data_checks", "data_check_id", row, frozenset({"details"})
    )
    assert check == DataCheckRecord("shift", "x", 1.0)
    with pytest.raises(DamagedError, match=r"details in automl_data_checks where .* = 7 "):
        record_of(
            DataCheckRecord,
            "automl_data_checks",
            "data_check_id",
            {**row, "details": "[]"},
            frozenset({"details"}),
        )


def test_attributes_name_their_key() -> None:
    assert attribute("study_user_attributes", "study_id", 1, "a", "[1]") == [1]
    with pytest.raises(DamagedError, match="study_id = 1 and key = 'a'"):
        attribute("study_user_attributes", "study_id", 1, "a", "{")
    with pytest.raises(DamagedError, match="whole number"):
        attribute("study_system_attributes", "study_id", 1, "dashboard:note_ver", "[]")


def test_every_record_has_types_that_can_be_checked() -> None:
    for kind in (
        Diagnosis,
        score_records.EvaluationRecord,
        records.RunRecord,
        records.ArtifactRecord,
    ):
        with pytest.raises(UnfitError):
            fitting([], kind)
