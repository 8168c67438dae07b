from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SearchSpaceError,
)
from search_spaces.parameters import KINDS, read_parameter
from tests.contracts.parameter_contract import COMMON, ParameterContract

CHOICES = st.one_of(
    st.sampled_from(["adam", "none", "full", "it's"]), st.integers(1, 512), st.floats(0, 9)
)


class TestFloatParameter(ParameterContract):
    def strategy(self) -> st.SearchStrategy[Parameter]:
        return st.builds(
            lambda low, factor, log, **common: FloatParameter(
                "x", low, low * factor, log, **common
            ),
            st.floats(1e-9, 1e3),
            st.floats(1.1, 1e6),
            st.booleans(),
            **COMMON,
        )


class TestIntParameter(ParameterContract):
    def strategy(self) -> st.SearchStrategy[Parameter]:
        return st.builds(
            lambda low, more, log, **common: IntParameter("x", low, low + more, log, **common),
            st.integers(1, 1000),
            st.integers(1, 1000),
            st.booleans(),
            **COMMON,
        )


class TestCategoricalParameter(ParameterContract):
    def strategy(self) -> st.SearchStrategy[Parameter]:
        choices = st.lists(CHOICES, min_size=1, max_size=6, unique=True).map(tuple)
        return st.builds(
            lambda c, **common: CategoricalParameter("x", c, **common), choices, **COMMON
        )


class TestFixedParameter(ParameterContract):
    def strategy(self) -> st.SearchStrategy[Parameter]:
        return st.builds(lambda v, **common: FixedParameter("x", v, **common), CHOICES, **COMMON)


def test_every_kind_has_a_contract() -> None:
    tested = {name.removeprefix("Test") for name in globals() if name.startswith("Test")}
    assert {kind.__name__ for kind, _ in KINDS.values()} == tested


def test_two_parameters_that_differ_in_their_reason_only_are_equal() -> None:
    assert FixedParameter("l1", 0.0, reason="a") == FixedParameter("l1", 0.0, reason="b")


def test_the_whole_range_is_in_an_int_parameter_but_no_fraction() -> None:
    parameter = IntParameter("n_layers", 1, 3)
    assert [value in parameter for value in (0, 1, 2, 3, 4, 1.5, True)] == [
        False, True, True, True, False, False, False,
    ]  # fmt: skip


def test_a_parameter_is_active_where_any_condition_holds() -> None:
    momentum = FixedParameter(
        "momentum",
        0.9,
        when=(
            Condition.of({"optimizer": ["momentum"]}),
            Condition.of({"schedule": ["switch_to_sgd"]}),
        ),
    )
    assert momentum.is_active({"optimizer": "momentum"})
    assert momentum.is_active({"optimizer": "adam", "schedule": "switch_to_sgd"})
    assert not momentum.is_active({"optimizer": "adam", "schedule": "step"})
    assert not momentum.is_active({})


@pytest.mark.parametrize(
    ("table", "key", "message"),
    [
        (3, "", "must be a table"),
        ({}, "type", "one of float, int, categorical, fixed, but it is missing"),
        ({"type": "flaot"}, "type", "Did you mean 'float'?"),
        ({"type": ["float"]}, "type", r"but got \['float'\]"),
        ({"type": "float", "low": 1.0}, "", "needs `high`"),
        ({"type": "float", "low": 0.1, "high": 0.001}, "low", r"\(low=0.1, high=0.001\)"),
        ({"type": "float", "low": 1.0, "high": 1.0}, "low", 'One value alone is type = "fixed"'),
        ({"type": "float", "low": 0.0, "high": 1.0, "log": True}, "low", "logarithmic"),
        ({"type": "float", "low": "1e-4", "high": 1.0}, "low", "`low` of x must be a number"),
        ({"type": "float", "low": 0.0, "high": float("inf")}, "low", "`low < high`"),
        ({"type": "float", "low": 0.0, "high": 1.0, "log": "yes"}, "log", "true or false"),
        ({"type": "int", "low": 1.0, "high": 2}, "low", "whole number"),
        ({"type": "int", "low": 1, "high": True}, "high", "must be a number"),
        ({"type": "int", "low": 1, "hihg": 2}, "hihg", "Did you mean 'high'?"),
        ({"type": "fixed", "value": 1, "zzz": 2}, "zzz", "keys are type, when, tasks, reason"),
        ({"type": "fixed", "value": [1]}, "value", "one value"),
        ({"type": "categorical", "choices": []}, "choices", "one or more different values"),
        ({"type": "categorical", "choices": ["a", "a"]}, "choices", "different"),
        ({"type": "categorical", "choices": "a"}, "choices", "a list"),
        ({"type": "categorical", "choices": [["a"]]}, "value", "one value"),
        ({"type": "fixed", "value": 1, "when": "sgd"}, "when", "must be a table like"),
        ({"type": "fixed", "value": 1, "when": ["sgd"]}, "when", "must be a table like"),
        ({"type": "fixed", "value": 1, "when": {"a": "b"}}, "when", "lists the values"),
        ({"type": "fixed", "value": 1, "when": {"a": []}}, "when", "lists the values"),
        ({"type": "fixed", "value": 1, "tasks": ["ranking"]}, "tasks", "binary, multiclass"),
        ({"type": "fixed", "value": 1, "tasks": "binary"}, "tasks", "must be a list"),
    ],
)
def test_a_wrong_table_is_an_error_with_rule_and_value(table: Any, key: str, message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message) as caught:
        read_parameter("x", table)
    assert (caught.value.parameter, caught.value.key) == ("x", key)
