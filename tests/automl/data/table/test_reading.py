"""What is mistyped is found while nothing but the tables has been read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl.data.table.reading import read_raw_tables
from automl.errors import DataError
from automl.options.data_options import ColumnOptions, SplitOptions

FRAME = pd.DataFrame({"age": [31, 40], " city ": ["Busan", "Seoul"], "paid": [0, 1]})


@pytest.mark.parametrize(
    ("source", "choices", "message"),
    [
        ("none.csv", {"target": "paid"}, "there is no 'none.csv'"),
        (FRAME, {"target": "payed"}, "--target must .* 'payed'; did you mean 'paid'"),
        (FRAME, {"target": "paid", "columns": ColumnOptions(drop=("aeg",))}, "--drop .* 'age'"),
        (FRAME, {"target": "paid", "splits": SplitOptions(group="town")}, "--group must name"),
        (FRAME, {"target": "paid", "splits": SplitOptions(valid="none.csv")}, "no 'none.csv'"),
    ],
)
def test_a_mistyped_path_or_name_is_refused(
    source: Any, choices: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_raw_tables(source, **choices)


def test_names_are_those_of_the_columns(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "test.csv", index=False)
    raw = read_raw_tables(
        FRAME,
        target=" paid",
        columns=ColumnOptions(drop=(" city",)),
        splits=SplitOptions(time="age ", test=tmp_path / "test.csv"),
    )
    assert (raw.target, raw.columns.drop, raw.splits.time) == ("paid", ("city",), "age")
    assert list(raw.tables) == ["train", "test"]
    assert list(raw.tables["test"].frame) == ["age", "city", "paid"]
