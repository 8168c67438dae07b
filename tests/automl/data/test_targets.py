from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.targets import Target, class_values, learn_target
from automl.data.targets import infer_target as infer_from
from automl.errors import ConfigError, DataError


def infer_target(
    name: str, values: pd.Series, task: Any = None, loss: str | None = None
) -> Target:
    return infer_from(learn_target(name, values), values, task, loss)


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
        (["1", "-", "None", "2.5", "#N/A"], [True, False, False, True, False]),
        (["cat", "?", "NA", " ", None], [True, False, False, False, False]),
        (["minor", "None", "-", "n/a", "NULL"], [True, True, True, False, False]),
        ([1.0, np.nan, 2.0, 3.0, 4.0], [True, False, True, True, True]),
    ],
)
def test_missing_marks_depend_on_the_column(values: list[object], present: list[bool]) -> None:
    column = pd.Series(values)
    assert (~learn_target("y", column).missing(column)).tolist() == present


def test_what_is_missing_does_not_depend_on_the_other_rows() -> None:
    """Learned from the table that is divided, it holds for each part."""
    reading = learn_target("y", series("yes", "no"))
    assert reading.missing(pd.Series(["NA"])).tolist() == [True]
    assert reading.missing(pd.Series(["-"])).tolist() == [False]
    reading = learn_target("y", series("1", "0"))
    assert reading.missing(pd.Series(["-"])).tolist() == [True]


def test_a_person_keeps_marks_as_a_class_or_names_others() -> None:
    column = series("yes", "no", "NA")
    kept = learn_target("y", column, keep_missing_class=True)
    assert infer_from(kept, column).class_names == ("NA", "no", "yes")
    digits = series("0", "1", "NA")
    kept = learn_target("y", digits, has_types=False, keep_missing_class=True)
    assert infer_from(kept, digits).class_names == ("0", "1", "NA")
    named = learn_target("y", series("yes", "no", "unknown"), missing=["unknown"])
    assert named.missing(pd.Series(["Unknown", "no"])).tolist() == [True, False]
    assert learn_target("y", series(1, 2, 9), missing=["9"]).missing(
        pd.Series([9, 1])
    ).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("cells", "class_type", "names"),
    [
        (["0", "1", "NA"], "integer", ("0", "1")),
        (["0.0", "1.0"], "integer", ("0", "1")),
        (["0.5", "1.5"], "number", ("0.5", "1.5")),
        (["02116", "10001"], "text", ("02116", "10001")),
        (["1.10", "1.9"], "text", ("1.10", "1.9")),
        (["TRUE", "FALSE"], "text", ("FALSE", "TRUE")),
        (["True", "False"], "boolean", ("False", "True")),
        (["1", "0", "x"], "text", ("0", "1", "x")),
    ],
)
def test_classes_of_a_text_file_keep_their_text_unless_a_program_wrote_numbers(
    cells: list[str], class_type: str, names: tuple[str, ...]
) -> None:
    column = series(*cells)
    reading = learn_target("y", column, has_types=False)
    present = column[~reading.missing(column)]
    target = infer_from(reading, present)
    assert (reading.class_type, target.class_names) == (class_type, names)


def test_classes_named_like_no_number_are_ordered_as_texts() -> None:
    for cells in (["nan", "2", "10", "1"], ["1", "10", "2", "nan"]):
        column = series(*cells)
        kept = learn_target("y", column, has_types=False, keep_missing_class=True)
        assert infer_from(kept, column).class_names == ("1", "2", "10", "nan")


def test_codes_with_zeros_in_front_are_classes_however_many() -> None:
    codes = pd.Series([f"{i:05d}" for i in range(0, 400, 7)] * 3)
    assert infer_target("y", codes).task == "multiclass"


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["1,250", "950", "12,000"], 1250),
        (["39,55", "41,7", "40"], 39.55),
        (["12.50 €", "3.25 €", "4.75 €"], 12.5),
    ],
)
def test_quantities_are_read_as_they_are_written(cells: list[str], first: float) -> None:
    column = series(*cells)
    target = infer_target("y", column, "regression")
    assert target.encode(column)[0] == first


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
        (series(1e-299, 2e-299), "regression", None, "vary by more than 1e-160, but"),
        (series("a", "b", "c"), "binary", None, "has 3; choose --task multiclass"),
        (series("a", "b"), "regression", None, "must be numeric"),
        (series(*map(str, range(40)), "n.v.t."), None, None, "with --missing 'y=n.v.t.'"),
        (series(0.5, 1e39, 1.0), "regression", None, "is 1e+39 in row 1"),
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
    found = class_values(target.class_names, target.reading.class_type).tolist()
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]
