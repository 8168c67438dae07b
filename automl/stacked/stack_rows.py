"""Which rows the runs of a stack train and are scored on, and in which order.

The rows of all stacks of a trainer lie in tables that they share (`rows.py`); a stack knows
where those of each of its runs begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import torch
from torch import Tensor

from automl import randomness
from automl.data.dataset import Dataset
from automl.data.table.inputs import NumberBins, table_encoding
from automl.stacked.blocks import StackLayout
from automl.stacked.rows import Goal, ScaledRows
from automl.training.batches import Epochs, rows_of
from automl.training.config import RunConfig

WINDOW_ROWS: Final = 1 << 19
"""Batch rows whose numbers are laid out at once, over all runs: 4 MiB, however long an epoch."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the stacks of a trainer share."""

    dataset: Dataset
    device: torch.device
    dtype: torch.dtype
    _rows: dict[tuple[str, int, tuple[int, ...]], ScaledRows] = field(default_factory=dict)
    _bins: dict[tuple[int, str, int], NumberBins] = field(default_factory=dict)

    def layout(self, runs: Sequence[RunConfig]) -> StackLayout:
        """How the numbers of a stack of runs lie, which are sorted by `sort_key`."""
        encoding, models = self.dataset.folds[runs[0].fold].encoding, [run.model for run in runs]
        has_bins = encoding.n_numbers > 0 and models[0].numeric_encoding == "piecewise_linear"
        return StackLayout.of(
            models,
            encoding.n_features,
            encoding.cardinalities,
            self.dataset.n_outputs,
            encoding.n_numbers,
            [self.bins(run) for run in runs] if has_bins else (),
        )

    def bins(self, run: RunConfig) -> NumberBins:
        """The bins of a run's numeric columns, made once for each fold, scaling and number."""
        key = (run.fold, run.model.scaling, run.model.n_bins)
        if key not in self._bins:
            encoding = table_encoding(self.dataset.folds[run.fold].encoding)
            self._bins[key] = encoding.bins(run.model.scaling, run.model.n_bins)
        return self._bins[key]

    def rows(self, split: Literal["train", "valid"], fold: int) -> ScaledRows:
        """The table of a split for folds with the inputs of this one, filled as runs need it."""
        held = self.dataset.folds[fold]
        key = (split, held.encoding.n_features, held.encoding.cardinalities)
        if key not in self._rows:
            self._rows[key] = ScaledRows(self.dataset, split, self.device, self.dtype, fold)
        return self._rows[key]


@dataclass(frozen=True, slots=True)
class StackRows:
    """The rows of a stack's runs, equally many for each, in batches of one size.

    Shape:
        train_starts, valid_starts: (K, 1), where each run's rows begin in the tables;
        own_rows: (K, N), where runs train on a part of theirs; shuffles: (K,) streams;
        goals: (K), what the runs are trained towards.
    """

    train: ScaledRows
    valid: ScaledRows
    train_starts: Tensor
    valid_starts: Tensor
    n_rows: int
    own_rows: Tensor | None
    epochs: Epochs
    shuffles: Tensor
    goals: tuple[Goal, ...]
    _passes: dict[int, tuple[int, Tensor]] = field(default_factory=dict)  # run -> pass, its order

    @classmethod
    def of(cls, tables: Tables, runs: Sequence[RunConfig]) -> StackRows:
        """Find each run's rows in the tables, and how an epoch is cut into batches."""
        train, valid = (tables.rows(name, runs[0].fold) for name in ("train", "valid"))
        own = [rows_of(run.rows, train.n_rows(run)) for run in runs]
        n_rows = train.n_rows(runs[0]) if own[0] is None else len(own[0])
        return cls(
            train,
            valid,
            _column([train.start_of(run) for run in runs], tables.device),
            _column([valid.start_of(run) for run in runs], tables.device),
            n_rows,
            _stacked(own, n_rows, tables.device),
            Epochs.of(n_rows, runs[0].training.batch_size, runs[0].training.epoch_steps),
            randomness.streams([run.seed for run in runs], "shuffle", device=tables.device),
            tuple(train.goal_of(run) for run in runs),
        )

    @property
    def bounds(self) -> tuple[tuple[int, int], ...]:
        """Where the batches of an epoch begin and end."""
        return self.epochs.bounds

    def learned_targets(self, index: Tensor) -> Tensor:
        """What the runs are trained towards in train rows of the table.

        Shape:
            index, result: (..., K x B), run after run.
        """
        goals = tuple(dict.fromkeys(self.goals))
        targets = [self.train.learned(goal).targets for goal in goals]
        if len(goals) == 1:
            return targets[0][index]
        own = [goals.index(goal) for goal in self.goals]
        n_rows = index.shape[-1] // len(own)
        which = torch.tensor(own, device=index.device).repeat_interleave(n_rows)
        found: Tensor = torch.stack(targets)[which, index]
        return found

    def weights(self, index: Tensor) -> Tensor | None:
        """What train rows of the table weigh; None where all weigh the same.

        Shape:
            index, result: any, alike.
        """
        weights = self.train.rows.weights
        return None if weights is None else weights[index]

    def order(self, epochs: Sequence[int]) -> Tensor:
        """The order in which each run goes through its rows in an epoch, as rows of the table.

        Shape:
            result: (K, N) int32, where N are the rows of an epoch.
        """
        n_rows, device = self.bounds[-1][1], self.train_starts.device
        order = torch.empty(len(epochs), n_rows, dtype=torch.int32, device=device)
        for k, epoch in enumerate(epochs):
            done = 0
            for number, start, stop in self.epochs.sections(epoch):
                end = done + stop - start
                order[k, done:end] = self._pass_order(k, number)[start:stop]
                done = end
        return order

    def _pass_order(self, k: int, number: int) -> Tensor:
        """Run k's rows of the table in the order of a pass, (N,) int32.

        Kept while the run's epochs are parts of it: a shuffle takes 10 ns a row. Each run's is
        made alone, since a sort takes 20 bytes a row.
        """
        held = self._passes.get(k)
        if held is not None and held[0] == number:
            return held[1]
        own = self.epochs.pass_order(self.shuffles[k], number)
        if self.own_rows is not None:
            own = self.own_rows[k, own]
        order = (own + self.train_starts[k]).to(torch.int32)
        if not self.epochs.are_passes:
            self._passes[k] = number, order
        return order

    def windows(self) -> Iterator[tuple[int, int, int]]:
        """Cut the epoch into (first row, batch size, steps) with batches of one size each."""
        size = self.bounds[0][1]
        n_full = sum(stop - start == size for start, stop in self.bounds)
        n_together = max(1, WINDOW_ROWS // (size * len(self.train_starts)))
        for first in range(0, n_full, n_together):
            yield first * size, size, min(n_together, n_full - first)
        for start, stop in self.bounds[n_full:]:
            yield start, stop - start, 1


def _column(numbers: Sequence[int], device: torch.device) -> Tensor:
    return torch.tensor(numbers, device=device)[:, None]


def _stacked(own: Sequence[Tensor | None], n_rows: int, device: torch.device) -> Tensor | None:
    """The rows of each run's part, (K, N); None where every run trains on all of its rows."""
    if all(rows is None for rows in own):
        return None
    every = torch.arange(n_rows)
    return torch.stack([every if rows is None else rows for rows in own]).to(device)
