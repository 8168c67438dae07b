"""Rows to predict, in the forms that a search takes data in.

They are read by the plans of the columns that the model was trained on. The preprocessing takes
unknown categories and empty cells as they come. Cells that cannot be read are counted, and said
column by column; a column of another kind altogether is refused: read as missing, it would
quietly spoil all predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl.data.arrays import plain_array
from automl.data.encoders import NewRows
from automl.data.sources import read_table
from automl.data.table.column_reading import read_columns, refuse_unreadable
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan
from automl.errors import DataError
from automl.wording.counts import agree, count


def read_rows(
    data: Any, plans: Sequence[ColumnPlan], known: Sequence[Mapping[str, frozenset[str]]] = ()
) -> NewRows:
    """Read rows of the columns that a model was trained on; further columns do no harm.

    Args:
        data: a DataFrame, a path, "sklearn:NAME", or an array, tensor or list of rows with the
            columns in their order.
        known: the categories of each column that each fold's train rows have; others are said.

    Returns:
        The rows as `read_columns` reads them.

    Raises:
        DataError: there are no rows, a column is missing, or most of one cannot be read.
    """
    names = [plan.name for plan in plans]
    if not isinstance(data, (str, Path, Mapping, tuple, pd.DataFrame)):
        data = _frame_of_rows(data, names)
    table = read_table(data, names=names)
    read = read_columns(table.frame, plans, table.decimal)
    refuse_unreadable(read.unread, "the rows to predict")
    unread = [str(cells) for cells in read.unread]
    others = (*_new_numbers(read.typed, plans), *_empty_columns(read.typed, plans))
    new = unknown_categories(read.typed, known) if known else ()
    return NewRows(read.typed, len(read.typed), (*table.messages, *unread, *others, *new))


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


def unknown_categories(
    typed: pd.DataFrame, known: Sequence[Mapping[str, frozenset[str]]]
) -> list[str]:
    """Say where categories stand that no train row has had; they count as rare ones.

    Args:
        known: the categories of each column that each fold's train rows have.
    """
    lines = []
    for name in known[0]:
        values = typed[name]
        every = frozenset[str]().union(*(each[name] for each in known)) | {MISSING_CATEGORY}
        others = values[~values.isin(every)]
        if len(others):
            lines.append(
                f"{name}: {len(others)} of {count(len(values), 'cell')} "
                f"{agree(len(others), 'is a category', 'are categories')} that no train row "
                f"has, such as {str(others.iloc[0])[:40]!r} in row {others.index[0]}"
            )
    return lines


def _empty_columns(typed: pd.DataFrame, plans: Sequence[ColumnPlan]) -> list[str]:
    """Columns that were used in training and hold nothing in several rows to predict."""
    if len(typed) < 2:
        return []
    used = [plan for plan in plans if plan.outputs]
    empty = [
        plan.name
        for plan in used
        if (typed[plan.outputs[0]].isna() | (typed[plan.outputs[0]] == MISSING_CATEGORY)).all()
    ]
    return [f"no row has a value of {', '.join(empty)}"] if empty else []


def _new_numbers(typed: pd.DataFrame, plans: Sequence[ColumnPlan]) -> list[str]:
    """A column of 0 and 1 that meets a 2 reads it as the number that it is, and says so."""
    lines = []
    for plan in plans:
        if plan.kind != "boolean" or plan.dropped:
            continue
        values = typed[plan.name]
        others = values[values.notna() & ~values.isin((0.0, 1.0))]
        if len(others):
            lines.append(
                f"{plan.name}: {len(others)} of {count(int(values.notna().sum()), 'cell')} "
                f"{agree(len(others), 'is', 'are')} neither 0 nor 1 as in training, such as "
                f"{others.iloc[0]:g} in row {others.index[0]}; the network takes "
                f"{agree(len(others), 'it as a number', 'them as numbers')}"
            )
    return lines
