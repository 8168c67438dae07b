from __future__ import annotations

import pandas as pd
import pytest

from automl.data.choices import (
    ColumnChoices,
    SplitChoices,
    check_columns,
    check_splits,
    choose_target,
)
from automl.data.sources import Table
from automl.errors import DataError

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
    choices = check_columns(FRAME, "label", ColumnChoices(drop=(" age",), categorical=("town ",)))
    assert choices == ColumnChoices(drop=("age",), categorical=("town",))
    splits = check_splits(FRAME, "label", SplitChoices(group=" town", n_folds=3, seed=4))
    assert splits == SplitChoices(group="town", n_folds=3, seed=4)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (ColumnChoices(drop=("agee",)), "--drop must name a column"),
        (ColumnChoices(numeric=("label",)), "--numeric must name a feature"),
        (ColumnChoices(drop=("age",), numeric=("age",)), "'age' is in --drop and --numeric"),
    ],
)
def test_columns_that_cannot_be_chosen_are_refused(columns: ColumnChoices, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_columns(FRAME, "label", columns)


def test_rows_are_not_split_by_the_target_or_by_nothing() -> None:
    with pytest.raises(DataError, match="--time must name a feature"):
        check_splits(FRAME, "label", SplitChoices(time="label"))
    with pytest.raises(DataError, match="--group must name a column"):
        check_splits(FRAME, "label", SplitChoices(group="house"))
