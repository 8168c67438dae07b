"""Rows to predict, in the forms that a search takes data in.

The preprocessing takes unknown categories and empty cells as they come. What it cannot take is
a column of another kind altogether: read as missing in every row, it would quietly spoil all
predictions, so it is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.columns import MISSING_NUMBERS, ColumnPlan, cell_text, typed_columns
from automl.data.sources import read_table
from automl.errors import DataError


def read_rows(data: Any, plans: Sequence[ColumnPlan]) -> pd.DataFrame:
    """Read rows of the columns that a model was trained on; further columns do no harm.

    Args:
        data: a DataFrame, a path, "sklearn:NAME", or an array with the columns in their order.

    Raises:
        DataError: there are no rows, a column is missing, or nothing in one can be read.
    """
    if isinstance(data, (np.ndarray, list)):
        data = _frame_of_array(np.asarray(data), [plan.name for plan in plans])
    frame = read_table(data).frame
    for plan in plans:
        if plan.kind in ("numeric", "boolean", "date"):
            _refuse_unreadable(frame, plan)
    return frame


def _frame_of_array(array: NDArray[Any], names: Sequence[str]) -> pd.DataFrame:
    rows = array.reshape(len(array), -1) if array.ndim > 1 else array
    if rows.ndim != 2 or rows.shape[1] != len(names):
        raise DataError(
            f"an array of rows must have the {len(names)} columns that the model was trained on, "
            f"but it has shape {array.shape}"
        )
    return pd.DataFrame(rows, columns=pd.Index(names))


def _refuse_unreadable(frame: pd.DataFrame, plan: ColumnPlan) -> None:
    typed = typed_columns(frame, (plan,))
    if not len(typed.columns) or typed.notna().to_numpy().any():
        return
    cells = [cell_text(cell) for cell in frame[plan.name].dropna().head(1000)]
    read = [cell for cell in cells if cell.lower() not in MISSING_NUMBERS]
    if read:
        raise DataError(
            f"a {plan.kind} column must stay one in rows to predict, but nothing in "
            f"{plan.name!r} can be read as such: the first cell is {read[0][:40]!r}"
        )
