from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.sources import Table
from automl.data.table.column_inference import infer_columns
from automl.data.table.columns import ColumnPlan
from automl.data.table.parts import encode_targets, make_part, read_tables, row_facts
from automl.data.targets import Target, TargetReading
from automl.errors import DataError
from automl.options.data_options import SplitOptions

CLASSES = TargetReading(ColumnPlan("y", "categorical"), ("?",), "text")
NUMBERS = TargetReading(ColumnPlan("y", "numeric"), (), "number")
GOAL = Target("y", "binary", "binary_cross_entropy", CLASSES, ("a", "b"))


def table(n_rows: int = 12, **changes: Any) -> Table:
    columns = {
        "t": range(n_rows),
        "g": ["p", "q"] * (n_rows // 2),
        "y": ["a", "b"] * (n_rows // 2),
    }
    frame = pd.DataFrame({**columns, **changes}, index=pd.RangeIndex(1, n_rows + 1))
    return Table(frame, "t", "t.csv")


def facts(splits: SplitOptions, **changes: Any) -> Any:
    parts = {
        "train": make_part(table(**changes), CLASSES, "train"),
        "test": make_part(table(4), CLASSES, "test"),
    }
    targets = np.concatenate([encode_targets(GOAL, part.targets) for part in parts.values()])
    plans = infer_columns(parts["train"].features)
    return row_facts(parts, GOAL, targets, splits, plans)


def test_own_test_rows_of_a_source_give_way_to_those_asked_for() -> None:
    arrays = {
        f"{kind}_{part}": np.zeros((n, 2)) if kind == "x" else np.zeros(n)
        for kind in "xy"
        for part, n in (("train", 5), ("test", 3))
    }
    assert len(read_tables(arrays, SplitOptions())["test"].frame) == 3
    asked = SplitOptions(test=(np.zeros((4, 2)), np.zeros(4)), valid=arrays)
    tables = read_tables(arrays, asked)
    assert {role: len(each.frame) for role, each in tables.items()} == {
        "train": 5,
        "valid": 5,
        "test": 4,
    }


def test_files_of_rows_for_one_use_have_the_names_of_the_divided_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("400,410,420\n0.1,0.2,0.3\n0.4,0.5,0.6\n")
    frame = pd.DataFrame({400: [0.1, 0.2], 410: [0.3, 0.4], 420: [0.5, 0.6]})
    both = SplitOptions(valid=tmp_path / "t.csv", test=tmp_path / "t.csv")
    tables = read_tables(frame, both)
    assert [len(each.frame) for each in tables.values()] == [2, 2, 2]


def test_rows_without_a_target_are_left_out_and_counted() -> None:
    part = make_part(table(14, y=[None, "?", *["a", "b"] * 6]), CLASSES, "train")
    assert part.n_without_target == 2
    assert part.marks == {"": 1, "?": 1}
    assert list(part.features.index) == list(range(3, 15))  # rows as people count them
    assert list(part.features.columns) == ["t", "g"]


def test_a_part_needs_targets() -> None:
    with pytest.raises(DataError, match="missing in every row"):
        make_part(table(y=None), CLASSES, "train")
    with pytest.raises(DataError, match="at least 10 rows"):
        make_part(table(8), CLASSES, "train")
    with pytest.raises(DataError, match="the test rows must have the target"):
        make_part(Table(table().frame.drop(columns="y"), "t", "t.csv"), CLASSES, "test")
    assert make_part(table(2), CLASSES, "test").n_without_target == 0


def test_classes_and_numbers_must_be_known() -> None:
    with pytest.raises(DataError, match=r"have the table's classes, but 'y' is 'c' in row 1"):
        encode_targets(GOAL, table(2, y=["c", "a"]).frame["y"])
    with pytest.raises(DataError, match="'y' is infinite in row 1"):
        goal = Target("y", "regression", "huber", NUMBERS)
        encode_targets(goal, table(2, y=[np.inf, 1.0]).frame["y"])


def test_facts_know_where_rows_come_from_and_divide_only_the_table() -> None:
    found = facts(SplitOptions(group="g"))
    assert found.part.tolist() == [0] * 12 + [2] * 4
    assert found.strata.tolist() == [0, 1] * 8
    assert found.groups.tolist() == [0, 1] * 6 + [0] * 4
    assert found.times is None


@pytest.mark.parametrize(
    "moments",
    [
        pd.date_range("2024-01-01", periods=12),
        pd.date_range("2024-01-01", periods=12).strftime("%d.%m.%Y"),
        np.arange(12) / 7,
        [str(i) for i in range(12)],
    ],
)
def test_times_may_be_dates_or_numbers(moments: object) -> None:
    times = facts(SplitOptions(time="t"), t=moments).times
    assert (np.diff(times[:12]) > 0).all()


@pytest.mark.parametrize("moments", [["x", "y"] * 6, [*range(11), None], [*range(11), np.inf]])
def test_times_have_no_gaps(moments: list[object]) -> None:
    with pytest.raises(DataError, match="dates or numbers without gaps"):
        facts(SplitOptions(time="t"), t=moments)


def test_a_time_column_with_few_dates_names_what_is_none() -> None:
    days = [*(f"2021-03-{day:02d}" for day in range(1, 5)), *["soon"] * 8]
    with pytest.raises(DataError, match=r"'t' holds 'soon' in row 5 \(8 such cells\)"):
        facts(SplitOptions(time="t"), t=days)


def test_every_row_has_a_group() -> None:
    with pytest.raises(DataError, match="'g' is empty in 6 rows"):
        facts(SplitOptions(group="g"), g=["p", None] * 6)
