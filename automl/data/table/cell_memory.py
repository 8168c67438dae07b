"""The cells of a few rows: read in as few calls as there are ways to read, and remembered.

What a cell means never depends on those beside it. So of a few rows, where a call takes far
longer than the cells do (some tenths of a millisecond for a column of texts), all columns that
are read alike are read as one, and a cell that was read before is looked up.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cells import ReadCells
from automl.data.table.columns import ColumnPlan
from automl.data.table.plain_frames import has_plain_type

FEW_ROWS = 64
"""Of more rows, reading each column at once takes about as long as looking its cells up."""

MOST_REMEMBERED = 10_000
"""Different cells of one column: some MiB at most of texts as columns have them."""

_LONGEST = 1000  # characters of a cell that is remembered

_PLAIN = (str, bool, int, float, type(None), type(pd.NA), pd.Timestamp, type(pd.NaT))
"""Types of cells of which two that are equal mean the same, and that cannot change."""


@dataclass(frozen=True, slots=True)
class FewCells:
    """A column of a few rows, not held by pandas, which takes a tenth of a millisecond for it."""

    cells: Sequence[Any]
    dtype: Any  # that pandas has for such a column; None: it would have to find out

    @property
    def is_plain(self) -> bool:
        """Whether `plain_frame` would leave the column as it is."""
        if self.dtype == object:
            return all(type(cell) in _PLAIN for cell in self.cells)
        return self.dtype is not None and has_plain_type(self.dtype)

    def series(self, name: str, index: pd.Index[Any]) -> pd.Series[Any]:
        """The column as pandas holds it."""
        return pd.Series(self.cells, index, self.dtype, name)


def cells_of_frame(frame: pd.DataFrame) -> dict[Any, FewCells]:
    """The columns of a frame, whose names differ."""
    cells = frame.astype(object).to_numpy().T.tolist()
    columns = zip(frame.columns, cells, frame.dtypes, strict=True)
    return {name: FewCells(of, dtype) for name, of, dtype in columns}


class Read(Protocol):
    """What reads one column: `read_cells` of column_reading.py."""

    def __call__(self, values: pd.Series[Any], plan: ColumnPlan, decimal: str | None) -> ReadCells:
        """Read it by its plan."""


_Meaning: TypeAlias = tuple[tuple[Any, ...], bool, bool]
_Known: TypeAlias = dict[Hashable, _Meaning]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A column that is to be read: which of its cells are new, and where the others are known."""

    plan: ColumnPlan
    dtype: Any
    new: Sequence[Any]
    new_keys: Sequence[Hashable] = ()
    keys: Sequence[Hashable] = ()  # of all its cells; () where they are not remembered
    known: _Known = field(default_factory=dict)

    def result(self, new: ReadCells) -> ReadCells:
        """All of its cells, of which the new ones have just been read."""
        if not self.keys:
            return new
        self.known.update(zip(self.new_keys, _apart(new), strict=True))
        return _together([self.known[key] for key in self.keys])


class CellMemory:
    """The meanings of cells by column and by what they are.

    Args:
        plans: of the columns of one model.
    """

    def __init__(self, plans: Iterable[ColumnPlan]) -> None:
        self._ways = {plan.name: _way(plan) for plan in plans if not plan.dropped}
        self._known: dict[Hashable, _Known] = {}

    def read(
        self,
        columns: Mapping[str, FewCells],
        plans: Sequence[ColumnPlan],
        decimal: str | None,
        read: Read,
    ) -> list[ReadCells]:
        """Read the cells of a column for each plan, of which those that are new to it by `read`.

        Args:
            columns: by the names of the plans, and perhaps further ones.
            plans: of columns that are used.
            decimal: of the file that they come from, on which their meaning depends.
        """
        results: dict[str, ReadCells] = {}
        alike: dict[Hashable, list[_Asked]] = {}
        for plan in plans:
            asked = self._asked(plan, columns[plan.name], decimal)
            if asked.new:
                alike.setdefault((self._ways[plan.name], asked.dtype), []).append(asked)
            else:
                results[plan.name] = _together([asked.known[key] for key in asked.keys])
        for batch in alike.values():
            cells = [cell for one in batch for cell in one.new]
            found = read(pd.Series(cells, dtype=batch[0].dtype), batch[0].plan, decimal)
            begin = 0
            for one in batch:
                end = begin + len(one.new)
                results[one.plan.name] = one.result(found.between(begin, end))
                begin = end
        return [results[plan.name] for plan in plans]

    def _asked(self, plan: ColumnPlan, column: FewCells, decimal: str | None) -> _Asked:
        cells, dtype = column.cells, column.dtype
        if _needs_no_memory(dtype) or not all(_is_plain(cell) for cell in cells):
            return _Asked(plan, dtype, cells)
        home = (plan.name, dtype, decimal)
        known = self._known.setdefault(home, {})
        keys = [(type(cell), _without_nan(cell)) for cell in cells]
        new = {key: cell for key, cell in zip(keys, cells, strict=True) if key not in known}
        if len(known) + len(new) > MOST_REMEMBERED:  # a new one: others may read in this
            known = {key: known[key] for key in keys if key in known}
            self._known[home] = known
        return _Asked(plan, dtype, list(new.values()), list(new), keys, known)


def _way(plan: ColumnPlan) -> str:
    """What the meaning of a cell depends on; columns in which it is equal are read alike."""
    return repr(replace(plan, name="", details={}, dates=replace(plan.dates, label="")))


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


def _needs_no_memory(dtype: Any) -> bool:
    """Whether cells of columns of this type are read anew: as fast as they would be looked up.

    A categorical type holds its categories, which may be others in each row that comes: it is
    no key to remember cells by.
    """
    if isinstance(dtype, pd.CategoricalDtype):
        return True
    return isinstance(dtype, np.dtype) and dtype.kind in "iuf"


def _is_plain(cell: Any) -> bool:
    return type(cell) in _PLAIN and not (type(cell) is str and len(cell) > _LONGEST)


def _without_nan(cell: Any) -> Any:
    """NaN differs from itself, and would never be found again."""
    return None if cell is pd.NA or cell != cell else cell
