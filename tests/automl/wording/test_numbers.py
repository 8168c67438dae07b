"""The same quantity looks the same everywhere."""

from __future__ import annotations

import math

import pytest

from automl.wording.numbers import brief_time, duration, number, number_or_dash, percent, size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.012345, "0.0123"),
        (123.4, "123"),
        (999.7, "1,000"),
        (12345.6, "12,346"),
        (12_345_678.9, "12,345,679"),
        (1.2e-6, "1.2e-06"),
        (-0.5, "-0.5"),
        (math.inf, "infinite"),
        (math.nan, "not a number"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.061, "6.1 %"), (0.5, "50 %"), (0.0042, "0.42 %"), (1.0, "100 %")],
)
def test_shares_are_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.07514, "0.0751"), (1234.0, "1,234"), (1e-7, "1e-07"), (None, "–"), (math.nan, "–"),
     (math.inf, "∞"), (-math.inf, "−∞")],
)  # fmt: skip
def test_cells_without_a_number_have_a_sign(value: float | None, text: str) -> None:
    assert number_or_dash(value) == text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0.42, "0.4 s"), (9.97, "10 s"), (42.0, "42 s"), (59.7, "1 min"), (200, "3 min 20 s")),
        *((120, "2 min"), (3599.8, "1 h"), (7500, "2 h 5 min"), (float("nan"), "–")),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(33.84e-6, "33.8 us"), (1e-3, "1 ms"), (9.996e-4, "1 ms"), (1.25, "1.25 s"), (math.nan, "–")],
)
def test_short_times_have_the_unit_that_reads_best(seconds: float, words: str) -> None:
    assert brief_time(seconds) == words


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [
        *((0, "0M"), (400, "0.4k"), (9_949, "9.9k"), (9_960, "10k"), (40_000, "40k")),
        *((999_499, "999k"), (999_501, "1.0M"), (3_210_000, "3.2M"), (9_999_999, "10M")),
        *((146e6, "146M"), (999_499_999, "999M"), (999_999_999, "1.0G"), (2.5e9, "2.5G")),
    ],
)
def test_sizes_are_in_the_unit_that_reads_best(n_bytes: float, words: str) -> None:
    assert size(int(n_bytes)) == words
