from __future__ import annotations

import pandas as pd
import pytest

from automl.data.choices import (
    check_columns,
    check_splits,
    choose_target,
)
from automl.data.sources import Table
from automl.errors import DataError
from automl.options.data_options import ColumnOptions, SplitOptions

FRAME = pd.DataFrame([[1, 2, 3]], columns=["age", "town", "label"])


def test_the_target_is_the_one_asked_for_else_the_source_s_own() -> None:
    own = Table(FRAME, "t", "t.csv", target="label")
    assert choose_target(own, None) == "label"
    assert choose_target(own, " age ") == "age"
    with pytest.raises(DataError, match="a target must be named"):
        choose_target(Table(FRAME, "t", "t.csv"), None)
    with pytest.raises(DataError, match="did you mean 'label'"):
        choose_target(own, "labels")


def test_names_are_stripped_as_the_table_s_are() -> None:
    choices = check_columns(FRAME, "label", ColumnOptions(drop=(" age",), categorical=("town ",)))
    assert choices == ColumnOptions(drop=("age",), categorical=("town",))
    splits = check_splits(FRAME, "label", SplitOptions(group=" town", folds=3, split_seed=4))
    assert splits == SplitOptions(group="town", folds=3, split_seed=4)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (ColumnOptions(drop=("agee",)), "--drop must name a column"),
        (ColumnOptions(numeric=("label",)), "--numeric must name a feature"),
        (ColumnOptions(drop=("age",), numeric=("age",)), "'age' is in --drop and --numeric"),
    ],
)
def test_columns_that_cannot_be_chosen_are_refused(columns: ColumnOptions, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_columns(FRAME, "label", columns)


def test_rows_are_not_split_by_the_target_or_by_nothing() -> None:
    with pytest.raises(DataError, match="--time must name a feature"):
        check_splits(FRAME, "label", SplitOptions(time="label"))
    with pytest.raises(DataError, match="--group must name a column"):
        check_splits(FRAME, "label", SplitOptions(group="house"))
