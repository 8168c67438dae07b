"""What the cells of a few rows were read as, remembered for the rows that come next.

What a cell means never depends on those beside it, so that each needs to be read once only. Of
many rows all are read at once, in a few calls for each column; of one row these calls take far
longer than to look a cell up: 1 to 2 ms for each column of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEW_ROWS = 64
"""Of more rows, reading all at once takes about as long as looking each cell up."""

MOST_REMEMBERED = 10_000
"""Different cells of one column: some MiB at most of texts as columns have them."""

_LONGEST = 1000  # characters of a cell that is remembered

_PLAIN = (str, bool, int, float, type(None), type(pd.NA), pd.Timestamp, type(pd.NaT))
"""Types of cells of which two that are equal mean the same, and that cannot change."""


@dataclass(frozen=True, slots=True)
class ReadCells:
    """The cells of one column as its plan reads them.

    Shape:
        each of the outputs, is_unread, is_present: (N,).
    """

    outputs: tuple[NDArray[Any], ...]  # one for each of the plan's, float64 or texts
    is_unread: NDArray[np.bool_]  # none of its kind, nor known as such from training
    is_present: NDArray[np.bool_]  # not empty, nor a mark that says so


_Meaning: TypeAlias = tuple[tuple[Any, ...], bool, bool]


@dataclass(slots=True)
class CellMemory:
    """The meanings of cells by column and by what they are; for the columns of one model."""

    _known: dict[str, dict[Hashable, _Meaning]] = field(default_factory=dict)

    def read(
        self,
        values: pd.Series[Any],
        column: str,
        decimal: str | None,
        read: Callable[[pd.Series[Any]], ReadCells],
    ) -> ReadCells:
        """Read the cells of one column, of which those that are new to it by `read`.

        Args:
            decimal: of the file that they come from, on which their meaning depends.
        """
        if len(values) > FEW_ROWS or not len(values) or _is_fast(values.dtype):
            return read(values)
        cells = values.tolist()
        if not all(_is_plain(cell) for cell in cells):
            return read(values)
        keys = [(values.dtype, decimal, type(cell), _without_nan(cell)) for cell in cells]
        known = self._known.setdefault(column, {})
        places = {key: place for place, key in enumerate(keys) if key not in known}
        if places:
            fresh = read(values.iloc[list(places.values())])
            if len(known) + len(places) > MOST_REMEMBERED:  # a new one: others may read in this
                known = {key: known[key] for key in keys if key in known}
                self._known[column] = known
            known.update(zip(places, _apart(fresh), strict=True))
        return _together([known[key] for key in keys])


def _apart(read: ReadCells) -> list[_Meaning]:
    return [
        (tuple(output[place] for output in read.outputs), bool(is_unread), bool(is_present))
        for place, (is_unread, is_present) in enumerate(
            zip(read.is_unread, read.is_present, strict=True)
        )
    ]


def _together(meanings: list[_Meaning]) -> ReadCells:
    outputs, is_unread, is_present = zip(*meanings, strict=True)
    return ReadCells(
        tuple(_column(cells) for cells in zip(*outputs, strict=True)),
        np.array(is_unread, dtype=bool),
        np.array(is_present, dtype=bool),
    )


def _column(cells: tuple[Any, ...]) -> NDArray[Any]:
    return np.array(cells, dtype=object if isinstance(cells[0], str) else np.float64)


def _is_fast(dtype: Any) -> bool:
    """Whether a column of this type is read as fast as its cells are looked up."""
    return isinstance(dtype, np.dtype) and dtype.kind in "iuf"


def _is_plain(cell: Any) -> bool:
    return type(cell) in _PLAIN and not (type(cell) is str and len(cell) > _LONGEST)


def _without_nan(cell: Any) -> Any:
    """NaN differs from itself, and would never be found again."""
    return None if cell is pd.NA or cell != cell else cell
