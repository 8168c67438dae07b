"""The exported reader reads each cell as the project does."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.table.cells import MISSING_CATEGORIES, MISSING_MARKS
from automl.data.table.column_reading import read_columns
from automl.data.table.columns import CategoryFormat, ColumnPlan, DateFormat, MissingMarks
from automl.data.table.date_formats import DATE_PARTS
from automl.data.table.number_formats import DURATION, PLAIN, NumberFormat, read_number
from automl.data.table.preprocessing import fit_preprocessor
from automl.export.schema import column_schema, number_format
from automl.export.standalone import table_rows

NUMBERS = (
    *(
        "1",
        "-2.5",
        "+3",
        "1e5",
        "1E-3",
        ".5",
        "5.",
        "007",
        "1,250.50",
        "1.250,50",
        "1 250",
        "12,5",
    ),
    *("$12", "$ 1,250", "12 kg", "12kg", "12 KG", "53.8 %", "53,8%", "<0.5", "12.3*", "(7)", "5-"),
    *("-", "n/a", "", "abc", "1/2", "1:30:00", "2 days 01:30:00", "-1 days +20:04:04", "0:05"),
    *(
        "\u2212 4",
        "1\u00a0250",
        "1'250",
        "12,34,567",
        "0,123,456",
        "inf",
        "-Infinity",
        "nan",
        "1e400",
    ),
    *("EUR 5", "5 EUR", "3k", "3 K", "x5", "5 m\u00b2", "1.2.3", "--4", "(5", "5)"),
)
FORMATS = (
    PLAIN,
    DURATION,
    NumberFormat(decimal=","),
    NumberFormat(thousands=","),
    NumberFormat(decimal=",", thousands="."),
    NumberFormat(thousands=" "),
    NumberFormat(thousands="'"),
    NumberFormat(unit="$", thousands=","),
    NumberFormat(unit="kg"),
    NumberFormat(unit="%"),
    NumberFormat(unit="eur"),
    NumberFormat(unit="k"),
    NumberFormat(has_signs=True),
)


def test_numbers_are_read_as_the_project_reads_them() -> None:
    for written, text in itertools.product(FORMATS, NUMBERS):
        expected = read_number(text, written)
        found = table_rows.read_number(text, number_format(written))
        same = found == expected or (np.isnan(found) and np.isnan(expected))
        assert same, (text, written, found, expected)


PLANS = (
    *(ColumnPlan("c", "numeric", numbers=written) for written in FORMATS),
    ColumnPlan("c", "numeric", missing=MissingMarks(named=("-2.5", "ABC"), strays=("abc",))),
    ColumnPlan("c", "boolean"),
    ColumnPlan("c", "boolean", is_true_false=True),
    ColumnPlan("c", "categorical"),
    ColumnPlan("c", "categorical", categories=CategoryFormat(is_coded=True)),
    ColumnPlan("c", "categorical", categories=CategoryFormat(has_points=True)),
    ColumnPlan("c", "categorical", categories=CategoryFormat(code_width=5)),
    *(
        ColumnPlan("c", "date", dates=DateFormat(pattern, DATE_PARTS))
        for pattern in (None, "ISO8601", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y%m%d")
    ),
    ColumnPlan("c", "date", dates=DateFormat("seconds since 1970", DATE_PARTS)),
)

CELLS: dict[str, Any] = {
    "texts": [*NUMBERS[:22], "yes", "No", "TRUE", "f", "NA", "None", "02116", "2116", "3.0", " x"],
    "dates": ["2021-03-05", "2021-03-05 07:30:00", "2021-03-05T07:30:00+02:00", "05.03.2021 07:30",
              "3/5/2021 7:30 a.m.", "20210305", "1614900000", "9999999999", "2400-01-01",
              "9999-12-31", "0000-00-00", "soon"],
    "whole numbers": [0, 1, 2, 2116, 10001],
    "floats": [0.0, 1.0, np.nan, 2.5, 1e9, -3.0],
    "truth values": [True, False, True],
    "maybe truth": pd.array([True, None, False], dtype="boolean"),
    "nullable": pd.array([1, None, 3], dtype="Int64"),
    "moments": pd.to_datetime(["2021-03-05 07:30", None, "1969-12-31 00:00"]),
    "zoned": pd.to_datetime(["2021-03-05 07:30", "2021-07-05 00:00"]).tz_localize("Europe/Berlin"),
    "spans": pd.to_timedelta(["1h", "2 days", None]),
    "categories": pd.Categorical(["a", "b", None, "a"]),
    "mixed": [1, "1", True, None, 2.5, "x"],
}  # fmt: skip


@pytest.mark.parametrize("cells", CELLS)
def test_columns_are_read_as_the_project_reads_them(cells: str) -> None:
    frame = pd.DataFrame({" c ": pd.Series(CELLS[cells])})
    for plan in PLANS:
        check_column(frame, plan)


def check_column(frame: pd.DataFrame, plan: ColumnPlan) -> None:
    marks = {"numbers": list(MISSING_MARKS), "categories": list(MISSING_CATEGORIES)}
    schema = {"columns": [described(plan)], "missing_marks": marks}
    expected = read_columns(frame, [plan])
    n_unread = sum(one.n_odd for one in expected.unread)
    n_cells = sum(one.n_cells for one in expected.unread)
    if n_unread > 0.5 * n_cells:
        with pytest.raises(ValueError, match="most cells of 'c'"):
            table_rows.read_rows(frame, schema)
        return
    with pytest.warns(UserWarning, match="^c: ") if n_unread else contextlib.nullcontext():
        found = table_rows.read_rows(frame, schema)
    assert list(found) == list(expected.typed)
    for name, values in found.items():
        wanted = expected.typed[name].to_numpy()
        if plan.kind == "categorical":
            assert values.tolist() == wanted.tolist(), plan
        else:
            assert np.array_equal(values, wanted, equal_nan=True), (plan, values, wanted)


@pytest.mark.parametrize("mark", [".", ",", None])
def test_a_file_of_another_dialect_is_read_as_the_project_reads_it(
    mark: str | None, tmp_path: Any
) -> None:
    """Exports of spreadsheets end cells with ";" and write 1,5."""
    path = tmp_path / "semi.csv"
    path.write_text("other;c\nx;1,5\nx;2,5\nx;1\nx;3.000\nx;4\nx;soon\nx;\n")
    plan = ColumnPlan("c", "numeric", decimal=mark, numbers=NumberFormat(decimal=mark or "."))
    frame = pd.DataFrame({"c": ["1,5", "2,5", "1", "3.000", "4", "soon", ""]})
    expected = read_columns(frame, [plan], decimal=",")
    marks = {"numbers": list(MISSING_MARKS), "categories": list(MISSING_CATEGORIES)}
    schema = {"columns": [described(plan)], "missing_marks": marks}
    (unread,) = expected.unread
    said = f"c: {unread.n_odd} of 6 cells are no numeric .* such as '{unread.example}'"
    with pytest.warns(UserWarning, match=said):
        found = table_rows.read_rows(path, schema)["c"]
    assert np.array_equal(found, expected.typed["c"].to_numpy(), equal_nan=True)
    assert found[:2].tolist() == [1.5, 2.5]


def described(plan: ColumnPlan) -> dict[str, Any]:
    """A column of a schema; what is learned of rows is not asked for here."""
    names = {"numeric": "1", "boolean": "1", "categorical": "x", "date": "2021-03-05"}
    typed = pd.DataFrame(
        {
            name: [names[plan.kind] if plan.kind == "categorical" else 1.0] * 3
            for name in plan.outputs
        }
    )
    column = column_schema(plan, [fit_preprocessor([plan], typed)])
    assert isinstance(column, dict)
    return column


def test_a_file_is_read_by_the_delimiter_that_finds_its_columns(tmp_path: Any) -> None:
    schema = {"columns": [{"name": "a", "used": True}, {"name": "b, c", "used": True}]}
    frame = pd.DataFrame({"a": ["1", ""], "b, c": ["x;y", "NA"]})
    for delimiter in (",", ";", "\t"):
        frame.to_csv(tmp_path / "rows.csv", sep=delimiter, index=False)
        assert table_rows.read_file(tmp_path / "rows.csv", schema).equals(frame)
    frame.to_parquet(tmp_path / "rows.parquet")
    assert table_rows.read_file(tmp_path / "rows.parquet", schema).equals(frame)
    with pytest.raises(ValueError, match="but lacks 'd'; if it has them"):
        table_rows.read_file(
            tmp_path / "rows.csv", {"columns": [*schema["columns"], {"name": "d", "used": True}]}
        )
    (tmp_path / "rows.csv").write_text('a,"b, c"\n1,2,3\n')
    with pytest.raises(ValueError, match="do not fit its header"):
        table_rows.read_file(tmp_path / "rows.csv", schema)
