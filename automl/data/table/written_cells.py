"""Values as the cells of a column write them: the inverse of reading one.

Who makes up rows, as examples of a schema or to check an export, writes them with it.
"""

from __future__ import annotations

import pandas as pd

from automl.data.table.columns import ColumnPlan
from automl.data.table.date_formats import ONLY_ASKED
from automl.data.table.number_formats import NumberFormat


def written_number(value: float, written: NumberFormat) -> str:
    """A number as a column writes it, without marks between thousands."""
    if written.is_duration:
        minutes, seconds = divmod(round(abs(value)), 60)
        return f"{'-' if value < 0 else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    text = f"{value:.7g}".replace(".", written.decimal)
    return f"{text} {written.unit}" if written.unit else text


def written_date(moment: pd.Timestamp, plan: ColumnPlan) -> str:
    """A moment as a column writes it."""
    pattern = plan.dates.pattern
    if pattern in (None, "ISO8601"):
        is_day = moment == moment.normalize()
        return moment.date().isoformat() if is_day else moment.isoformat()
    if pattern == "seconds since 1970":
        return str(int(moment.timestamp()))
    if pattern == "milliseconds since 1970":
        return str(int(moment.timestamp() * 1000))
    zoned = moment.tz_localize("UTC") if "%z" in str(pattern) else moment
    return str(zoned.strftime(str(pattern)))


def is_written_in_digits(plan: ColumnPlan) -> bool:
    """Whether the dates of a column are digits alone, which may come as numbers: 1600000000."""
    return plan.kind == "date" and plan.dates.pattern in ONLY_ASKED
