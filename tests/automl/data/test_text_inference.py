"""What is counted of a column of texts; the kinds themselves are in test_column_inference.py."""

from __future__ import annotations

import pandas as pd
import pytest

from automl.data.cells import raw_column
from automl.data.text_inference import (
    FEW_CATEGORIES,
    are_codes,
    distinct_texts,
    has_decimal_comma,
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
        (["12", "13"], False),
        (["09", "10"], False),  # hours
        (["02116", "1001"], False),  # of unequal width
        (["10001", "94103"], False),  # numbers as well as anything
        (["0.116", "10001"], False),
    ],
)
def test_codes_are_digits_of_one_width_some_with_zeros_in_front(
    cells: list[str], expected: bool
) -> None:
    assert are_codes(cells) is expected


def test_commas_that_can_be_nothing_else_are_decimal() -> None:
    for cells, expected in ((["1,5", "2,25"], True), (["1,250"], False), (["a,b"], False)):
        assert has_decimal_comma(raw_column(pd.Series(cells))) is expected
    assert not has_decimal_comma(raw_column(pd.Series([1.5])))


def test_few_kinds_of_texts_are_categories_and_many_numbers() -> None:
    """1, 2, 3+ are categories; forty numbers and an "x" among 8 % of the rows are not."""
    for n_kinds, kind in ((FEW_CATEGORIES - 1, "categorical"), (FEW_CATEGORIES + 20, "numeric")):
        cells = [*map(str, range(n_kinds))] * 5
        cells += ["x"] * (len(cells) // 12)
        assert infer_texts("a", raw_column(pd.Series(cells))).kind == kind
