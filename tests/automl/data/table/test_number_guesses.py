"""Numbers as people write them, decided by the whole column."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import partial

import numpy as np
import pytest

from automl.data.table.number_formats import NumberFormat, read_number
from automl.data.table.number_guesses import SAMPLE, guess_numbers

READ = [  # cells of one column, and what they are as numbers
    (["39,55", "41,74", "40"], [39.55, 41.74, 40]),
    (["1.250,50", "3"], [1250.5, 3]),
    (["1,250.50", "3"], [1250.5, 3]),
    (["53,780", "39,550"], [53780, 39550]),
    (["1,250", "950"], [1250, 950]),
    (["1.250", "950"], [1250, 950]),
    (["1.255", "950.1"], [1.255, 950.1]),
    (["0,950", "1,250"], [0.95, 1.25]),
    (["1,250", "12500"], [1.25, 12500]),
    (["1.250.000", "3"], [1250000, 3]),
    (["12,34,567", "5"], [1234567, 5]),
    (["1 250", "12 500,5"], [1250, 12500.5]),
    (["1\u00a0250", "1\u202f300", "7"], [1250, 1300, 7]),
    (["1'250.5", "1\u2019000", "3"], [1250.5, 1000, 3]),
    (["53.8%", "39,5 %".replace(",", ".")], [53.8, 39.5]),
    (["$1,250.50", "$3", "-$5"], [1250.5, 3, -5]),
    (["12 EUR", "1.250 EUR", "1 EUR"], [12, 1250, 1]),
    (["12 €", "3,5 €"], [12, 3.5]),
    (["USD 5", "USD 7.5"], [5, 7.5]),
    (["12 kg", "15kg", "7"], [12, 15, 7]),
    (["21 °C", "-3 °C"], [21, -3]),
    (["\u22125", "3"], [-5, 3]),
    (["(1,250)", "30"], [-1250, 30]),
    (["<0.5", "1", "2"], [0.5, 1, 2]),
    (["12.3*", "1", "2"], [12.3, 1, 2]),
    (["1E3", "5", "+7"], [1000, 5, 7]),
    (["50,287", "15,844", "6736", "950"], [50287, 15844, 6736, 950]),
    (["502,87-", "3,1", "5-"], [-502.87, 3.1, -5]),
    (["12 kg", "15 KG", "7 Kg"], [12, 15, 7]),
    (["5 kg/m2", "7.5 kg/m2"], [5, 7.5]),
    (["-1 days +20:04:04", "0 days 01:00:00"], [-14156, 3600]),
    (["1:30:00", "0:15:20.5"], [5400, 920.5]),
    (["2 days 01:30:00", "-1:00:00"], [178200, -3600]),
    (["inf", "-Infinity", "1"], [np.inf, -np.inf, 1]),
]


@pytest.mark.parametrize(("cells", "numbers"), READ)
def test_numbers_are_read_as_their_column_writes_them(
    cells: list[str], numbers: list[float]
) -> None:
    guess = guess_numbers(Counter(cells))
    assert guess is not None
    assert guess.share == 1.0
    assert [read_number(cell, guess.format) for cell in cells] == numbers


@pytest.mark.parametrize(("cells", "numbers"), READ)
def test_a_cell_is_read_alike_alone(cells: list[str], numbers: list[float]) -> None:
    """The format is learned once: what other cells a later file has does not matter."""
    guess = guess_numbers(Counter(cells))
    assert guess is not None
    saved = NumberFormat(**asdict(guess.format))
    assert [read_number(cell, saved) for cell in cells] == numbers


@pytest.mark.parametrize(
    "cells",
    [
        ["10+", "5-9"],
        ["a", "b"],
        ["A12", "B7"],
        ["2.1.2021", "3.2.2021"],
        ["192.168.0.1", "10.0.0.1"],
        ["3/4", "1/2"],
        ["<1", ">1", "1"],  # mostly inexact: these are classes
        ["1.2.3", "1.10.2"],
        ["1st", "2nd", "3rd", "4th"],
        ["192.168.252.126", "192.168.100.200"],
        ["044 845 886", "044 123 456"],  # telephones
    ],
)
def test_other_texts_are_no_numbers(cells: list[str]) -> None:
    guess = guess_numbers(Counter(cells))
    assert guess is None or guess.share < 0.5


def test_a_unit_of_a_few_is_not_read() -> None:
    """Of 12 kg among bare numbers nobody knows whether the others are pounds."""
    guess = guess_numbers(Counter({"7": 50, "9": 43, "12 kg": 7}))
    assert guess is not None
    assert (guess.share, guess.strays, guess.n_stray) == (pytest.approx(0.93), ("12 kg",), 7)


@pytest.mark.parametrize("scale", ["%", "k", "M"])
def test_numbers_with_and_without_a_scale_are_not_mixed(scale: str) -> None:
    guess = guess_numbers(Counter({f"5{scale}": 60, "0.3": 40}))
    assert guess is not None
    assert guess.strays == (f"5{scale}",)


def _said(decimal: str | None) -> str | None:
    return decimal


def test_points_part_thousands_where_other_columns_have_decimal_commas() -> None:
    for decimal, number in ((None, 51.287), (".", 51.287), (",", 51287)):
        guess = guess_numbers(
            Counter(["51.287", "16.844", "7.736"]), decimal=partial(_said, decimal)
        )
        assert guess is not None
        assert read_number("51.287", guess.format) == number


@pytest.mark.parametrize(
    "cells", [["2.0T", "1.6L"], ["50.287N", "48.890S"], ["3 $", "4 €"], ["5 g", "6 kg"]]
)
def test_numbers_in_two_units_are_told_apart(cells: list[str]) -> None:
    guess = guess_numbers(Counter({cells[0]: 60, cells[1]: 40}))
    assert guess is not None
    assert guess.other_unit


def test_what_could_be_read_twice_is_marked_as_ambiguous() -> None:
    ambiguous = guess_numbers(Counter(["1,250", "950"]))
    clear = guess_numbers(Counter(["1,250", "1,250,000"]))
    assert ambiguous is not None and ambiguous.is_ambiguous
    assert clear is not None and not clear.is_ambiguous


def test_other_columns_decide_where_a_column_cannot() -> None:
    for decimal, number in ((None, 1250), (".", 1250), (",", 1.25)):
        guess = guess_numbers(Counter(["1,250", "2,417"]), decimal=partial(_said, decimal))
        assert guess is not None
        assert read_number("1,250", guess.format) == number


def test_inexact_numbers_are_counted() -> None:
    guess = guess_numbers(Counter({"<0.5": 3, "1": 4, "2*": 1}))
    assert guess is not None
    assert guess.n_inexact == 4


def test_of_very_many_cells_a_sample_decides_and_all_are_counted() -> None:
    cells = {f"{i},5": 1 for i in range(3 * SAMPLE)} | {"<7,5": 4, "n.v.t.": 9}
    guess = guess_numbers(cells)
    assert guess is not None
    assert (guess.format.decimal, guess.strays, guess.n_stray) == (",", ("n.v.t.",), 9)
    assert guess.n_inexact == 4
