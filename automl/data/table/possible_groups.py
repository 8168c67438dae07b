"""Columns that may say whose a row is: customers, patients, machines, with several rows each.

Where rows are divided by chance, the rows of each lie in train and test alike, and what is scored
is how well the network knows those that it has met. Whether rows to predict will be theirs only a
person knows, so what is found here is said and nothing more. States and weekdays have several rows
each, too: what tells them from customers is how many values there are, or the column's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.splits import RowSplit
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan
from storage.records import DataCheckRecord, Json

MOST_OF_A_CLOSED_SET = 60
"""Values of a column that is called anything: the states of a country (51), hours and weeks (53)
are no more, and are met again in rows to predict."""

LEAST_NAMED = 10
"""Values of a column that is named like those whose rows they are."""

LEAST_ROWS, MOST_ROWS = 2.0, 100.0
"""Rows of each value on average: with fewer a column hardly repeats, and is left out; with more
each value is well known, unless the column's name says what it is."""

LEAST_SHARED = 0.5
"""Of the test rows have a value that train rows have as well; fewer where they are divided so."""

MOST_COLUMNS = 3
"""Told of one table, those of the fewest rows each first: codes may fill a table."""

_OWNER = re.compile(
    r"(?i:(^|[\W_])(customer|client|patient|subject|participant|user|person|household|family|"
    r"session|device|machine|vehicle|engine|driver|player)([\W_]?(id|no|nr|number|key|code))?$)"
    r"|(?i:(^|[\W_])(id|pid|uid|uuid|guid)$)|[a-z](Id|ID)$"
)


def possible_groups(
    typed: pd.DataFrame, plans: Sequence[ColumnPlan], split: RowSplit
) -> list[DataCheckRecord]:
    """The columns that may say whose each row is, though the rows are not divided by them.

    The value of a record is the share of test rows with a value that train rows have as well.

    Args:
        typed: all rows, as `read_columns` reads them.
        split: into train rows, of which the first fold's are looked at, and test rows.
    """
    found: list[tuple[float, DataCheckRecord]] = []
    for plan in plans:
        is_named = bool(_OWNER.search(plan.name))
        if plan.dropped or not (
            plan.kind == "categorical" or (is_named and _is_whole(typed, plan))
        ):
            continue
        values = typed[plan.name]
        codes, distinct = pd.factorize(values.where(values != MISSING_CATEGORY))
        rows_each = float((codes >= 0).sum()) / max(1, len(distinct))
        share = _shared(codes, split)
        if _may_be_groups(len(distinct), rows_each, is_named=is_named) and share >= LEAST_SHARED:
            details: dict[str, Json] = {"n_values": len(distinct), "rows_each": rows_each}
            record = DataCheckRecord("possible_group", plan.name, share, details)
            found.append((rows_each, record))
    return [record for _, record in sorted(found, key=lambda one: one[0])[:MOST_COLUMNS]]


def _is_whole(typed: pd.DataFrame, plan: ColumnPlan) -> bool:
    """Whether a column is of whole numbers, which may be names."""
    if plan.kind != "numeric":
        return False
    values = typed[plan.name].to_numpy()
    present = values[~np.isnan(values)]
    return bool((present == np.round(present)).all())


def _may_be_groups(n_values: int, rows_each: float, *, is_named: bool) -> bool:
    if is_named:
        return n_values >= LEAST_NAMED and rows_each >= LEAST_ROWS
    return n_values > MOST_OF_A_CLOSED_SET and LEAST_ROWS <= rows_each <= MOST_ROWS


def _shared(codes: NDArray[np.int64], split: RowSplit) -> float:
    """Of the test rows, those with a value that train rows have."""
    train, _ = split.folds[0]
    tested = codes[split.test]
    return float((np.isin(tested, codes[train]) & (tested >= 0)).mean())
