"""One stack in training: runs that take equally many steps per epoch, advanced together.

A stack's members never change: when runs come or go, `StackedTrainer` makes another one and
the survivors move over with `take_over`. A step is the gather of a batch per run, forward,
gradient of the objective, backward, update; each is one list of calls for all runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import torch
from torch import Tensor

from automl import randomness
from automl.data.dataset import Dataset
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import mlp_for
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.dropout import StackedDropout
from automl.stacked.losses import StackedObjective
from automl.stacked.native_pass import NativePass
from automl.stacked.rows import ScaledRows, gather
from automl.stacked.torch_pass import StackedPass
from automl.stacked.updates import StackedUpdates
from automl.training.batches import batch_bounds, rows_of
from automl.training.config import RunConfig
from automl.training.gradients import is_measured
from automl.training.schedules import optimizer_at
from automl.training.trainer import Checkpoint

WINDOW_ROWS: Final = 1 << 19
"""Batch rows whose numbers are laid out at once, over all runs: 4 MiB, however long an epoch."""

Pass = StackedPass | NativePass
"""Forward and backward of a stack on one batch shape, by torch or by the compiled kernels."""


@dataclass(slots=True)
class Member:
    """A run of a stack, between two epochs."""

    run: RunConfig
    epoch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_valid_loss: float = math.inf


@dataclass(frozen=True, slots=True)
class Tables:
    """What the stacks of a trainer share."""

    dataset: Dataset
    device: torch.device
    dtype: torch.dtype
    is_native: bool  # whether the compiled kernels do the work
    _rows: dict[tuple[str, int, tuple[int, ...]], ScaledRows] = field(default_factory=dict)

    def rows(self, split: Literal["train", "valid"], fold: int) -> ScaledRows:
        """The table of a split for folds with the inputs of this one, filled as runs need it."""
        held = self.dataset.folds[fold]
        key = (split, held.encoding.n_features, held.encoding.cardinalities)
        if key not in self._rows:
            self._rows[key] = ScaledRows(self.dataset, split, self.device, self.dtype, fold)
        return self._rows[key]


class Stack:
    """K runs in training, all with equally many train rows and batches of one size.

    Attributes:
        members: the runs, in the order of their rows in `values`.
        values, best: parameters now, and of each run's best epoch so far.
        before_last_step: weights of hidden layers and output before the epoch's last step,
            where an epoch is measured; else empty.
    """

    def __init__(self, tables: Tables, members: Sequence[Member]) -> None:
        """Allocate a stack for members sorted by `models.stacked.sort_key`, with zeros."""
        self.members = tuple(members)
        self.tables = tables
        runs = [member.run for member in members]
        fold = tables.dataset.folds[runs[0].fold]
        models = [run.model for run in runs]
        self.layout = StackLayout.of(
            models, fold.encoding.n_features, fold.encoding.cardinalities, tables.dataset.n_outputs
        )
        device, dtype = tables.device, tables.dtype
        self.values = StackBlocks(self.layout, device=device, dtype=dtype, statistics=True)
        self.best = StackBlocks(self.layout, device=device, dtype=dtype, statistics=True)
        self.gradients = StackBlocks(self.layout, device=device, dtype=dtype)
        trainings = [run.training for run in runs]
        self.is_native = tables.is_native
        self.updates = StackedUpdates(
            self.values, self.gradients, trainings, is_native=self.is_native
        )
        self.objective = StackedObjective.of(
            tables.dataset, runs, device, dtype, is_native=self.is_native
        )
        self._dropout = StackedDropout(self.layout, [run.seed for run in runs], device, dtype)
        self._passes: dict[int, Pass] = {}
        self._probe: Pass | None = None
        self.before_last_step: list[Tensor] = []
        self._set_rows(runs)

    def _set_rows(self, runs: Sequence[RunConfig]) -> None:
        """Find each run's train rows in the tables, and how an epoch is cut into batches."""
        self.train = train = self.tables.rows("train", runs[0].fold)
        self.valid = self.tables.rows("valid", runs[0].fold)
        self.train_starts = self._column([train.start_of(run) for run in runs])
        self.valid_starts = self._column([self.valid.start_of(run) for run in runs])
        own = [rows_of(run.rows, train.n_rows(run)) for run in runs]
        self.n_rows = train.n_rows(runs[0]) if own[0] is None else len(own[0])
        self.own_rows = None
        if any(rows is not None for rows in own):
            every = torch.arange(self.n_rows)
            stacked = [every if rows is None else rows for rows in own]
            self.own_rows = torch.stack(stacked).to(self.tables.device)
        self._bounds = batch_bounds(self.n_rows, runs[0].training.batch_size)
        seeds = [run.seed for run in runs]
        self._shuffles = randomness.streams(seeds, "shuffle", device=self.tables.device)

    def _column(self, numbers: Sequence[int]) -> Tensor:
        return torch.tensor(numbers, device=self.tables.device)[:, None]

    @property
    def n_steps(self) -> int:
        """Steps per epoch."""
        return len(self._bounds)

    def initialize(self, k: int) -> None:
        """Set run k's parameters from its seed."""
        run = self.members[k].run
        data = self.tables.dataset.describe(run.fold)
        model = mlp_for(run.model, data, dtype=self.tables.dtype)
        initialize_(model, randomness.stream(run.seed, "weights"))
        self.values.write(k, model.state_dict())

    def restore(self, k: int, start: Checkpoint) -> None:
        """Set run k's parameters and moments from a checkpoint."""
        self.values.write(k, start.weights)
        if start.best_weights:
            self.best.write(k, start.best_weights)
        name = optimizer_at(start.run.training, max(1, start.epoch))
        self.updates.write_moments(k, name, start.optimizer, start.step)

    def take_over(self, other: Stack) -> None:
        """Take the numbers of the runs that are members of both stacks."""
        places = {member.run.run_id: k for k, member in enumerate(other.members)}
        moves = [
            (places[member.run.run_id], k)
            for k, member in enumerate(self.members)
            if member.run.run_id in places
        ]
        if not moves:
            return
        for old, new in moves:
            self.updates.choose(new, other.updates.names[old])
        self.values.take_over(other.values, moves)
        self.best.take_over(other.best, moves)
        self.updates.first.take_over(other.updates.first, moves)
        self.updates.second.take_over(other.updates.second, moves)

    @torch.no_grad()
    def train_epoch(self) -> None:
        """Train one epoch of every run."""
        self.updates.begin_epoch(
            [member.epoch + 1 for member in self.members],
            [member.step for member in self.members],
            self.n_steps,
        )
        for member in self.members:
            member.epoch += 1
        order = self._order()
        step = 0
        for start, size, n_steps in self._windows():
            batches = self._train_pass(size)
            index = _laid_out(order[:, start : start + size * n_steps], n_steps)
            targets = self.train.rows.targets[index].unflatten(1, (-1, size))
            first_steps = self._column([member.step + step for member in self.members])[:, 0]
            dropped = self._steps_with_dropout(batches, first_steps, n_steps, size)
            for rows, of_rows, _ in zip(index, targets, dropped, strict=True):
                gather(self.train.rows, rows, batches.inputs, batches.codes)
                batches.forward()
                self.objective.gradient_(batches.outputs, of_rows, batches.output_gradients)
                batches.backward()
                if step == self.n_steps - 1:
                    self._remember()
                self.updates.step(step)
                step += 1
        for member in self.members:
            member.step += self.n_steps

    def _order(self) -> Tensor:
        """The order in which each run goes through its rows, as rows of the table.

        Shape:
            result: (K, N) int32; sorted run by run, since a sort takes 20 bytes a row.
        """
        epochs = self._column([member.epoch for member in self.members])[:, 0]
        keys = randomness.keys_at(self._shuffles, epochs)
        order = torch.empty(len(keys), self.n_rows, dtype=torch.int32, device=self.tables.device)
        for k, key in enumerate(keys):
            own = randomness.shuffle(key, self.n_rows)
            if self.own_rows is not None:
                own = self.own_rows[k, own]
            torch.add(own, self.train_starts[k], out=order[k])
        return order

    def _windows(self) -> Iterator[tuple[int, int, int]]:
        """Cut the epoch into (first row, batch size, steps) with batches of one size each."""
        size = self._bounds[0][1]
        n_full = sum(stop - start == size for start, stop in self._bounds)
        n_together = max(1, WINDOW_ROWS // (size * len(self.members)))
        for first in range(0, n_full, n_together):
            yield first * size, size, min(n_together, n_full - first)
        for start, stop in self._bounds[n_full:]:
            yield start, stop - start, 1

    def _steps_with_dropout(
        self, batches: Pass, first_steps: Tensor, n_steps: int, n_rows: int
    ) -> Iterator[None]:
        """Tell a pass the dropout of each of the coming steps, one before each `next`."""
        if isinstance(batches, NativePass):
            dropout = self._dropout.window(first_steps, n_rows)
            for step in range(n_steps):
                batches.set_dropout(dropout, step)
                yield
            return
        for masks in self._dropout.masks(first_steps, n_steps, n_rows):
            batches.set_dropout(masks)
            yield

    def make_pass(
        self, n_rows: int, gradients: StackBlocks | None = None, *, frozen_statistics: bool = False
    ) -> Pass:
        """A pass over the stack's networks, see `StackedPass`."""
        kind = NativePass if self.is_native else StackedPass
        return kind(self.values, n_rows, gradients, frozen_statistics=frozen_statistics)

    def probe_pass(self, n_rows: int) -> Pass:
        """A pass for measuring layers, made once: in training mode, but nothing changes."""
        if self._probe is None:
            self._probe = self.make_pass(n_rows, self.gradients, frozen_statistics=True)
        return self._probe

    def _train_pass(self, n_rows: int) -> Pass:
        if n_rows not in self._passes:
            self._passes[n_rows] = self.make_pass(n_rows, self.gradients)
        return self._passes[n_rows]

    def _remember(self) -> None:
        """Keep the weights before the last step if the epoch is one that is measured."""
        self.before_last_step = []
        if any(is_measured(member.epoch) for member in self.members):
            weights = (*self.values.hidden, self.values.output)
            self.before_last_step = [block.clone() for block in weights]


def _laid_out(order: Tensor, n_steps: int) -> Tensor:
    """Row numbers step by step: (K, S x B) -> (S, K x B) int64."""
    steps: Tensor = order.unflatten(1, (n_steps, -1)).transpose(0, 1)
    return steps.flatten(1).long()
