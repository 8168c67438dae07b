"""Values of options: read as people write them, made plain, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import ConfigError
from automl.options.search_options import METRIC
from automl.options.values import (
    AMOUNT,
    BYTES,
    SECONDS,
    SPACE,
    SPAN,
    either,
    matching,
    number,
    one_of,
    optional,
    whole,
)
from search_spaces import load


def test_a_rule_may_allow_more_than_its_values() -> None:
    rule = optional(either("auto", whole(1)))
    assert [rule.plain("n", value) for value in (None, "auto", 3)] == [None, "auto", 3]
    with pytest.raises(
        ConfigError, match=r"^n must be a whole number from 1, or 'auto', but got 0$"
    ):
        rule.plain("n", 0)


def test_texts_are_of_a_form_or_of_a_few() -> None:
    assert one_of("a", "b").plain("x", "a") == "a"
    with pytest.raises(ConfigError, match="x must be one of a, b, but got 'c'"):
        one_of("a", "b").plain("x", "c")
    with pytest.raises(ConfigError, match="x must be digits, but got '1a'"):
        matching("[0-9]+", "digits").plain("x", "1a")


def test_a_space_is_a_text_a_path_or_an_object() -> None:
    for space in ("mlp", Path("my.toml"), load("mlp")):
        assert SPACE.plain("space", space) == space
    with pytest.raises(ConfigError, match="space must be a built-in space, a TOML file or a Sea"):
        SPACE.plain("space", 3)


@given(st.floats(0, 10**9) | st.integers(0, 10**9))
def test_what_is_written_to_be_typed_is_read_as_the_same(value: float) -> None:
    for rule in (SECONDS, number(0.0, "a number")):
        assert rule.plain("x", rule.read(rule.write(value))) == pytest.approx(
            value, rel=1e-9, abs=1e-8
        )


@given(st.floats(1e-6, 10**9) | st.integers(1, 10**9))
def test_python_takes_times_as_they_are_typed(value: float) -> None:
    for rule in (SECONDS, SPAN):
        assert rule.plain("x", rule.write(value)) == pytest.approx(value, rel=1e-9, abs=1e-8)


def test_python_takes_sizes_and_counts_as_they_are_typed() -> None:
    assert [BYTES.plain("x", text) for text in ("500M", "1.5 GB", "12")] == [
        *(500 * 2**20, 1.5 * 2**30),
        12,
    ]
    assert [AMOUNT.plain("x", text) for text in ("200k", "1.5M", "12")] == [200_000, 1_500_000, 12]


def test_a_word_that_is_near_one_of_a_few_is_asked_after() -> None:
    with pytest.raises(ConfigError, match=r"but got 'auc'; did you mean 'roc_auc'\?$"):
        METRIC.plain("metric", "auc")
    with pytest.raises(ConfigError, match=r"but got 'zzz'$"):
        METRIC.plain("metric", "zzz")
