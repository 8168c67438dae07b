"""Rows to predict, in the forms that a search takes data in.

They are read by the plans of the columns that the model was trained on. The preprocessing takes
unknown categories and empty cells as they come. Cells that cannot be read are counted, and said
column by column; a column of another kind altogether is refused: read as missing, it would
quietly spoil all predictions. One row may come as a dict or a Series, with its columns by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.arrays import plain_array
from automl.data.encoders import NewRows
from automl.data.files.json_files import columns_of_objects
from automl.data.pieces import read_pieces
from automl.data.reading_notes import ReadingNotes, refuse_unreadable
from automl.data.sources import Table, read_table
from automl.data.table.cell_memory import FEW_ROWS, CellMemory, FewCells, cells_of_frame
from automl.data.table.column_reading import read_columns, read_few
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan, column_name
from automl.data.table.odd_cells import NewCategories, NewNumbers
from automl.data.table.typed_rows import ReadColumns
from automl.errors import DataError

Categories = Sequence[Mapping[str, frozenset[str]]]
"""The categories of each column that each fold's train rows have."""

_ARRAY_KEYS = frozenset({"x", "x_train", "x_test"})


def read_rows(
    data: Any,
    plans: Sequence[ColumnPlan],
    known: Categories = (),
    memory: CellMemory | None = None,
) -> NewRows:
    """Read rows of the columns that a model was trained on; further columns do no harm.

    Args:
        data: a DataFrame, a path, "sklearn:NAME", one row as a dict or a Series, several as a
            list of dicts, or an array, tensor or list of rows with the columns in their order.
        known: categories that are not among these are said.
        memory: of cells that were read before.

    Returns:
        The rows as `read_columns` reads them.

    Raises:
        DataError: there are no rows, columns are missing, or most of one cannot be read.
    """
    names = [plan.name for plan in plans]
    rows = _rows(data, names)
    new = _read_few(rows, plans, known, memory)
    if new is None:
        table = read_table(_source(rows, names), names=names)
        new = _read_table(table, plans, known, memory)
    refuse_unreadable(new.notes.cells, "the rows to predict")
    return new


def read_row_pieces(
    data: Any, plans: Sequence[ColumnPlan], known: Categories, memory: CellMemory
) -> Iterator[NewRows]:
    """As `read_rows`, of rows that may be more than the memory holds, some at a time.

    Of how many cells cannot be read the whole decides, and so the caller.
    """
    names = [plan.name for plan in plans]
    rows = _rows(data, names)
    few = _read_few(rows, plans, known, memory)
    if few is not None:
        yield few
        return
    for table in read_pieces(_source(rows, names), names):
        yield _read_table(table, plans, known, memory)


def _read_few(
    rows: Any, plans: Sequence[ColumnPlan], known: Categories, memory: CellMemory | None
) -> NewRows | None:
    """Read a few rows in memory without bringing them to the form of tables, which takes longer.

    None of others, and where that form would have something to say of names or cells.
    """
    if memory is None or not isinstance(rows, (list, pd.DataFrame)):
        return None
    if not 0 < len(rows) <= FEW_ROWS:
        return None
    columns = _columns(rows)
    if columns is None:
        return None
    index = pd.RangeIndex(1, len(rows) + 1)
    new = _noted(read_few(columns, index, plans, None, memory), plans, known, ())
    if isinstance(rows, pd.DataFrame):
        frame = rows.set_axis(list(columns), axis="columns").set_axis(index)
        return replace(new, table=Table(frame, name="data", source="DataFrame"))
    return new


def _columns(rows: list[dict[Any, Any]] | pd.DataFrame) -> dict[str, FewCells] | None:
    """The columns by their names; None where `checked_frame` would change or refuse them."""
    found: Mapping[Any, FewCells]
    if isinstance(rows, pd.DataFrame):
        found = cells_of_frame(rows) if rows.columns.is_unique else {}
    else:
        found = {name: FewCells(*of) for name, of in columns_of_objects(rows).items()}
    columns = {column_name(name): column for name, column in found.items()}
    is_plain = all(column.is_plain for column in columns.values())
    return columns if columns and len(columns) == len(found) and is_plain else None


def _read_table(
    table: Table, plans: Sequence[ColumnPlan], known: Categories, memory: CellMemory | None
) -> NewRows:
    read = read_columns(table.frame, plans, table.decimal, memory)
    return replace(_noted(read, plans, known, table.messages), table=table)


def _noted(
    read: ReadColumns, plans: Sequence[ColumnPlan], known: Categories, messages: tuple[str, ...]
) -> NewRows:
    cells = (*read.cells, *_new_numbers(read, plans), *_new_categories(read, known))
    notes = ReadingNotes(len(read), messages, cells, tuple(_empty_columns(read, plans)))
    return NewRows(read, notes, first_row=int(read.index[0]))


def _rows(data: Any, names: Sequence[str]) -> Any:
    """Rows that are objects as a list of dicts, others in a form that `read_table` takes."""
    if isinstance(data, pd.Series) and _is_row(data, names):
        data = data.to_dict()
    if isinstance(data, Mapping):
        return data if _is_arrays(data) else [dict(data)]
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        return data
    if isinstance(data, (str, Path, tuple, pd.DataFrame)):
        return data
    return _frame_of_rows(data, names)


def _source(rows: Any, names: Sequence[str]) -> Any:
    """Rows in a form that `read_table` takes."""
    return _frame_of_rows(rows, names) if isinstance(rows, list) else rows


def _is_row(series: pd.Series[Any], names: Sequence[str]) -> bool:
    """Whether a Series has cells by the names of columns, and not the rows of one column."""
    return bool({column_name(name) for name in series.index} & set(names))


def _is_arrays(data: Mapping[Any, Any]) -> bool:
    """Whether a mapping has arrays of rows, and not the cells of one row."""
    return any(
        str(key).lower() in _ARRAY_KEYS and pd.api.types.is_list_like(value)
        for key, value in data.items()
    )


def _frame_of_rows(data: Any, names: Sequence[str]) -> pd.DataFrame:
    """Name the columns of rows that bring no names: they are in the model's order."""
    rows = plain_array(data, "rows to predict")
    if isinstance(rows, pd.DataFrame):
        is_named = not isinstance(data, list) or any(isinstance(row, Mapping) for row in data)
        if is_named or rows.shape[1] != len(names):
            return rows
        return rows.set_axis(list(names), axis="columns")
    array = np.asarray(rows)
    table = array.reshape(len(array), -1) if array.ndim > 1 else array
    if table.ndim != 2 or table.shape[1] != len(names):
        raise DataError(
            f"an array of rows must have the {len(names)} columns that the model was trained on, "
            f"but it has shape {array.shape}"
        )
    return pd.DataFrame(table, columns=pd.Index(names))


def _new_categories(read: ReadColumns, known: Categories) -> list[NewCategories]:
    """Count the cells with categories that no train row has had; they count as rare ones."""
    counted = []
    for name in known[0] if known else ():
        cells = read.arrays[name].tolist()
        strangers = {
            cell
            for cell in set(cells)
            if cell != MISSING_CATEGORY and not any(cell in each[name] for each in known)
        }
        places = [n for n, cell in enumerate(cells) if cell in strangers] if strangers else []
        example = str(cells[places[0]]) if places else ""
        row = read.index[places[0]] if places else None
        counted.append(NewCategories(name, len(places), len(cells), example, row))
    return counted


def _empty_columns(read: ReadColumns, plans: Sequence[ColumnPlan]) -> list[str]:
    """Columns that were used in training and hold nothing in these rows."""
    used = [plan for plan in plans if plan.outputs]
    return [plan.name for plan in used if _is_empty(read.arrays[plan.outputs[0]])]


def _is_empty(column: NDArray[Any]) -> bool:
    if column.dtype == np.float64:
        return bool(np.isnan(column).all())
    return all(cell == MISSING_CATEGORY for cell in column)


def _new_numbers(read: ReadColumns, plans: Sequence[ColumnPlan]) -> list[NewNumbers]:
    """A column of 0 and 1 that meets a 2 reads it as the number that it is, and says so."""
    counted = []
    for plan in plans:
        if plan.kind != "boolean" or plan.dropped:
            continue
        values = read.arrays[plan.name]
        is_number = ~np.isnan(values)
        places = np.flatnonzero(is_number & (values != 0.0) & (values != 1.0))
        example = f"{values[places[0]]:g}" if len(places) else ""
        row = read.index[places[0]] if len(places) else None
        n_numbers = int(np.count_nonzero(is_number))
        counted.append(NewNumbers(plan.name, len(places), n_numbers, example, row))
    return counted
