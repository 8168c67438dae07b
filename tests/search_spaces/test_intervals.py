from __future__ import annotations

import math

import pytest

from search_spaces.intervals import Numbers, is_number


@pytest.mark.parametrize(
    ("numbers", "inside", "outside", "words"),
    [
        (Numbers(0), [0, 5.5, 1e300], [-1, math.inf, math.nan], "a number from 0 upwards"),
        (Numbers(0, low_is_open=True), [1e-9], [0, -1], "a number above 0"),
        (Numbers(0, 1), [0, 1], [1.1], "a number from 0 to 1"),
        (Numbers(0, 1, high_is_open=True), [0, 0.99], [1], "a number from 0 to below 1"),
        (Numbers(), [-1e9, 0.5], [math.inf, math.nan], "a number"),
        (Numbers(whole=True), [-3, 2.0], [0.5], "a whole number"),
        (Numbers(1, whole=True), [1, 2.0], [0, 1.5], "a whole number from 1 upwards"),
    ],
)
def test_an_interval_contains_what_its_words_say(
    numbers: Numbers, inside: list[float], outside: list[float], words: str
) -> None:
    assert str(numbers) == words
    assert all(value in numbers for value in inside)
    assert not any(value in numbers for value in outside)


def test_truths_are_no_numbers() -> None:
    assert is_number(1) and is_number(0.5)
    assert not is_number(True) and not is_number("1") and not is_number(None)
