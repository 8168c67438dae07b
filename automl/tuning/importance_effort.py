"""How many rows, repeats and columns permutation importance may take, from counts alone.

The time is estimated from the sizes of networks and table and not measured, so that one command
has one result, on any number of workers and beside any load. Few rows say less than few repeats
take away: the error of an importance is mostly that of the rows. So rows come first, repeats
after them; and where even a hundred rows of all columns are too much, the columns that move the
predictions most are found with a few, and only these are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHARE_OF_TIMEOUT: Final = 0.02
LEAST_SECONDS, MOST_SECONDS = 0.2, 5.0
UNTIMED_SECONDS: Final = 1.0
"""What may be taken of a call's time: 2 % of it, in these bounds; without a time, a second. Of
tables of a few thousand rows and networks of a search's usual size hardly anything is taken."""

OPERATIONS_PER_SECOND: Final = 1e10
"""Multiplications of a network's parameters with rows, on one core, with all that comes beside:
eight networks of 60,000 parameters each, with periodic encodings, took 0.65 s for 13,500 rows on a
busy machine, and 0.41 s for 8,100."""

SECONDS_PER_NUMBER: Final = 2e-9
"""Of copying a row, for each of its numbers."""

SECONDS_PER_LOSS: Final = 1.5e-7
SECONDS_PER_METRIC, SECONDS_PER_METRIC_CLASS = 3e-6, 3e-6
"""Of scoring a row, by the loss and by a metric with its jackknife: 0.12 s for the area under the
ROC curve of 45 times 300 rows of two classes."""

MOST_REPEATS, LEAST_REPEATS = 5, 3
LEAST_ROWS: Final = 100
"""Fewer say hardly anything of a column: an importance of a tenth of the losses' spread is then
within its interval."""

SCREENED_ROWS: Final = 25
"""By which columns are found that are worth measuring: how far predictions move is seen in every
row, whatever its target."""

SHARE_OF_SCREENING: Final = 0.25


@dataclass(frozen=True, slots=True)
class Effort:
    """What is measured."""

    n_rows: int
    n_repeats: int
    n_columns: int  # fewer than there are: those that move predictions most


def seconds_allowed(timeout: float | None) -> float:
    """Of a core, for the importances of one answer.

    Args:
        timeout: of the call, in seconds; None: it has none.
    """
    if timeout is None:
        return UNTIMED_SECONDS
    return min(MOST_SECONDS, max(LEAST_SECONDS, SHARE_OF_TIMEOUT * timeout))


def row_seconds(n_operations: float, n_numbers: int, n_classes: int, *, by_metric: bool) -> float:
    """What a row takes, of which one column is another row's.

    Args:
        n_operations: parameters of all networks that predict it, as often as each is used.
        n_numbers: of the row.
        n_classes: 1 of a quantity.
        by_metric: whether a metric is measured beside the loss.
    """
    seconds = n_operations / OPERATIONS_PER_SECOND + n_numbers * SECONDS_PER_NUMBER
    seconds += SECONDS_PER_LOSS
    if by_metric:
        seconds += SECONDS_PER_METRIC + n_classes * SECONDS_PER_METRIC_CLASS
    return seconds


def planned(n_rows: int, n_columns: int, each: float, seconds: float) -> Effort | None:
    """What can be measured in so much time; None where it does not even suffice to choose columns.

    Args:
        n_rows: that there are.
        n_columns: that there are, at least 1.
        each: what a shuffled row takes, in seconds.
        seconds: that may be taken.
    """
    least_rows = min(n_rows, LEAST_ROWS)
    n_copies = int(seconds / each)  # rows that can be predicted
    if n_copies >= LEAST_REPEATS * least_rows * n_columns:
        of_column = n_copies // n_columns
        n_repeats = min(MOST_REPEATS, max(LEAST_REPEATS, of_column // n_rows))
        return Effort(min(n_rows, of_column // n_repeats), n_repeats, n_columns)
    n_screened = min(n_rows, SCREENED_ROWS) * n_columns
    if n_screened > SHARE_OF_SCREENING * n_copies:
        return None
    n_measured = (n_copies - n_screened) // (LEAST_REPEATS * least_rows)
    return Effort(least_rows, LEAST_REPEATS, n_measured) if n_measured else None


def estimated_seconds(
    n_rows: int, n_columns: int, n_classes: int, timeout: float, *, by_metric: bool
) -> float:
    """What the measuring will take, before the answer is known.

    Args:
        n_columns: or inputs, which are no fewer.
    """
    each = row_seconds(USUAL_OPERATIONS, n_columns, n_classes, by_metric=by_metric)
    return min(seconds_allowed(timeout), MOST_REPEATS * n_rows * n_columns * each)


USUAL_OPERATIONS: Final = 300_000
"""Parameters of an ensemble of a search of half a minute."""
