"""Rows to predict, in the forms that a search takes data in.

They are read by the plans of the columns that the model was trained on. The preprocessing takes
unknown categories and empty cells as they come. Cells that cannot be read are counted, and said
column by column; a column of another kind altogether is refused: read as missing, it would
quietly spoil all predictions. One row may come as a dict or a Series, with its columns by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.arrays import plain_array
from automl.data.encoders import NewRows
from automl.data.reading_notes import ReadingNotes, refuse_unreadable
from automl.data.sources import Table, read_table
from automl.data.table.cell_memory import CellMemory
from automl.data.table.column_reading import ReadColumns, read_columns
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan, column_name
from automl.data.table.odd_cells import NewCategories, NewNumbers
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
    new = read_piece(read_table(named_rows(data, names), names=names), plans, known, memory)
    refuse_unreadable(new.notes.cells, "the rows to predict")
    return new


def read_piece(
    table: Table,
    plans: Sequence[ColumnPlan],
    known: Categories = (),
    memory: CellMemory | None = None,
) -> NewRows:
    """Read a table, or a piece of one: of how many cells cannot be read the whole decides."""
    read = read_columns(table.frame, plans, table.decimal, memory)
    cells = (*read.cells, *_new_numbers(read, plans), *_new_categories(read, known))
    empty = tuple(_empty_columns(read, plans))
    notes = ReadingNotes(len(read.typed), table.messages, cells, empty)
    return NewRows(read.typed, notes, table, int(read.typed.index[0]))


def named_rows(data: Any, names: Sequence[str]) -> Any:
    """Rows in a form that `read_table` takes."""
    if isinstance(data, pd.Series) and _is_row(data, names):
        data = data.to_dict()
    if isinstance(data, Mapping):
        return data if _is_arrays(data) else _frame_of_rows([dict(data)], names)
    if isinstance(data, (str, Path, tuple, pd.DataFrame)):
        return data
    return _frame_of_rows(data, names)


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
        row = read.typed.index[places[0]] if places else None
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
        row = read.typed.index[places[0]] if len(places) else None
        n_numbers = int(np.count_nonzero(is_number))
        counted.append(NewNumbers(plan.name, len(places), n_numbers, example, row))
    return counted
