from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.targets import class_values, infer_target, present_targets
from automl.errors import ConfigError, DataError


def series(*cells: object, times: int = 10) -> pd.Series:
    return pd.Series(list(cells) * times)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (series("yes", "no"), "binary"),
        (series(0, 1), "binary"),
        (series(True, False), "binary"),
        (series(1.5, 2.5), "binary"),
        (series("a", "b", "c"), "multiclass"),
        (series(1.0, 2.0, 7.0), "multiclass"),
        (series("1", "2", "3"), "multiclass"),
        (series(*range(26)), "multiclass"),
        (series("a", "b", "c").astype("category"), "multiclass"),
        (series(0.5, 1.0, 1.5), "regression"),
        (series(*range(31)), "regression"),
        (pd.Series(range(20)), "regression"),  # each number once
        (pd.Series([*range(10, 21)] * 30 + [1, 1, 29, 29, 30]), "regression"),  # rare ends: rings
        (series("0.5", "1.5", "2.5"), "regression"),
    ],
)
def test_task_is_inferred(values: pd.Series, task: str) -> None:
    assert infer_target("y", values).task == task


def test_up_to_ten_whole_numbers_are_classes_however_rare() -> None:
    values = pd.Series([1] * 500 + [2] * 3 + [3] * 2)
    assert infer_target("y", values).class_names == ("1", "2", "3")


def test_classes_are_ordered_as_people_do() -> None:
    assert infer_target("y", series(10, 9, 2)).class_names == ("2", "9", "10")
    assert infer_target("y", series("b", "a", "10", "9")).class_names == ("9", "10", "a", "b")


def test_codes_follow_the_class_names_and_unknown_is_minus_one() -> None:
    target = infer_target("y", series("no", "yes"))
    assert target.encode(pd.Series(["yes", " no ", "maybe"])).tolist() == [1, 0, -1]
    assert target.n_classes == 2


def test_regression_encodes_to_numbers() -> None:
    target = infer_target("y", series("0.5", "1.5", "2.5"))
    assert target.encode(pd.Series(["7", "?"])).tolist() == pytest.approx([7, np.nan], nan_ok=True)
    assert target.n_classes == 1


@pytest.mark.parametrize(
    ("values", "present"),
    [
        (["1", "?", "NA", "2.5", None], [True, False, False, True, False]),
        (["cat", "?", "NA", " ", None], [True, False, True, False, False]),
        ([1.0, np.nan], [True, False]),
    ],
)
def test_missing_marks_depend_on_the_column(values: list[object], present: list[bool]) -> None:
    assert present_targets(pd.Series(values)).tolist() == present


def test_loss_is_the_usual_one_unless_asked() -> None:
    assert infer_target("y", series(0.5, 1.0, 1.5)).loss == "mean_squared"
    assert infer_target("y", series(0.5, 1.0, 1.5), loss="huber").loss == "huber"
    assert infer_target("y", series("a", "b")).loss == "binary_cross_entropy"


def test_asked_task_overrules() -> None:
    assert infer_target("y", series(1, 2, 3), "regression").task == "regression"
    assert infer_target("y", series(1, 2), "multiclass").loss == "cross_entropy"


@pytest.mark.parametrize(
    ("values", "task", "loss", "message"),
    [
        (series("a"), None, None, "'a' in every row"),
        (series(5.0), "regression", None, "is 5 in every row"),
        (series("a", "b", "c"), "binary", None, "has 3; choose --task multiclass"),
        (series("a", "b"), "regression", None, "must be numeric"),
        (series(0.5, np.inf, 1.0), "regression", None, "infinite in row 1"),
        (pd.Series(["a", "a", "b", "b", "c"]), None, None, "a single one of 'c'"),
        (pd.Series([1, 1, 1, 2, 2, 2, 3]), None, None, "or choose --task regression"),
    ],
)
def test_bad_targets_get_one_line(values: pd.Series, task: None, loss: None, message: str) -> None:
    with pytest.raises(DataError) as raised:
        infer_target("y", values, task, loss)
    assert message in str(raised.value)


def test_unknown_task_or_loss_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="task must be one of binary"):
        infer_target("y", series("a", "b"), "clustering")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean mean_squared"):
        infer_target("y", series(0.5, 1.0, 1.5), loss="mean_square")
    with pytest.raises(ConfigError, match="loss for binary must be one of"):
        infer_target("y", series("a", "b"), loss="huber")


@pytest.mark.parametrize(
    "values, expected",
    [
        ([1, 0, 1, 0], [0, 1]),
        ([1.0, 0.0, np.nan, 1.0, 0.0], [0, 1]),
        ([0.5, 1.5, 0.5, 1.5], [0.5, 1.5]),
        ([True, False, True, False], [False, True]),
        (["1", "0", "1", "0"], ["0", "1"]),
        (pd.Categorical([3, 7, 3, 7]), [3, 7]),
        (["no", "yes", "no", "yes"], ["no", "yes"]),
    ],
)
def test_class_values_are_those_of_the_column(values: Any, expected: list[Any]) -> None:
    column = pd.Series(values).dropna()
    target = infer_target("y", column, "binary")
    found = class_values(target.class_names, target.class_type).tolist()
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]
