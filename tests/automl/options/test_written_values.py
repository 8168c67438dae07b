"""Values as they are written: typed by people, shown in messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import ConfigError
from automl.options.values import AMOUNT, BYTES, COUNT, SECONDS, SPAN
from automl.options.written_values import (
    amount_of,
    bytes_of,
    number_of,
    seconds_of,
    seconds_text,
    shown,
    span_text,
    whole_of,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("0.5", 0.5), (" 1D ", 86400)),
        *(("2ms", 0.002), ("500us", 5e-4), ("1m2ms", 60.002), ("1.5MS", 0.0015)),
    ],
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
    pairs = ((seconds_of, SECONDS), (bytes_of, BYTES), (whole_of, COUNT))
    for read, rule in (*pairs, (seconds_of, SPAN), (amount_of, AMOUNT)):
        try:
            rule.plain("x", read(text))
        except ConfigError as error:
            assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(90.0, "90s"), (0.5, "0.5s"), (1e9, "1000000000s"), (0.0, "0s")]
)
def test_times_are_written_to_be_typed(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
    assert seconds_of(text) == seconds


def test_what_is_no_number_is_handed_on_as_it_is() -> None:
    assert [whole_of(text) for text in ("3", "-1", "2.5", "x")] == [3, -1, "2.5", "x"]
    assert [number_of(text) for text in ("0.5", "1e-3", "x")] == [0.5, 0.001, "x"]


def test_a_value_is_shown_in_one_short_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert shown(10**5000) == "a value of type int"
    assert len(shown("x" * 1000)) < 70


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("200000", 200_000),
        ("200k", 200_000),
        ("1M", 10**6),
        (" 1.5m ", 1_500_000),
        ("2g", 2 * 10**9),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, amount: int) -> None:
    assert amount_of(text) == amount


@pytest.mark.parametrize("text", ["1.5", "0.0001k", "k", "1kk", "-3", "1e5", "200 k", ""])
def test_what_is_no_whole_amount_stays_the_text(text: str) -> None:
    assert amount_of(text) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5e-4, "500us"), (6e-5, "60us"), (2e-3, "2ms"), (1.5, "1.5s"), (90.0, "90s")],
)
def test_short_times_are_written_to_be_typed(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


@given(st.floats(1e-9, 1e6))
def test_a_short_time_that_is_typed_again_is_the_same(seconds: float) -> None:
    assert seconds_of(span_text(seconds)) == seconds
