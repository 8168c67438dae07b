"""Data checks get a severity and a sentence, or nothing where they are harmless."""

from __future__ import annotations

from typing import Any

import pytest

from automl.diagnostics.data_quality import JUDGES, diagnose_data
from storage.records import DataCheckRecord


def judged(kind: str, value: float, subject: str = "x", **details: Any) -> list[tuple[str, str]]:
    found = diagnose_data([DataCheckRecord(kind, subject, value, details)])
    return [(one.kind, one.severity) for one in found]


def test_splits_that_can_be_told_apart_are_shifted() -> None:
    assert judged("shift", 0.9, "train/test", standard_error=0.02) == [("shift", "problem")]
    assert judged("shift", 0.7, "train/test", standard_error=0.02) == [("shift", "warning")]
    assert judged("shift", 0.55, "train/test", standard_error=0.02) == []


def test_a_shift_within_the_noise_of_few_rows_is_none() -> None:
    assert judged("shift", 0.7, "train/valid", standard_error=0.08) == []


@pytest.mark.parametrize("split_by", ["time", "group"])
def test_a_shift_that_was_asked_for_is_no_problem(split_by: str) -> None:
    """Whoever splits by time is not told to split by time."""
    details: dict[str, Any] = {"split_by": split_by, "columns": {"year": 0.9}}
    check = DataCheckRecord("shift", "train/test", 0.99, details)
    slight = DataCheckRecord("shift", "train/test", 0.7, details)

    (diagnosis,), (other,) = diagnose_data([check]), diagnose_data([slight])

    assert (diagnosis.severity, other.severity) == ("warning", "info")
    assert "year" in diagnosis.message
    (advice,) = diagnosis.advice
    assert "--time" not in advice.text and "--group" not in advice.text
    assert "--drop COLUMN" in advice.text


def test_a_shift_between_files_is_a_problem_that_no_split_can_mend() -> None:
    check = DataCheckRecord("shift", "train/test", 0.99, {"split_by": "file"})

    (diagnosis,) = diagnose_data([check])

    assert diagnosis.severity == "problem"
    assert "--time" not in diagnosis.advice[0].text


def test_a_suspected_mark_is_said_with_the_option_that_makes_it_missing() -> None:
    check = DataCheckRecord(
        "sentinel", "house age", 0.06, {"marks": [-999.0, -998.0], "n_rows": 9}
    )

    (diagnosis,) = diagnose_data([check])

    assert diagnosis.severity == "warning"
    assert "house age is -999 or -998 in 6.0 % of the train rows" in diagnosis.message
    assert "--missing 'house age=-999'" in diagnosis.advice[0].text


def test_many_columns_with_suspected_marks_are_one_diagnosis() -> None:
    checks = [
        DataCheckRecord("sentinel", f"x{i}", 0.06, {"marks": [-999.0], "n_rows": 9})
        for i in range(12)
    ]

    (diagnosis,) = diagnose_data(checks)

    assert (
        "Such numbers are in x1, x2, x3, x4, x5, x6, x7, x8 and 3 more too." in diagnosis.message
    )


def test_the_columns_that_shifted_are_named() -> None:
    check = DataCheckRecord("shift", "train/test", 0.9, {"columns": {"year": 0.8, "city": 0.1}})

    (diagnosis,) = diagnose_data([check])

    assert "year and city" in diagnosis.message
    assert "the test rows" in diagnosis.message


@pytest.mark.parametrize(
    ("kind", "value", "subject", "expected"),
    [
        ("duplicated_rows", 0.83, "train/valid", "problem"),
        ("duplicated_rows", 0.2, "train/test", "warning"),
        ("duplicated_rows", 0.02, "train/test", "info"),
        ("duplicated_rows", 0.5, "train", "info"),
        ("conflicting_rows", 0.1, "train", "info"),
        ("imbalance", 50.0, "yes", "info"),
        ("few_rows_per_class", 3.0, "yes", "info"),
        ("outliers", 100.0, "income", "info"),
        ("missing_values", 0.8, "cabin", "info"),
        ("rows_per_input", 1.5, "train", "info"),
    ],
)
def test_what_matters_is_said(kind: str, value: float, subject: str, expected: str) -> None:
    (found,) = judged(kind, value, subject)

    assert found[1] == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("duplicated_rows", 0.001),
        ("conflicting_rows", 0.001),
        ("imbalance", 2.0),
        ("few_rows_per_class", 100.0),
        ("outliers", 5.0),
        ("missing_values", 0.1),
        ("rows_per_input", 50.0),
        ("dropped_column", 1.0),
    ],
)
def test_what_does_not_matter_is_passed_over(kind: str, value: float) -> None:
    assert judged(kind, value) == []


def test_a_column_that_may_say_whose_rows_they_are_is_no_fault() -> None:
    details = {"n_values": 250, "rows_each": 9.4}
    check = DataCheckRecord("possible_group", "customer no", 0.98, details)

    (diagnosis,) = diagnose_data([check])

    assert diagnosis.severity == "info"
    assert "250 values, of about 9 rows each: 98 % of the test rows" in diagnosis.message
    assert "`--group 'customer no'`" in diagnosis.advice[0].text


def test_what_voids_scores_comes_first() -> None:
    checks = [
        DataCheckRecord("imbalance", "yes", 50.0),
        DataCheckRecord("leakage", "answer", 0.99, {"others": 0.4}),
        DataCheckRecord("duplicated_rows", "train/test", 0.2),
    ]

    assert [one.kind for one in diagnose_data(checks)] == [
        "leakage",
        "duplicated_rows",
        "imbalance",
    ]


def test_a_score_of_remembered_rows_comes_before_all() -> None:
    checks = [
        DataCheckRecord("shift", "train/valid", 0.99),
        DataCheckRecord("leakage", "answer", 0.99, {"others": 0.4}),
        DataCheckRecord("duplicated_rows", "train/valid", 0.83),
        DataCheckRecord("duplicated_rows", "train", 0.1),
    ]

    found = diagnose_data(checks)

    assert [one.kind for one in found] == ["duplicated_rows", "leakage", "shift"]
    assert {one.severity for one in found} == {"problem"}
    assert found[0].message.startswith(
        "83 % of the validation rows are in the train rows too: scores on them reward memory, "
        "and say nothing of new rows."
    )


@pytest.mark.parametrize(
    "details",
    [{"other_target": 0.11}, {"n_possible_per_row": 9.0}],
)
def test_rows_that_look_alike_are_no_copies(details: dict[str, Any]) -> None:
    check = DataCheckRecord("duplicated_rows", "train/valid", 0.9, details)

    (diagnosis,) = diagnose_data([check])

    assert diagnosis.severity == "info"
    assert diagnosis.message == "90 % of the validation rows look like a train row."
    assert "Keep one of each" not in diagnosis.advice[0].text


def test_rows_that_had_room_to_differ_are_copies() -> None:
    details = {"other_target": 0.09, "n_possible_per_row": 11.0}

    (diagnosis,) = diagnose_data([DataCheckRecord("duplicated_rows", "train/valid", 0.9, details)])

    assert diagnosis.severity == "problem"
    assert "Keep one of each" in diagnosis.advice[0].text


def test_duplicates_in_several_splits_are_one_verdict() -> None:
    checks = [
        DataCheckRecord("duplicated_rows", "train", 0.1),
        DataCheckRecord("duplicated_rows", "train/test", 0.2),
        DataCheckRecord("duplicated_rows", "train/valid", 0.15),
    ]
    (diagnosis,) = diagnose_data(checks)

    assert diagnosis.severity == "warning"
    assert diagnosis.message.startswith("20 % of the test rows")
    assert "10 % of the train rows" in diagnosis.message
    assert len(diagnosis.advice) == 1


def test_evidence_keeps_the_checks_numbers() -> None:
    (diagnosis,) = diagnose_data([DataCheckRecord("leakage", "answer", 0.99, {"others": 0.4})])

    assert diagnosis.evidence == {"subject": "answer", "value": 0.99, "others": 0.4}


def test_every_kind_of_check_is_known() -> None:
    """`dropped_column` is told when the data are loaded; all others have a judge."""
    assert len(JUDGES) == 11


@pytest.mark.parametrize(("share", "severity"), [(0.99, "problem"), (0.2, "info")])
def test_far_values_of_the_target_void_scores_where_they_are_most_of_its_variance(
    share: float, severity: str
) -> None:
    details = {"farthest": 4e6, "n_beyond": 3, "variance_share": share}

    (found,) = diagnose_data([DataCheckRecord("outliers", "y", 1e6, details)])

    assert (found.kind, found.severity) == ("outliers", severity)
    assert f"3 train rows with such values make {share:.0%}"[:-1] in found.message
    assert "scaling" not in found.advice[0].text
