"""One stack in training: runs that take equally many steps per epoch, advanced together.

A stack's members never change: when runs come, go or rest, `stacks.py` makes another one and
those that stay move over with `take_over`. A step is the gather of a batch per run, forward,
gradient of the objective, backward, update; each is one list of calls for all runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from automl.models.mlp.mixup import own_shares
from automl.stacked import first_weights
from automl.stacked.averages import StackedAverages
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.dropout import StackedDropout
from automl.stacked.losses import StackedObjective
from automl.stacked.member import Member
from automl.stacked.rows import gather
from automl.stacked.stack_passes import StackPasses
from automl.stacked.stack_rows import StackRows, Tables
from automl.stacked.updates import StackedUpdates
from automl.training.gradients import is_measured
from automl.training.schedules import optimizer_at, regularization_factor
from automl.training.trainer import Checkpoint


class Stack:
    """K runs in training, all with equally many train rows and batches of one size.

    Attributes:
        members: the runs, in the order of their rows in `values`.
        values, best: parameters now, and of each run's best epoch so far.
        before_last_step: weights of hidden layers and output before the epoch's last step,
            where an epoch is measured; else empty.
    """

    def __init__(self, tables: Tables, members: Sequence[Member]) -> None:
        """Allocate a stack for members sorted by `blocks.sort_key`, with zeros."""
        self.members = tuple(members)
        self.tables = tables
        runs = [member.run for member in members]
        layout = tables.layout(runs)
        device, dtype = tables.device, tables.dtype
        self.values = StackBlocks(layout, device=device, dtype=dtype, statistics=True)
        self.best = StackBlocks(layout, device=device, dtype=dtype, statistics=True)
        gradients = StackBlocks(layout, device=device, dtype=dtype)
        trainings = [run.training for run in runs]
        self.updates = StackedUpdates(self.values, gradients, trainings)
        self.objective = StackedObjective.of(tables.dataset, runs, device, dtype)
        self._dropout = StackedDropout(layout, [run.seed for run in runs], device, dtype)
        self.passes = StackPasses(self.values, gradients, self.averages.blocks)
        self.before_last_step: list[Tensor] = []
        self.rows = StackRows.of(tables, runs)

    @property
    def layout(self) -> StackLayout:
        """How the runs' parameters lie."""
        return self.values.layout

    @property
    def averages(self) -> StackedAverages:
        """What is measured of the runs, and kept."""
        return self.updates.averages

    @property
    def gradients(self) -> StackBlocks:
        """Where a pass backward leaves them."""
        return self.passes.gradients

    @property
    def n_steps(self) -> int:
        """Steps per epoch."""
        return len(self.rows.bounds)

    def initialize(self, k: int) -> None:
        """Set run k's parameters from its seed."""
        first_weights.initialize(self.values, k, self.members[k].run, self.tables)

    def restore(self, k: int, start: Checkpoint) -> None:
        """Set run k's parameters and moments from a checkpoint."""
        self.values.write(k, start.weights)
        if start.best_weights:
            self.best.write(k, start.best_weights)
        if self.averages.is_any:
            self.averages.blocks.write(k, start.averages)
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
        self.averages.take_over(other.averages, moves)
        self.updates.first.take_over(other.updates.first, moves)
        self.updates.second.take_over(other.updates.second, moves)

    @torch.no_grad()
    def train_epoch(self) -> None:
        """Train one epoch of every run."""
        first_steps = [member.step for member in self.members]
        epochs = [member.epoch + 1 for member in self.members]
        self.updates.begin_epoch(epochs, first_steps, self.n_steps)
        for member in self.members:
            member.epoch += 1
        self._dropout.begin_epoch(
            [regularization_factor(each.run.training, each.epoch) for each in self.members]
        )
        table, shares = self.rows.train.rows, self._own_shares(first_steps)
        order = self.rows.order([member.epoch for member in self.members])
        step = 0
        for start, size, n_steps in self.rows.windows():
            batches = self.passes.training(size)
            index = _laid_out(order[:, start : start + size * n_steps], n_steps)
            targets = self.rows.learned_targets(index).unflatten(1, (-1, size))
            weights = self.rows.weights(index)
            of_steps = [None] * n_steps if weights is None else weights.unflatten(1, (-1, size))
            masks = self._dropout.masks(
                self._steps_done(step), n_steps, self.layout.inputs.n_members * size
            )
            for rows, of_rows, own, of_step in zip(index, targets, of_steps, masks, strict=True):
                share = None if shares is None else shares[step]
                batches.set_mixture(share)
                batches.set_dropout(of_step)
                gather(table, rows, batches.columns, batches.codes)
                batches.forward()
                self.objective.mixed_gradient_(
                    batches.outputs, of_rows, batches.output_gradients, share, own
                )
                batches.backward()
                if step == self.n_steps - 1:
                    self._remember()
                self.updates.step(step)
                step += 1
        for member in self.members:
            member.step += self.n_steps

    def _own_shares(self, first_steps: Sequence[int]) -> Tensor | None:
        """What stays of each run's rows in the epoch's steps, (S, K, 1, 1); None: all of all."""
        runs = [member.run for member in self.members]
        if not any(run.model.mixup for run in runs):
            return None
        shares = [
            own_shares(run.model, run.seed, step, self.n_steps)
            for run, step in zip(runs, first_steps, strict=True)
        ]
        of_steps = torch.tensor(shares, dtype=torch.float64).T[:, :, None, None]
        return of_steps.to(self.values.flat)

    def _steps_done(self, step: int) -> Tensor:
        """The updates that each run has done before a step of this epoch, (K,)."""
        done = [member.step + step for member in self.members]
        return torch.tensor(done, device=self.tables.device)

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
