"""What a person is told of a loaded table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from automl.data.descriptions import describe_repeated_rows, describe_split, describe_task
from automl.data.splits import RowSplit
from automl.data.table.column_messages import column_lines, column_messages
from automl.data.table.columns import ColumnPlan
from automl.data.table.sentinels import sentinel_messages
from automl.data.targets import Target
from automl.wording.data_notes import group_lines
from automl.wording.option_names import named
from storage.records import DataCheckRecord


def describe(
    goal: Target,
    targets: pd.Series[Any],
    plans: Sequence[ColumnPlan],
    split: RowSplit,
    *,
    checks: Sequence[DataCheckRecord],
    is_inferred: bool,
) -> list[str]:
    """Lines on task, columns and rows, for a person to check before minutes are spent.

    Args:
        targets: of the rows that are divided.
        is_inferred: whether the task is a guess.
    """
    hint = f" ({named('task')} overrides)" if is_inferred else ""
    return [
        describe_task(goal, targets) + hint,
        *(column_lines(goal.reading.plan) if goal.task == "regression" else ()),
        *column_messages(plans),
        *group_lines(checks),
        *sentinel_messages(checks),
        describe_split(split),
        *describe_repeated_rows(checks),
    ]
