from __future__ import annotations

import numpy as np
import pandas as pd

from automl.data.table.column_inference import infer_columns
from automl.data.table.column_messages import MAX_LINES, column_messages

N = 120


def repeat(*cells: object) -> list[object]:
    return [cells[i % len(cells)] for i in range(N)]


def told(**columns: object) -> list[str]:
    return column_messages(infer_columns(pd.DataFrame(columns)))[1:]


def test_what_was_decided_is_told() -> None:
    frame = pd.DataFrame(
        {
            "age": [*(f"{i}.5" for i in range(N - 1)), "5o"],
            "PassengerId": range(N),
            "name": [f"Mr. Owen Harris {i}" for i in range(N)],
            "born": repeat("01/02/2023", "03/04/2023"),
            "fixed": repeat(1),
            "zip": repeat("02116", "10001"),
        }
    )
    assert column_messages(infer_columns(frame)) == [
        "columns beside the target: 1 numeric, 1 categorical, 1 date, 3 dropped",
        "dropped as id-like: PassengerId (keep with --numeric or --categorical)",
        "dropped as free text: name (make numbers of it first, as by scikit-learn's "
        "TfidfVectorizer: docs/data.md)",
        "dropped as constant: fixed",
        "age is numeric: cells that are no numbers count as missing: 1, such as '5o'",
        "born is read as dates %m/%d/%Y: check day and month",
        "zip holds codes with zeros in front: read as categories (--numeric reads numbers)",
    ]


def test_numbers_that_are_written_in_a_way_of_their_own_are_told_in_one_line() -> None:
    assert told(x=repeat("39,55", "41,74", "NA")) == [
        "x is numeric: '39,55' is read as 39.55, written with a decimal comma"
    ]
    assert told(x=repeat("53.8%", "39.5%")) == ["x is numeric: '53.8%' is read as 53.8, in %"]
    assert told(x=repeat("1,250", "950")) == [
        "x is numeric: '1,250' is read as 1250, written with a comma between thousands, which "
        "could be read otherwise: check"
    ]
    assert told(x=repeat("<0.5", "12.5", "7.25*", "3")) == [
        "x is numeric: '<0.5' is read as 0.5, 60 cells are not exact"
    ]
    noisy = [*(f"{i},5" for i in range(N - 6)), *["n.v.t."] * 4, "weg", "weg"]
    assert told(x=noisy) == [
        "x is numeric: '0,5' is read as 0.5, written with a decimal comma; cells that are no "
        "numbers count as missing: 6, such as 'n.v.t.', 'weg'"
    ]


def test_a_dropped_column_names_the_option_that_keeps_it() -> None:
    numbers = [*(str(i + 1000) for i in range(100)), *(f"x{i}" for i in range(20))]
    days = [*(f"2021-03-01 {i // 6}:{i % 6}0" for i in range(96)), *(f"x{i}" for i in range(24))]
    assert told(a=numbers, b=days, c=repeat(1.5, 2)) == [
        "dropped as 83 % numbers, but 'x0' is not: a (keep with --numeric: other cells count as "
        "missing; or --categorical)",
        "dropped as 80 % dates, but 'x0' is not: b (keep with --date: other cells count as "
        "missing; or --categorical)",
    ]


def test_dates_that_say_never_are_told() -> None:
    days = [*repeat("2021-03-04", "2022-01-02")[1:], "9999-12-31"]
    assert told(d=days) == [
        "d is a date; cells that are no dates count as missing: 1, such as '9999-12-31'"
    ]
    moments = pd.to_datetime(days)
    assert told(d=moments) == told(d=days)


def test_what_costs_cells_or_asks_for_a_check_is_never_cut() -> None:
    cells = np.asarray(repeat("39,55", "41,74"))
    columns = {f"x{i}": cells for i in range(40)}
    lines = told(**columns, weight=[*(f"{i}.5" for i in range(N - 6)), *["heavy"] * 6])
    assert "weight is numeric" in lines[0]
    assert len(lines) == MAX_LINES + 1


def test_wide_tables_do_not_fill_the_screen() -> None:
    cells = np.asarray(repeat("39,55", "41,74"))
    lines = told(**{f"x{i}": cells for i in range(40)})
    assert len(lines) == MAX_LINES
    assert lines[-1] == f"{40 - MAX_LINES + 1} further columns are read in such ways"
