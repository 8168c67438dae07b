"""What a person should know of how rows to predict were read, and how that of more rows adds up.

A table may come in pieces. What is said of it at the end is what would be said had it been read at
once: so cells are counted here in every piece, odd ones or not, and words are made of the sums.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from automl.errors import DataError

MAX_UNREAD_SHARE = 0.5
"""In new rows, a column of which more cells than this cannot be read is refused.

Half: one typing error in a file of two rows is said and counts as missing; a file in which most
cells of a column are none of its kind has another column there.
"""


@dataclass(frozen=True, slots=True)
class OddCells(abc.ABC):
    """How many cells of one column are odd in one way, of how many; perhaps none.

    `str` says it, where there are some.
    """

    column: str
    n_odd: int
    n_cells: int  # among which they are
    example: str = ""
    row: int | None = None  # the number of the example's, from 1; None where there is none

    def with_further(self, others: Self) -> Self:
        """These and those of further rows."""
        example = self if self.n_odd else others
        return replace(
            self,
            n_odd=self.n_odd + others.n_odd,
            n_cells=self.n_cells + others.n_cells,
            example=example.example,
            row=example.row,
        )

    @property
    def is_refused(self) -> bool:
        """Whether the column is of another kind altogether: see `MAX_UNREAD_SHARE`."""
        return False

    @property
    def told(self) -> str:
        """How many there are, and one of them."""
        return str(self)


@dataclass(frozen=True, slots=True)
class ReadingNotes:
    """What was noticed in reading rows."""

    n_rows: int = 0
    of_source: tuple[str, ...] = ()  # what the file or container itself made to be said
    cells: tuple[OddCells, ...] = ()  # in the order in which they are said
    empty: tuple[str, ...] = ()  # columns without a value in any row

    def with_further(self, others: ReadingNotes) -> ReadingNotes:
        """These and those of further rows of the same table."""
        if not self.n_rows:
            return others
        pairs = zip(self.cells, others.cells, strict=True)
        return ReadingNotes(
            self.n_rows + others.n_rows,
            (*self.of_source, *others.of_source),
            tuple(first.with_further(second) for first, second in pairs),
            tuple(name for name in self.empty if name in others.empty),
        )

    @property
    def odd_cells(self) -> tuple[OddCells, ...]:
        """Without the counts of columns that have none."""
        return tuple(one for one in self.cells if one.n_odd)

    @property
    def messages(self) -> tuple[str, ...]:
        """All of it, a line for each; that one row has no value is not worth one."""
        empty = f"no row has a value of {', '.join(self.empty)}"
        is_said = self.empty and self.n_rows > 1
        return (*self.of_source, *map(str, self.odd_cells), *([empty] if is_said else []))


def refuse_unreadable(cells: Iterable[OddCells], where: str) -> None:
    """Refuse rows of which a column is of another kind altogether.

    Raises:
        DataError: read as missing, so many cells would quietly spoil what is done with the rows.
    """
    for one in cells:
        if one.is_refused:
            raise DataError(
                f"at least half of a column's cells must be as in training, but of {where} "
                f"{one.told}; write them as in the table that was searched, or leave them empty"
            )
