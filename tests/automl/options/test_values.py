"""Values of options: read as people write them, made plain, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import ConfigError
from automl.options.values import (
    BYTES,
    SECONDS,
    bytes_of,
    either,
    matching,
    one_of,
    optional,
    seconds_of,
    shown,
    text_or,
    whole,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("0.5", 0.5), (" 1D ", 86400)],
)
def test_times_are_read_as_people_type_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("500", 500), ("2G", 2**31), ("1.5k", 1536), ("1 GB", 2**30), ("3MiB", 3 * 2**20)],
)
def test_sizes_are_read_as_people_type_them(text: str, n_bytes: int) -> None:
    assert bytes_of(text) == n_bytes


@given(st.text(max_size=12) | st.from_regex(r"[-0-9.smhdkMGT ]{1,40}"))
def test_any_text_is_a_number_or_an_error_in_one_line(text: str) -> None:
    for read, rule in ((seconds_of, SECONDS), (bytes_of, BYTES)):
        try:
            rule.plain("x", read(text))
        except ConfigError as error:
            assert len(str(error).splitlines()) == 1


def test_a_rule_may_allow_more_than_its_values() -> None:
    rule = optional(either("auto", whole(1)))
    assert [rule.plain("n", value) for value in (None, "auto", 3)] == [None, "auto", 3]
    with pytest.raises(
        ConfigError, match=r"^n must be a whole number from 1, or 'auto', but got 0$"
    ):
        rule.plain("n", 0)


def test_texts_are_of_a_form_or_of_a_few() -> None:
    assert one_of("a", "b").plain("x", "a") == "a"
    assert text_or((Path,), "a file").plain("x", Path("b")) == Path("b")
    with pytest.raises(ConfigError, match="x must be one of a, b, but got 'c'"):
        one_of("a", "b").plain("x", "c")
    with pytest.raises(ConfigError, match="x must be digits, but got '1a'"):
        matching("[0-9]+", "digits").plain("x", "1a")


def test_a_value_is_shown_in_one_short_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert shown(10**5000) == "a value of type int"
    assert len(shown("x" * 1000)) < 70
