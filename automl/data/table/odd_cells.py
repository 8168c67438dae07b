"""The ways in which cells of rows to predict are odd: not readable, a new category, a new number.

Each is said in one line, with the number of such cells and one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.data.reading_notes import MAX_UNREAD_SHARE, OddCells
from automl.data.table.columns import Kind
from automl.wording.counts import agree, count

LONGEST_EXAMPLE = 40  # characters of a cell that are shown


@dataclass(frozen=True, slots=True)
class UnreadCells(OddCells):
    """Cells of one column that are none of its kind, and so count as missing.

    Among those that are not empty.
    """

    kind: Kind = "numeric"
    unit: str = ""  # that the numbers must have

    def __str__(self) -> str:
        do = agree(self.n_odd, "counts", "count")
        return self.told.replace(", such as", f" and {do} as missing, such as", 1)

    @property
    def noun(self) -> str:
        """What a single one should be."""
        nouns = {"numeric": "number", "date": "date", "boolean": "truth value"}
        return nouns.get(self.kind, "cell")

    @property
    def in_unit(self) -> str:
        """In which unit, where it must have one: " in %"."""
        return f" in {self.unit}" if self.unit else ""

    @property
    def told(self) -> str:
        """How many there are, and one of them."""
        noun = self.noun + agree(self.n_odd, "", "s") + self.in_unit
        are = agree(self.n_odd, "is", "are")
        return (
            f"{self.column}: {self.n_odd:,} of {count(self.n_cells, 'cell')} {are} no {noun} "
            f"as in training, such as {self.example[:LONGEST_EXAMPLE]!r} in row {self.row}"
        )

    @property
    def is_refused(self) -> bool:
        """Where there are more than half."""
        return self.n_odd > MAX_UNREAD_SHARE * self.n_cells


@dataclass(frozen=True, slots=True)
class NewNumbers(OddCells):
    """Numbers in a column of 0 and 1 that are neither."""

    def __str__(self) -> str:
        are = agree(self.n_odd, "is", "are")
        taken = agree(self.n_odd, "it as a number", "them as numbers")
        return (
            f"{self.column}: {self.n_odd:,} of {count(self.n_cells, 'cell')} {are} neither 0 nor "
            f"1 as in training, such as {self.example} in row {self.row}; the network takes "
            f"{taken}"
        )


@dataclass(frozen=True, slots=True)
class NewCategories(OddCells):
    """Categories that no train row has had; they count as rare ones."""

    def __str__(self) -> str:
        are = agree(self.n_odd, "is a category", "are categories")
        return (
            f"{self.column}: {self.n_odd:,} of {count(self.n_cells, 'cell')} {are} that no train "
            f"row has, such as {self.example[:LONGEST_EXAMPLE]!r} in row {self.row}"
        )
