"""Which rows a run sees: its share of the train rows, the batches of an epoch, the measured rows.

Pure functions of sizes and seeds, shared by both trainers.
"""

from __future__ import annotations

import functools
from typing import Final

from torch import Tensor

from automl import randomness
from automl.data.dataset import Dataset
from automl.errors import ConfigError
from automl.training.config import RowSubset, RunConfig

MEASURED_TRAIN_ROWS: Final = 10_000
"""Train loss is measured on at most this many rows: its standard error is then 1 % of the
rows' spread, at a cost that stays small beside the epoch's."""

PROBE_ROWS: Final = 256
"""Rows of the one batch on which layers are measured: a share of dead units then moves by
less than 1 % from batch to batch, and the measurement costs less than a small epoch."""


def rows_of(subset: RowSubset | None, n_rows: int) -> Tensor | None:
    """The train rows of a run, (n,) int64 into the fold's rows; None means all, in order.

    Raises:
        ConfigError: if the block lies outside the rows or is empty.
    """
    if subset is None:
        return None
    n_block = round(subset.fraction * n_rows)
    stop = n_block * (subset.part + 1)
    if n_block < 1 or (stop > n_rows and not subset.replace):
        raise ConfigError(
            f"a block of rows must lie inside the {n_rows} train rows, but fraction="
            f"{subset.fraction}, part={subset.part} ask for rows {stop - n_block} to {stop}"
        )
    key = _row_key(subset.seed, subset.part if subset.replace else 0)
    if subset.replace:
        return randomness.choices(key, n_rows, n_block)
    return randomness.shuffle(key, n_rows)[stop - n_block : stop].sort().values


def n_train_rows(run: RunConfig, dataset: Dataset) -> int:
    """How many rows a run trains on."""
    n_rows = len(dataset.folds[run.fold].train)
    return n_rows if run.rows is None else round(run.rows.fraction * n_rows)


def batch_size_of(run: RunConfig, dataset: Dataset) -> int:
    """Rows of a run's batches, the last one apart."""
    n_rows, size = n_train_rows(run, dataset), run.training.batch_size
    return n_rows if size is None else min(size, n_rows)


def _row_key(seed: int, counter: int) -> Tensor:
    return randomness.keys_at(randomness.streams([seed], "rows"), counter)[0]


def batch_bounds(n_rows: int, batch_size: int | None) -> list[tuple[int, int]]:
    """Where the batches of a shuffled epoch begin and end.

    The last batch may be smaller; a single left-over row joins the batch before, since batch
    normalization cannot train on one row. A batch size of None takes all rows at once.
    """
    size = n_rows if batch_size is None else min(batch_size, n_rows)
    bounds = [(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]
    if len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] == 1:
        bounds[-2:] = [(bounds[-2][0], n_rows)]
    return bounds


@functools.lru_cache(maxsize=64)
def measured_rows(n_rows: int) -> Tensor | None:
    """The train rows that the train loss is measured on, in order; None means all.

    The same rows in every epoch and every run with this many rows: a fixed random choice.
    """
    if n_rows <= MEASURED_TRAIN_ROWS:
        return None
    return randomness.shuffle(_row_key(0, 1), n_rows)[:MEASURED_TRAIN_ROWS].sort().values


@functools.lru_cache(maxsize=64)
def probe_rows(n_rows: int) -> Tensor:
    """The train rows, at most 256, on which layers are measured: a fixed random choice."""
    return randomness.shuffle(_row_key(0, 2), n_rows)[:PROBE_ROWS].sort().values
