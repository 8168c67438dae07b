from __future__ import annotations

import pytest

from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SearchSpaceError,
)
from search_spaces.hyperparameters import hyperparameter
from search_spaces.narrowing import narrow_parameter, read_assignments

RATE = FloatParameter("learning_rate", 1e-4, 1e-1, log=True)
SIZES = CategoricalParameter("batch_size", (16, 64, 256, "full"))


def test_assignments_are_split_at_the_first_equals_sign() -> None:
    assert read_assignments(["a=1", " b = 2..3 "]) == {"a": "1", "b": "2..3"}


@pytest.mark.parametrize("assignment", ["a", "a=", "=1", ""])
def test_what_is_no_assignment_is_an_error_with_the_three_forms(assignment: str) -> None:
    with pytest.raises(SearchSpaceError, match=r"name=value, name=LOW\.\.HIGH or name=a,b,c"):
        read_assignments([assignment])


def test_setting_a_parameter_twice_is_an_error() -> None:
    with pytest.raises(SearchSpaceError, match="a is set to 1 and to 2"):
        read_assignments(["a=1", "a=2"])


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        ("1e-3", RATE, FixedParameter("learning_rate", 1e-3)),
        ("1e-3..1e-2", RATE, FloatParameter("learning_rate", 1e-3, 1e-2, log=True)),
        ("1e-6..10", RATE, FloatParameter("learning_rate", 1e-6, 10.0, log=True)),
        ("1e-6..10", None, FloatParameter("learning_rate", 1e-6, 10.0, log=True)),
        (".1..+2", FloatParameter("learning_rate", 1, 2), FloatParameter("learning_rate", 0.1, 2)),
        ("1e-3, 1e-2", RATE, CategoricalParameter("learning_rate", (1e-3, 1e-2))),
        ("1..3", IntParameter("n_layers", 1, 2), IntParameter("n_layers", 1, 3)),
        ("32..64", IntParameter("hidden_size", 1, 9), IntParameter("hidden_size", 32, 64)),
        ("32..64", None, IntParameter("hidden_size", 32, 64, log=True)),
        ("16..64", SIZES, CategoricalParameter("batch_size", (16, 64))),
        ("17..64", SIZES, FixedParameter("batch_size", 64)),
        ("48,full", SIZES, CategoricalParameter("batch_size", (48, "full"))),
        ("full", SIZES, FixedParameter("batch_size", "full")),
        ("zeros", None, FixedParameter("initialization", "zeros")),
        ("none,3", None, CategoricalParameter("max_norm", ("none", 3.0))),
        ("1..4", FixedParameter("max_norm", "none"), FloatParameter("max_norm", 1, 4, log=True)),
    ],
)
def test_the_text_says_which_parameter_it_becomes(
    text: str, current: Parameter | None, expected: Parameter
) -> None:
    assert narrow_parameter(hyperparameter(expected.name), text, current) == expected


def test_values_get_the_hyperparameters_own_type() -> None:
    assert (
        repr(narrow_parameter(hyperparameter("n_layers"), "2.0", None).to_dict()["value"]) == "2"
    )
    assert repr(narrow_parameter(hyperparameter("dropout"), "0", None).to_dict()["value"]) == "0.0"


def test_conditions_and_tasks_stay_and_the_reason_says_who_set_it() -> None:
    when = (Condition.of({"optimizer": ["momentum"]}),)
    narrowed = narrow_parameter(
        hyperparameter("momentum"), "0.9", FloatParameter("momentum", 0.5, 0.99, when=when)
    )
    assert narrowed.when == when
    assert narrowed.reason == "set by hand: momentum=0.9"
    assert narrow_parameter(hyperparameter("label_smoothing"), "0.1", None).tasks == (
        "binary",
        "multiclass",
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("optimizer", "adm", "Did you mean 'adam'?"),
        ("optimizer", "adam,adam", "different values"),
        ("optimizer", "a..b", "optimizer has no range.* must be one of sgd"),
        ("learning_rate", "fast", "a number above 0, but got 'fast'"),
        ("learning_rate", "0..1", "a number above 0, but got 0.0"),
        ("learning_rate", "1..0.1", "`low < high`"),
        ("learning_rate", "1e-3..", "but got ''"),
        ("learning_rate", "1e-3,", "but got ''"),
        ("learning_rate", "nan", "but got nan"),
        ("n_layers", "1.5", "whole number"),
        ("n_layers", "1..2..3", "but got '2..3'"),
        ("weight_decay", "0..1", "`low > 0`"),
        ("max_norm", "none..3", "ends of a range must be numbers"),
        ("zzz", "1", "no hyperparameter 'zzz'"),
    ],
)
def test_what_the_hyperparameter_cannot_take_is_an_error(
    name: str, text: str, message: str
) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        narrow_parameter(hyperparameter(name), text, None)


def test_a_range_without_any_choice_is_an_error_that_lists_them() -> None:
    with pytest.raises(SearchSpaceError, match=r"none in 17\.\.63: its numbers are 16, 64, 256"):
        narrow_parameter(hyperparameter("batch_size"), "17..63", SIZES)
