"""Which rows a run sees: its share of the train rows, the batches of an epoch, the measured rows.

Pure functions of sizes and seeds, shared by both trainers. `Epochs` is the one place that says
what an epoch is: one pass through the train rows or, of a large table, a part of one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from automl import randomness
from automl.data.dataset import Dataset, Fold, Split
from automl.errors import ConfigError
from automl.training.config import RowSubset, RunConfig

MEASURED_TRAIN_ROWS: Final = 2_000
"""Train loss is measured on at most this many rows, and on as many as there are validation rows
where those are fewer. Verdicts and figures hold it against the validation loss and against shares
of the baseline's loss. In percent of that loss, its standard error beside the validation loss's
(medians of trained networks, worst in brackets): digits, 500 of 1,078 rows, 1.0 (1.1) beside 1.6;
letter, 2,000 of 12,000, 0.5 (0.6) beside 0.4; california_housing 1.1 (1.2) beside 0.8; adult,
2,000 of 29,306, 1.8 (2.1) beside 0.9. The least gap that a verdict acts on is 20 % of what was
learned: on adult 8 % of the baseline's loss."""

FEWEST_MEASURED_ROWS: Final = 500
"""Where the train rows are not more than these they are all measured, however few rows validate:
that costs little, and leaves less than 0.6 of the validation loss's standard error."""

MEASURED_VALID_ROWS: Final = 5_000
"""Validation loss is measured after each epoch on at most this many rows, the same ones for all
trials: of 20,000, all of them took as long to measure as the epoch's 256 updates with batches of
16. On 588 epochs of 81 trials of a search on 60,000 made-up rows, 5,000 of 20,000 rows chose the
same trial, put 0.5 % of all pairs of trials in another order (10,000 rows 0.2 %, 2,500 0.7 %), and
epochs that were 0.02 % worse than the best; 2,500 chose trials that were 0.1 and 0.6 % worse. An
answer is scored on all rows (`tuning/evaluation.py`)."""

FEWEST_OF_CLASS: Final = 500
"""So many validation rows of the rarest class are measured, or all rows where it has fewer: a loss
on rare cases hangs on them."""

PROBE_ROWS: Final = 128
"""Rows of the one batch on which layers are measured, at a tenth of a small epoch's cost. Against
256 rows, on 200 networks drawn for digits before their first step: gradient norms moved by 5 % (19
% in one layer of twenty), shares of dead units by 0 in 95 of 100 layers and 12 % at most, while
verdicts ask for factors; which of them were called hopeless or badly begun did not change."""


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


def own_targets(subset: RowSubset | None, targets: Tensor) -> Tensor:
    """The targets of the rows that a run trains on, in their order.

    Shape:
        targets: (N,), of the fold's train rows.
    """
    own = rows_of(subset, len(targets))
    return targets if own is None else targets[own.to(targets.device)]


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


@dataclass(frozen=True, slots=True)
class Epochs:
    """How a run goes through its rows: shuffled passes, one behind another, cut into epochs.

    An epoch is one pass or, where a pass takes more than `epoch_steps` updates, the next
    `epoch_steps` batches. Those have one size: rows that do not fill the last batch of a pass
    are left out of it, others in each pass. So all epochs of all runs of these sizes take the
    same steps, wherever in a pass they begin, and the runs can share a stack.

    Attributes:
        n_rows: that the run trains on.
        bounds: where the batches of an epoch begin and end, counted from its first row.
        pass_rows: rows that a pass takes, all or as many as fill batches.
    """

    n_rows: int
    bounds: tuple[tuple[int, int], ...]
    pass_rows: int

    @classmethod
    @functools.lru_cache(maxsize=256)
    def of(cls, n_rows: int, batch_size: int | None, epoch_steps: int | None = None) -> Epochs:
        """The epochs of runs of these sizes.

        Args:
            batch_size: None: all rows at once.
            epoch_steps: the most updates of an epoch; None: a pass, however many it takes.
        """
        bounds = batch_bounds(n_rows, batch_size)
        if epoch_steps is None or len(bounds) <= epoch_steps:
            return cls(n_rows, tuple(bounds), n_rows)
        size = bounds[0][1]
        return cls(n_rows, tuple(bounds[:epoch_steps]), n_rows // size * size)

    @property
    def n_steps(self) -> int:
        """Updates of each epoch."""
        return len(self.bounds)

    @property
    def are_passes(self) -> bool:
        """Whether an epoch is a whole pass."""
        return self.bounds[-1][1] == self.n_rows

    def sections(self, epoch: int) -> Iterator[tuple[int, int, int]]:
        """Where an epoch (from 1) lies: (pass, from 1; first and last row in the pass's order)."""
        n_epoch_rows = self.bounds[-1][1]
        begun, left = (epoch - 1) * n_epoch_rows, n_epoch_rows
        while left:
            passes, start = divmod(begun, self.pass_rows)
            stop = min(start + left, self.pass_rows)
            yield passes + 1, start, stop
            begun, left = begun + stop - start, left - (stop - start)

    def order(self, shuffles: Tensor, epoch: int) -> Tensor:
        """The rows of an epoch in the order in which it goes through them.

        Shape:
            shuffles: () the run's stream of shuffles; result: (N,) int64.
        """
        parts = [
            self.pass_order(shuffles, number)[start:stop]
            for number, start, stop in self.sections(epoch)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def pass_order(self, shuffles: Tensor, number: int) -> Tensor:
        """The order of all rows in a pass (from 1), (N,) int64."""
        return randomness.shuffle(randomness.keys_at(shuffles, number), self.n_rows)


def epochs_of(run: RunConfig, dataset: Dataset) -> Epochs:
    """How a run goes through its rows."""
    training = run.training
    return Epochs.of(n_train_rows(run, dataset), training.batch_size, training.epoch_steps)


@functools.lru_cache(maxsize=64)
def measured_rows(n_rows: int, n_valid: int) -> Tensor | None:
    """The train rows that the train loss is measured on, in order; None means all.

    The same rows in every epoch and every run with this many rows: a fixed random choice.

    Args:
        n_rows: train rows of the run.
        n_valid: validation rows that are measured in its fold.
    """
    n_measured = min(MEASURED_TRAIN_ROWS, max(FEWEST_MEASURED_ROWS, n_valid))
    return None if n_rows <= n_measured else _choice(n_rows, n_measured, 1)


def n_measured_valid(targets: Tensor) -> int:
    """How many validation rows epochs are measured on.

    Shape:
        targets: (N,) int64 classes, or values.
    """
    n_rows, n_measured = len(targets), MEASURED_VALID_ROWS
    if n_rows > n_measured and not targets.is_floating_point():
        counts = targets.bincount()
        n_rarest = int(counts[counts > 0].min())
        n_measured = max(n_measured, -(-n_rows * FEWEST_OF_CLASS // n_rarest))
    return min(n_rows, n_measured)


def split_read(fold: Fold, name: str) -> Split:
    """The rows of a split that training reads: of the validation rows those that are measured.

    The same rows in every epoch and every run of a fold: a fixed random choice.
    """
    split = fold.split(name)
    n_measured = n_measured_valid(split.targets) if name == "valid" else len(split)
    if n_measured == len(split):
        return split
    rows = _choice(len(split), n_measured, 3)
    return split.some(rows)


@functools.lru_cache(maxsize=64)
def probe_rows(n_rows: int) -> Tensor:
    """The rows, at most `PROBE_ROWS`, on which layers are measured: a fixed random choice."""
    return _choice(n_rows, PROBE_ROWS, 2)


@functools.lru_cache(maxsize=64)
def _choice(n_rows: int, n_most: int, counter: int) -> Tensor:
    """At most so many of the rows, in order; a counter is a choice of its own."""
    return randomness.shuffle(_row_key(0, counter), n_rows)[:n_most].sort().values
