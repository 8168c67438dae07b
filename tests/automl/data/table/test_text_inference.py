"""What is counted of a column of texts; the kinds themselves are in test_column_inference.py."""

from __future__ import annotations

import pandas as pd
import pytest

from automl.data.table.cells import raw_column
from automl.data.table.text_inference import (
    FEW_CATEGORIES,
    are_codes,
    decimal_mark,
    distinct_texts,
    infer_texts,
)


def test_marks_of_missing_cells_are_not_counted_unless_there_is_nothing_else() -> None:
    texts = distinct_texts(raw_column(pd.Series(["a", "a", "NA", None, "?"])))
    assert (texts.counts, texts.has_gaps, texts.n_cells) == ({"a": 2}, True, 2)
    texts = distinct_texts(raw_column(pd.Series(["NA", "None", "NA"])))
    assert (texts.counts, texts.has_gaps) == ({"NA": 2, "None": 1}, False)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["02116", "10001"], True),
        (["007", "012"], True),
        (["0012", "007", "450"], True),  # of unequal width
        (["0255393342", "5152"], True),
        (["9007199254740993", "9007199254740992"], True),  # one number as float64
        (["12", "13"], False),
        (["09", "10"], False),  # hours
        (["10001", "94103"], False),  # numbers as well as anything
        (["0.116", "10001"], False),
    ],
)
def test_codes_are_digits_with_zeros_in_front_or_more_than_a_number_keeps(
    cells: list[str], expected: bool
) -> None:
    assert are_codes(cells) is expected


def test_the_decimal_mark_is_what_can_be_nothing_else() -> None:
    for cells, expected in (
        (["1,5", "2,25"], ","),
        (["1.5", "2.25"], "."),
        (["1,250"], None),
        (["1.250"], None),
        (["a,b"], None),
    ):
        assert decimal_mark(raw_column(pd.Series(cells))) == expected
    assert decimal_mark(raw_column(pd.Series([1.5]))) is None


def test_few_kinds_of_texts_are_categories_and_many_numbers() -> None:
    """1, 2, 3+ are categories; forty numbers and an "x" among 8 % of the rows are not."""
    for n_kinds, kind in ((FEW_CATEGORIES - 1, "categorical"), (FEW_CATEGORIES + 20, "numeric")):
        cells = [*map(str, range(n_kinds))] * 5
        cells += ["x"] * (len(cells) // 12)
        assert infer_texts("a", raw_column(pd.Series(cells))).kind == kind
