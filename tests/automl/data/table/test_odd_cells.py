"""Odd cells in one line each."""

from __future__ import annotations

from automl.data.table.odd_cells import NewCategories, NewNumbers, UnreadCells


def test_each_says_how_many_and_one_of_them() -> None:
    assert str(UnreadCells("age", 1, 1200, "old", 3, "numeric", "%")) == (
        "age: 1 of 1,200 cells is no number in % as in training and counts as missing, such as "
        "'old' in row 3"
    )
    unread = UnreadCells("age", 2, 9, "old", 3, "date")
    assert (unread.noun, unread.in_unit) == ("date", ""), "as an answer over HTTP has it"
    assert unread.told.startswith("age: 2 of 9 cells are no dates as in training")
    assert str(NewNumbers("kids", 2, 9, "2", 4)) == (
        "kids: 2 of 9 cells are neither 0 nor 1 as in training, such as 2 in row 4; the network "
        "takes them as numbers"
    )
    assert str(NewCategories("city", 2, 9, "x" * 50, 4)) == (
        f"city: 2 of 9 cells are categories that no train row has, such as '{'x' * 40}' in row 4"
    )
