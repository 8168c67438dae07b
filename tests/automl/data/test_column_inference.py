from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.column_inference import column_messages, infer_column, infer_columns
from automl.errors import DataError

N = 120
GENERATOR = np.random.default_rng(0)


def repeat(*cells: object) -> pd.Series:
    return pd.Series([cells[i % len(cells)] for i in range(N)])


KINDS = {
    "numeric": [
        pd.Series(GENERATOR.normal(size=N)),
        repeat(1, 2, 3, 4),
        repeat("1.5", "2", "?", " "),
        repeat("1", "NA", "None", "3"),
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
        repeat("90-100", "80-89", "lt-80"),
    ],
    "date": [
        repeat("2024-01-01", "2024-02-03", None),
        repeat("2024-01-01 10:00", "2024-02-03T11:00:00"),
        repeat("24.12.2024", "01.02.2023"),
        repeat("12/24/2024", "02/01/2023"),
        repeat("24/12/2024", "01/02/2023"),
        repeat("24-Dec-2024", "01-Feb-2023"),
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
    assert plan.date_parts == ("days", "day", "weekday")


def test_a_person_overrules() -> None:
    frame = pd.DataFrame({"zip": repeat(1, 2, 3), "ticket": [f"A{i}" for i in range(N)]})
    plans = infer_columns(frame, categorical=["zip", "ticket"])
    assert [plan.kind for plan in plans] == ["categorical", "categorical"]
    (plan,) = infer_columns(pd.DataFrame({"id": range(N)}), numeric=["id"])
    assert plan.kind == "numeric"


def test_numeric_against_all_evidence_is_an_error() -> None:
    with pytest.raises(DataError, match="'colour' holds"):
        infer_columns(pd.DataFrame({"colour": repeat("red", "blue")}), numeric=["colour"])


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="real numbers"):
        infer_column("z", pd.Series([1j, 2j]))


def test_what_was_decided_is_told() -> None:
    frame = pd.DataFrame(
        {
            "age": [*(f"{i}.5" for i in range(N - 1)), "5o"],
            "PassengerId": range(N),
            "name": [f"Mr. Owen Harris {i}" for i in range(N)],
            "born": repeat("01/02/2023", "03/04/2023"),
            "fixed": repeat(1),
        }
    )
    assert column_messages(infer_columns(frame)) == [
        "columns beside the target: 1 numeric, 1 date, 3 dropped",
        "dropped as id-like: PassengerId (keep with --numeric or --categorical)",
        "dropped as free text: name (keep with --numeric or --categorical)",
        "dropped as constant: fixed",
        "age is numeric; cells that are no numbers count as missing: 1, such as '5o'",
        "born is read as dates %m/%d/%Y: check day and month",
    ]
