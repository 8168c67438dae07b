from __future__ import annotations

from automl.wording.data_notes import MOST_NAMED, data_notes, noted, warned_notes
from automl.wording.option_names import spoken_as_typed
from storage.records import DataCheckRecord, Json


def dropped(name: str, why: str, **details: Json) -> DataCheckRecord:
    return DataCheckRecord("dropped_column", name, 1.0, {"why": why, **details})


def test_columns_left_out_for_one_reason_are_one_line_with_how_to_use_them() -> None:
    notes = data_notes(
        [
            dropped("row", "id-like", kind="numeric"),
            DataCheckRecord("imbalance", "yes", 3.0),
            dropped("comment", "free text", kind="categorical"),
            dropped("number", "id-like", kind="numeric"),
            dropped("code", "id-like", kind="categorical"),
            dropped("fixed", "constant", kind="numeric"),
        ]
    )
    assert [note.partition(" (")[0] for note in notes] == [
        "dropped as id-like: row, number",
        "dropped as free text: comment",
        "dropped as id-like: code",
        "dropped as constant: fixed",
    ]
    assert notes[0].endswith("(keep with numeric= or categorical=)")
    assert "TfidfVectorizer" in notes[1] and "categorical" not in notes[1]
    assert notes[2].endswith("(keep with categorical=)")
    assert notes[3] == "dropped as constant: fixed"


def test_columns_that_could_teach_nothing_are_no_warning() -> None:
    checks = [
        dropped("fixed", "constant"),
        dropped("empty", "all missing"),
        dropped("row", "id-like"),
    ]
    assert len(data_notes(checks)) == 3
    assert [note.partition(" (")[0] for note in warned_notes(checks)] == [
        "dropped as id-like: row"
    ]
    assert noted(data_notes(checks)) == ", data_notes=3"
    assert noted(()) == ""


def test_many_columns_are_counted() -> None:
    (note,) = data_notes([dropped(f"x{i}", "constant") for i in range(MOST_NAMED + 2)])
    assert note.endswith("x7 and 2 more")


def test_a_column_that_may_say_whose_rows_they_are_is_told_with_the_option() -> None:
    details: dict[str, Json] = {"n_values": 1250, "rows_each": 9.4}
    check = DataCheckRecord("possible_group", "customer", 0.9, details)
    assert data_notes([check]) == (
        "customer: 1,250 values, about 9 rows each, in train and test rows alike; if rows to "
        "predict have others: group='customer', or groups in an estimator's fit",
    )
    assert warned_notes([check]) == data_notes([check])
    with spoken_as_typed():
        assert data_notes([check])[0].endswith("have others: --group customer")
