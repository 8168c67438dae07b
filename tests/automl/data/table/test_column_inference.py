from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.table.column_inference import infer_columns
from automl.data.table.column_reading import read_columns
from automl.data.table.columns import ColumnPlan
from automl.errors import DataError

N = 120
GENERATOR = np.random.default_rng(0)


def infer_column(name: str, values: pd.Series) -> ColumnPlan:
    (plan,) = infer_columns(pd.DataFrame({name: values}))
    return plan


def repeat(*cells: object) -> pd.Series:
    return pd.Series([cells[i % len(cells)] for i in range(N)])


KINDS = {
    "numeric": [
        pd.Series(GENERATOR.normal(size=N)),
        repeat(1, 2, 3, 4),
        repeat("1.5", "2", "?", " "),
        repeat("1", "NA", "None", "3"),
        repeat("39,55", "41,7", "NA", "-"),
        repeat("53.8%", "39.5%"),
        repeat("1,250", "950"),
        repeat("12 kg", "7.5 kg"),
        pd.Series([*(f"{i}.5" for i in range(N)), *["n.v.t."] * 10]),  # 92 %
        pd.Series([*(f"{i}.5" for i in range(N)), *(f"x{i}" for i in range(60))]),  # decimals
        pd.Series(["0", "1", "x"] + ["0", "1"] * 100),
        pd.Series([*(f"{i}.5" for i in range(N)), "5o"]),  # a typing error in 121
        pd.Series(range(1900, 1900 + N)),  # one row a year
        repeat(3, None),
        pd.Series(GENERATOR.integers(0, 60, N)).rename("customer_id"),  # repeats
        pd.Series(pd.to_timedelta(range(N), unit="h")),
    ],
    "boolean": [
        repeat(True, False),
        repeat("yes", "no", None),
        repeat("Y", "n", "?"),
        repeat(0, 1),
        repeat("0", "1", "NA"),
        repeat("yes", "no", "NULL"),
        repeat("TRUE", "FALSE"),
    ],
    "categorical": [
        repeat("red", "green", "blue"),
        repeat("None", "NA", "attached"),
        repeat("None", "NA"),
        repeat("10+", "5-9", "0-4"),
        repeat("1", "2", "3+"),
        repeat("only", None),
        pd.Series([None] * (N - 1) + ["only"]),
        repeat("some college but no degree", "a bachelor's degree", "no school"),
        repeat("a", "b").astype("category"),
        repeat(3, 7).astype("category"),
        repeat("007", "012", "A12", "B07"),
        repeat("1.10", "1.9", "2.0-rc"),
        repeat("02116", "10001", "94103"),
        repeat(1, "a", 2.0),
        repeat("90-100", "80-89", "lt-80"),
    ],
    "date": [
        repeat("2024-01-01", "2024-02-03", None),
        repeat("2024-01-01 10:00", "2024-02-03T11:00:00"),
        repeat("24.12.2024", "01.02.2023"),
        repeat("12/24/2024", "02/01/2023"),
        repeat("24/12/2024", "01/02/2023"),
        repeat("24-Dec-2024", "01-Feb-2023"),
        repeat("2024-01-01", "2024-02-03", "NULL"),
        repeat("05/19/2022 04:25 PM", "08/17/2021 09:08 AM"),
        repeat(*["2021-03-04", "2022-01-02"] * 20, "9999-12-31"),
        pd.Series(pd.date_range("2024-01-01", periods=N)),
        pd.Series(pd.date_range("2024-01-01", periods=N, tz="Asia/Seoul")),
    ],
}


@pytest.mark.parametrize(
    ("kind", "values"), [(kind, values) for kind, columns in KINDS.items() for values in columns]
)
def test_kind_is_inferred(kind: str, values: pd.Series) -> None:
    assert infer_column(str(values.name), values).kind == kind


@pytest.mark.parametrize(
    ("reason", "name", "values"),
    [
        ("all missing", "a", repeat(None)),
        ("all missing", "a", repeat("", "?", " ")),
        ("constant", "a", repeat(3.0)),
        ("constant", "a", repeat("x")),
        ("constant", "a", repeat("5", " 5")),
        ("constant", "a", repeat("x", " x ")),
        ("constant", "a", pd.Series(pd.to_datetime(["2024-01-01"] * N))),
        ("id-like", "PassengerId", pd.Series(range(1, N + 1))),
        ("id-like", "row", pd.Series(GENERATOR.permutation(N))),
        ("id-like", "PID", pd.Series(range(0, 7 * N, 7))),
        ("id-like", "customer_id", pd.Series(range(0, 7 * N, 7))),
        ("id-like", "orderId", pd.Series(range(0, 7 * N, 7))),
        ("id-like", "ticket", pd.Series([f"A/{i}" for i in range(N)])),
        (
            "83 % numbers, but 'x0' is not",
            "ticket",
            pd.Series([*(f"{i + 1000}" for i in range(100)), *(f"x{i}" for i in range(20))]),
        ),
        (
            "80 % dates, but 'x0' is not",
            "day",
            pd.Series(
                [
                    *(f"2021-03-{i % 28 + 1:02d} {i}:00" for i in range(24)),
                    *(f"x{i}" for i in range(6)),
                ]
            ),
        ),
        ("codes that hardly repeat", "zip", pd.Series([f"{i:05d}" for i in range(0, 7 * N, 7)])),
        ("free text", "name", pd.Series([f"Mr. Owen Harris {i}" for i in range(N)])),
    ],
)
def test_column_is_dropped_with_its_reason(reason: str, name: str, values: pd.Series) -> None:
    assert infer_column(name, values).described == f"dropped: {reason}"


@pytest.mark.parametrize("name", ["width", "paid", "grid", "humidity"])
def test_names_that_contain_id_are_no_ids(name: str) -> None:
    assert infer_column(name, pd.Series(range(0, 7 * N, 7))).kind == "numeric"


def test_few_rows_have_no_ids() -> None:
    assert infer_column("id", pd.Series(range(10))).kind == "numeric"


def test_only_the_parts_of_a_date_that_vary_are_kept() -> None:
    plan = infer_column("d", pd.Series(pd.date_range("2024-01-01", periods=20)))
    assert plan.dates.parts == ("days", "day", "weekday")


def test_a_person_overrules() -> None:
    frame = pd.DataFrame({"zip": repeat(1, 2, 3), "ticket": [f"A{i}" for i in range(N)]})
    plans = infer_columns(frame, categorical=["zip", "ticket"])
    assert [plan.kind for plan in plans] == ["categorical", "categorical"]
    (plan,) = infer_columns(pd.DataFrame({"id": range(N)}), numeric=["id"])
    assert plan.described == "numeric"
    (plan,) = infer_columns(pd.DataFrame({"day": repeat(20240131, 20240201)}), date=["day"])
    assert plan.described == "date"


def test_the_option_that_is_named_makes_a_dropped_column_work() -> None:
    cells = [*(f"{i + 1000}" for i in range(100)), *(f"x{i}" for i in range(20))]
    frame = pd.DataFrame({"n": cells})
    plans = infer_columns(frame, numeric=["n"])
    assert plans[0].described == "numeric"
    assert read_columns(frame, plans).typed["n"].isna().sum() == 20


def test_marks_that_a_person_names_are_no_cells_of_the_column() -> None:
    frame = pd.DataFrame({"n": repeat(1.5, 2.5, -999), "c": repeat("a", "b", "unknown")})
    plans = infer_columns(frame, missing={"n": ["-999"], "c": ["unknown"]})
    typed = read_columns(frame, plans).typed
    assert typed["n"].isna().sum() == N // 3
    assert typed["c"].tolist()[2] == "(missing)"
    (plan,) = infer_columns(pd.DataFrame({"k": repeat(0, 1, 9)}), missing={"k": ["9"]})
    assert plan.kind == "boolean"


def test_parts_of_a_date_do_not_hide_a_column_of_that_name() -> None:
    frame = pd.DataFrame(
        {"when": repeat("2024-01-01", "2024-02-03"), "when: days": repeat(1.5, 2)}
    )
    plans = infer_columns(frame)
    typed = read_columns(frame, plans).typed
    assert list(typed.columns) == [
        *("when (date): days", "when (date): month", "when (date): day", "when (date): weekday"),
        "when: days",
    ]
    assert typed["when: days"].tolist()[:2] == [1.5, 2]


def test_an_ambiguous_column_is_decided_by_the_others() -> None:
    ambiguous = repeat("1,250", "2,417")
    alone = infer_columns(pd.DataFrame({"a": ambiguous}))
    beside = infer_columns(pd.DataFrame({"a": ambiguous, "b": repeat("3,5", "4,25")}))
    assert alone[0].numbers.thousands == ","
    assert beside[0].numbers.decimal == ","


def test_numeric_against_all_evidence_is_an_error() -> None:
    with pytest.raises(DataError, match="'colour' holds"):
        infer_columns(pd.DataFrame({"colour": repeat("red", "blue")}), numeric=["colour"])


def test_dates_against_all_evidence_are_an_error() -> None:
    with pytest.raises(DataError, match="--date must name a column of dates, but 'colour' holds"):
        infer_columns(pd.DataFrame({"colour": repeat("red", "blue")}), date=["colour"])
