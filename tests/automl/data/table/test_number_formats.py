"""Numbers as people write them, read by the format of their column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.table.number_formats import (
    NumberFormat,
    in_dialect,
    plain_numbers,
    read_number,
    read_texts,
)


def test_a_file_of_another_dialect_has_its_own_marks() -> None:
    german = in_dialect(NumberFormat(), ",")
    read = {text: read_number(text, german) for text in ("0,5", "1.250", "1.250,5")}
    assert read == {"0,5": 0.5, "1.250": 1250, "1.250,5": 1250.5}
    assert in_dialect(NumberFormat(), None) == NumberFormat()


def test_many_cells_are_read_at_once_as_one_by_one() -> None:
    cells = ["1,5", "-2", "1.250,75", "x", "3 kg", "1e3", ",5", "0,", "1.25,5", None]
    written = NumberFormat(decimal=",", thousands=".", unit="kg")
    read = read_texts(pd.Series(cells), written)
    expected = [np.nan if cell is None else read_number(cell, written) for cell in cells]
    np.testing.assert_array_equal(read, expected)


def test_another_unit_is_no_number_of_this_column() -> None:
    kilograms = NumberFormat(unit="kg")
    assert read_number("12 kg", kilograms) == read_number("12", kilograms) == 12
    assert np.isnan(read_number("12 lb", kilograms))


@pytest.mark.parametrize("cell", ["1,2", "12,3456", "1,25,0", ",5"])
def test_marks_that_stand_wrong_are_not_read(cell: str) -> None:
    assert np.isnan(read_number(cell, NumberFormat(thousands=",")))


def test_plain_numbers_are_read_to_the_last_digit() -> None:
    numbers = np.random.default_rng(0).normal(size=200) * 10.0 ** np.arange(-100, 100)
    read = plain_numbers(pd.Series([repr(float(number)) for number in numbers]))
    assert read is not None
    np.testing.assert_array_equal(read, numbers)
    assert plain_numbers(pd.Series(["1", "x"])) is None
    assert plain_numbers(pd.Series(["1", "nan"])) is None
    np.testing.assert_array_equal(plain_numbers(pd.Series(["1", None])), [1, np.nan])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (NumberFormat(), ""),
        (NumberFormat(decimal=","), "written with a decimal comma"),
        (
            NumberFormat(decimal=",", thousands=".", unit="€"),
            "written with a decimal comma and a point between thousands, in €",
        ),
        (NumberFormat(unit="%"), "in %"),
        (NumberFormat(is_duration=True), "read as times in seconds"),
    ],
)
def test_a_format_in_words(written: NumberFormat, told: str) -> None:
    assert written.described == told
