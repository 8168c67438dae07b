"""Notes of pieces add up to those of the whole."""

from __future__ import annotations

import pytest

from automl.data.reading_notes import ReadingNotes, refuse_unreadable
from automl.data.table.odd_cells import NewCategories, UnreadCells
from automl.errors import DataError


def notes(n_unread: int, n_cells: int, row: int, empty: tuple[str, ...] = ()) -> ReadingNotes:
    unread = UnreadCells("age", n_unread, n_cells, "old" if n_unread else "", row)
    return ReadingNotes(n_cells, ("a file",) if row == 1 else (), (unread,), empty)


def test_cells_are_counted_in_every_piece_and_said_once() -> None:
    whole = ReadingNotes()
    pieces = (notes(0, 5, 1, ("a", "b")), notes(2, 5, 7, ("b",)), notes(1, 5, 12, ("a", "b")))
    for piece in pieces:
        whole = whole.with_further(piece)
    assert whole.n_rows == 15
    assert whole.messages == (
        "a file",
        "age: 3 of 15 cells are no numbers as in training and count as missing, such as 'old' in "
        "row 7",
        "no row has a value of b",
    )


def test_what_is_not_odd_is_not_said() -> None:
    assert notes(0, 5, 2).messages == ()
    assert notes(0, 1, 2, ("a",)).messages == (), "one row"


def test_the_sum_decides_whether_a_column_is_refused() -> None:
    first, second = notes(4, 5, 1), notes(0, 5, 6)
    refuse_unreadable(first.with_further(second).cells, "the rows")
    with pytest.raises(DataError, match="of the rows age: 4 of 5 cells are no numbers"):
        refuse_unreadable(first.cells, "the rows")
    refuse_unreadable([NewCategories("city", 5, 5, "x", 1)], "the rows")
